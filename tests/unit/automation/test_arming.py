"""Arming: on guard when closed and certainly empty; each intruder is told once."""

from support.automation import CLOSED, MOTION, OPEN, moment, picture

from arni_edge.automation.picture import DoorView, Picture, RaiseTrouble, SetGuard
from arni_edge.automation.rules.arming import ArmingRule
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.settings import Arming, Presence

_OPEN_DOOR = DoorView(LockState.LOCKED, DoorContact.OPEN)
_EMPTY = picture(0, hours=CLOSED)
_MOVES = picture(0, hours=CLOSED, readings={(MOTION["device"], MOTION["entity"]): True})


def play(
    *steps: tuple[float, Picture], complete: bool = True, **arming: object
) -> tuple[list[bool], list[tuple[str, bool]]]:
    """Whether it was armed at each step, and what was told: device and whether it is over."""
    rule = ArmingRule(Arming.model_validate({"sensors": [MOTION], **arming}), Presence(complete=complete))
    state, armed, told = rule.begin(), list[bool](), list[tuple[str, bool]]()
    for seconds, seen in steps:
        state, wishes = rule.step(state, seen, moment(seconds))
        armed += [wish.armed for wish in wishes if isinstance(wish, SetGuard)]
        told += [(wish.device, wish.over) for wish in wishes if isinstance(wish, RaiseTrouble)]
    assert len(armed) == len(steps)
    return armed, told


def test_it_arms_when_it_is_closed_and_has_been_certainly_empty() -> None:
    armed, _ = play((0, _EMPTY), (299, _EMPTY), (300, _EMPTY), (400, picture(0, hours=OPEN)))
    assert armed == [False, False, True, False]


def test_it_does_not_arm_while_somebody_may_be_inside() -> None:
    unknown = picture(None, hours=CLOSED)
    assert play((0, _EMPTY), (200, unknown), (400, _EMPTY), (600, _EMPTY)) == ([False] * 4, [])
    assert play((0, _EMPTY), (9999, _EMPTY), complete=False) == ([False] * 2, [])


def test_the_clock_alone_may_arm_it() -> None:
    assert play((0, picture(None, hours=CLOSED)), only_when_empty=False)[0] == [True]


def test_it_waits_after_closing() -> None:
    assert CLOSED.closed_at is not None  # three hours before noon
    assert play((0, _EMPTY), (600, _EMPTY), (1800, _EMPTY), after_minutes=200)[0] == [False, False, True]


def test_an_open_door_keeps_it_from_arming() -> None:
    ajar = picture(0, hours=CLOSED, door=_OPEN_DOOR)
    assert play((0, ajar), (999, ajar), (1000, _EMPTY))[0] == [False, False, True]


def test_each_intruder_is_told_once_until_it_is_disarmed() -> None:
    seen = picture(2, hours=CLOSED, door=_OPEN_DOOR)
    opens = picture(0, hours=OPEN)
    steps = [(0, _EMPTY), (300, _EMPTY), (301, _MOVES), (345, _EMPTY), (346, _MOVES), (400, seen),
             (445, seen), (999, seen), (1000, opens), (1001, opens)]  # fmt: skip
    assert play(*steps)[1] == [
        ("motion", False), ("door/front", False), ("zone/floor", False),
        ("door/front", True), ("motion", True), ("zone/floor", True),
    ]  # fmt: skip


def test_whoever_is_let_in_is_no_intruder() -> None:
    came = picture(1, hours=CLOSED, door=_OPEN_DOOR, opened=True)
    let_in = picture(1, hours=CLOSED, entered=True)
    inside = picture(1, hours=CLOSED)
    armed, told = play((0, _EMPTY), (300, _EMPTY), (301, came), (310, let_in), (400, inside), (9000, inside))
    assert (armed, told) == ([False, True, True, False, False, False], [])
