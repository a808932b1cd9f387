"""Whether somebody is inside. "Nobody" is an answer that needs proof; without it, somebody may be."""

from collections.abc import Sequence
from enum import StrEnum

from arni_edge.automation.picture import Picture, as_number
from arni_edge.domain.occupancy import Occupancy
from arni_edge.domain.readings import Value
from arni_edge.settings import Presence, Sensor

_STALE_SECONDS = 60.0
"""A figure that is older is none, whoever says it. The eyes themselves are stricter."""


class Inside(StrEnum):
    """The three answers."""

    SOMEBODY = "somebody"
    NOBODY = "nobody"
    """Certainly."""
    UNKNOWN = "unknown"
    """Somebody may be."""


def inside(picture: Picture, presence: Presence) -> Inside:
    """Whether somebody is in the gym.

    Nobody is, only if the owner says that the zones and sensors see everybody (``presence.complete``), and
    every one of them sees nobody, and so does the figure for the whole gym where there are cameras.
    """
    answers = [_sees(picture.value(sensor)) for sensor in presence.sensors]
    answers += [_counts(zone) for zone in picture.zones.values()]
    if picture.zones or picture.total.count is not None:
        answers.append(_counts(picture.total))
    answer = _together(answers)
    return Inside.UNKNOWN if answer is Inside.NOBODY and not presence.complete else answer


def area(picture: Picture, zones: Sequence[str], sensors: Sequence[Sensor] = ()) -> Inside:
    """Whether somebody is in a part of the gym that these zones and sensors see."""
    answers = [_sees(picture.value(sensor)) for sensor in sensors]
    answers += [_counts(picture.zones.get(zone)) for zone in zones]
    return _together(answers)


def people(picture: Picture, zones: Sequence[str]) -> int | None:
    """How many people are in these zones, in the whole gym without any; None when unknown."""
    seen = [picture.zones.get(zone) for zone in zones] if zones else [picture.total]
    counts = [one.count for one in seen if one is not None and _counts(one) is not Inside.UNKNOWN]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(seen) else None


def certain_people(occupancy: Occupancy | None) -> int:
    """So many people are so certainly in a zone that an alarm may be staked on them; 0 when nobody knows.

    A light that goes on makes figures where nobody is. Where the eyes say who is confirmed, only they count.
    """
    if occupancy is None or occupancy.count is None or _counts(occupancy) is Inside.UNKNOWN:
        return 0
    return occupancy.count if occupancy.confirmed is None else max(0, occupancy.confirmed)


def noticed(value: Value) -> bool:
    """Whether a sensor notices somebody now."""
    return _sees(value) is Inside.SOMEBODY


def _together(answers: Sequence[Inside]) -> Inside:
    if Inside.SOMEBODY in answers:
        return Inside.SOMEBODY
    return Inside.UNKNOWN if not answers or Inside.UNKNOWN in answers else Inside.NOBODY


def _counts(occupancy: Occupancy | None) -> Inside:
    if occupancy is None or occupancy.count is None or occupancy.count < 0:
        return Inside.UNKNOWN
    if occupancy.age is None or not 0 <= occupancy.age <= _STALE_SECONDS:
        return Inside.UNKNOWN
    if occupancy.count:
        return Inside.SOMEBODY
    return Inside.UNKNOWN if occupancy.reliable is None else Inside.NOBODY


def _sees(value: Value) -> Inside:
    """A presence sensor says yes or no, or how many it sees."""
    if isinstance(value, bool):
        return Inside.SOMEBODY if value else Inside.NOBODY
    number = as_number(value)
    if number is None or number < 0:
        return Inside.UNKNOWN
    return Inside.SOMEBODY if number else Inside.NOBODY
