"""Patience: longer from failure to failure, never in step with others, quick again after success."""

from arni_edge.domain.backoff import Backoff


def _backoff() -> Backoff:
    return Backoff(first=0.2, longest=5.0, stable=10.0)


def test_waits_longer_from_attempt_to_attempt_up_to_five_seconds() -> None:
    backoff = _backoff()
    waits = [backoff.next(lasted=0.0) for _ in range(30)]
    for wait, full in zip(waits, [0.2, 0.4, 0.8, 1.6, 3.2] + [5.0] * 25, strict=True):
        assert full / 2 <= wait <= full


def test_waits_differ_so_that_a_fleet_does_not_come_back_at_once() -> None:
    assert len({_backoff().next(lasted=0.0) for _ in range(10)}) > 1


def test_is_quick_again_after_a_connection_that_held() -> None:
    backoff = _backoff()
    for _ in range(10):
        backoff.next(lasted=0.0)
    assert backoff.next(lasted=9.9) > 2.0
    assert backoff.next(lasted=10.0) <= 0.2


def test_is_quick_again_when_told_that_all_is_well() -> None:
    backoff = _backoff()
    for _ in range(10):
        backoff.next()
    backoff.forget()
    assert backoff.next() <= 0.2
