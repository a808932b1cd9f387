"""How fast we may write."""

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.telegram.pace import Pace

ANNA, GROUP = 7, -7


def _said(pace: Pace, chat: int, seconds: float, *, alarm: bool, step: float = 0.05) -> int:
    """How many messages go out if there is always one that wants to."""
    count, now = 0, 0.0
    while now < seconds:
        if pace.may(chat, now, alarm=alarm):
            pace.said(chat, now)
            count += 1
        now += step
    return count


def test_a_burst_and_then_one_a_second() -> None:
    assert _said(Pace(), ANNA, 0.9, alarm=False) == 3
    assert 58 <= _said(Pace(), ANNA, 60, alarm=False) <= 63


def test_a_group_hears_fewer_than_twenty_a_minute() -> None:
    assert _said(Pace(), GROUP, 59, alarm=True) == 19


def test_notices_leave_room_for_alarms() -> None:
    pace = Pace()
    assert _said(pace, GROUP, 30, alarm=False) == 14
    assert pace.may(GROUP, 30.1, alarm=True)
    assert not pace.may(GROUP, 30.1, alarm=False)


def test_an_alarm_overtakes_a_burst_of_notices() -> None:
    pace = Pace()
    for _ in range(3):
        pace.said(ANNA, 10.0)
    assert not pace.may(ANNA, 10.0, alarm=False)
    assert pace.may(ANNA, 10.0, alarm=True)


def test_who_asked_us_to_wait_is_left_alone_and_nobody_else() -> None:
    pace = Pace()
    pace.hold(ANNA, 17.0)
    assert not pace.may(ANNA, 16.9, alarm=True)
    assert pace.may(GROUP, 16.9, alarm=False)
    assert pace.may(ANNA, 17.0, alarm=False)


@given(st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.floats(0, 0.2)), max_size=120))
def test_never_thirty_a_second(tries: list[tuple[int, bool, float]]) -> None:
    pace, now, said = Pace(), 0.0, []
    for chat, alarm, pause in tries:
        now += pause
        if pace.may(chat, now, alarm=alarm):
            pace.said(chat, now)
            said.append(now)
    assert all(sum(1 for other in said if one - 1.0 < other <= one) < 30 for one in said)
