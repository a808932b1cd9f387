"""Where the WhatsApp channel hands in what arrived."""

from collections.abc import Sequence

from arni_edge.channels.whatsapp.webhook import DeliveryStatus
from arni_edge.conversation import Reception
from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import InboundMessage
from arni_edge.storage import Database, Transaction, inbox, outbox

STREAM = "relay"


class WhatsAppIntake:
    """Messages to the reception, delivery reports to the outbox; the cursor moves when all is on the disk.

    The cursor is a commit of its own, after the messages: a crash between the two brings the same event
    again, and the message's identity makes its second coming harmless.
    """

    def __init__(self, database: Database, clock: Clock, reception: Reception) -> None:
        self._database = database
        self._clock = clock
        self._reception = reception

    async def cursor(self) -> int:
        """How far the relay has been read."""
        return await inbox.cursor(self._database, STREAM)

    async def receive(
        self, messages: Sequence[InboundMessage], statuses: Sequence[DeliveryStatus], cursor: int
    ) -> None:
        """Take one event in.

        Raises:
            Unavailable: It could not be stored; the same event must come again.
        """
        await self._reception.receive(messages)
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            for status in statuses:
                if status.tracking_id is not None:
                    await outbox.note_delivery(tx, status.tracking_id, status.state, status.message_id, now)
            await inbox.move_cursor(tx, STREAM, cursor)

        await self._database.write(store)
