"""Stage 4, consent: what may be kept of this person, and what must they be told first?"""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.storage import Database, conversations


class Consent:
    """Default: nothing is remembered, and the first answer says that an AI is speaking (AI Act, Art. 50)."""

    name = "consent"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, turn: Turn) -> Step:
        """Read what this person was told and has agreed to."""
        known = await conversations.find(self._database, turn.message)
        turn.disclose = known is None or known["disclosed_at"] is None
        turn.may_remember = known is not None and known["memory_consent_at"] is not None
        return Step.ON
