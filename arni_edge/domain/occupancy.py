"""How full it is, in words that say no more than is known."""

from dataclasses import dataclass
from enum import StrEnum


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
