"""Stage 6, pending approval: a bare "ja" means exactly the action last proposed in this conversation."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.i18n import Catalogue
from arni_edge.swarm.router import is_bare_yes


class Approval:
    """No agent proposes anything yet, so a bare yes is bound to nothing: it must not reach the router."""

    name = "approval"

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def __call__(self, turn: Turn) -> Step:
        """Take a bare yes out of the line; everything else passes."""
        if not is_bare_yes(turn.message.text):
            return Step.ON
        turn.answer = self._catalogue.text("talk.nothing_to_confirm", turn.language)
        return Step.ANSWERED
