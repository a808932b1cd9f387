"""Stage 7, late: what arrives hours after it was written is not answered as if it were new."""

from datetime import datetime, timedelta
from typing import Final

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.storage import Database, conversations, inbox

_TOLD_ONCE_IN: Final = timedelta(hours=6)
"""Whoever wrote ten times during an outage is told once."""
_NOBODY_WAITS: Final = timedelta(hours=24)
"""WhatsApp lets nobody answer after that, and nobody waits for it any more: staff are told how many."""


class Late:
    """After an outage: the sender is told honestly that it came too late, and asked to write again.

    A "yes" of this morning confirms nothing, a door does not open for whoever stood there two hours ago. An
    emergency does not get here: the first stage has it, however late it is.
    """

    name = "late"

    def __init__(
        self, database: Database, clock: Clock, catalogue: Catalogue, answer_within: timedelta
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._answer_within = answer_within

    async def __call__(self, turn: Turn) -> Step:
        """Let what is fresh pass."""
        message, now = turn.message, self._clock.now()
        age = now - message.sent_at
        if age <= self._answer_within:
            return Step.ON
        if not turn.wants_answer or await self._was_told(turn, now):
            return Step.ANSWERED
        if age >= _NOBODY_WAITS:
            turn.notes.append(lambda tx: inbox.note_unsaid(tx, message, inbox.LATE))
        else:
            turn.answer = self._catalogue.text("talk.late", turn.language)
            channel, address = message.channel, message.conversation
            turn.notes.append(lambda tx: conversations.note_told_late(tx, channel, address, now))
        return Step.ANSWERED

    async def _was_told(self, turn: Turn, now: datetime) -> bool:
        known = await conversations.find(self._database, turn.message)
        if known is None or known["told_late_at"] is None:
            return False
        return timedelta(0) <= now - datetime.fromisoformat(known["told_late_at"]) < _TOLD_ONCE_IN
