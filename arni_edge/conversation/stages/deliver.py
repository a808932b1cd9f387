"""Stage 9, deliver: the answer into the durable outbox and the message marked as handled, in one commit."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import OutboundMessage
from arni_edge.settings import Site
from arni_edge.storage import Database, Transaction, conversations, inbox, outbox


class Deliver:
    """Either both happen or neither: nothing is answered twice, nothing is left unanswered."""

    name = "deliver"

    def __init__(self, database: Database, clock: Clock, catalogue: Catalogue, site: Site) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._site = site

    async def __call__(self, turn: Turn) -> Step:
        """Store what is said, if anything is."""
        now, message = self._clock.now(), turn.message

        async def store(tx: Transaction) -> None:
            intent = str(turn.intent) if turn.intent else None
            if not await inbox.finish(tx, message, now, trace=turn.trace, intent=intent):
                return
            if turn.disclose and turn.answer:
                await conversations.note_disclosure(tx, message, now)
            for note in turn.notes:
                await note(tx)
            if turn.answer:
                await outbox.add(tx, self._outbound(turn), now)

        await self._database.write(store)
        return Step.END

    def _outbound(self, turn: Turn) -> OutboundMessage:
        text = turn.answer or ""
        if turn.disclose:
            greeting = self._catalogue.text("disclosure.first", turn.language, gym=self._site.name)
            text = f"{greeting} {text}"
        return OutboundMessage(
            key=f"{turn.message.key}:answer",
            channel=turn.message.channel,
            recipient=turn.message.conversation,
            text=text,
            reply_to=turn.message.message_id,
        )
