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
        text: What it says; of a template its parameters, joined by spaces.
        at: When it arrived (aware).
        context: Id of the message that it quotes, or None.
        template: Name of the template, or None.
        tracking_id: What the sender had sent along, or None.
    """

    text: str
    at: datetime
    context: str | None = None
    template: str | None = None
    tracking_id: str | None = None


class Phone:
    """One person's phone with WhatsApp.

    Attributes:
        number: E.164 with ``+``.
        name: Profile name.
        user_id: Business-scoped user id, or None for the time before Meta gave them out.
        hidden: The person has a username: webhooks carry no number.
        reads: Whether arriving messages are read (gives a ``read`` status).
        inbox: What has arrived, in order.
        sent: Ids of the messages that were sent.
        last_sent_at: When the last one was sent; opens Meta's 24-hour window.
    """

    def __init__(
        self,
        number: str,
        name: str,
        *,
        courier: Courier,
        clock: Clock,
        user_id: str | None = None,
        hidden: bool = False,
    ) -> None:
        self.number = normalise_phone(number)
        self.name = name
        self.user_id = user_id
        self.hidden = hidden
        self.reads = True
        self.inbox: list[Received] = []
        self.sent: list[str] = []
        self.last_sent_at: datetime | None = None
        self._courier = courier
        self._clock = clock
        self._arrived = asyncio.Event()

    def send(self, text: str, *, times: int = 1) -> str:
        """Write to the gym; returns the message id at once, the webhook follows.

        Args:
            text: What is said.
            times: How often Meta delivers the same webhook.
        """
        return self.send_raw({"type": "text", "text": {"body": text}}, times=times)

    def send_raw(self, content: dict[str, Any], *, times: int = 1) -> str:
        """Send any kind of message, for instance ``{"type": "audio", "audio": {…}}``."""
        now = self._clock.now()
        message_id = new_message_id(self.number)
        message = self.identity("from", "from_user_id") | {
            "id": message_id,
            "timestamp": str(int(now.timestamp())),
            **content,
        }
        contact = {"profile": {"name": self.name}} | self.identity("wa_id", "user_id")
        self.sent.append(message_id)
        self.last_sent_at = now
        self._courier.deliver({"contacts": [contact], "messages": [message]}, times=times)
        return message_id

    def identity(self, number_key: str, user_key: str) -> dict[str, str]:
        """How Meta names this person: number without ``+`` unless hidden, user id where there is one."""
        number = {} if self.hidden else {number_key: self.number.removeprefix("+")}
        return number | ({user_key: self.user_id} if self.user_id else {})

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
    """All phones that can be reached; everybody else has no WhatsApp."""

    def __init__(self, courier: Courier, clock: Clock) -> None:
        self._courier = courier
        self._clock = clock
        self._phones: list[Phone] = []

    def add(self, number: str, name: str, *, user_id: str | None = None, hidden: bool = False) -> Phone:
        """Somebody gets a phone."""
        phone = Phone(number, name, courier=self._courier, clock=self._clock, user_id=user_id, hidden=hidden)
        self._phones.append(phone)
        return phone

    def find(self, address: str) -> Phone | None:
        """The phone behind a number in any spelling or a business-scoped user id."""
        digits = "".join(character for character in address if character.isdigit())
        for phone in self._phones:
            if address == phone.user_id or (digits and digits == phone.number.removeprefix("+")):
                return phone
        return None

    def __iter__(self) -> Iterator[Phone]:
        return iter(self._phones)
