"""What is wrong at a door, judged from what lock, contact and people do."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.access.watch import Change, DoorWatch
from arni_edge.domain.doors import DoorContact, Incident, LockState

OPEN, CLOSED = DoorContact.OPEN, DoorContact.CLOSED
LOCKED, UNLOCKED = LockState.LOCKED, LockState.UNLOCKED


def a_watch(*, unlocked_seconds: float = 0.0) -> DoorWatch:
    return DoorWatch(propped_seconds=60, unlocked_seconds=unlocked_seconds)


def ticked(watch: DoorWatch, now: float, silent: float | None = None, unsafe: str | None = None) -> list[str]:
    return words(watch.tick(now, silent_seconds=silent, unsafe=unsafe))


def words(changes: list[Change]) -> list[str]:
    return [f"{change.incident}{' over' if change.over else ''}" for change in changes]


# --- propped ----------------------------------------------------------------------------------------------


def test_a_door_is_propped_once_and_until_it_is_shut() -> None:
    watch = a_watch()
    watch.contact(OPEN, 0)
    assert ticked(watch, 60) == []
    assert ticked(watch, 61) == ["propped"]
    assert ticked(watch, 62) == []
    assert words(watch.contact(CLOSED, 70)) == ["propped over"]
    watch.contact(OPEN, 100)
    assert ticked(watch, 150) == []
    assert ticked(watch, 161) == ["propped"]


def test_a_contact_that_falls_silent_neither_props_nor_shuts_a_door() -> None:
    watch = a_watch()
    watch.contact(OPEN, 0)
    watch.contact(DoorContact.UNKNOWN, 10)
    assert ticked(watch, 100) == []
    assert words(watch.contact(OPEN, 110)) == []
    assert ticked(watch, 111) == ["propped"]
    assert watch.contact(DoorContact.UNKNOWN, 120) == []


def test_what_began_in_an_earlier_life_ends_when_it_is_seen_to_be_over() -> None:
    watch = a_watch()
    assert words(watch.contact(CLOSED, 0)) == ["propped over"]
    assert words(watch.contact(OPEN, 1) + watch.contact(CLOSED, 2)) == []


# --- forced -----------------------------------------------------------------------------------------------


def a_bolted_door(**kwargs: float) -> DoorWatch:
    watch = a_watch(**kwargs)
    watch.lock(LOCKED, 0)
    watch.contact(CLOSED, 0)
    return watch


def test_a_door_that_opens_while_the_bolt_is_out_was_forced() -> None:
    watch = a_bolted_door()
    watch.contact(OPEN, 100)
    assert ticked(watch, 102) == []
    assert ticked(watch, 103) == ["forced"]
    assert ticked(watch, 104) == []


def test_nobody_is_accused_of_leaving_through_a_door_without_its_bolt_out() -> None:
    watch = a_watch()
    watch.lock(UNLOCKED, 0)
    watch.contact(CLOSED, 0)
    watch.contact(OPEN, 100)
    assert ticked(watch, 110) == []


def test_a_strike_says_nothing_of_a_bolt_so_nobody_forces_it() -> None:
    watch = a_watch()
    watch.contact(CLOSED, 0)
    watch.contact(OPEN, 100)
    assert ticked(watch, 110) == []


def test_a_first_reading_is_no_opening() -> None:
    watch = a_watch()
    watch.lock(LOCKED, 0)
    watch.contact(OPEN, 100)
    assert ticked(watch, 110) == []


@pytest.mark.parametrize(
    "reason",
    [
        lambda watch, now: watch.explained(now),
        lambda watch, now: watch.lock(LockState.UNLATCHED, now),
        lambda watch, now: watch.lock(LockState.UNLOCKING, now),
    ],
)
@pytest.mark.parametrize("when", [90.0, 99.9, 100.1, 102.9])
def test_what_explains_an_opening_may_come_before_or_after_it(
    reason: Callable[[DoorWatch, float], object], when: float
) -> None:
    watch = a_bolted_door()
    if when < 100:
        reason(watch, when)
        watch.lock(LOCKED, when)
    watch.contact(OPEN, 100)
    if when > 100:
        reason(watch, when)
    assert ticked(watch, 103) == []
    assert ticked(watch, 110) == []


def test_what_happened_long_before_explains_nothing() -> None:
    watch = a_bolted_door()
    watch.explained(80)
    watch.contact(OPEN, 100)
    assert ticked(watch, 103) == ["forced"]


# --- left unlocked ----------------------------------------------------------------------------------------


def test_a_closed_door_is_left_unlocked_until_the_bolt_is_out() -> None:
    watch = a_watch(unlocked_seconds=600)
    watch.lock(UNLOCKED, 0)
    watch.contact(CLOSED, 0)
    assert ticked(watch, 600) == []
    assert ticked(watch, 601) == ["left_unlocked"]
    assert words(watch.lock(LOCKED, 700)) == ["left_unlocked over"]


def test_while_it_stands_open_no_door_can_be_locked() -> None:
    watch = a_watch(unlocked_seconds=30)
    watch.lock(UNLOCKED, 0)
    watch.contact(OPEN, 0)
    assert "left_unlocked" not in ticked(watch, 100)
    watch.contact(CLOSED, 100)
    assert ticked(watch, 130) == []
    assert ticked(watch, 131) == ["left_unlocked"]


def test_the_owner_may_leave_doors_unlocked() -> None:
    watch = a_watch()
    watch.lock(UNLOCKED, 0)
    assert ticked(watch, 1e6) == []


# --- jammed, tampered, not calibrated -----------------------------------------------------------------------


def test_a_jam_outlives_the_state_that_the_lock_takes_back() -> None:
    watch = a_watch()
    watch.lock(UNLOCKED, 0)
    watch.lock(LockState.LOCKING, 1)
    assert words(watch.lock(LockState.MOTOR_BLOCKED, 2)) == ["jammed"]
    assert watch.lock(UNLOCKED, 12) == []


@pytest.mark.parametrize(
    ("moving", "goal"),
    [
        (LockState.UNLATCHING, LockState.UNLATCHED),
        (LockState.LOCKING, LOCKED),
        (LockState.UNLOCKING, UNLOCKED),
    ],
)
def test_a_motor_that_gets_where_it_was_going_is_free(moving: LockState, goal: LockState) -> None:
    watch = a_watch()
    watch.lock(LockState.MOTOR_BLOCKED, 0)
    watch.lock(moving, 20)
    assert words(watch.lock(goal, 21)) == ["jammed over", "uncalibrated over"]


def test_a_motor_that_jammed_unseen_only_goes_back() -> None:
    watch = a_watch()
    watch.lock(LockState.MOTOR_BLOCKED, 0)
    watch.lock(LockState.UNLOCKING, 20)
    assert watch.lock(LOCKED, 21) == []


def test_a_confirmed_command_proves_that_the_motor_turns() -> None:
    assert words(a_watch().confirmed("state=5")) == ["jammed over", "uncalibrated over"]


def test_tampering_waits_for_a_person() -> None:
    watch = a_watch()
    assert words(watch.contact(DoorContact.TAMPERED, 0)) == ["tampered"]
    assert "tampered over" not in words(watch.contact(CLOSED, 10))


def test_a_lock_that_lost_its_calibration_is_told_of() -> None:
    assert words(a_watch().lock(LockState.UNCALIBRATED, 0)) == ["uncalibrated"]


# --- batteries, silence, unsafe -----------------------------------------------------------------------------


def test_a_battery_warns_before_it_is_critical_and_until_it_was_changed() -> None:
    watch = a_watch()
    assert words(watch.battery("batteryChargeState", 21)) == ["battery_low over"]
    assert words(watch.battery("batteryChargeState", 20)) == ["battery_low"]
    assert watch.battery("batteryChargeState", 24) == []
    assert watch.battery("batteryCritical", True) == []
    assert watch.battery("batteryChargeState", 100) == []
    assert words(watch.battery("batteryCritical", False)) == ["battery_low over"]


@pytest.mark.parametrize("entity", ["batteryCritical", "keypadBatteryCritical", "doorsensorBatteryCritical"])
def test_every_battery_counts(entity: str) -> None:
    assert words(a_watch().battery(entity, True)) == ["battery_low"]


def test_an_unknown_battery_is_neither_good_nor_bad() -> None:
    watch = a_watch()
    assert watch.battery("batteryCritical", None) == []
    assert watch.battery("batteryChargeState", None) == []
    assert watch.battery("state", True) == []


def test_a_lock_that_says_nothing_for_a_day_is_silent_until_it_is_heard() -> None:
    watch = a_watch()
    assert ticked(watch, 0, silent=10) == ["silent over"]
    assert ticked(watch, 1, silent=86_401) == ["silent"]
    assert ticked(watch, 2, silent=None) == []
    assert ticked(watch, 3, silent=0.5) == ["silent over"]


def test_a_strike_that_was_never_verified_is_neither_safe_nor_unsafe() -> None:
    watch = a_watch()
    assert ticked(watch, 0) == []
    assert ticked(watch, 1, unsafe="auto_off is 0") == ["unsafe"]
    assert ticked(watch, 2, unsafe="auto_off is 0") == []
    assert ticked(watch, 3, unsafe="") == ["unsafe over"]


# --- any sequence -------------------------------------------------------------------------------------------

_STEPS = st.lists(
    st.tuples(
        st.floats(0.1, 400),
        st.one_of(
            st.sampled_from(list(LockState)).map(lambda state: ("lock", state)),
            st.sampled_from(list(DoorContact)).map(lambda contact: ("contact", contact)),
            st.just(("explained", None)),
        ),
    ),
    max_size=40,
)
_LASTING = {Incident.PROPPED, Incident.LEFT_UNLOCKED}


def _told(watch: DoorWatch, step: tuple[str, object], now: float) -> list[Change]:
    kind, value = step
    if isinstance(value, LockState):
        return watch.lock(value, now)
    if isinstance(value, DoorContact):
        return watch.contact(value, now)
    assert kind == "explained"
    watch.explained(now)
    return []


@given(_STEPS)
def test_what_lasts_begins_and_ends_by_turns_whatever_happens(
    steps: list[tuple[float, tuple[str, object]]],
) -> None:
    watch, now, changes = a_watch(unlocked_seconds=100), 0.0, []
    for seconds, step in steps:
        now += seconds
        changes += watch.tick(now, silent_seconds=None, unsafe=None) + _told(watch, step, now)
    for incident in _LASTING:
        edges = [change.over for change in changes if change.incident is incident]
        assert all(before is not after for before, after in itertools.pairwise(edges))


@given(_STEPS)
def test_nobody_forces_a_door_whose_bolt_was_never_out(
    steps: list[tuple[float, tuple[str, object]]],
) -> None:
    watch, now = a_watch(), 0.0
    for seconds, step in steps:
        now += seconds
        changes = watch.tick(now, silent_seconds=None, unsafe=None)
        if step[1] is not LOCKED:
            changes += _told(watch, step, now)
        assert "forced" not in words(changes)


@given(_STEPS)
def test_a_door_that_nobody_sees_open_is_never_propped_or_forced(
    steps: list[tuple[float, tuple[str, object]]],
) -> None:
    watch, now = a_watch(), 0.0
    for seconds, step in steps:
        now += seconds
        changes = watch.tick(now, silent_seconds=None, unsafe=None)
        if step[1] is not OPEN:
            changes += _told(watch, step, now)
        assert not {"forced", "propped"} & set(words(changes))
