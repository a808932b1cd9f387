"""Counting: what the cameras said of zones, the door's line and the whole gym, beside what was so."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from arni_edge.simulator.eyes.course import TICK
from arni_edge.simulator.eyes.day import Day, share
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.headcount import Headcount, ZoneSight

_DOOR_LINE = "door"
_DOOR_CAMERA, _DOOR_ZONE = "door", "entrance"
_BERLIN = ZoneInfo("Europe/Berlin")
_NIGHTLY_ZERO = time(4, 0)
_ZERO_DAY = date(2026, 11, 19)
_SAME_CROSSING = 3.0  # seconds between what was so and what was seen


def zone_errors(day: Day) -> dict[str, dict[str, Any]]:
    """By zone: the mean error while its camera could see, and the share of the day in which it could."""
    zones: dict[str, dict[str, Any]] = {}
    for moments in day.moments.values():
        for zone in moments[0].truth if moments else ():
            seen = [
                (moment.truth[zone], moment.counts[zone]) for moment in moments if moment.counts is not None
            ]
            errors = [abs(truth - count) for truth, count in seen]
            zones[zone] = {
                "mean_error": round(sum(errors) / len(errors), 4) if errors else None,
                "exact": share(sum(not error for error in errors), len(errors)),
                "seen": round(len(seen) / len(moments), 4),
                "people_mean": round(sum(moment.truth[zone] for moment in moments) / len(moments), 2),
            }
    return zones


def crossings(day: Day) -> dict[str, Any]:
    """Each real crossing needs one of its own near in time; what is left over counts against the rate."""
    counted = [(one.at, one.direction) for one in day.counted]
    left = list(counted)
    found = 0
    for real in day.crossings:
        near = [one for one in left if one[1] == real.direction and abs(one[0] - real.at) <= _SAME_CROSSING]
        if near:
            left.remove(min(near, key=lambda one: abs(one[0] - real.at)))
            found += 1
    truth = len(day.crossings)
    return {
        "truth": truth,
        "counted": len(counted),
        "entries": sum(direction == "in" for _, direction in counted),
        "exits": sum(direction == "out" for _, direction in counted),
        "rate": share(found, max(truth, len(counted))),
    }


def drift(day: Day) -> tuple[int | None, int | None]:
    """How far the headcount was off just before the nightly zero, and at most after it until somebody came.

    None where it was unknown, or where the day had no zero.
    """
    zero, end = day.diary.zero_at, min(day.diary.burglary.begin, day.diary.armed.end)
    if zero == float("inf"):
        return None, None
    headcount = _Counter(day)
    before: int | None = None
    after: int | None = None
    for at, count in headcount.run(until=end):
        if count is None:
            continue
        off = count - day.diary.inside[min(len(day.diary.inside), round(at / TICK)) - 1]
        if at < zero:
            before = off
        else:
            after = off if after is None or abs(off) > abs(after) else after
    return before, after


class _Counter:
    """Drives the daemon's headcount with what the cameras say, once a second."""

    def __init__(self, day: Day) -> None:
        self._day = day
        zones = [zone for moments in day.moments.values() for zone in moments[0].truth]
        self._plan = CountingPlan(
            tuple(zones),
            {_DOOR_LINE: _DOOR_CAMERA},
            thresholds=frozenset({_DOOR_ZONE}),
            nightly_zero=_NIGHTLY_ZERO,
            timezone=_BERLIN,
        )

    def run(self, *, until: float) -> Iterator[tuple[float, int | None]]:
        """Moments and counts, a second apart."""
        headcount = Headcount(self._plan, 0.0, self._now(0.0))
        headcount.told(0, 0.0, self._now(0.0))
        sights: dict[str, ZoneSight | None] = {}
        blind = {_DOOR_LINE: False}
        second = 0.0
        for camera, moment in self._day.in_order:
            if moment.at >= until:
                return
            while moment.at > second + 1.0:
                second += 1.0
                headcount.look(sights, blind, second, self._now(second))
                yield second, headcount.figure(sights, second).count
            for zone in moment.truth:
                seen = moment.counts
                sights[zone] = None if seen is None else ZoneSight(seen[zone], moment.confirmed, 0.0)
            if camera == _DOOR_CAMERA:
                blind[_DOOR_LINE] = moment.state is not None
                if moment.state is None:
                    headcount.heard(_DOOR_LINE, moment.at, continuous=True)
            entries = sum(one.direction == "in" for one in moment.crossings)
            exits = sum(one.direction == "out" for one in moment.crossings)
            headcount.crossed(entries, exits, moment.at, self._now(moment.at))

    def _now(self, at: float) -> datetime:
        """The wall clock: by it the play's zero comes at the hour of the settings."""
        zero = datetime.combine(_ZERO_DAY, _NIGHTLY_ZERO, _BERLIN).astimezone(UTC)
        return zero + timedelta(seconds=at - self._day.diary.zero_at)
