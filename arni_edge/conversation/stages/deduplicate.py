"""Stage 2, deduplicate: stored before it is acknowledged; a second delivery of the same message ends here."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.storage import Database, Transaction, inbox


class Deduplicate:
    """Rests on a constraint of the database, so that it holds across crashes.

    What was taken in by a life that this database knows nothing of (it is a backup, or the box is new) was
    answered then: it is kept, what changes or takes something back has its effect, and nothing is answered
    or done a second time. Staff are told how many they were.
    """

    name = "deduplicate"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self, turn: Turn) -> Step:
        """Store the message; raises :class:`Unavailable` when that cannot be done."""
        now, message = self._clock.now(), turn.message

        async def store(tx: Transaction) -> bool:
            if not await inbox.add(tx, message, now):
                return False
            if message.kind == "revoke":
                await inbox.take_back(tx, message, now)
            elif message.kind == "edit":
                await inbox.change(tx, message)
            if not message.again or not turn.wants_answer:
                return True
            await inbox.finish(tx, message, now, trace=turn.trace, intent="read_again")
            await inbox.note_unsaid(tx, message, inbox.AGAIN)
            return False

        return Step.ON if await self._database.write(store) else Step.END
