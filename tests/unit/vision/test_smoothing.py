from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.vision.worker.smoothing import SteadyCount

FIVE_PER_SECOND = 0.2


def told(counts: Iterable[int], period: float = FIVE_PER_SECOND) -> list[int | None]:
    steady = SteadyCount()
    return [steady.add(i * period, count) for i, count in enumerate(counts)]


def test_two_pictures_are_too_few_to_say_anything() -> None:
    assert told([2, 2, 2]) == [None, None, 2]


def test_one_flickering_picture_is_never_told() -> None:
    assert told([2, 2, 2, 3, 2, 2, 0, 2, 2])[2:] == [2] * 7


def test_a_change_is_told_with_its_second_picture() -> None:
    assert told([1, 1, 1, 2, 2, 2])[2:] == [1, 1, 2, 2]


def test_the_lag_at_five_pictures_a_second_stays_below_half_a_second() -> None:
    counts = told([0] * 10 + [4] * 10)
    pictures_late = counts.index(4) - 10
    # The change happened up to one period before its first picture.
    assert (pictures_late + 1) * FIVE_PER_SECOND <= 0.5


def test_a_fast_stream_takes_all_pictures_of_half_a_second() -> None:
    assert told([1] * 20 + [5] * 3 + [1] * 20, period=1 / 15)[2:] == [1] * 41


def test_a_slow_stream_takes_three_pictures_however_old() -> None:
    assert told([1, 1, 1, 9, 1, 1], period=2.0)[2:] == [1] * 4


def test_after_an_absence_it_begins_anew() -> None:
    steady = SteadyCount()
    for i in range(5):
        steady.add(i * 0.2, 7)
    steady.forget()
    assert steady.add(60.0, 0) is None


@given(st.lists(st.integers(0, 20), min_size=3), st.floats(0.01, 3))
def test_what_is_told_was_seen(counts: list[int], period: float) -> None:
    assert set(told(counts, period)[2:]) <= set(counts)
