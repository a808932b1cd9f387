"""How fast we ask: evenly, people first, and never into a lock-out that is known."""

import asyncio
from collections import deque
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.magicline import SleeplessClock
from support.waiting import eventually

from arni_edge.magicline.errors import Away
from arni_edge.magicline.pace import Lane, Pace


async def _leave(pace: Pace, clock: SleeplessClock, number: int, *, urgent: bool) -> list[float]:
    """When so many requests leave, in seconds from the first."""
    times = []
    for _ in range(number):
        await pace.turn("GET /x", urgent=urgent)
        times.append(clock.monotonic() - 1000.0)
    return times


async def test_what_reads_on_its_own_account_leaves_at_even_distances_and_keeps_a_fifth_free() -> None:
    clock = SleeplessClock()
    pace = Pace(600, clock, sleep=clock.sleep)
    times = await _leave(pace, clock, 481, urgent=False)
    assert times[0] == 0.0
    assert times[480] == pytest.approx(60.0)
    assert times[1] - times[0] == pytest.approx(60 / 480)


async def test_people_need_not_wait_while_the_minute_has_room_even_at_once() -> None:
    clock = SleeplessClock()
    pace = Pace(600, clock, sleep=clock.sleep)
    await _leave(pace, clock, 400, urgent=False)
    before = clock.monotonic()
    await _leave(pace, clock, 120, urgent=True)
    assert clock.monotonic() == before


async def test_what_people_used_of_the_minute_a_pass_does_not_take_besides() -> None:
    clock = SleeplessClock()
    pace = Pace(600, clock, sleep=clock.sleep)
    await _leave(pace, clock, 500, urgent=True)
    assert await _leave(pace, clock, 1, urgent=False) == [pytest.approx(60.0)]


async def test_a_person_goes_before_a_pass_that_waits_for_its_turn() -> None:
    clock = SleeplessClock()
    held: deque[asyncio.Future[None]] = deque()

    async def sleep(_: float) -> None:
        held.append(asyncio.get_running_loop().create_future())
        await held[-1]

    pace = Pace(60, clock, sleep=sleep)
    await pace.turn("GET /x", urgent=False)
    passing = asyncio.create_task(pace.turn("GET /x", urgent=False))
    await eventually(lambda: bool(held))
    await pace.turn("GET /x", urgent=True)
    assert not passing.done()
    clock.advance(60 / 48)
    held.popleft().set_result(None)
    await passing


async def test_who_gives_up_keeps_nobody_behind_them_waiting() -> None:
    clock = SleeplessClock()
    held: deque[asyncio.Future[None]] = deque()

    async def sleep(_: float) -> None:
        held.append(asyncio.get_running_loop().create_future())
        await held[-1]

    pace = Pace(60, clock, sleep=sleep)
    await pace.turn("GET /x", urgent=False)
    first, second = (asyncio.create_task(pace.turn("GET /x", urgent=False)) for _ in range(2))
    await eventually(lambda: bool(held))
    first.cancel()
    await asyncio.wait({first})
    clock.advance(2.0)
    await eventually(lambda: len(held) == 2 or second.done())
    if not second.done():
        held[1].set_result(None)
    await second
    assert first.cancelled()


async def test_each_endpoint_has_a_minute_of_its_own() -> None:
    clock = SleeplessClock()
    pace = Pace(10, clock, sleep=clock.sleep)
    for number in range(50):
        await pace.turn(f"GET /{number}", urgent=False)
    assert clock.slept == []


async def test_after_a_lock_out_the_whole_next_minute_is_closed_for_this_endpoint_only() -> None:
    clock = SleeplessClock()
    pace = Pace(600, clock, sleep=clock.sleep)
    clock.advance(10)  # 10 seconds past noon: this minute has 50 left
    seconds = pace.locked_out("GET /x", None)
    assert 110 <= seconds <= 115
    await pace.turn("GET /y", urgent=True)
    with pytest.raises(Away) as error:
        await pace.turn("GET /x", urgent=True)
    assert error.value.retry_after == pytest.approx(seconds)
    assert clock.slept == []
    await pace.turn("GET /x", urgent=False)
    assert sum(clock.slept) == pytest.approx(seconds)
    await pace.turn("GET /x", urgent=True)


@pytest.mark.parametrize(("asked", "least", "most"), [(7.0, 7.0, 12.0), (0.0, 0.0, 5.0), (1e9, 3600, 3605)])
def test_magicline_may_say_itself_how_long(asked: float, least: float, most: float) -> None:
    clock = SleeplessClock()
    assert least <= Pace(600, clock).locked_out("GET /x", asked) <= most


async def test_nobody_waits_for_a_turn_that_comes_too_late() -> None:
    clock = SleeplessClock()
    pace = Pace(10, clock, sleep=clock.sleep)
    await _leave(pace, clock, 10, urgent=True)
    with pytest.raises(Away) as error:
        await pace.turn("GET /x", urgent=True)
    assert error.value.retry_after == pytest.approx(60.0)
    pace.locked_out("GET /x", 3000.0)
    with pytest.raises(Away):
        await pace.turn("GET /x", urgent=False)
    assert clock.slept == []


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(10, 60),
    asked=st.lists(st.tuples(st.floats(0, 8), st.booleans()), min_size=30, max_size=150),
)
def test_no_sixty_seconds_hold_more_than_allowed(per_minute: int, asked: list[tuple[float, bool]]) -> None:
    lane, now = Lane(per_minute), 0.0
    left: list[tuple[float, bool]] = []
    for pause, urgent in asked:
        now += pause
        if not lane.leave(now, urgent=urgent):
            left.append((now, urgent))
    for start, _ in left:
        window = [urgent for at, urgent in left if start <= at < start + 60]
        assert len(window) <= per_minute
    own = [at for at, urgent in left if not urgent]
    assert all(later - sooner >= 60 / per_minute - 1e-9 for sooner, later in pairwise(own))
