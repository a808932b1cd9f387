"""Where the WhatsApp channel hands in what arrived."""

from collections.abc import Sequence
from typing import Final

from arni_edge.channels.whatsapp.links import linked
from arni_edge.channels.whatsapp.reports import DeliveryReports
from arni_edge.channels.whatsapp.settling import Notices
from arni_edge.channels.whatsapp.webhook import AccountNotice, DeliveryStatus
from arni_edge.conversation import Reception
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import InboundMessage, message_key
from arni_edge.storage import Database, Transaction, relay_traces

_LINE: Final = "whatsapp"
_LINK_SECONDS: Final = 3.0
"""An emergency does not wait longer for a disk that hangs."""


class WhatsAppIntake:
    """Messages to the reception, delivery reports to the outbox."""

    def __init__(
        self, database: Database, clock: Clock, reception: Reception, notices: Notices | None = None
    ) -> None:
        """Nothing is taken in before :meth:`receive`.

        Args:
            database: Has inbox and outbox.
            clock: For when something came.
            reception: Takes messages.
            notices: To staff, of what could not be delivered; None: there is nobody to tell.
        """
        self._database = database
        self._clock = clock
        self._reception = reception
        self._notices = notices
        self._reports = DeliveryReports(notices)

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], sequence: int
    ) -> None:
        """Take one event in: each message in a commit of its own, then all statuses together.

        Args:
            messages: What people wrote.
            statuses: What became of what was sent to people.
            sequence: Of the event in the relay's log: what is forgotten here is then forgotten there.

        Raises:
            Unavailable: Not everything could be stored, though parts may be. All of it must come again;
                what is stored already is left as it is. Emergencies were seen all the same.
        """
        now = self._clock.now()
        if messages:

            async def begin(tx: Transaction) -> list[InboundMessage]:
                await relay_traces.note(tx, [message.key for message in messages], sequence)
                return [await linked(tx, message, now) for message in messages]

            try:
                known = await self._database.write(begin, deadline=_LINK_SECONDS)
            except Unavailable:
                await self._reception.heed(messages)
                raise
            await self._reception.receive(known)

        if statuses:

            async def note(tx: Transaction) -> None:
                about = [message_key(status.channel, status.message_id) for status in statuses]
                await relay_traces.note(tx, about, sequence)
                await self._reports.note(tx, statuses, now)

            await self._database.write(note)

    async def tell_of_account(self, notices: Sequence[AccountNotice]) -> None:
        """Tell staff what Meta says about the gym's account.

        Raises:
            Unavailable: It could not be stored.
        """
        teller, now = self._notices, self._clock.now()
        if teller is None:
            return

        async def tell(tx: Transaction) -> None:
            for notice in notices:
                await teller.tell(tx, _LINE, "account", now, f"{notice.field}: {notice.event}")

        await self._database.write(tell)

    async def heed(self, messages: Sequence[InboundMessage]) -> None:
        """Look for emergencies in messages that cannot be stored now."""
        await self._reception.heed(messages)
