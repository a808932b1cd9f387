"""How a part of the house is doing, and why."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

Progress = Callable[[], None]
"""A part calls this whenever it has moved; its silence is what the watchdog looks for."""


class State(StrEnum):
    """Three answers to "how is it?"."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


_WORSE = {State.OK: 0, State.DEGRADED: 1, State.DOWN: 2}


@dataclass(frozen=True, slots=True)
class Health:
    """The state of one part.

    Attributes:
        part: Its name, for instance ``broker`` or ``vision/camera/door``.
        state: How it is.
        reason: Why, in words for the owner; empty when all is well.
        since: When it came into this state (aware).
    """

    part: str
    state: State
    reason: str
    since: datetime


def worst(parts: Iterable[Health]) -> State:
    """The state of the whole: that of its worst part, ``ok`` when there is none."""
    return max((part.state for part in parts), key=_WORSE.__getitem__, default=State.OK)
