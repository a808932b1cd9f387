"""From a picture to what a model wants to see. Nothing is shared: any thread may prepare beside another."""

from dataclasses import dataclass

import cv2
import numpy as np

from arni_edge.vision.worker.backends.base import Tensor
from arni_edge.vision.worker.layout import Head, Layout
from arni_edge.vision.worker.stream import Picture

_GREY = 114  # what both families were trained to see around a picture


@dataclass(frozen=True, slots=True)
class Fit:
    """Where a picture lies inside the model's input, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """One picture as the model wants it.

    Attributes:
        blob: [1, 3, H, W], contiguous.
        fit: Where the picture lies in it.
    """

    blob: Tensor
    fit: Fit


class Letterbox:
    """Makes pictures fit one model: size, place, order of colours, scale."""

    def __init__(self, layout: Layout, head: Head) -> None:
        self._height, self._width = layout.height, layout.width
        yolox = head is Head.YOLOX
        self._centred = not yolox
        self._planes = (0, 1, 2) if yolox else (2, 1, 0)  # of a BGR picture
        self._scale = np.float32(1.0 if yolox else 1 / 255)

    def empty(self) -> Prepared:
        """Nothing but grey."""
        blob: Tensor = np.full((1, 3, self._height, self._width), _GREY * self._scale, np.float32)
        return Prepared(blob, Fit(0, 0, self._width, self._height))

    def prepare(self, picture: Picture) -> Prepared:
        """The picture in the model's input, grey around it.

        Planes of bytes are split first and become floats one by one: a tenth of what the usual
        ``cv2.dnn.blobFromImage`` takes (0.06 ms instead of 0.70 at 192x320, 0.21 instead of 2.75 at 384x640).

        Args:
            picture: [height, width, 3] in BGR; only read.
        """
        fit = self._fit(*picture.shape[:2])
        if picture.shape[:2] != (fit.height, fit.width):
            picture = cv2.resize(picture, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
        if (fit.height, fit.width) == (self._height, self._width):
            blob: Tensor = np.empty((1, 3, self._height, self._width), np.float32)
        else:
            blob = self.empty().blob
        inside = blob[0, :, fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
        planes = cv2.split(picture)
        for target, plane in zip(inside, self._planes, strict=True):
            np.multiply(planes[plane], self._scale, out=target)
        return Prepared(blob, fit)

    def _fit(self, height: int, width: int) -> Fit:
        scale = min(self._width / width, self._height / height)
        inner_width = max(1, round(width * scale))
        inner_height = max(1, round(height * scale))
        left = (self._width - inner_width) // 2 if self._centred else 0
        top = (self._height - inner_height) // 2 if self._centred else 0
        return Fit(left, top, inner_width, inner_height)
