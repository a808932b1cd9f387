"""What is kept of counting people: numbers, and the moments that they belong to."""

from dataclasses import dataclass
from datetime import datetime

ENOUGH_COVERED = 0.5
"""An hour of which less than this share was seen is no figure of that hour, least of all an empty one."""

WHOLE_GYM = ""
"""The place that stands for all zones together; zones have ids, which are never empty."""


@dataclass(frozen=True, slots=True)
class LineTotals:
    """What a line's camera had counted when it was last heard.

    Attributes:
        line: Its id.
        epoch: Names the life of the worker that counted.
        entries: Since that life began.
        exits: The same.
        at: When the worker said so, by its own clock (aware).
    """

    line: str
    epoch: str
    entries: int
    exits: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HeadcountMemory:
    """All that the count of the gym is continued from after a restart.

    Attributes:
        inside: By the lines; nothing that may be told before there was a proof.
        entries: Since the last nightly zero.
        exits: The same.
        zeroed_for: The nightly moment (aware) that the last zero belongs to; None: nothing is kept yet.
        proved_at: When the count was last known for certain (aware); None: never.
        crossings: Since then.
        blind_seconds: For how long lines were not watched since then, all lines added up.
        clamps: Since then, people who left and had not been seen to come.
        drift: How far the count was off at the last correction: positive, too many were counted.
        drift_at: When that was (aware).
        error_rate: Variance of the count per crossing, learnt from the drift of the days before.
        per_hour: Crossings per hour lately.
        awaits_lines: Zeroed while nobody watched the lines: unknown until they are watched again.
    """

    inside: int = 0
    entries: int = 0
    exits: int = 0
    zeroed_for: datetime | None = None
    proved_at: datetime | None = None
    crossings: int = 0
    blind_seconds: float = 0.0
    clamps: int = 0
    drift: int | None = None
    drift_at: datetime | None = None
    error_rate: float = 0.02
    per_hour: float = 0.0
    awaits_lines: bool = False


@dataclass(frozen=True, slots=True)
class HourTally:
    """What one studio-local hour of a place adds up to, or a part of it.

    Attributes:
        place: A zone's id, or :data:`WHOLE_GYM`.
        hour: When the hour began (aware).
        seconds: So long the count was known.
        people_seconds: The count, added up over those seconds.
        most: The highest count.
        entries: Over the lines.
        exits: The same.
    """

    place: str
    hour: datetime
    seconds: float = 0.0
    people_seconds: float = 0.0
    most: int = 0
    entries: int = 0
    exits: int = 0

    @property
    def covered(self) -> float:
        """Share of the hour that was seen, 0..1."""
        return min(1.0, self.seconds / 3600.0)

    @property
    def mean(self) -> float | None:
        """People on average; None where too little was seen to say."""
        return self.people_seconds / self.seconds if self.covered >= ENOUGH_COVERED else None
