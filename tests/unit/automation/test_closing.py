"""The closing routine: each announcement exactly once, also in the nights when the clock is changed."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from support.automation import CLOSED, OPEN, moment, picture, unhurried

from arni_edge.automation.calendar import Calendar
from arni_edge.automation.picture import (
    Announce,
    Audience,
    DoorView,
    LockDoor,
    Moment,
    Notice,
    SetSwitch,
    Wish,
)
from arni_edge.automation.rules.closing import ClosingRule
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.settings import Closing, Hours, Presence

_ZONE = ZoneInfo("Europe/Berlin")
_UNLOCKED = DoorView(LockState.UNLOCKED, DoorContact.CLOSED)
# Closing in the middle of the hour that comes twice, or not at all.
_NIGHTS = Calendar(
    Hours.model_validate({"saturday": ["10:00-24:00"], "sunday": ["00:00-02:30", "10:00-20:00"]}), [], _ZONE
)
_DAYS = st.sampled_from([date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 6), date(2026, 11, 7)])


def a_rule(presence: Presence | None = None, **closing: object) -> ClosingRule:
    return ClosingRule(Closing.model_validate(closing), presence or Presence(complete=True))


@unhurried
@given(_DAYS, st.lists(st.integers(5, 110), min_size=1), st.booleans())
def test_each_announcement_comes_exactly_once(day: date, steps: list[int], jumps_back: bool) -> None:
    rule, said = a_rule(), list[tuple[datetime, int | None]]()
    state = rule.begin()
    start = datetime.combine(day, time(21), _ZONE).astimezone(UTC)
    at, count, jumped = start, 0, False
    while at < start + timedelta(hours=8):
        state, wishes = rule.step(state, picture(1, hours=_NIGHTS.view(at)), Moment(at, count * 1.0))
        said += [(at, wish.number) for wish in wishes if isinstance(wish, Announce)
                 and wish.audience is Audience.INSIDE]  # fmt: skip
        at += timedelta(seconds=steps[count % len(steps)])
        count += 1
        if jumps_back and not jumped and at > start + timedelta(hours=5, minutes=45):
            at, jumped = at - timedelta(minutes=30), True  # somebody sets the clock
    assert Counter(minutes for _, minutes in said) == {30: 1, 15: 1, 5: 1}
    closes = _NIGHTS.view(start).closes_at
    assert closes is not None
    assert all(
        timedelta(0) <= when - (closes - timedelta(minutes=m or 0)) < timedelta(minutes=2) for when, m in said
    )


def test_midnight_between_two_spans_is_no_closing() -> None:
    view = _NIGHTS.view(datetime(2026, 6, 6, 23, 59, tzinfo=_ZONE))
    assert view.closes_at == datetime(2026, 6, 7, 2, 30, tzinfo=_ZONE)


def test_nobody_speaks_to_an_empty_gym_or_in_quiet_hours_or_too_late() -> None:
    closes = OPEN.closes_at
    assert closes is not None
    mark = closes - timedelta(minutes=15)
    for seen, late in (
        (picture(0, 0), 0),
        (picture(2, quiet=True), 0),
        (picture(2), 200),
    ):
        rule = a_rule()
        state, _ = rule.step(rule.begin(), seen, Moment(mark - timedelta(seconds=1), 0))
        state, wishes = rule.step(state, seen, Moment(mark + timedelta(seconds=late), 1))
        assert wishes == []
        _, wishes = rule.step(state, picture(2), Moment(mark + timedelta(seconds=late + 1), 2))
        assert wishes == []


def test_sockets_go_off_when_closed_and_certainly_empty() -> None:
    rule = a_rule(switch_off=["music"], staff_minutes=None)
    wished = []
    for seen in (picture(0), picture(1, hours=CLOSED), picture(None, hours=CLOSED), picture(0, hours=CLOSED)):
        _, (wish,) = rule.step(rule.begin(), seen, moment(0))
        assert isinstance(wish, SetSwitch)
        wished.append(wish.on)
    assert wished == [True, True, True, False]


def _locks(*steps: tuple[float, DoorView, bool]) -> list[bool]:
    rule = a_rule(lock_doors=["front"], staff_minutes=None)
    state, wished = rule.begin(), []
    for seconds, door, alarm in steps:
        seen = picture(1, hours=CLOSED, door=door, alarm=alarm)
        state, wishes = rule.step(state, seen, moment(seconds))
        wished.append(any(isinstance(wish, LockDoor) for wish in wishes))
    return wished


def test_a_door_is_locked_when_it_has_been_closed_for_a_while() -> None:
    opened = DoorView(LockState.UNLOCKED, DoorContact.OPEN)
    unsure = DoorView(LockState.UNLOCKED, DoorContact.UNKNOWN)
    locked = DoorView(LockState.LOCKED, DoorContact.CLOSED)
    assert _locks(
        (0, _UNLOCKED, False), (119, _UNLOCKED, False), (120, _UNLOCKED, False), (121, opened, False),
        (122, _UNLOCKED, False), (242, _UNLOCKED, True), (243, _UNLOCKED, False), (244, unsure, False),
        (900, unsure, False), (901, locked, False),
    ) == [False, False, True, False, False, False, True, False, False, False]  # fmt: skip


def test_no_door_is_locked_while_the_gym_is_open() -> None:
    rule = a_rule(lock_doors=["front"])
    state, _ = rule.step(rule.begin(), picture(1, door=_UNLOCKED), moment(0))
    _, wishes = rule.step(state, picture(1, door=_UNLOCKED), moment(999))
    assert wishes == []


def _told(presence: Presence, floor: int | None, door: DoorView) -> list[tuple[Notice, int | None]]:
    """What the staff is told from closing until an hour and a half later, at steps of a minute."""
    rule, told = a_rule(presence, lock_doors=["front"]), list[Wish]()
    state, closed_at = rule.begin(), CLOSED.closed_at
    assert closed_at is not None
    for minute in range(90):
        at = Moment(closed_at + timedelta(minutes=minute), minute * 60.0)
        state, wishes = rule.step(state, picture(floor, hours=CLOSED, door=door), at)
        told += [wish for wish in wishes if isinstance(wish, Announce) and minute >= 10]
        assert minute >= 10 or not any(isinstance(wish, Announce) for wish in wishes)
    return [(wish.notice, wish.number) for wish in told if isinstance(wish, Announce)]


def test_the_staff_is_told_once_who_is_still_inside_and_what_is_not_locked() -> None:
    locked = DoorView(LockState.LOCKED, DoorContact.CLOSED)
    assert _told(Presence(complete=True), 2, locked) == [(Notice.STILL_INSIDE, 2)]
    assert _told(Presence(complete=True), 0, locked) == []
    assert _told(Presence(complete=True), None, locked) == [(Notice.UNSURE_INSIDE, None)]
    assert _told(Presence(), None, locked) == []  # it never knows: no message every night
    assert _told(Presence(complete=True), 0, _UNLOCKED) == [(Notice.NOT_LOCKED, None)]
