"""When a part that failed is started again."""

from arni_edge.supervision.restarts import RestartPolicy, Restarts

POLICY = RestartPolicy()


def failing_at(restarts: Restarts, *times: float) -> list[float]:
    """Fail at these times, each after having run for a tenth of a second."""
    return [restarts.delay(started=time - 0.1, failed=time) for time in times]


def near(wait: float, full: float) -> bool:
    """Jitter takes up to half."""
    return full / 2 <= wait <= full


def test_each_failure_doubles_the_wait_up_to_five_seconds() -> None:
    waits = failing_at(Restarts(POLICY), 1, 2, 3, 4, 5, 6, 7)
    expected = [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert all(near(wait, seconds) for wait, seconds in zip(waits, expected, strict=True)), waits


def test_waits_are_spread_so_that_parts_do_not_start_in_step() -> None:
    assert len({failing_at(Restarts(POLICY), 1)[0] for _ in range(20)}) > 1


def test_a_part_that_ran_for_half_a_minute_starts_anew() -> None:
    restarts = Restarts(POLICY)
    failing_at(restarts, 1, 2, 3, 4, 5)
    assert near(restarts.delay(started=6.0, failed=36.5), 0.2)


def test_more_than_ten_failures_in_a_minute_make_a_long_pause() -> None:
    waits = failing_at(Restarts(POLICY), *range(1, 12))
    assert all(wait < 7 for wait in waits[:10])
    assert waits[10] == POLICY.pause


def test_the_same_failures_spread_over_a_longer_time_do_not() -> None:
    waits = failing_at(Restarts(POLICY), *range(10, 130, 10))
    assert max(waits) < 7


def test_a_part_may_fail_all_night() -> None:
    restarts = Restarts(POLICY)
    waits = failing_at(restarts, *range(10, 200_000, 10))
    assert near(waits[-1], POLICY.longest_delay)
