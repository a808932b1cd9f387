import numpy as np
import numpy.typing as npt
import pytest

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.worker.background import Background

ROWS, COLUMNS = 100, 178
Grey = npt.NDArray[np.uint8]


def box(left: float, top: float, right: float, bottom: float) -> Box:
    return Box(left, top, right, bottom, 1.0)


BODY = box(0.40, 0.70, 0.65, 0.85)
FLOOR = box(0.30, 0.55, 0.75, 0.95)
ELSEWHERE = box(0.05, 0.05, 0.25, 0.35)


class Hall:
    """A textured room in any light, with noise; things are put into it."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(7)
        y, x = np.mgrid[0:ROWS, 0:COLUMNS]
        self._empty = 90 + 40 * np.sin(x / 17) + 30 * (y > 50) + self._random.normal(0, 6, (ROWS, COLUMNS))
        self.noise = 2.0

    def picture(self, *things: tuple[Box, float], gain: float = 1.0, shift: float = 0.0) -> Grey:
        scene = self._empty.copy()
        for place, level in things:
            rows = slice(int(place.top * ROWS), int(place.bottom * ROWS))
            scene[rows, int(place.left * COLUMNS) : int(place.right * COLUMNS)] = level
        seen = gain * scene + shift + self._random.normal(0, self.noise, scene.shape)
        shown: Grey = np.clip(seen, 0, 255).astype(np.uint8)
        return shown


class Watched:
    """A background that is shown a hall, five pictures a second."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.background = Background()
        self.at = 0.0

    def show(
        self,
        seconds: float,
        *things: tuple[Box, float],
        period: float = 0.2,
        occupied: tuple[Box, ...] = (),
        gain: float = 1.0,
        shift: float = 0.0,
    ) -> None:
        for _ in range(round(seconds / period)):
            self.background.update(self.hall.picture(*things, gain=gain, shift=shift), occupied, self.at)
            self.at += period


def test_nothing_is_known_before_the_first_picture_nor_right_after_it() -> None:
    watched = Watched()
    assert watched.background.changed(FLOOR) is None
    assert not watched.background.still(FLOOR)
    watched.show(0.6)
    assert watched.background.changed(FLOOR) is None
    watched.show(2)
    assert watched.background.changed(FLOOR) == pytest.approx(0.0, abs=0.01)


def test_a_body_is_found_with_its_size_and_place() -> None:
    watched = Watched()
    watched.show(5)
    watched.show(1, (BODY, 220))
    changed, thing = watched.background.changed(FLOOR), watched.background.thing(FLOOR)
    assert changed == pytest.approx(0.25 * 0.15 / (0.45 * 0.40), rel=0.15)
    assert thing is not None
    assert (thing.left, thing.top, thing.right, thing.bottom) == pytest.approx(
        (0.40, 0.70, 0.65, 0.85), abs=0.02
    )
    assert thing.score > 0.9
    assert watched.background.thing(ELSEWHERE) is None


def test_where_somebody_stands_nothing_is_learned_and_nothing_is_said() -> None:
    watched = Watched()
    watched.show(30, (BODY, 220), period=1.0, occupied=(BODY,))
    assert watched.background.changed(BODY) is None
    watched.show(0.2)
    assert watched.background.changed(BODY) is None, "never seen empty for long enough"


def test_who_stood_there_from_the_first_picture_is_not_the_empty_scene() -> None:
    watched = Watched()
    # The tracker confirms them only with the third picture.
    watched.show(0.4, (BODY, 220))
    watched.show(5, (BODY, 220), occupied=(BODY,))
    watched.show(3)
    assert watched.background.changed(BODY) == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize(("gain", "shift"), [(0.6, 0.0), (1.3, 0.0), (1.0, 35.0), (0.8, -15.0)])
def test_another_light_is_no_change_and_hides_none(gain: float, shift: float) -> None:
    watched = Watched()
    watched.show(5)
    watched.show(1, gain=gain, shift=shift)
    assert watched.background.changed(FLOOR) == pytest.approx(0.0, abs=0.02)
    watched.show(1, (BODY, 230), gain=gain, shift=shift)
    assert watched.background.thing(FLOOR) is not None


def test_a_light_that_changes_while_somebody_lies_there_leaves_the_floor_around_them_as_before() -> None:
    watched = Watched()
    watched.show(6)
    for _ in range(20):
        watched.show(1, (BODY, 230), period=0.5, gain=0.75)
        watched.background.keep(FLOOR)
    thing = watched.background.thing(FLOOR)
    assert thing is not None
    assert (thing.left, thing.top, thing.right, thing.bottom) == pytest.approx(
        (0.40, 0.70, 0.65, 0.85), abs=0.02
    )


def test_a_body_does_not_fade_while_the_hold_runs_and_something_moved_becomes_the_scene_in_time() -> None:
    watched = Watched()
    watched.show(10)
    watched.show(20, (BODY, 220))
    assert watched.background.thing(FLOOR) is not None
    watched.show(240, (BODY, 220), period=1.0)
    assert watched.background.thing(FLOOR) is None


def test_what_is_looked_at_closely_is_not_learned() -> None:
    watched = Watched()
    watched.show(10)
    for _ in range(30):
        watched.background.keep(FLOOR)
        watched.show(8, (BODY, 220), period=1.0)
    assert watched.background.thing(FLOOR) is not None


def test_a_place_is_still_when_nothing_has_moved_there_for_a_second() -> None:
    watched = Watched()
    watched.show(5)
    watched.show(0.2, (BODY, 220))
    assert not watched.background.still(BODY)
    assert watched.background.still(ELSEWHERE)
    watched.show(1.4, (BODY, 220))
    assert watched.background.still(BODY)


def test_noise_of_a_cheap_camera_is_neither_change_nor_movement() -> None:
    watched = Watched()
    watched.hall.noise = 3.5
    watched.show(20)
    assert watched.background.changed(FLOOR) == pytest.approx(0.0, abs=0.02)
    assert watched.background.still(FLOOR)


def test_a_camera_that_was_turned_is_learned_anew_and_not_taken_for_people_for_long() -> None:
    watched = Watched()
    watched.show(10)
    turned = Watched()
    turned.hall._empty = turned.hall._empty[:, ::-1][::-1].copy()
    for _ in range(5 * 15):
        watched.background.update(turned.hall.picture(), (), watched.at)
        watched.at += 0.2
    assert watched.background.changed(FLOOR) == pytest.approx(0.0, abs=0.02)


def test_a_camera_with_another_size_of_picture_begins_anew() -> None:
    watched = Watched()
    watched.show(5)
    watched.background.update(np.full((60, 80), 90, np.uint8), (), watched.at)
    assert watched.background.changed(FLOOR) is None


def test_time_that_a_camera_was_away_is_not_time_that_a_place_was_seen() -> None:
    background, hall = Background(), Hall()
    background.update(hall.picture(), (), 0.0)
    background.update(hall.picture(), (), 0.2)
    background.update(hall.picture((BODY, 220)), (BODY,), 60.0)
    assert background.changed(BODY) is None


def test_a_lamp_that_flickers_moves_nothing_and_what_moves_in_it_does() -> None:
    watched = Watched()
    for number in range(40):
        watched.show(0.2, gain=1.0 + 0.1 * (number % 2))
    assert watched.background.still(FLOOR)
    watched.show(0.2, (BODY, 220), gain=1.1)
    assert not watched.background.still(FLOOR)
