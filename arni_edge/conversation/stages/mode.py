"""Stage 5, mode: in a chat that a human has taken over the gym says so once and is silent."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.storage import Database, conversations


class Mode:
    """Knows who is talking for the gym: the box or a person."""

    name = "mode"

    def __init__(self, database: Database, clock: Clock, catalogue: Catalogue) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue

    async def __call__(self, turn: Turn) -> Step:
        """Let the message pass unless a human has the chat."""
        known = await conversations.find(self._database, turn.message)
        if known is None or known["mode"] != "human":
            return Step.ON
        turn.disclose = False
        if known["human_acknowledged_at"] is None:
            turn.answer = self._catalogue.text("talk.human", turn.language)
            now = self._clock.now()
            turn.notes.append(lambda tx: conversations.note_human_acknowledged(tx, turn.message, now))
        return Step.ANSWERED
