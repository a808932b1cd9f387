"""Stage 3, identify: who writes, and how sure are we?"""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.people import Assurance
from arni_edge.storage import Database, members


class Identify:
    """Binds the channel's number to a member. A name is never an identity."""

    name = "identify"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, turn: Turn) -> Step:
        """Look the number up in the local mirror."""
        if turn.message.phone is not None:
            turn.member = await members.by_phone(self._database, turn.message.phone)
        if turn.member is not None:
            turn.assurance = Assurance.CHANNEL
        return Step.ON
