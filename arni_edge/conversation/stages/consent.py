"""Stage 5, consent: what must this person be told first, and what may be kept of them?"""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.storage import Database, conversations


class Consent:
    """Tells everybody once that an AI is speaking (EU AI Act, Art. 50).

    Nothing but the messages themselves is kept, so there is nothing to ask consent for yet.
    """

    name = "consent"

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, turn: Turn) -> Step:
        """Read what this person was told."""
        known = await conversations.find(self._database, turn.message)
        turn.disclose = known is None or known["disclosed_at"] is None
        return Step.ON
