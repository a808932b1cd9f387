"""The phones of the simulated gym's people."""

import asyncio
import base64
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arni_edge.domain.clock import Clock
from arni_edge.domain.people import normalise_phone
from arni_edge.simulator import sayings
from arni_edge.simulator.media_shelf import MediaShelf
from arni_edge.simulator.voice_note import MIME, voice_note
from arni_edge.simulator.webhooks import Courier

_message_numbers = itertools.count(1)


def new_message_id(number: str) -> str:
    """An identifier shaped like Meta's: base64 that holds the other side's number."""
    digits = number.removeprefix("+").encode()
    raw = b"\x1c\x18" + bytes([len(digits)]) + digits + b"\x15\x02\x00\x12\x18\x14"
    return f"wamid.{base64.b64encode(raw + next(_message_numbers).to_bytes(10)).decode()}"


@dataclass(frozen=True, slots=True)
class Received:
    """A message that arrived on a phone.

    Attributes:
        text: What it says; of a template its parameters, joined by spaces; of media the caption.
        at: When it arrived (aware).
        context: Id of the message that it quotes, or None.
        template: Name of the template, or None.
        tracking_id: What the sender had sent along, or None.
        choices: What can be tapped below it.
        ids: What is sent back when one of these is tapped, in the same order.
        kind: ``text``, ``button``, ``list``, ``cta_url``, ``contact_request``, ``template``, ``audio``,
            ``image``, ``reaction`` and so on.
        message_id: Meta's id.
        media_id: Of what came with it, or None.
    """

    text: str
    at: datetime
    context: str | None = None
    template: str | None = None
    tracking_id: str | None = None
    choices: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    kind: str = "text"
    message_id: str = ""
    media_id: str | None = None


class Phone:
    """One person's phone with WhatsApp.

    Every method that sends returns the message id at once; the webhook follows.

    Attributes:
        number: E.164 with ``+``.
        name: Profile name.
        user_id: Business-scoped user id, or None for the time before Meta gave them out.
        hidden: The person has a username: webhooks carry no number.
        reads: Whether arriving messages are read (gives a ``read`` status).
        inbox: What has arrived, in order.
        sent: When each message was sent, by its id, in order.
        last_sent_at: When the last one was sent; opens Meta's 24-hour window.
    """

    def __init__(
        self,
        number: str,
        name: str,
        *,
        courier: Courier,
        clock: Clock,
        media: MediaShelf,
        user_id: str | None = None,
        hidden: bool = False,
    ) -> None:
        self.number = normalise_phone(number)
        self.name = name
        self.user_id = user_id
        self.hidden = hidden
        self.reads = True
        self.inbox: list[Received] = []
        self.sent: dict[str, datetime] = {}
        self.last_sent_at: datetime | None = None
        self._courier = courier
        self._clock = clock
        self._media = media
        self._arrived = asyncio.Event()

    @property
    def digits(self) -> str:
        """The number as webhooks write it."""
        return self.number.removeprefix("+")

    # --- sending ------------------------------------------------------------------------------------------

    def send(self, text: str, *, times: int = 1, quoting: str | None = None) -> str:
        """Write to the gym.

        Args:
            text: What is said.
            times: How often Meta delivers the same webhook.
            quoting: Id of the message that is answered.
        """
        quote = {} if quoting is None else {"context": self._context(quoting)}
        return self.send_raw(sayings.text(text) | quote, times=times)

    def send_media(
        self, kind: str, content: bytes, mime: str, *, caption: str = "", filename: str = ""
    ) -> str:
        """Send a file as ``audio``, ``document``, ``image``, ``sticker`` or ``video``."""
        described = self._media.described(self._media.put(content, mime))
        return self.send_raw(sayings.media(kind, described, caption=caption, filename=filename))

    def speak(self, sound: bytes | None = None, *, mime: str = MIME) -> str:
        """Send a voice note; None: a second of silence."""
        medium = self._media.put(voice_note() if sound is None else sound, mime)
        return self.send_raw(sayings.voice(self._media.described(medium)))

    def tap(self, message: Received, title: str) -> str:
        """Tap a button, or a row of a list.

        Raises:
            ValueError: It is not there.
        """
        choice = message.ids[message.choices.index(title)]
        if message.kind == "template":
            content = sayings.template_button(choice, title)
        else:
            content = sayings.reply(f"{message.kind}_reply", choice, title)
        return self.send_raw(content | {"context": self._context(message.message_id)})

    def change_number(self, number: str, *, user_id: str | None = None) -> str:
        """Get another number; whoever has a business-scoped id gets another one of these, too."""
        before, old_id = self.number, self.user_id
        after = normalise_phone(number)
        if old_id is not None:
            user_id = user_id or f"{old_id}N"
        if old_id is not None and user_id is not None and self.hidden:
            content = sayings.changed_user_id(self.name, old_id, user_id)
        else:
            content = sayings.changed_number(self.name, before, after, old_id, user_id)
        # Said by the old one, and without contacts.
        message_id = self.send_raw(content, system=True)
        self.number = after
        if old_id is not None:
            self.user_id = user_id
        return message_id

    def send_raw(self, content: dict[str, Any], *, times: int = 1, system: bool = False) -> str:
        """Send any kind of message, see :mod:`~arni_edge.simulator.sayings`.

        Args:
            content: Its ``type``, and what belongs to it.
            times: How often Meta delivers the same webhook.
            system: It is WhatsApp that speaks: no contact is named, and no window opens.
        """
        now = self._clock.now()
        message_id = new_message_id(self.number)
        # Of its own messages WhatsApp names a sender only by the number.
        named = self.identity("from", "from_user_id")
        if system:
            named.pop("from_user_id", None)
        message = named | {
            "id": message_id,
            "timestamp": str(int(now.timestamp())),
            **content,
        }
        contacts = {} if system else {"contacts": [self.contact()]}
        if not system:
            self.sent[message_id] = now
            self.last_sent_at = now
        self._courier.deliver(contacts | {"messages": [message]}, times=times)
        return message_id

    def _context(self, message_id: str) -> dict[str, str]:
        return {"from": self._courier.business_number, "id": message_id}

    # --- who it is ----------------------------------------------------------------------------------------

    def identity(self, number_key: str, user_key: str) -> dict[str, str]:
        """How Meta names this person: number without ``+`` unless hidden, user id where there is one."""
        number = {} if self.hidden else {number_key: self.digits}
        return number | ({user_key: self.user_id} if self.user_id else {})

    def contact(self) -> dict[str, Any]:
        """How a webhook introduces this person."""
        username = {"username": f"@{self.user_id}"} if self.hidden and self.user_id else {}
        return {"profile": {"name": self.name, **username}} | self.identity("wa_id", "user_id")

    # --- receiving ----------------------------------------------------------------------------------------

    def receive(self, message: Received) -> None:
        """A message arrives."""
        self.inbox.append(message)
        self._arrived.set()

    async def wait_for(
        self,
        predicate: Callable[[Received], bool],
        timeout: float,  # noqa: ASYNC109  # a phone in a test reads better with its deadline beside it
        *,
        after: int = 0,
    ) -> Received:
        """The first message that satisfies the predicate, from the inbox or as soon as it arrives.

        Args:
            predicate: What is waited for.
            timeout: Seconds.
            after: Leave out so many messages at the inbox's beginning.

        Raises:
            TimeoutError: It did not come.
        """
        async with asyncio.timeout(timeout):
            while True:
                self._arrived.clear()
                for message in self.inbox[after:]:
                    if predicate(message):
                        return message
                await self._arrived.wait()


class PhoneBook:
    """All phones that can be reached; everybody else has no WhatsApp.

    Attributes:
        media: What they send and what is sent to them.
    """

    def __init__(self, courier: Courier, clock: Clock) -> None:
        self._courier = courier
        self._clock = clock
        self._phones: list[Phone] = []
        self.media = MediaShelf(clock)

    def add(self, number: str, name: str, *, user_id: str | None = None, hidden: bool = False) -> Phone:
        """Somebody gets a phone."""
        phone = Phone(
            number,
            name,
            courier=self._courier,
            clock=self._clock,
            media=self.media,
            user_id=user_id,
            hidden=hidden,
        )
        self._phones.append(phone)
        return phone

    def find(self, address: str) -> Phone | None:
        """The phone behind a number in any spelling or a business-scoped user id."""
        is_number = not any(character.isalpha() for character in address)
        digits = "".join(character for character in address if is_number and character.isdigit())
        for phone in self._phones:
            if address == phone.user_id or (digits and digits == phone.digits):
                return phone
        return None

    def sent_at(self, message_id: str) -> datetime | None:
        """When somebody sent a message; None for one that nobody has."""
        return next((at for phone in self._phones if (at := phone.sent.get(message_id))), None)

    def __iter__(self) -> Iterator[Phone]:
        return iter(self._phones)
