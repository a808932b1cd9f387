"""Privacy masks: what the owner blanked, nobody and nothing behind this line gets to see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.orders import Corners

Plane = npt.NDArray[np.uint8]
Covered = npt.NDArray[np.bool_]

# A camera has one size, and the small grey picture another; more only while a camera changes its own.
_MOST_SIZES = 6

# Shares of the picture that were written with six digits are not exact; less than this is no pixel's part.
_SLIVER = 1e-6


@dataclass(frozen=True, slots=True)
class _Blanks:
    """What is blanked in pictures of one size.

    Attributes:
        covered: [height, width], True where nothing may be seen.
        windows: Rectangles around the masks, with 255 for each byte that stays and 0 for each that goes;
            a plane [h, w] for grey pictures and [h, w, 3] for colour.
    """

    covered: Covered
    windows: tuple[tuple[tuple[slice, slice], Plane, Plane], ...]


class Masks:
    """The masks of one camera, laid over pictures of any size. Belongs to one thread.

    A pixel is black when any part of it lies in a mask, and untouched otherwise.
    """

    def __init__(self, polygons: Sequence[Corners]) -> None:
        """Take the polygons, in shares of the picture; where one crosses itself, all that it winds around."""
        self._polygons = tuple(np.asarray(polygon, np.float64) for polygon in polygons)
        self._sizes: dict[tuple[int, int], _Blanks] = {}

    def on(self, picture: npt.NDArray[Any]) -> None:
        """Blacken the masked part of a BGR picture [height, width, 3], in place."""
        if self._polygons:
            for window, _, colour in self._blanks(picture.shape[0], picture.shape[1]).windows:
                part = picture[window]
                np.bitwise_and(part, colour, out=part)

    def on_grey(self, grey: npt.NDArray[Any]) -> None:
        """Blacken the masked part of a grey picture [height, width], in place."""
        if self._polygons:
            for window, plane, _ in self._blanks(grey.shape[0], grey.shape[1]).windows:
                part = grey[window]
                np.bitwise_and(part, plane, out=part)

    def covered(self, height: int, width: int) -> Covered:
        """Which pixels [height, width] of a picture of this size are masked. Not to be written."""
        return self._blanks(height, width).covered

    def _blanks(self, height: int, width: int) -> _Blanks:
        known = self._sizes.get((height, width))
        if known is None:
            if len(self._sizes) >= _MOST_SIZES:
                self._sizes.pop(next(iter(self._sizes)))
            known = self._sizes[height, width] = self._lay(height, width)
        return known

    def _lay(self, height: int, width: int) -> _Blanks:
        each = [_cover(polygon * (width, height), height, width) for polygon in self._polygons]
        covered = np.logical_or.reduce([np.zeros((height, width), np.bool_), *each])
        covered.setflags(write=False)
        windows = []
        for mask in each:
            rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
            if rows.size:
                window = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
                plane = np.where(mask[window], 0, 255).astype(np.uint8)
                windows.append((window, plane, np.ascontiguousarray(cv2.merge([plane] * 3))))
        return _Blanks(covered, tuple(windows))


def _cover(corners: npt.NDArray[np.float64], height: int, width: int) -> Covered:
    """Pixels [height, width] of which a polygon (in pixels) covers a part."""
    starts, ends = corners, np.roll(corners, -1, axis=0)
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    winding = np.zeros((height, width), np.int32)
    border = np.zeros((height, width), np.bool_)
    for (x0, y0), (x1, y1) in zip(starts, ends, strict=True):
        for row in range(max(0, int(min(y0, y1))), min(height, int(np.ceil(max(y0, y1))) + 1)):
            _mark_edge(border[row], row, (x0, y0), (x1, y1))
        if y0 == y1:
            continue
        # Each edge that a row's middle crosses turns the winding number of everything to its right.
        crossed = (y >= min(y0, y1)) & (y < max(y0, y1))
        at = x0 + (y[crossed] - y0) * (x1 - x0) / (y1 - y0)
        winding[crossed] += np.where(x[None, :] > at[:, None], 1 if y1 > y0 else -1, 0)
    covered: Covered = (winding != 0) | border
    return covered


def _mark_edge(
    row_of_border: Covered, row: int, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """Mark the pixels of a row through which an edge goes; along their rims is not through them."""
    (x0, y0), (x1, y1) = (start, end) if start[1] <= end[1] else (end, start)
    low, high = max(y0, row), min(y1, row + 1)
    if (
        low > high
        or (low == high and low in {row, row + 1})
        or (y1 <= row + _SLIVER)
        or (y0 >= row + 1 - _SLIVER)
    ):
        return
    if y1 > y0:
        at_low, at_high = (x0 + (cut - y0) * (x1 - x0) / (y1 - y0) for cut in (low, high))
    else:
        at_low, at_high = x0, x1
    left, right = sorted((at_low, at_high))
    first, last = int(np.floor(left + _SLIVER)), int(np.ceil(right - _SLIVER)) - 1
    row_of_border[max(0, first) : max(0, last + 1)] = True
