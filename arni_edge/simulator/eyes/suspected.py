"""Tailgating: what the watch over the door suspects of each opening, beside who came in on it."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from arni_edge.access.tailgating import Certainty, Opening, Passage, Suspicion, TailgatingWatch
from arni_edge.domain.doors import DoorContact
from arni_edge.simulator.eyes.day import Day, share
from arni_edge.simulator.truth import Opening as TrueOpening

_WINDOW_SECONDS = 15.0
_COMMAND_SECONDS = 0.8  # from the command to the released latch
_SAME_OPENING = 25.0
_AFTERWARDS = 300  # seconds after the day until everything is judged
_CONTACT = {True: DoorContact.OPEN, False: DoorContact.CLOSED}


def tailgating(day: Day) -> dict[str, Any]:
    """Openings on which more came in than one, and those of which that is said.

    A suspicion that rests only on two people having been seen together at the line weighs half: alone it has
    no consequence, and it is told apart here, as ``possible``.
    """
    truth = [one.at for one in _judged(day) if len(one.entered) > 1]
    suspicions = _suspicions(day)
    left, found, false = list(truth), 0, 0
    for at, suspicion in suspicions:
        if suspicion.certainty is Certainty.POSSIBLE:
            continue
        near = [one for one in left if abs(one - at) <= _SAME_OPENING]
        if near:
            left.remove(min(near, key=lambda one: abs(one - at)))
            found += 1
        else:
            false += 1
    return {
        "truth": len(truth),
        "found": found,
        "false": false,
        "precision": share(found, found + false),
        "recall": share(found, len(truth)),
        "openings": len(day.openings),
        "possible": sum(one.certainty is Certainty.POSSIBLE for _, one in suspicions),
        "missed_at": [round(at, 1) for at in left],
    }


def _judged(day: Day) -> list[TrueOpening]:
    """Openings that a member was let in by: not the burglar's."""
    return [one for one in day.openings if not day.diary.burglary.contains(one.at)]


def _suspicions(day: Day) -> list[tuple[float, Suspicion]]:
    """What the watch over the door says, by the moment of the opening that it says it of."""
    watch = TailgatingWatch(window_seconds=_WINDOW_SECONDS)
    openings = _judged(day)
    tell: list[tuple[float, Callable[[], None]]] = [
        (one.at, partial(watch.opened, _opening(number, one))) for number, one in enumerate(openings)
    ]
    tell += [(at, partial(watch.contact, _CONTACT[opens], at)) for at, opens in day.diary.contacts]
    tell += [
        (one.at, partial(watch.crossed, Passage(one.line, one.direction == "in", one.together, one.at)))
        for one in day.counted
    ]
    tell.sort(key=lambda one: one[0])
    found: list[Suspicion] = []
    for second in range(math.ceil(day.end) + _AFTERWARDS):
        while tell and tell[0][0] <= second:
            tell.pop(0)[1]()
        found += watch.tick(second)
    return [(openings[int(one.request_id)].at, one) for one in found]


def _opening(number: int, one: TrueOpening) -> Opening:
    """As the daemon knows it: each for another member."""
    return Opening(str(number), one.at - _COMMAND_SECONDS, one.at, f"member {number}")
