"""From what a model gives to people in pixels of its input, one reader per contract.

A reader works in two steps. ``pick`` copies the few rows that tell of people out of the library's memory,
which the next run overwrites; ``corners`` does arithmetic only on candidates that are sure enough. Reading
the person's row alone takes 0.02 ms of [84, 8400] where the best of all classes takes 0.56.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from arni_edge.vision.worker.backends.base import Tensor
from arni_edge.vision.worker.layout import STRIDES, Head, Layout

# exp() of more than this is larger than any picture, whatever the stride.
_LARGEST_EXPONENT = 12.0


class Reader(Protocol):
    """Reads one contract.

    Attributes:
        suppressed: Whether the model has already seen to it that each person has one box.
    """

    suppressed: bool

    def pick(self, output: Tensor) -> Tensor:
        """All candidates for people of one picture.

        Args:
            output: Of the model, without the axis of the batch.

        Returns:
            [5, N], a copy: four numbers that say where, and the score.
        """
        ...

    def corners(self, candidates: Tensor, which: npt.NDArray[np.intp]) -> Tensor:
        """Where some candidates are.

        Args:
            candidates: As picked.
            which: Indices of the ones that are wanted.

        Returns:
            [n, 4]: left, top, right, bottom in pixels of the input.
        """
        ...


def reader_for(head: Head, layout: Layout, empty: Tensor) -> Reader:
    """The reader of a contract.

    Args:
        head: Which.
        layout: Of the model.
        empty: What the model says of an empty picture, without the axis of the batch. It shows whether a
            YOLOX was exported with its grid decoded.
    """
    if head is Head.PLAIN:
        return PlainReader(layout.person)
    if head is Head.END_TO_END:
        return EndToEndReader(layout.person)
    return YoloxReader(layout, empty)


class PlainReader:
    """YOLOv8: [4 + classes, N]; centre and size in pixels, one score per class."""

    suppressed = False

    def __init__(self, person: int) -> None:
        self._rows = (0, 1, 2, 3, 4 + person)

    def pick(self, output: Tensor) -> Tensor:
        """See :class:`Reader`."""
        return output[self._rows, :]

    def corners(self, candidates: Tensor, which: npt.NDArray[np.intp]) -> Tensor:
        """See :class:`Reader`."""
        return _around(candidates[:2, which], candidates[2:4, which])


class EndToEndReader:
    """YOLOv8 with suppression built in: [N, 6]; corners in pixels, score, class."""

    suppressed = True

    def __init__(self, person: int) -> None:
        self._person = person

    def pick(self, output: Tensor) -> Tensor:
        """See :class:`Reader`."""
        return output[output[:, 5].round() == self._person, :5].T

    def corners(self, candidates: Tensor, which: npt.NDArray[np.intp]) -> Tensor:
        """See :class:`Reader`."""
        return candidates[:4, which].T


class YoloxReader:
    """YOLOX: [N, 5 + classes]; one row per cell, as offsets and logarithms, or already in pixels."""

    suppressed = False

    def __init__(self, layout: Layout, empty: Tensor) -> None:
        self._person = layout.person
        grids = [_grid(layout.height // stride, layout.width // stride) for stride in STRIDES]
        self._cells: Tensor = np.concatenate(grids, axis=1)
        self._strides: Tensor = np.concatenate(
            [np.full(grid.shape[1], stride, np.float32) for grid, stride in zip(grids, STRIDES, strict=True)]
        )
        self.decoded = self._is_decoded(empty)

    def _is_decoded(self, empty: Tensor) -> bool:
        """Whether the numbers are pixels. Offsets lie around 0, pixels around the middle of their cell."""
        places = empty[:, :2].T
        from_cells = np.abs(places - (self._cells + 0.5) * self._strides)
        return bool(np.median(from_cells) < np.median(np.abs(places)))

    def pick(self, output: Tensor) -> Tensor:
        """See :class:`Reader`."""
        picked = np.empty((5, len(output)), np.float32)
        picked[:4] = output[:, :4].T
        np.multiply(output[:, 4], output[:, 5 + self._person], out=picked[4])
        return picked

    def corners(self, candidates: Tensor, which: npt.NDArray[np.intp]) -> Tensor:
        """See :class:`Reader`."""
        places, sizes = candidates[:2, which], candidates[2:4, which]
        if not self.decoded:
            strides = self._strides[which]
            places = (places + self._cells[:, which]) * strides
            sizes = np.exp(np.minimum(sizes, _LARGEST_EXPONENT)) * strides
        return _around(places, sizes)


def _around(centres: Tensor, sizes: Tensor) -> Tensor:
    half = sizes * np.float32(0.5)
    return np.concatenate((centres - half, centres + half)).T


def _grid(height: int, width: int) -> Tensor:
    """Column and row of every cell, row by row."""
    y, x = np.mgrid[:height, :width]
    return np.stack((x.ravel(), y.ravel())).astype(np.float32)
