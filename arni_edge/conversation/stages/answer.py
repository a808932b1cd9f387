"""Stage 10, agent and tools: the agent for the intent answers."""

from collections.abc import Callable

from arni_edge.access import Entry, EntryDesk
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.doors import DenyReason, EntryRequest
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import InboundMessage
from arni_edge.swarm.agents import Agents, Question
from arni_edge.swarm.router import Intent

_FOR_MEMBERS = frozenset({Intent.CANCEL_CONTRACT, Intent.ERASE_ME, Intent.EXPORT_ME})
"""What nobody can do for somebody whom they do not know."""


class Answer:
    """Hands the turn to an agent, with exactly the powers of the person who writes."""

    name = "answer"

    def __init__(
        self,
        catalogue: Catalogue,
        entry: EntryDesk,
        agents: Agents,
        answering: Callable[[InboundMessage], None] | None = None,
    ) -> None:
        """Nothing is answered by it.

        Args:
            catalogue: What people read.
            entry: Opens.
            agents: Who answers, by intent.
            answering: Told of each message that an agent begins to answer; None: nobody wants to know.
        """
        self._catalogue = catalogue
        self._entry = entry
        self._agents = agents
        self._answering = answering

    async def __call__(self, turn: Turn) -> Step:
        """Let the agent answer."""
        if not turn.wants_answer:
            return Step.ANSWERED
        if turn.intent is not Intent.NUMBER and not (turn.is_spoken and turn.message.text):
            media = turn.message.media
            unheard = media is not None and media.voice
            key = "talk.unheard" if unheard else "talk.unsupported"
            turn.answer = self._catalogue.text(key, turn.language)
            return Step.ANSWERED

        # With the number they may be a member; of somebody who shows it that is known already.
        is_hidden = turn.member is None and turn.message.phone is None
        turn.asks_phone = is_hidden and turn.intent in _FOR_MEMBERS

        async def enter() -> Entry:
            request = EntryRequest(
                request_id=turn.message.key,
                door=self._entry.main_door,
                source=turn.message.channel,
                asked_at=turn.message.sent_at,
            )
            entry = await self._entry.request(request, turn.member, turn.assurance)
            turn.asks_phone = is_hidden and entry.denied is DenyReason.STRANGER
            return entry

        if self._answering is not None:
            self._answering(turn.message)
        agent = self._agents[turn.intent or Intent.UNKNOWN]
        turn.answer = await agent(Question(turn.language, enter, turn.message, turn.person))
        if turn.asks_phone:
            turn.answer = f"{turn.answer} {self._catalogue.text('talk.ask_phone', turn.language)}"
        return Step.ANSWERED
