"""What became of a command, as every driver says it."""

from dataclasses import dataclass

from arni_edge.domain.doors import Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a command: what became of it, and what was seen."""

    outcome: Outcome
    evidence: str
