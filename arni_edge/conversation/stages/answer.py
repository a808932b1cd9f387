"""Stage 8, agent and tools: the agent for the intent answers."""

from arni_edge.access import Entry, EntryDesk
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.doors import EntryRequest
from arni_edge.domain.i18n import Catalogue
from arni_edge.storage import inbox
from arni_edge.swarm.agents import Agents, Question
from arni_edge.swarm.router import Intent
from arni_edge.swarm.wishes import without_code

# Kinds whose words are meant for the gym; an edited message was answered when it was new.
_SPOKEN = frozenset({"text", "interactive", "button"})
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
        if turn.message.kind not in _SPOKEN or not turn.message.text:
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

        if turn.intent is Intent.VERIFY:  # a code is not kept any longer than it is needed
            hidden = without_code(turn.message.text)
            turn.notes.append(lambda tx: inbox.redact(tx, turn.message, hidden))
        agent = self._agents[turn.intent or Intent.UNKNOWN]
        turn.answer = await agent(Question(turn.language, enter, turn.message, turn.person))
        return Step.ANSWERED
