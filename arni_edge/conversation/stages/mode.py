"""Stage 6, mode: in a chat that a human has taken over the gym says so once and is silent."""

from arni_edge.conversation.ghost import GhostDesk
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.storage import Database, conversations, ghost


class Mode:
    """Knows who is talking for the gym: the box or a person."""

    name = "mode"

    def __init__(self, database: Database, clock: Clock, catalogue: Catalogue, desk: GhostDesk) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._desk = desk

    async def __call__(self, turn: Turn) -> Step:
        """Let the message pass unless a human has the chat; no door opens and nothing is done behind here."""
        message = turn.message
        chat = await ghost.by_address(self._database.read, message.channel, message.conversation)
        if chat is None:
            return Step.ON
        # Whoever had it may be long gone: its time counts here too, not only where somebody looks for it.
        if not chat.human or await self._desk.return_if_overdue(chat):
            turn.whisper = await self._desk.whispered(chat)
            return Step.ON
        turn.taken, turn.disclose = True, False
        if turn.wants_answer and not chat.acknowledged:
            turn.answer = self._catalogue.text("talk.human", turn.language)
            now = self._clock.now()
            turn.notes.append(
                lambda tx: conversations.note_human_acknowledged(tx, chat.channel, chat.address, now)
            )
        return Step.ANSWERED
