"""Ways on which a code reaches the registered number."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from arni_edge.access.codes import CODE_LIFE
from arni_edge.access.identity import Correspondent
from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Channel, OutboundMessage, Template
from arni_edge.storage import Database, Transaction, outbox

_WINDOW: Final = timedelta(hours=23, minutes=30)
"""Meta takes free text for 24 hours after somebody's last message; the code has to arrive within them."""


class CodeCourier(Protocol):
    """A way to the registered number that is not the conversation in which the code is asked for."""

    @property
    def name(self) -> str:
        """Key of its words in the catalogue, for instance ``sms``."""
        ...

    async def reaches(self, phone: str, who: Correspondent) -> bool:
        """Whether it can bring something to this number now, outside this conversation."""
        ...

    async def carry(self, phone: str, text: str, code: str, key: str) -> None:
        """Bring it.

        Args:
            phone: The registered number.
            text: Holds the code; never logged, not kept after it has left.
            code: The digits alone, likewise.
            key: Unique; the same one is not brought twice.

        Raises:
            Unavailable: It could not be brought.
        """
        ...


class Sms(Protocol):
    """A service that sends short messages."""

    async def send(self, phone: str, text: str, key: str) -> str:
        """Send one; returns evidence once the service has accepted it.

        Args:
            phone: E.164.
            text: What.
            key: Unique; a service that knows it already sends nothing.

        Raises:
            Unavailable: It was not accepted, or not in time.
        """
        ...


class SmsCourier:
    """Short messages: they reach the SIM, whoever holds the messenger's account."""

    name = "sms"

    def __init__(self, sms: Sms) -> None:
        self._sms = sms

    async def reaches(self, phone: str, who: Correspondent) -> bool:
        """Every number."""
        del phone, who
        return True

    async def carry(self, phone: str, text: str, code: str, key: str) -> None:
        """Bring it.

        Raises:
            Unavailable: The service has not accepted it.
        """
        del code
        await self._sms.send(phone, text, key)


class WhatsAppCourier:
    """WhatsApp to the registered number, when that is another conversation, and may be written to.

    A code that is shown in the conversation in which it is to be returned proves nothing.
    """

    name = "whatsapp"

    def __init__(self, database: Database, clock: Clock, *, template: str = "") -> None:
        """Nothing leaves by it.

        Args:
            database: Has inbox and outbox.
            clock: Time.
            template: Authentication template that Meta has approved, for whoever has not written lately;
                empty: they are not reached.
        """
        self._database = database
        self._clock = clock
        self._template = template

    async def reaches(self, phone: str, who: Correspondent) -> bool:
        """Whether its owner wrote to us lately, from another conversation; with a template any number."""
        if phone in {who.phone, who.address, f"+{who.address}"}:
            return False
        if self._template:
            return True
        return await self._conversation(phone, who, self._clock.now()) is not None

    async def carry(self, phone: str, text: str, code: str, key: str) -> None:
        """Put it into the outbox; its text is forgotten there as soon as it has left.

        Raises:
            Unavailable: It could not be stored.
        """
        now = self._clock.now()
        # Where nobody wrote lately it goes as a template.
        template = Template(self._template, code=code, always=False) if self._template else None
        message = OutboundMessage(
            key,
            Channel.WHATSAPP,
            phone,
            text,
            template=template,
            secret=True,
            expires_at=now + CODE_LIFE,
        )

        async def unit(tx: Transaction) -> None:
            await outbox.add(tx, message, now)

        await self._database.write(unit)

    async def _conversation(self, phone: str, who: Correspondent, now: datetime) -> str | None:
        rows = await self._database.read(
            "SELECT conversation FROM inbound WHERE channel = ? AND phone = ? AND conversation != ?"
            " AND received_at > ? ORDER BY id DESC LIMIT 1",
            (Channel.WHATSAPP, phone, who.address, (now - _WINDOW).isoformat()),
        )
        return None if not rows else str(rows[0]["conversation"])
