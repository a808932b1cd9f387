"""Old pictures are told from new ones by how the camera's stamps and their arrival go together."""

from collections.abc import Iterable

import pytest

from arni_edge.vision.worker.pace import Pace


def lates(pace: Pace, pictures: Iterable[tuple[float | None, float]]) -> list[bool]:
    return [pace.late(stamp, arrived) for stamp, arrived in pictures]


def live(
    begin: float, seconds: float, per_second: float = 10.0, ahead: float = 0.0
) -> list[tuple[float, float]]:
    count = round(seconds * per_second)
    return [(begin + ahead + n / per_second, begin + n / per_second) for n in range(count)]


def test_live_pictures_are_new_once_it_is_known_that_they_are() -> None:
    seen = lates(Pace(), live(100, 20))
    assert seen[:5] == [True] * 5
    assert not any(seen[6:])


def test_a_picture_per_second_is_enough() -> None:
    assert lates(Pace(), live(0, 10, per_second=1)) == [True] + [False] * 9


def test_what_a_recorder_had_buffered_before_we_came_is_old() -> None:
    """Four seconds of pictures in a tenth of a second, then live ones."""
    burst = [(n / 10, 50 + n / 400) for n in range(40)]
    seen = lates(Pace(), [*burst, *((4 + n / 10, 50.1 + n / 10) for n in range(30))])
    assert all(seen[:40])
    assert not any(seen[46:])


def test_what_a_connection_held_up_and_then_delivers_at_once_is_old() -> None:
    """No reconnect: the pause was shorter than the deadline."""
    pace = Pace()
    assert not any(lates(pace, live(0, 20))[6:])
    held = lates(pace, [(20 + n / 10, 24.0 + n / 1000) for n in range(40)])
    # The last second of it is nearly new.
    assert all(held[:30])
    assert not any(lates(pace, live(24.1, 5)))


def test_a_stream_that_stays_behind_stays_old() -> None:
    """The pause is never made up for: the connection has to be made anew."""
    pace = Pace()
    lates(pace, live(0, 20))
    assert all(lates(pace, [(20 + n / 10, 25 + n / 10) for n in range(100)]))


@pytest.mark.parametrize("share", [0.92, 0.999, 1.001, 1.08])
def test_a_clock_that_runs_wrong_makes_no_picture_old(share: float) -> None:
    pace = Pace()
    seen = lates(pace, [(n / 10 * share, n / 10) for n in range(6000)])
    assert not any(seen[100:])


def test_a_camera_that_sets_its_clock_is_not_late() -> None:
    for jump in (-3600.0, 3600.0):
        pace = Pace()
        lates(pace, live(5000, 20))
        assert not any(lates(pace, live(5020, 5, ahead=jump)))


def test_pictures_without_a_stamp_are_taken_as_they_come() -> None:
    assert lates(Pace(), [(None, n / 10) for n in range(10)]) == [True] * 5 + [False] * 5


def test_a_first_picture_without_a_stamp_may_be_old_too() -> None:
    burst = [(None, 50.0), *((n / 10, 50 + n / 400) for n in range(1, 40))]
    assert all(lates(Pace(), burst))


def test_jitter_on_the_way_is_no_delay() -> None:
    wobble = [0.0, 0.3, 0.02, 0.4, 0.1, 0.25]
    seen = lates(Pace(), [(n / 10, n / 10 + wobble[n % 6]) for n in range(300)])
    assert not any(seen[30:])
