import pytest

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.posture import Posture, ratio

WIDE = 16 / 9


def shaped(high_by_wide: float, height: float = 0.3, aspect: float = WIDE) -> Box:
    half = height / high_by_wide / aspect / 2
    return Box(0.5 - half, 0.8 - height, 0.5 + half, 0.8, 0.8)


def seen(ratios: list[float], period: float = 0.2, aspect: float = WIDE) -> Posture:
    posture = Posture(shaped(ratios[0], aspect=aspect))
    for number, one in enumerate(ratios):
        posture.saw(shaped(one, aspect=aspect), number * period, aspect)
    return posture


@pytest.mark.parametrize("period", [0.04, 0.1, 0.2, 0.5])
def test_who_falls_lies_and_has_fallen_at_any_rate_of_pictures(period: float) -> None:
    standing, falling, lying = round(3 / period), round(0.4 / period), round(3 / period)
    posture = seen([2.6] * standing + [1.5] * falling + [0.5] * lying, period)
    assert posture.lying_since == pytest.approx((standing + falling) * period)
    assert posture.fell


@pytest.mark.parametrize("period", [0.04, 0.1, 0.2, 0.5])
def test_who_lies_down_slowly_lies_but_has_not_fallen(period: float) -> None:
    slowly = [2.6 - 1.8 * i * period / 2.5 for i in range(round(2.5 / period))]
    posture = seen([2.6] * round(2 / period) + slowly + [0.6] * round(3 / period), period)
    assert posture.lying_since is not None
    assert not posture.fell


@pytest.mark.parametrize("shape", [1.1, 1.3, 1.6, 2.8])
def test_who_sits_squats_or_stands_does_not_lie(shape: float) -> None:
    posture = seen([2.6] * 10 + [shape] * 100)
    assert posture.lying_since is None


def test_one_flat_box_of_a_flickering_detector_is_nobody_lying() -> None:
    posture = seen([2.6] * 10 + [0.6] + [2.6] * 10 + [0.6])
    assert posture.lying_since is None


def test_a_lying_box_that_flickers_keeps_lying_since_it_began() -> None:
    posture = seen([2.6] * 10 + [0.7, 1.1, 0.8, 1.0, 1.15, 0.6])
    assert posture.lying_since == pytest.approx(2.0)


def test_who_gets_up_is_upright_after_a_second() -> None:
    down = [2.6] * 10 + [0.5] * 20
    assert not seen(down + [2.0] * 3).upright
    assert seen(down + [2.0] * 7).upright


def test_the_shape_counts_in_pixels_and_not_in_shares_of_the_picture() -> None:
    square = Box(0.4, 0.4, 0.5, 0.5, 0.9)
    assert ratio(square, 16 / 9) == pytest.approx(9 / 16)
    assert ratio(square, 1.0) == pytest.approx(1.0)


def test_sights_of_a_picture_in_another_shape_are_judged_anew() -> None:
    # Sitting, in an upright picture (3:4) that was taken for a wide one (16:9).
    posture = Posture(shaped(1.5, aspect=0.75))
    for number in range(10):
        posture.saw(shaped(1.5, aspect=0.75), number * 0.2, WIDE)
    assert posture.lying_since is not None
    assert posture.in_aspect(0.75).lying_since is None


def test_the_size_of_who_was_never_seen_standing_follows_from_their_length() -> None:
    lying = Box(0.3, 0.7, 0.6, 0.8, 0.8)
    posture = Posture(lying)
    posture.saw(lying, 0.0, WIDE)
    standing = posture.standing(WIDE)
    assert standing.bottom - standing.top == pytest.approx(0.3 * WIDE)
    assert standing.foot == pytest.approx((0.45, 0.8))
