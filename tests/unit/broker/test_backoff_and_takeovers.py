"""How patient the broker session is, and when it suspects a second instance."""

import pytest

from arni_edge.broker.backoff import Backoff
from arni_edge.broker.takeovers import Takeovers


def test_waits_longer_from_attempt_to_attempt_up_to_five_seconds() -> None:
    backoff = Backoff()
    waits = [backoff.next(lasted=0.0) for _ in range(30)]
    for wait, full in zip(waits, [0.2, 0.4, 0.8, 1.6, 3.2] + [5.0] * 25, strict=True):
        assert full / 2 <= wait <= full


def test_waits_differ_so_that_a_fleet_does_not_come_back_at_once() -> None:
    assert len({Backoff().next(lasted=0.0) for _ in range(10)}) > 1


def test_is_quick_again_after_a_connection_that_held() -> None:
    backoff = Backoff()
    for _ in range(10):
        backoff.next(lasted=0.0)
    assert backoff.next(lasted=9.9) > 2.0
    assert backoff.next(lasted=10.0) <= 0.2


def thrown_out(takeovers: Takeovers, times: int, *, every: float, back_at: int | None = 7) -> float:
    now = 0.0
    for _ in range(times):
        takeovers.ended(thrown_out=True, broker=7)
        now += every
        takeovers.connected(broker=back_at, now=now)
    return now


def test_six_takeovers_in_a_minute_are_a_second_instance() -> None:
    takeovers = Takeovers()
    assert not takeovers.too_many(thrown_out(takeovers, 5, every=1.0))
    assert takeovers.too_many(thrown_out(takeovers, 6, every=1.0))


def test_six_takeovers_in_more_than_a_minute_are_not() -> None:
    takeovers = Takeovers()
    assert not takeovers.too_many(thrown_out(takeovers, 20, every=12.1))


def test_the_suspicion_ends_when_it_stops() -> None:
    takeovers = Takeovers()
    now = thrown_out(takeovers, 6, every=1.0)
    assert takeovers.too_many(now)
    assert not takeovers.too_many(now + 60.0)


@pytest.mark.parametrize("back_at", [8, None])
def test_a_restarted_broker_is_another_process(back_at: int | None) -> None:
    takeovers = Takeovers()
    assert not takeovers.too_many(thrown_out(takeovers, 20, every=1.0, back_at=back_at))


def test_an_attempt_that_failed_in_between_means_that_the_way_was_broken() -> None:
    takeovers = Takeovers()
    for now in range(20):
        takeovers.ended(thrown_out=True, broker=None)
        takeovers.ended(thrown_out=False, broker=None)
        takeovers.connected(broker=None, now=float(now))
    assert not takeovers.too_many(20.0)
