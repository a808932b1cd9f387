"""Arming: on guard when closed and certainly empty; each intruder is told once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.automation import CLOSED, MOTION, OPEN, moment, picture

from arni_edge.automation.calendar import Calendar
from arni_edge.automation.picture import DoorView, Moment, Picture, RaiseTrouble, SetGuard
from arni_edge.automation.rules.arming import ArmingRule, ArmingState
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.occupancy import Occupancy
from arni_edge.settings import Arming, Hours, Presence

_OPEN_DOOR = DoorView(LockState.LOCKED, DoorContact.OPEN)
_EMPTY = picture(0, hours=CLOSED)
_MOVES = picture(0, hours=CLOSED, readings={(MOTION["device"], MOTION["entity"]): True})


def play(
    *steps: tuple[float, Picture], complete: bool = True, earlier: bool = False, **arming: object
) -> tuple[list[bool], list[tuple[str, bool]]]:
    """Whether it was armed at each step, and what was told: device and whether it is over.

    What is over that only an earlier life can have told of is left out unless it is asked for.
    """
    rule = ArmingRule(Arming.model_validate({"sensors": [MOTION], **arming}), Presence(complete=complete))
    state, armed, told = rule.begin(), list[bool](), list[tuple[str, bool]]()
    for seconds, seen in steps:
        state, wishes = rule.step(state, seen, moment(seconds))
        armed += [wish.armed for wish in wishes if isinstance(wish, SetGuard)]
        for wish in wishes:
            if isinstance(wish, RaiseTrouble) and (earlier or not wish.over or (wish.device, False) in told):
                told.append((wish.device, wish.over))
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


def test_an_intruder_of_whom_an_earlier_life_told_is_over_when_it_is_disarmed_and_not_before() -> None:
    opens = picture(0, hours=OPEN)
    every = [("door/front", True), ("motion", True), ("zone/entrance", True), ("zone/floor", True)]
    assert play((0, _EMPTY), (300, _EMPTY), (400, _EMPTY), earlier=True)[1] == []
    assert play((0, _EMPTY), (300, _EMPTY), (400, opens), (500, opens), earlier=True)[1] == every
    let_in = picture(1, hours=CLOSED, entered=True)
    assert play((0, let_in), (1, let_in), earlier=True)[1] == every
    chosen = [("door/front", True), ("zone/floor", True)]
    assert play((0, opens), (1, opens), earlier=True, zones=["floor"], sensors=[])[1] == chosen


def test_whoever_is_let_in_is_no_intruder() -> None:
    came = picture(1, hours=CLOSED, door=_OPEN_DOOR, opened=True)
    let_in = picture(1, hours=CLOSED, entered=True)
    inside = picture(1, hours=CLOSED)
    armed, told = play((0, _EMPTY), (300, _EMPTY), (301, came), (310, let_in), (400, inside), (9000, inside))
    assert (armed, told) == ([False, True, True, False, False, False], [])


def eyes(count: int, confirmed: int | None, *, age: float = 0.5, zone: str = "floor") -> Picture:
    """The empty gym after hours, with this figure of one zone."""
    figure = Occupancy(count, age, confirmed)
    return replace(_EMPTY, zones={**_EMPTY.zones, zone: figure}, total=figure)


def test_a_light_switch_never_raises_an_alarm() -> None:
    ghosts = [(301.0 + number, eyes(1 + number % 3, 0)) for number in range(200)]
    armed, told = play((0, _EMPTY), (300, _EMPTY), *ghosts)
    assert armed == [False] + [True] * 201
    assert told == []


def test_whoever_is_confirmed_is_an_intruder() -> None:
    seen = eyes(2, 1)
    assert play((0, _EMPTY), (300, _EMPTY), (301, seen), (346, seen))[1] == [("zone/floor", False)]


def test_eyes_that_do_not_tell_who_is_confirmed_are_believed() -> None:
    seen = eyes(1, None)
    assert play((0, _EMPTY), (300, _EMPTY), (301, seen), (346, seen))[1] == [("zone/floor", False)]


def test_a_figure_that_is_stale_raises_nothing() -> None:
    stale = eyes(1, 1, age=61.0)
    assert play((0, _EMPTY), (300, _EMPTY), (301, stale), (400, stale))[1] == []


def test_every_zone_is_watched_unless_the_owner_names_some() -> None:
    there = replace(
        _EMPTY,
        zones={"floor": Occupancy(1, 0.5, 1), "entrance": Occupancy(1, 0.5, 1), "yard": Occupancy(3, 0.5, 0)},
    )
    steps = ((0.0, _EMPTY), (300.0, _EMPTY), (301.0, there), (346.0, there))
    assert play(*steps)[1] == [("zone/floor", False), ("zone/entrance", False)]
    assert play(*steps, zones=["entrance"])[1] == [("zone/entrance", False)]


@pytest.mark.parametrize(
    "evening", [datetime(2026, 3, 28, 22, 0, tzinfo=UTC), datetime(2026, 10, 24, 21, 0, tzinfo=UTC)]
)
def test_a_night_across_midnight_and_a_change_of_the_clocks_is_one_night(evening: datetime) -> None:
    """Open until 24:00 and from 06:00, Berlin time: one of the nights has 5 hours, the other 7."""
    always = ["06:00-24:00"]
    calendar = Calendar(
        Hours.model_validate({"saturday": always, "sunday": always}), [], ZoneInfo("Europe/Berlin")
    )
    rule = ArmingRule(Arming.model_validate({"after_minutes": 30}), Presence(complete=True))
    state: ArmingState = rule.begin()
    armed: list[datetime] = []
    for seconds in range(0, 12 * 3600, 60):
        at = evening + timedelta(seconds=seconds)
        ghost = eyes(1, 0) if seconds % 1800 == 0 and state.phase == "armed" else _EMPTY
        seen = replace(ghost, hours=calendar.view(at))
        state, wishes = rule.step(state, seen, Moment(at, float(seconds)))
        assert not [wish for wish in wishes if isinstance(wish, RaiseTrouble) and not wish.over]
        if state.phase == "armed":
            armed.append(at.astimezone(ZoneInfo("Europe/Berlin")))
    assert [f"{armed[0]:%a %H:%M}", f"{armed[-1]:%a %H:%M}"] == ["Sun 00:30", "Sun 05:59"]
    # Without a gap, however long the night is.
    minutes = (armed[-1].astimezone(UTC) - armed[0].astimezone(UTC)).total_seconds() / 60
    assert minutes == len(armed) - 1


def test_cleaning_staff_who_are_let_in_disarm_it() -> None:
    seen = eyes(1, 1)
    let_in = replace(seen, entered=frozenset({"front"}))
    armed, told = play((0, _EMPTY), (300, _EMPTY), (301, seen), (330, let_in), (400, seen), (900, seen))
    assert (armed, told) == ([False, True, True, False, False, False], [])


# --- by order of staff --------------------------------------------------------------------------------------


def _ordered(armed: bool, seen: Picture = _EMPTY) -> Picture:
    return replace(seen, ordered=armed)


def test_staff_take_it_off_guard_until_the_hours_change() -> None:
    armed, told = play((0, _EMPTY), (300, _EMPTY), (400, _ordered(False)), (500, _MOVES), (9000, _EMPTY))
    assert (armed, told) == ([False, True, False, False, False], [])
    opened = picture(0, hours=OPEN)
    again, _ = play((0, _ordered(False)), (10, opened), (20, _EMPTY), (400, _EMPTY))
    assert again == [False, False, False, True]


def test_staff_put_it_on_guard_whoever_may_be_inside() -> None:
    unknown = replace(_MOVES, hours=OPEN)
    armed, told = play((0, _ordered(True, picture(None, hours=OPEN))), (10, unknown), (100, unknown))
    assert armed == [True] * 3
    assert told == [(MOTION["device"], False)]


def test_whoever_is_let_in_ends_the_guard_that_staff_have_ordered() -> None:
    entered = replace(picture(0, hours=OPEN), entered=frozenset({"front"}))
    armed, _ = play((0, _ordered(True, picture(0, hours=OPEN))), (10, entered), (20, picture(1, hours=OPEN)))
    assert armed == [True, False, False]
    off, _ = play((0, _ordered(False)), (10, replace(_EMPTY, entered=frozenset({"front"}))), (900, _EMPTY))
    assert off == [False] * 3


def test_an_order_to_disarm_is_the_end_of_what_was_told() -> None:
    _, told = play((0, _EMPTY), (300, _EMPTY), (310, _MOVES), (400, _MOVES), (410, _ordered(False, _MOVES)))
    assert told == [(MOTION["device"], False), (MOTION["device"], True)]
