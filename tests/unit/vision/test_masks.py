"""Privacy masks: to the pixel, in place, for any size, and at next to no cost."""

import time

import numpy as np
import pytest

from arni_edge.vision.worker.masks import Masks

RECTANGLE = ((0.25, 0.5), (0.5, 0.5), (0.5, 0.75), (0.25, 0.75))
TRIANGLE = ((0.03, 0.07), (0.93, 0.31), (0.37, 0.89))
ARROW = ((0.1, 0.1), (0.9, 0.2), (0.4, 0.45), (0.8, 0.95))  # not convex
BOW = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))  # crosses itself


def truth(polygon: tuple[tuple[float, float], ...], height: int, width: int, fine: int = 24) -> np.ndarray:
    """Share of each pixel that lies in the polygon, by asking fine x fine points of it."""
    y, x = np.mgrid[0 : height * fine, 0 : width * fine]
    x, y = (x + 0.5) / fine, (y + 0.5) / fine
    inside = np.zeros(x.shape, bool)
    corners = [(cx * width, cy * height) for cx, cy in polygon]
    for (x0, y0), (x1, y1) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if y0 != y1:
            inside ^= ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    share: np.ndarray = inside.reshape(height, fine, width, fine).mean(axis=(1, 3))
    return share


def bright(height: int, width: int, *channels: int) -> np.ndarray:
    return np.random.default_rng(1).integers(1, 256, (height, width, *channels)).astype(np.uint8)


@pytest.mark.parametrize("polygon", [RECTANGLE, TRIANGLE, ARROW, BOW])
@pytest.mark.parametrize(("height", "width"), [(36, 64), (29, 41), (20, 20)])
def test_every_pixel_that_a_mask_touches_is_black_and_no_other_is_changed(
    polygon: tuple[tuple[float, float], ...], height: int, width: int
) -> None:
    share = truth(polygon, height, width)
    masks = Masks((polygon,))
    picture, grey = bright(height, width, 3), bright(height, width)
    before, grey_before = picture.copy(), grey.copy()
    masks.on(picture)
    masks.on_grey(grey)
    for seen, was in ((picture.max(axis=2), before.min(axis=2)), (grey, grey_before)):
        black = seen == 0
        assert (was > 0).all()
        assert black[share > 0].all(), "part of what is masked can be seen"
        # What the points did not hit is less than a few of them: a corner that just reaches into a pixel.
        assert not black[_far_outside(share)].any(), "more than the mask is black"
    untouched = picture.max(axis=2) > 0
    assert (picture[untouched] == before[untouched]).all()
    assert (grey[grey > 0] == grey_before[grey > 0]).all()
    # Nearly all of what is black really is in the mask: the rim may differ by what the points cannot resolve.
    assert (untouched == (share == 0)).mean() > 0.99


def _far_outside(share: np.ndarray) -> np.ndarray:
    """Pixels none of whose neighbours are touched either."""
    padded = np.pad(share > 0, 1)
    near = np.zeros(share.shape, bool)
    for dy in range(3):
        for dx in range(3):
            near |= padded[dy : dy + share.shape[0], dx : dx + share.shape[1]]
    return ~near


def test_a_mask_along_the_grid_is_exact() -> None:
    """Its edges lie between pixels: not one beyond them."""
    grey = bright(8, 16)
    expected = grey.copy()
    expected[4:6, 4:8] = 0
    Masks((RECTANGLE,)).on_grey(grey)
    assert (grey == expected).all()


def test_masks_to_the_very_edge_leave_nothing() -> None:
    grey = bright(37, 51)
    Masks((((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)),)).on_grey(grey)
    assert not grey.any()


def test_several_masks_and_no_masks() -> None:
    picture = bright(36, 64, 3)
    before = picture.copy()
    Masks(()).on(picture)
    assert (picture == before).all()
    masks = Masks((RECTANGLE, TRIANGLE))
    masks.on(picture)
    black = picture.max(axis=2) == 0
    assert (black == masks.covered(36, 64)).all()
    assert black[20, 20]
    assert black[12, 20]


def test_a_camera_that_changes_its_size_is_masked_in_the_new_size_at_once() -> None:
    masks = Masks((TRIANGLE,))
    for height, width in [(36, 64), (72, 128), (36, 64), *((10 + n, 20 + n) for n in range(20)), (36, 64)]:
        grey = bright(height, width)
        masks.on_grey(grey)
        touched = truth(TRIANGLE, height, width, 8) > 0
        assert not grey[touched].any()
        assert (grey == 0).mean() - touched.mean() < 0.03


def test_a_mask_costs_next_to_nothing() -> None:
    masks, picture = Masks((TRIANGLE,)), bright(360, 640, 3)
    masks.on(picture)
    spent = []
    for _ in range(20):
        began = time.thread_time()
        masks.on(picture)
        spent.append(time.thread_time() - began)
    assert sorted(spent)[10] < 0.002  # typically 0.1 ms
