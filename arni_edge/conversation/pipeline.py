"""The conversation pipeline: every message of every channel walks down this one list.

The first two stages run at the reception, before the relay is told that a message has arrived: an emergency
waits for nothing, and a message is stored before it is acknowledged. The others run in the order of the
conversation, and again after a crash.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from arni_edge.access import EntryDesk
from arni_edge.access.identity import Identities
from arni_edge.conversation.ghost_mode import GhostMode
from arni_edge.conversation.stages.answer import Answer
from arni_edge.conversation.stages.approval import Approval, Approvals
from arni_edge.conversation.stages.consent import Consent
from arni_edge.conversation.stages.deduplicate import Deduplicate
from arni_edge.conversation.stages.deliver import Deliver
from arni_edge.conversation.stages.identify import Identify
from arni_edge.conversation.stages.late import Late
from arni_edge.conversation.stages.listen import Listen, Recordings, Speech
from arni_edge.conversation.stages.mode import Mode
from arni_edge.conversation.stages.route import Route
from arni_edge.conversation.stages.safety import Safety
from arni_edge.conversation.turn import Stage, Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import InboundMessage
from arni_edge.safety import AlarmDesk
from arni_edge.settings import Site
from arni_edge.storage import Database
from arni_edge.swarm.agents import Agents

ANSWER_WITHIN: Final = timedelta(hours=1)
"""What is older when it arrives is not answered, where the settings say nothing else."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The list, in two parts, and how a turn walks down it."""

    reception: tuple[Stage, ...]
    turn: tuple[Stage, ...]

    @property
    def stages(self) -> tuple[str, ...]:
        """The names of all stages, in order."""
        return tuple(stage.name for stage in (*self.reception, *self.turn))

    @staticmethod
    async def walk(stages: tuple[Stage, ...], turn: Turn) -> Step:
        """Walk down some stages; an answered turn goes straight to the last one."""
        step = Step.ON
        for stage in stages:
            if step is Step.ANSWERED and stage is not stages[-1]:
                continue
            turn.trace.append(stage.name)
            step = await stage(turn)
            if step is Step.END:
                break
        return step


def build_pipeline(
    database: Database,
    clock: Clock,
    catalogue: Catalogue,
    *,
    site: Site,
    alarms: AlarmDesk,
    entry: EntryDesk,
    agents: Agents,
    known: Identities,
    approvals: Approvals,
    ghost: GhostMode,
    answer_within: timedelta = ANSWER_WITHIN,
    recordings: Recordings | None = None,
    speech: Speech | None = None,
    answering: Callable[[InboundMessage], None] | None = None,
) -> Pipeline:
    """The one ordered list of stages."""
    safety = Safety(clock, alarms)
    return Pipeline(
        reception=(
            safety,  # an emergency ends here, whoever it is
            Deduplicate(database, clock),  # stored; a second delivery ends here
        ),
        turn=(
            Listen(database, clock, safety, recordings, speech),  # a voice note becomes words
            Identify(known),  # who is it, and how sure are we?
            Consent(database),  # were they told that they talk to an AI?
            Mode(database, clock, catalogue, ghost.desk),  # has a human taken over?
            Late(database, clock, catalogue, answer_within),  # is it so old that an answer would be wrong?
            Approval(database, clock, catalogue, approvals),  # is this the yes to something proposed?
            Route(),  # what is it about?
            Answer(catalogue, entry, agents, answering),  # the agent and its tools
            Deliver(database, clock, catalogue, site, ghost),  # into the durable outbox, exactly once
        ),
    )
