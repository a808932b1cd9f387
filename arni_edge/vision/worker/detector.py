"""Finds people in a picture with any exported YOLOv8."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.worker.backends import Backend, Tensor
from arni_edge.vision.worker.layout import Head, Layout, read_layout
from arni_edge.vision.worker.stream import Picture

_GREY = 114  # what YOLOv8 was trained to see around a picture
# Two boxes that share more than this are one person; people side by side at a door share up to a half.
_SAME_PERSON = 0.6


@dataclass(frozen=True, slots=True)
class _Fit:
    """Where a picture lies inside the model's input, in pixels."""

    left: int
    top: int
    width: int
    height: int


class Detector:
    """One model, for all cameras; not to be used by two threads at once."""

    def __init__(self, backend: Backend, metadata: dict[str, str], confidence: float) -> None:
        """Check that the model is one that we understand, and let it look at a first, empty picture.

        Args:
            backend: The loaded model.
            metadata: The file's own description.
            confidence: Boxes below this are not people.

        Raises:
            InvalidInput: The model is not a YOLOv8 detector that knows people.
        """
        self.backend = backend.name
        self._run = backend.run
        self._confidence = confidence
        self.layout: Layout = read_layout(backend.inputs, backend.outputs, metadata)
        self._canvas: Picture = np.full((self.layout.height, self.layout.width, 3), _GREY, np.uint8)
        # The first run costs several times a later one, and shows the sizes that a file may leave open.
        self._head: Head = self.layout.head(backend.run(self._blob(self._canvas)).shape)

    def people(self, picture: Picture) -> list[Box]:
        """Everybody in the picture, the surest first."""
        fit = self._fit(picture)
        output = self._run(self._blob(self._letterbox(picture, fit)))[0]
        corners, scores = self._plain(output) if self._head is Head.PLAIN else self._end_to_end(output)
        return self._boxes(corners, scores, fit)

    def _fit(self, picture: Picture) -> _Fit:
        height, width = picture.shape[:2]
        scale = min(self.layout.width / width, self.layout.height / height)
        inner_width = max(1, round(width * scale))
        inner_height = max(1, round(height * scale))
        return _Fit(
            (self.layout.width - inner_width) // 2,
            (self.layout.height - inner_height) // 2,
            inner_width,
            inner_height,
        )

    def _letterbox(self, picture: Picture, fit: _Fit) -> Picture:
        """The picture in the middle of the model's input, grey around it."""
        self._canvas.fill(_GREY)
        target = self._canvas[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
        target[:] = cv2.resize(picture, (fit.width, fit.height), interpolation=cv2.INTER_LINEAR)
        return self._canvas

    def _blob(self, canvas: Picture) -> Tensor:
        """[1, 3, H, W] in RGB, 0..1."""
        blob: Tensor = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
        return blob

    def _plain(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Corners [n, 4] in input pixels and scores [n], one box per person."""
        scores = output[4 + self.layout.person]
        sure = scores >= self._confidence
        scores, (x, y, width, height) = scores[sure], output[:4, sure]
        corners = np.stack((x - width / 2, y - height / 2, x + width / 2, y + height / 2), axis=1)
        kept = _suppress(corners, scores, self._confidence)
        return corners[kept], scores[kept]

    def _end_to_end(self, output: Tensor) -> tuple[Tensor, Tensor]:
        sure = (output[:, 4] >= self._confidence) & (output[:, 5].round() == self.layout.person)
        return output[sure, :4], output[sure, 4]

    def _boxes(self, corners: Tensor, scores: Tensor, fit: _Fit) -> list[Box]:
        """Into shares of the picture, cut at its edges."""
        offset = np.array((fit.left, fit.top, fit.left, fit.top), np.float32)
        size = np.array((fit.width, fit.height, fit.width, fit.height), np.float32)
        shares = np.clip((corners - offset) / size, 0.0, 1.0)
        order = np.argsort(-scores)
        return [_box(shares[i], scores[i]) for i in order]


def _box(shares: Tensor, score: np.float32) -> Box:
    left, top, right, bottom = shares.tolist()
    return Box(left, top, right, bottom, float(score))


def _suppress(corners: Tensor, scores: Tensor, confidence: float) -> npt.NDArray[np.intp]:
    """Indices of the boxes that remain when each person keeps the surest one."""
    if not len(scores):
        return np.empty(0, np.intp)
    rectangles = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), axis=1)
    kept = cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), confidence, _SAME_PERSON)
    return np.asarray(kept, np.intp).reshape(-1)
