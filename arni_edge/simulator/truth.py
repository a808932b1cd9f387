"""What is really so in the simulated gym, as the world remembers it: what cameras are measured against."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a counting line."""

    at: float
    line: str
    direction: Literal["in", "out"]
    person: str


@dataclass(slots=True)
class Opening:
    """The latch was released.

    Attributes:
        at: When.
        entered: Who came in on it, the one it was meant for first.
    """

    at: float
    entered: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Fall:
    """Somebody fell, and lies there.

    Attributes:
        until: When they began to get up; None while they lie.
    """

    person: str
    at: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so, at one moment of the monotonic clock."""

    at: float
    counts: dict[str, int]
    inside: int
