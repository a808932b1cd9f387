"""Finds people in pictures with any model whose contract we understand."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.worker.backends import Backend, Tensor
from arni_edge.vision.worker.heads import reader_for
from arni_edge.vision.worker.layout import Layout, read_layout
from arni_edge.vision.worker.letterbox import Fit, Letterbox, Prepared
from arni_edge.vision.worker.stream import Picture

LOWEST_SCORE = 0.1
"""What the tracker still wants to hear of: such a box may carry somebody on who is known already."""

# Two boxes that share more than this are one person; people side by side at a door share up to a half.
_SAME_PERSON = 0.6
# The surest so many candidates are looked at; suppression costs their square.
_MOST_CANDIDATES = 500


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model said of some pictures.

    Attributes:
        candidates: Per picture [5, N], in memory of their own.
        fits: Per picture, where it lay in the model's input.
    """

    candidates: tuple[Tensor, ...]
    fits: tuple[Fit, ...]


class Detector:
    """One model, for all cameras.

    ``prepare`` and ``boxes`` may be called by any thread beside any other; ``infer``, and what contains it,
    by one thread at a time.

    Attributes:
        backend: The library that runs the model.
        device: Where it runs: cpu, gpu, npu, cuda, tensorrt.
        batch: So many pictures at once are worth while.
        notice: What the owner should know, for instance why a faster device is not used; empty if all is
            well.
        layout: The model's contract.
    """

    def __init__(self, backend: Backend, metadata: dict[str, str], confidence: float) -> None:
        """Check that the model is one that we understand, and let it look at a first, empty picture.

        Args:
            backend: The loaded model.
            metadata: The file's own description.
            confidence: Boxes below this are not given.

        Raises:
            InvalidInput: It is no detector that we understand, or knows no persons.
        """
        self.backend = backend.name
        self.device = backend.device
        self.notice = backend.notice
        self._run = backend.run
        self._confidence = confidence
        self.layout: Layout = read_layout(backend.inputs, backend.outputs, metadata)
        self.batch = backend.batch if self.layout.many else 1
        # The first run costs several times a later one, and shows the sizes that a file may leave open. What
        # there is to be seen does not matter: grey is grey on any scale.
        blob: Tensor = np.full((1, 3, self.layout.height, self.layout.width), 0.5, np.float32)
        empty = backend.run(blob)
        self.head = self.layout.head(empty.shape)
        self._reader = reader_for(self.head, self.layout, empty[0])
        self._letterbox = Letterbox(self.layout, self.head)

    def prepare(self, picture: Picture) -> Prepared:
        """First stage: one picture as the model wants it.

        Args:
            picture: [height, width, 3] in BGR, of any size; only read.
        """
        return self._letterbox.prepare(picture)

    def infer(self, prepared: Sequence[Prepared]) -> Outputs:
        """Second stage: run the model, with ``batch`` pictures at once."""
        candidates: list[Tensor] = []
        for first in range(0, len(prepared), self.batch):
            blobs = [one.blob for one in prepared[first : first + self.batch]]
            answer = self._run(blobs[0] if len(blobs) == 1 else np.concatenate(blobs))
            candidates.extend(self._reader.pick(of_one) for of_one in answer)
        return Outputs(tuple(candidates), tuple(one.fit for one in prepared))

    def boxes(self, outputs: Outputs, confidence: float | None = None) -> list[list[Box]]:
        """Third stage: people of each picture, the surest first.

        Args:
            outputs: Of ``infer``.
            confidence: Boxes below this are not given; the detector's own if None.
        """
        lowest = self._confidence if confidence is None else confidence
        pairs = zip(outputs.candidates, outputs.fits, strict=True)
        return [self._of_one(candidates, fit, lowest) for candidates, fit in pairs]

    def people(self, picture: Picture, confidence: float | None = None) -> list[Box]:
        """Everybody in one picture, the surest first."""
        return self.people_in([picture], confidence)[0]

    def people_in(self, pictures: Sequence[Picture], confidence: float | None = None) -> list[list[Box]]:
        """Everybody in each of some pictures, the surest first."""
        return self.boxes(self.infer([self.prepare(picture) for picture in pictures]), confidence)

    def _of_one(self, candidates: Tensor, fit: Fit, lowest: float) -> list[Box]:
        scores = candidates[4]
        which = np.flatnonzero(scores >= lowest)
        which = which[np.argsort(-scores[which])][:_MOST_CANDIDATES]
        if not len(which):
            return []
        corners, scores = self._reader.corners(candidates, which), scores[which]
        if not self._reader.suppressed:
            kept = _suppress(corners, scores)
            corners, scores = corners[kept], scores[kept]
        return _in_shares(corners, scores, fit)


def _suppress(corners: Tensor, scores: Tensor) -> npt.NDArray[np.intp]:
    """Indices of the boxes that remain when each person keeps the surest one, the surest first."""
    if len(corners) == 1:
        return np.zeros(1, np.intp)
    rectangles = np.concatenate((corners[:, :2], corners[:, 2:] - corners[:, :2]), axis=1)
    kept = cv2.dnn.NMSBoxes(rectangles.tolist(), scores.tolist(), 0.0, _SAME_PERSON)
    return np.asarray(kept, np.intp).reshape(-1)


def _in_shares(corners: Tensor, scores: Tensor, fit: Fit) -> list[Box]:
    """Boxes in shares of the picture, cut at its edges; what lies outside, or nowhere, is nobody."""
    offset = np.array((fit.left, fit.top, fit.left, fit.top), np.float32)
    size = np.array((fit.width, fit.height, fit.width, fit.height), np.float32)
    shares = np.clip((corners - offset) / size, 0.0, 1.0)
    return [
        Box(left, top, right, bottom, score)
        for (left, top, right, bottom), score in zip(shares.tolist(), scores.tolist(), strict=True)
        if left < right and top < bottom  # also false for what is no number
    ]
