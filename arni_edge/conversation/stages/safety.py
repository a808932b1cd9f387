"""Stage 1, safety: an emergency is answered before identity, consent, queues or any model get a say."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.safety import AlarmDesk, find_emergency


class Safety:
    """Raises the alarm and ends the turn, or lets it pass."""

    name = "safety"

    def __init__(self, alarms: AlarmDesk) -> None:
        self._alarms = alarms

    async def __call__(self, turn: Turn) -> Step:
        """Look for an emergency in the text."""
        cause = find_emergency(turn.message.text)
        if cause is None:
            return Step.ON
        await self._alarms.raise_for(turn.message, cause, turn.language)
        return Step.END
