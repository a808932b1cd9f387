"""Stage 4, identify: who writes, and how sure are we?"""

from arni_edge.access.identity import Correspondent, Identities
from arni_edge.conversation.turn import Step, Turn

_MAY_BE_SOMEBODY_ELSE = "system"
"""The channel's own messages: a number or an account has changed hands, or may have."""


class Identify:
    """Binds what the channel vouches for to a member. A name is never an identity."""

    name = "identify"

    def __init__(self, known: Identities) -> None:
        self._known = known

    async def __call__(self, turn: Turn) -> Step:
        """Recognise whoever writes."""
        who = Correspondent.of(turn.message, turn.language)
        if turn.message.kind == _MAY_BE_SOMEBODY_ELSE:
            await self._known.forget(who)
        known = await self._known.recognise(who)
        turn.member, turn.assurance = known.member, known.assurance
        return Step.ON
