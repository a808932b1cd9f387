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
    """

    channel: Channel
    message_id: str
    conversation: str
    text: str
    sent_at: datetime
    phone: str | None = None
    kind: str = "text"
    payload: str | None = None

    @property
    def key(self) -> str:
        """The message's identity across all channels, fit for logs and events.

        A digest: WhatsApp's own ids hold the sender's phone number in base64.
        """
        return f"{self.channel}:{hashlib.sha256(self.message_id.encode()).hexdigest()[:24]}"


class Priority(StrEnum):
    """Order in the outbox: an alarm overtakes chat."""

    ALARM = "alarm"
    CHAT = "chat"


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to a person, as the outbox keeps it.

    Attributes:
        key: Idempotency key; a second message with the same key is not stored.
        channel: How it leaves.
        recipient: The channel's address of the other side; personal, never logged.
        text: What is said.
        priority: Order among waiting messages.
        template: Name of a pre-approved template where the channel needs one (no open window), or None.
        reply_to: The channel's id of the message that this answers, or None.
        secret: The text is forgotten as soon as it was sent, or never will be.
    """

    key: str
    channel: Channel
    recipient: str
    text: str
    priority: Priority = Priority.CHAT
    template: str | None = None
    reply_to: str | None = None
    secret: bool = False
