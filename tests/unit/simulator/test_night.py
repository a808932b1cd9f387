"""Cameras in changing light: what a light switch does to a picture."""

import pytest

from arni_edge.simulator.night import Exposure
from arni_edge.simulator.render import Light
from arni_edge.simulator.world import Scene

LIT = Scene((), 0.0, lights_on=True)
DAY = Scene((), 0.0, lights_on=False, daylight=1.0)
NIGHT = Scene((), 0.0, lights_on=False, daylight=0.05)


def after(exposure: Exposure, scene: Scene, begin: float, seconds: float) -> Light:
    """The light of the last of many pictures of the same scene."""
    light = Light()
    for number in range(round(seconds / 0.2) + 1):
        light = exposure.light(scene, begin + 0.2 * number)
    return light


def test_by_day_the_picture_has_colours() -> None:
    """With lamps or by daylight alone."""
    assert after(Exposure(), LIT, 0, 5) == Light(1.0)
    assert after(Exposure(), DAY, 0, 5) == Light(0.5)


def test_when_the_lamps_go_off_it_is_dark_for_a_moment_then_grey() -> None:
    """The camera makes sure before it turns to infrared."""
    exposure = Exposure()
    after(exposure, LIT, 0, 5)
    first = exposure.light(NIGHT, 5.2)
    assert first.gain < 0.1
    assert not first.grey
    later = after(exposure, NIGHT, 5.4, 3)
    assert later.grey
    assert later.gain == pytest.approx(0.775)


def test_when_the_lamps_go_on_it_is_dazzled_for_a_moment() -> None:
    """Overexposed and grey first, then as by day."""
    exposure = Exposure()
    after(exposure, NIGHT, 0, 5)
    first = exposure.light(LIT, 5.2)
    assert first.grey
    assert first.gain > 1.5
    assert after(exposure, LIT, 5.4, 3) == Light(1.0)


def test_a_flicker_does_not_move_the_filter() -> None:
    """Lamps off for half a second leave a camera with colours, lamps on for half a second a grey one."""
    exposure = Exposure()
    after(exposure, LIT, 0, 5)
    after(exposure, NIGHT, 5.2, 0.6)
    assert not after(exposure, LIT, 6.0, 0.2).grey
    night = Exposure()
    after(night, NIGHT, 0, 5)
    after(night, LIT, 5.2, 0.6)
    assert after(night, NIGHT, 6.0, 0.2).grey


def test_dusk_does_not_move_the_filter_to_and_fro() -> None:
    """Between the two thresholds it stays as it is."""
    exposure = Exposure()
    between = Scene((), 0.0, lights_on=False, daylight=0.4)
    after(exposure, LIT, 0, 2)
    assert not after(exposure, between, 2.2, 5).grey
    after(exposure, NIGHT, 8, 5)
    assert after(exposure, between, 13.2, 5).grey


def test_without_night_sight_the_night_is_dark() -> None:
    """Such a camera shows next to nothing, and says so by it."""
    light = after(Exposure(night_sight=False), NIGHT, 0, 10)
    assert light.gain < 0.05
    assert not light.grey


def test_a_hand_before_the_lens_lets_hardly_any_light_in() -> None:
    """Covered by day, and fine again as soon as the hand is gone."""
    exposure = Exposure()
    exposure.covered = True
    assert after(exposure, LIT, 0, 5).gain < 0.05
    exposure.covered = False
    assert exposure.light(LIT, 5.2) == Light(1.0)
