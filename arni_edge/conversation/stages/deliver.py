"""Stage 11, deliver: the answer into the durable outbox and the message marked as handled, in one commit."""

from datetime import datetime

from arni_edge.conversation.ghost_mode import GhostMode
from arni_edge.conversation.secrecy import hide_code
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import OutboundMessage
from arni_edge.settings import Site
from arni_edge.storage import Database, Transaction, conversations, inbox, outbox, whispers
from arni_edge.storage.drafts import Draft


class Deliver:
    """Either both happen or neither: nothing is answered twice, nothing is left unanswered.

    An answer that staff hold is stored as a draft in the place of the outbox; it leaves from there.
    """

    name = "deliver"

    def __init__(
        self, database: Database, clock: Clock, catalogue: Catalogue, site: Site, ghost: GhostMode
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._site = site
        self._held = ghost.held
        self._handoffs = ghost.handoffs

    async def __call__(self, turn: Turn) -> Step:
        """Store what is said, if anything is."""
        now, message = self._clock.now(), turn.message
        if offer := await self._handoffs.offer(turn):
            turn.answer = f"{turn.answer} {offer}"

        async def store(tx: Transaction) -> Draft | None:
            intent = str(turn.intent) if turn.intent else None
            if not await inbox.finish(tx, message, now, trace=turn.trace, intent=intent):
                return None
            await hide_code(tx, message)
            for note in turn.notes:
                await note(tx)
            if message.kind == "revoke":
                return await self._held.take_back(tx, message, now)
            return await self._say(tx, turn, now) if turn.answer else None

        draft = await self._database.write(store)
        if draft is not None:
            self._held.announce(draft)
        return Step.END

    async def _say(self, tx: Transaction, turn: Turn, now: datetime) -> Draft | None:
        """The answer into the outbox, or to staff as a draft."""
        channel, address = turn.message.channel, turn.message.conversation
        if turn.whisper:
            await whispers.use(tx, channel, address, now, heard=turn.whisper_heard)
        if draft := await self._held.keep(tx, turn, self._greeting(turn), now):
            return draft
        if turn.disclose:
            await conversations.note_disclosure(tx, channel, address, now)
        await outbox.add(tx, self._outbound(turn), now)
        return None

    def _greeting(self, turn: Turn) -> str:
        if not turn.disclose:
            return ""
        return self._catalogue.text("disclosure.first", turn.language, gym=self._site.name)

    def _outbound(self, turn: Turn) -> OutboundMessage:
        return OutboundMessage(
            key=f"{turn.message.key}:answer",
            channel=turn.message.channel,
            recipient=turn.message.conversation,
            text=f"{self._greeting(turn)} {turn.answer}".strip(),
            reply_to=turn.message.message_id,
            asks_phone=turn.asks_phone,
        )
