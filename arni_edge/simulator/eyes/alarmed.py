"""Alarms: who is said to be in the gym at night, and who is said to be down, beside who is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arni_edge.simulator.eyes.course import Span
from arni_edge.simulator.eyes.day import Day, Moment
from arni_edge.simulator.eyes.looking import PERSON_DOWN_SECONDS

_SAME_EPISODE = 10.0  # what pauses for less is one event
_MARGIN = 3.0  # so much before and after, somebody may be noticed
_TO_BE_SURE = 5.0  # beyond the hold


@dataclass(slots=True)
class _Episode:
    """Something was said without a pause."""

    begin: float
    end: float

    def touches(self, span: Span, margin: float) -> bool:
        return self.begin <= span.end + margin and self.end >= span.begin - margin


def _episodes(moments: Iterable[Moment], said: Iterable[bool]) -> list[_Episode]:
    episodes: list[_Episode] = []
    for moment, true in zip(moments, said, strict=True):
        if not true:
            continue
        if episodes and moment.at - episodes[-1].end <= _SAME_EPISODE:
            episodes[-1].end = moment.at
        else:
            episodes.append(_Episode(moment.at, moment.at))
    return episodes


def intrusions(day: Day) -> dict[str, Any]:
    """While the gym was closed: alarms with nobody there, and whether the burglar was noticed."""
    burglary, armed = day.diary.burglary, day.diary.armed
    told: list[_Episode] = []
    for moments in day.moments.values():
        night = [moment for moment in moments if armed.contains(moment.at)]
        told += _episodes(night, (moment.certain > 0 or moment.confirmed > 0 for moment in night))
    false = [one for one in told if not one.touches(burglary, _MARGIN)]
    came = burglary.begin < float("inf")
    return {
        "intrusion_alarms": len(false),
        "intruders": {"truth": int(came), "found": int(came and len(told) > len(false))},
        "light_changes": len(day.diary.lights),
    }


def people_down(day: Day) -> dict[str, Any]:
    """Falls after which somebody lay for longer than the hold, and what was said to begin while they lay.

    Each camera may tell of each fall. What is said of somebody who has got up already is wrong as well.
    """
    lay = [Span(one.at, day.end if one.until is None else one.until) for one in day.falls]
    long = [one for one in lay if one.end - one.begin >= PERSON_DOWN_SECONDS + _TO_BE_SURE]
    told = [
        one
        for moments in day.moments.values()
        for one in _episodes(moments, (moment.down > 0 for moment in moments))
    ]
    after = [
        [one.begin - span.begin for one in told if span.begin <= one.begin <= span.end + _MARGIN]
        for span in long
    ]
    found = [min(seconds) for seconds in after if seconds]
    right = [one for one in told if any(span.begin <= one.begin <= span.end + _MARGIN for span in long)]
    return {
        "truth": len(long),
        "found": len(found),
        "false": len(told) - len(right),
        "seconds_mean": round(sum(found) / len(found), 1) if found else None,
        "false_at": [round(one.begin, 1) for one in told if one not in right],
    }
