"""What became of an unlatch command, judged from evidence in any order."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.devices.nuki.codec import Action, LockActionEvent
from arni_edge.devices.nuki.unlatch import Attribution, CommandWatch
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.doors import DoorContact, LockState, Outcome

OURS = LockActionEvent(3, 172, 0, 0, 0)
KEYPAD = LockActionEvent(3, 0, 54321, 12345, 1)
MQTT_LOCK = LockActionEvent(2, 172, 0, 0, 0)

Sight = Callable[[CommandWatch], object]


def state(value: LockState) -> Sight:
    return lambda watch: watch.see_state(value)


def response(code: int) -> Sight:
    return lambda watch: watch.see_response(code)


def event(value: LockActionEvent) -> Sight:
    return lambda watch: watch.see_event(value)


def outcome_after(*sights: Sight) -> Outcome | None:
    watch = CommandWatch()
    for sight in sights:
        sight(watch)
    return watch.verdict.outcome if watch.verdict else None


NORMAL = (
    event(OURS),
    state(LockState.UNLATCHING),
    response(0),
    state(LockState.UNLATCHED),
    state(LockState.UNLOCKED),
)


@given(st.permutations(NORMAL))
def test_the_order_of_topics_does_not_matter(sights: list[Sight]) -> None:
    assert outcome_after(*sights) is Outcome.CONFIRMED


@given(st.lists(st.sampled_from([s for s in NORMAL if s is not NORMAL[3]])))
def test_nothing_but_evidence_confirms(sights: list[Sight]) -> None:
    assert outcome_after(*sights) is None


def test_success_alone_is_accepted_not_open() -> None:
    watch = CommandWatch()
    watch.see_response(0)
    assert watch.reacted
    assert watch.give_up() == Verdict(Outcome.UNKNOWN, "accepted, but not seen to open")


def test_the_door_sensor_confirms_where_state_5_got_lost() -> None:
    watch = CommandWatch()
    watch.see_contact(DoorContact.UNKNOWN, DoorContact.OPEN)
    assert watch.verdict is None
    watch.see_contact(DoorContact.CLOSED, DoorContact.OPEN)
    assert watch.verdict == Verdict(Outcome.CONFIRMED, "door sensor closed->open")


@pytest.mark.parametrize(
    ("sights", "outcome"),
    [
        ((event(OURS), response(66)), Outcome.FAILED),
        ((event(OURS), state(LockState.MOTOR_BLOCKED)), Outcome.FAILED),
        ((response(69),), Outcome.BUSY),
        ((event(OURS), response(69)), None),  # refuses somebody else's
        ((event(KEYPAD), response(66)), None),  # might be the keypad's
        ((event(KEYPAD), response(66), state(LockState.UNLATCHED)), Outcome.CONFIRMED),
        ((event(MQTT_LOCK), response(66)), None),
    ],
)
def test_blame_is_ours_only_while_nothing_else_runs(
    sights: tuple[Sight, ...], outcome: Outcome | None
) -> None:
    assert outcome_after(*sights) is outcome


def test_a_lost_connection_is_unknown_not_failed() -> None:
    watch = CommandWatch()
    watch.see_event(OURS)
    watch.lose("connected=false")
    watch.see_state(LockState.UNLATCHED)
    assert watch.verdict == Verdict(Outcome.UNKNOWN, "connected=false")


def concluded(outcome: Outcome, *sights: Sight) -> Attribution:
    watch, attribution = CommandWatch(), Attribution()
    for sight in sights:
        sight(watch)
    attribution.conclude(watch, Verdict(outcome, ""), now=100.0)
    return attribution


def test_the_event_of_a_confirmed_command_may_come_after_its_end() -> None:
    attribution = concluded(Outcome.CONFIRMED, state(LockState.UNLATCHED))
    assert attribution.blame_event(OURS, 100.1) is None
    assert attribution.blame_event(OURS, 100.2) == "lockActionEvent 3,172"


def test_an_event_long_after_is_nobodys() -> None:
    assert concluded(Outcome.CONFIRMED).blame_event(OURS, 103.0) == "lockActionEvent 3,172"


def test_an_action_over_mqtt_without_command_is_reported() -> None:
    assert Attribution().blame_event(MQTT_LOCK, 1.0) == "lockActionEvent 2,172"
    assert Attribution().blame_event(KEYPAD, 1.0) is None


def test_a_late_execution_is_reported_once() -> None:
    by_state = concluded(Outcome.UNKNOWN)
    assert by_state.blame_state(LockState.UNLATCHED, 130.0) == "late execution: state=5"
    assert by_state.blame_event(OURS, 130.1) is None
    by_event = concluded(Outcome.UNKNOWN)
    assert by_event.blame_event(OURS, 130.0)
    assert by_event.blame_state(LockState.UNLATCHED, 131.0) is None


def test_an_open_latch_accuses_nobody_without_an_unaccounted_command() -> None:
    assert concluded(Outcome.CONFIRMED).blame_state(LockState.UNLATCHED, 101.0) is None
    assert concluded(Outcome.UNKNOWN).blame_state(LockState.UNLATCHED, 600.0) is None
    keypad = concluded(Outcome.UNKNOWN)
    keypad.blame_event(KEYPAD, 110.0)
    assert keypad.blame_state(LockState.UNLATCHED, 111.0) is None


# --- locking ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sights", "outcome"),
    [
        ((event(MQTT_LOCK), state(LockState.LOCKING), state(LockState.LOCKED)), Outcome.CONFIRMED),
        ((state(LockState.UNLATCHED),), None),
        ((event(MQTT_LOCK), response(0)), None),
        ((event(OURS), response(66)), None),  # somebody else's unlatch jammed
        ((state(LockState.MOTOR_BLOCKED),), Outcome.FAILED),
        ((lambda watch: watch.see_contact(DoorContact.CLOSED, DoorContact.OPEN),), None),
    ],
)
def test_locking_is_proved_by_the_bolt_alone(sights: tuple[Sight, ...], outcome: Outcome | None) -> None:
    watch = CommandWatch(Action.LOCK)
    for sight in sights:
        sight(watch)
    assert (watch.verdict.outcome if watch.verdict else None) is outcome


def test_an_unaccounted_lock_makes_no_late_opening() -> None:
    watch, attribution = CommandWatch(Action.LOCK), Attribution()
    attribution.conclude(watch, watch.give_up(), now=100.0)
    assert attribution.unaccounted(101.0)
    assert attribution.blame_state(LockState.UNLATCHED, 101.0) is None
