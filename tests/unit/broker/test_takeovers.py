"""When the broker session suspects a second instance."""

import pytest

from arni_edge.broker.takeovers import Takeovers


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


def test_the_slowest_quarrel_is_noticed_too() -> None:
    """Both wait at most 5 s between two attempts, so each is thrown out every 10 s at the latest."""
    takeovers = Takeovers()
    assert takeovers.too_many(thrown_out(takeovers, 6, every=10.0))


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
