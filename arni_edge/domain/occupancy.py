"""How full it is, in words that say no more than is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Protocol


class Band(StrEnum):
    """The bands that members are told. ``UNKNOWN`` is an answer; it is never rounded to ``EMPTY``."""

    EMPTY = "empty"
    QUIET = "quiet"
    MODERATE = "moderate"
    BUSY = "busy"
    FULL = "full"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Occupancy:
    """People in one zone or in the whole gym.

    Attributes:
        count: People, or None when unknown.
        age: Seconds since the figure was measured, or None when unknown.
        confirmed: Those of them on whom an alarm may be staked: seen several times, and not only while the
            light changed. None where nobody tells.
        confidence: How far the figure is to be trusted, 0..1.
    """

    count: int | None
    age: float | None
    confirmed: int | None = None
    confidence: float = 1.0

    @property
    def reliable(self) -> int | None:
        """The count, if more may be staked on it than an answer: that nobody is there, or that it is full."""
        return self.count if self.confidence >= _RELIABLE else None


# A figure that is less sure is rather off by more than one than not.
_RELIABLE = 0.5

UNKNOWN_OCCUPANCY = Occupancy(None, None)

# Upper edges as shares of capacity, chosen so that "busy" means waiting for machines has begun.
_EDGES = ((0.25, Band.QUIET), (0.55, Band.MODERATE), (0.85, Band.BUSY))


def band(count: int | None, capacity: int) -> Band:
    """The band for a count of people in a gym that holds ``capacity`` (≥ 1)."""
    if count is None:
        return Band.UNKNOWN
    if count <= 0:
        return Band.EMPTY
    for edge, name in _EDGES:
        if count <= edge * capacity:
            return name
    return Band.FULL


class DaySpan(Protocol):
    """A span of one day on the studio's wall clock; ``until`` is ``time.max`` at 24:00."""

    @property
    def start(self) -> time:
        """First moment that lies in it."""
        ...

    @property
    def until(self) -> time:
        """First moment behind it."""
        ...


def within(spans: Iterable[DaySpan], local: time) -> bool:
    """Whether a local time lies in one of a day's spans."""
    return any(span.start <= local and (local < span.until or span.until == time.max) for span in spans)


def member_band(
    count: int | None, capacity: int, *, local: time, withhold_below: int, withhold_hours: Iterable[DaySpan]
) -> Band:
    """What a member may be told.

    At night a small count says who is alone in the gym, and "empty" says that nobody would hear a break-in:
    within those hours everything below the threshold is the same lowest common band.

    Args:
        count: People, or None when unknown: unknown stays unknown.
        capacity: Of the gym (≥ 1).
        local: The time of day, in the studio's time zone, that the count belongs to.
        withhold_below: Counts smaller than this are withheld.
        withhold_hours: When; never without any.
    """
    if count is not None and count < withhold_below and within(withhold_hours, local):
        return Band.QUIET
    return band(count, capacity)
