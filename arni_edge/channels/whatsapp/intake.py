"""Where the WhatsApp channel hands in what arrived."""

from collections.abc import Sequence

from arni_edge.channels.whatsapp.webhook import DeliveryStatus
from arni_edge.conversation import Reception
from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import InboundMessage
from arni_edge.storage import Database, Transaction, outbox


class WhatsAppIntake:
    """Messages to the reception, delivery reports to the outbox."""

    def __init__(self, database: Database, clock: Clock, reception: Reception) -> None:
        self._database = database
        self._clock = clock
        self._reception = reception

    async def receive(self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus]) -> None:
        """Take one event in: each message in a commit of its own, then all statuses together.

        Raises:
            Unavailable: Not everything could be stored, though parts may be. All of it must come again;
                what is stored already is left as it is.
        """
        await self._reception.receive(messages)
        now = self._clock.now()

        async def note(tx: Transaction) -> None:
            for status in statuses:
                # What was sent outside the outbox, for instance by hand in Meta's app, has no id of ours.
                if status.tracking_id is not None:
                    await outbox.note_delivery(tx, status.tracking_id, status.state, status.message_id, now)

        if statuses:
            await self._database.write(note)
