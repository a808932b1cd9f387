"""Stage 8, agent and tools: the agent for the intent answers."""

from arni_edge.access import Entry, EntryDesk
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.doors import EntryRequest
from arni_edge.domain.i18n import Catalogue
from arni_edge.swarm.agents import Agents, Question
from arni_edge.swarm.router import Intent

_WANT_NO_ANSWER = frozenset({"reaction", "edit", "revoke", "system"})


class Answer:
    """Hands the turn to an agent, with exactly the powers of the person who writes."""

    name = "answer"

    def __init__(self, catalogue: Catalogue, entry: EntryDesk, agents: Agents) -> None:
        self._catalogue = catalogue
        self._entry = entry
        self._agents = agents

    async def __call__(self, turn: Turn) -> Step:
        """Let the agent answer."""
        if turn.message.kind in _WANT_NO_ANSWER:
            return Step.ANSWERED
        if not turn.is_spoken or not turn.message.text:
            turn.answer = self._catalogue.text("talk.unsupported", turn.language)
            return Step.ANSWERED

        async def enter() -> Entry:
            request = EntryRequest(
                request_id=turn.message.key,
                door=self._entry.main_door,
                source=turn.message.channel,
                asked_at=turn.message.sent_at,
            )
            return await self._entry.request(request, turn.member, turn.assurance)

        agent = self._agents[turn.intent or Intent.UNKNOWN]
        turn.answer = await agent(Question(turn.language, enter, turn.message, turn.person))
        return Step.ANSWERED
