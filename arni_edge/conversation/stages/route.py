"""Stage 9, route: what is the message about?"""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.swarm.router import Intent, route


class Route:
    """Asks the router; it abstains rather than guesses."""

    name = "route"

    async def __call__(self, turn: Turn) -> Step:
        """Set the intent."""
        turn.intent = Intent.NUMBER if turn.message.shared_phone else route(turn.message.text)
        return Step.ON
