"""Messages between people and the gym, whatever the channel."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Channel(StrEnum):
    """Where a conversation happens."""

    WHATSAPP = "whatsapp"


class Language(StrEnum):
    """Languages in which the gym speaks. German first."""

    GERMAN = "de"
    ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, a voice note, a file: where it can be fetched for some days, never the thing itself.

    Attributes:
        media_id: What the channel calls it.
        mime: Its type as the channel names it, for instance ``audio/ogg; codecs=opus``.
        sha256: Of its bytes, in base64; empty when the channel does not say.
        voice: It was spoken into the chat.
        name: Of a file, as its sender named it; personal, never logged.
    """

    media_id: str
    mime: str
    sha256: str = ""
    voice: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place on earth that somebody sent; personal, never logged.

    Attributes:
        latitude: Degrees north, -90 to 90.
        longitude: Degrees east, -180 to 180.
        name: What they call it; may be empty.
    """

    latitude: float
    longitude: float
    name: str = ""


def message_key(channel: str, message_id: str) -> str:
    """What stands for a message where its own id must not: see :attr:`InboundMessage.key`."""
    return f"{channel}:{hashlib.sha256(message_id.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message from a person, the same for every channel.

    Attributes:
        channel: Where it came from.
        message_id: The channel's own identifier; (channel, message_id) is unique for ever.
        conversation: The channel's identifier of the other side; personal, never logged.
        text: What was said; empty for kinds without text. Personal, never logged.
        sent_at: When it was sent, by the channel's clock (aware).
        phone: E.164 number bound to the channel by its operator, or None.
        kind: The channel's message kind, ``text`` for plain text.
        payload: What stands behind a button that was pressed, or None; hostile like everything else.
        user_id: The channel's id of the person where it hides numbers behind one; personal, never logged.
        refers_to: The channel's id of the message that this one answers, changes, takes back or reacts to.
        media: What came with it, or None.
        place: The place that was sent, or None.
        shared_phone: E.164 number that the channel vouches for as the sender's own, sent at our request.
        successor: Of kind ``system``: the channel's new id or number of the same person, or None.
        again: It was taken in before: in a life that this database knows nothing of, or by another box.
    """

    channel: Channel
    message_id: str
    conversation: str
    text: str
    sent_at: datetime
    phone: str | None = None
    kind: str = "text"
    payload: str | None = None
    user_id: str | None = None
    refers_to: str | None = None
    media: Media | None = None
    place: Place | None = None
    shared_phone: str | None = None
    successor: str | None = None
    again: bool = False

    @property
    def key(self) -> str:
        """The message's identity across all channels, fit for logs and events.

        A digest: WhatsApp's own ids hold the sender's phone number in base64.
        """
        return message_key(self.channel, self.message_id)


class Priority(StrEnum):
    """Order in the outbox: an alarm overtakes chat, chat overtakes what nobody waits for."""

    ALARM = "alarm"
    CHAT = "chat"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Template:
    """Words that the channel's operator has approved; they may be sent when no conversation is open.

    Attributes:
        name: As it was approved.
        values: Fill its body, in order; none: the message's text is the only one.
        code: Stands on its button, for a template that brings a code; None: it has no such button.
        always: Used in any case; otherwise only where the text itself may not be sent.
    """

    name: str
    values: tuple[str, ...] = ()
    code: str | None = None
    always: bool = True


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers that can be tapped.

    Attributes:
        id: Comes back as :attr:`InboundMessage.payload`; unique in its message.
        title: What stands on it.
        detail: A second line in a list.
        section: Heading above it in a list; options of the same one stand together.
    """

    id: str
    title: str
    detail: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be tapped below a text: a few buttons, or a list. Where that cannot be shown: numbered lines.

    Attributes:
        options: In order.
        button: Opens the list, where it becomes one; empty: the channel's own word.
        header: Above the text.
        footer: Below it.
    """

    options: tuple[Option, ...]
    button: str = ""
    header: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens a page.

    Attributes:
        title: What stands on it.
        url: Where it leads.
    """

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to a person, as the outbox keeps it.

    Attributes:
        key: Idempotency key; a second message with the same key is not stored.
        channel: How it leaves.
        recipient: The channel's address of the other side; personal, never logged.
        text: What is said.
        priority: Order among waiting messages.
        template: Approved words where the channel needs them (no open window), or None.
        reply_to: The channel's id of the message that this answers, or None.
        secret: The text is forgotten as soon as it was sent, or never will be.
        choice: What can be tapped below it, or None.
        link: A button that opens a page, or None.
        asks_phone: A button with which the person sends their own number.
        language: Of the template; None: the gym's.
        expires_at: From then on nobody waits for it, and it is not sent (aware); None: a day from now on.
    """

    key: str
    channel: Channel
    recipient: str
    text: str
    priority: Priority = Priority.CHAT
    template: Template | None = None
    reply_to: str | None = None
    secret: bool = False
    choice: Choice | None = None
    link: Link | None = None
    asks_phone: bool = False
    language: Language | None = None
    expires_at: datetime | None = None
