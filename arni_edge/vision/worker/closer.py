"""Looks at a part of the picture once more, enlarged and turned: detectors miss people who lie.

They were trained on people who stand. Turned by a quarter, somebody who lies stands: on real pictures that
raised one from 0.37 to 0.87, and enlarging another from 0.11 to 0.55.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Closer, CloserLook
from arni_edge.vision.worker.background import Background

Picture = npt.NDArray[np.uint8]
_Matrix = npt.NDArray[np.float64]

# Of a look that nobody asks for without a reason, and that a second one must confirm.
_CONFIDENCE = 0.25
# Surer than this, no further view is needed.
_CERTAIN = 0.6
# Views of one part. Aslant only where what is looked at is about as high as wide: who lies along a side of
# the picture is found by the others.
_TURNS = (0, 90, 270)
_ASLANT = (45, -45)
_SQUARE = 1.7
# Height by width of who lies aslant, in the view that is turned to put them upright: who sits is not so long.
_LONG = 1.5
_GREY = (114, 114, 114)  # what detectors were trained to see beside a picture
# Of the part, so little changed is nobody: a person fills at least a fifth of what is looked at.
_NOTHING_NEW = 0.02
# Of a found person's own box: what has not changed at all was always there, be it as person-like as it may.
_ALWAYS_THERE = 0.15
_WELL_KNOWN = 0.85
# People are found best with some room around them.
_ROOM = 0.35
# Wider than high by this is the shape of one who lies; height by width in pixels.
_LYING_RATIO = 1.0
# Of the view: a smaller find is a hand or a shoe.
_FRAGMENT = 0.25
# Enlarging what is smaller than this many pixels gives mush.
_FEWEST_PIXELS = 8


class Eye(Protocol):
    """What is needed of the detector."""

    def people(self, picture: Picture, confidence: float | None = None) -> list[Box]:
        """Everybody in a picture who is as sure as that, in shares of this picture, the surest first."""
        ...


class CloserEye:
    """Answers wishes for a closer look at one camera's picture; costs up to five inferences a wish."""

    def __init__(self, detector: Eye, background: Background, views_at_once: int = 5) -> None:
        """Look through a detector.

        Args:
            detector: Its own boxes are in shares of what it is shown.
            background: Of the same camera, up to date with the picture that is looked at.
            views_at_once: So many inferences for one picture at most; what is left is not answered, and asked
                for again later.
        """
        self._detector = detector
        self._background = background
        self._views_at_once = views_at_once

    def look(self, picture: Picture, wishes: Sequence[CloserLook]) -> list[Closer]:
        """Look where it is wished.

        Args:
            picture: Height x width x 3, BGR, masked already.
            wishes: In the order of their urgency.

        Returns:
            An answer for every wish that was within the budget, in their order.
        """
        left = self._views_at_once
        answers: list[Closer] = []
        for wish in wishes:
            if left < len(_TURNS) + len(_ASLANT):
                break
            answer, used = self._answer(picture, wish)
            left -= used
            answers.append(answer)
        return answers

    def _answer(self, picture: Picture, wish: CloserLook) -> tuple[Closer, int]:
        changed, thing = self._background.changed(wish.box), self._background.thing(wish.box)
        self._background.keep(wish.box)
        found: _Found | None = None
        used = 0
        if changed is None or thing is not None or changed > _NOTHING_NEW:
            # What is new shows only where it is known how it was: with gaps, the whole part is looked at.
            gaps = self._background.known(wish.box) < _WELL_KNOWN
            found, used = self._person(picture, wish.box if thing is None or gaps else _with_room(thing))
        height, width = picture.shape[:2]
        person = None if found is None else found.box
        answer = Closer(
            id=wish.id,
            person=person,
            changed=changed,
            still=self._background.still(person or thing or wish.box),
            thing=thing,
            aspect=width / height,
            lies=found is not None and found.lies,
        )
        return answer, used

    def _person(self, picture: Picture, part: Box) -> tuple["_Found | None", int]:
        """The best person in any view, who lies rather than who stands; and how many views it took."""
        best: _Found | None = None
        views = _TURNS + (_ASLANT if _is_square(part, picture) else ())
        for used, turn in enumerate(views, start=1):
            for found in self._view(picture, part, turn):
                changed = self._background.changed(found.box)
                if changed is not None and changed < _ALWAYS_THERE:
                    continue
                if best is None or (found.lies, found.box.score) > (best.lies, best.box.score):
                    best = found
            if (
                best is not None
                and best.box.score >= _CERTAIN
                and (best.lies or not _is_square(part, picture))
            ):
                return best, used
        return best, len(views)

    def _view(self, picture: Picture, part: Box, turn: int) -> list["_Found"]:
        """Everybody in an enlarged and turned part."""
        height, width = picture.shape[:2]
        left, right = max(int(part.left * width), 0), int(np.ceil(part.right * width))
        top, bottom = max(int(part.top * height), 0), int(np.ceil(part.bottom * height))
        crop = picture[top:bottom, left:right]
        rows, columns = crop.shape[:2]
        if rows < _FEWEST_PIXELS or columns < _FEWEST_PIXELS:
            return []
        turned, back = _turned(crop, turn)
        found: list[_Found] = []
        for one in self._detector.people(turned, _CONFIDENCE):
            if max(one.right - one.left, one.bottom - one.top) < _FRAGMENT:
                continue
            box, long = _put_back(one, turned, back, aslant=turn in _ASLANT)
            box = replace(
                box,
                left=(left + box.left) / width,
                top=(top + box.top) / height,
                right=(left + box.right) / width,
                bottom=(top + box.bottom) / height,
            )
            # In a turned view only who lies counts: upright in the picture and lying in the view is nobody.
            lies = long if turn in _ASLANT else _lies(box, picture)
            if lies or not turn:
                found.append(_Found(box, lies))
        return found


@dataclass(frozen=True, slots=True)
class _Found:
    """Somebody, in shares of the whole picture."""

    box: Box
    lies: bool


def _turned(crop: Picture, turn: int) -> tuple[Picture, _Matrix]:
    """A part turned by some degrees, whole; and the way back for points, in pixels."""
    rows, columns = crop.shape[:2]
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), turn, 1.0)
    across, down = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = round(columns * across + rows * down), round(columns * down + rows * across)
    matrix[:, 2] += (size[0] - columns) / 2, (size[1] - rows) / 2
    if not turn:
        return crop, cv2.invertAffineTransform(matrix)
    return cv2.warpAffine(crop, matrix, size, borderValue=_GREY), cv2.invertAffineTransform(matrix)


def _put_back(box: Box, turned: Picture, back: _Matrix, *, aslant: bool) -> tuple[Box, bool]:
    """A box of a turned part in pixels of the part, and whether it is long and upright in the turned one."""
    rows, columns = turned.shape[:2]
    left, right, top, bottom = box.left * columns, box.right * columns, box.top * rows, box.bottom * rows
    across, down = right - left, bottom - top
    if aslant:
        # The corners of a slanting box lie far from the body; its axis and half its breadth do not.
        middle = (left + right) / 2
        points, margin = [(middle, top), (middle, bottom)], across / 3
    else:
        points, margin = [(left, top), (right, bottom)], 0.0
    (x0, y0), (x1, y1) = (back @ (x, y, 1.0) for x, y in points)
    placed = Box(
        float(min(x0, x1) - margin),
        float(min(y0, y1) - margin),
        float(max(x0, x1) + margin),
        float(max(y0, y1) + margin),
        box.score,
    )
    return placed, down >= _LONG * across


def _is_square(part: Box, picture: Picture) -> bool:
    height, width = picture.shape[:2]
    high, wide = (part.bottom - part.top) * height, (part.right - part.left) * width
    return bool(high < _SQUARE * wide and wide < _SQUARE * high)


def _lies(person: Box, picture: Picture) -> bool:
    height, width = picture.shape[:2]
    high, wide = (person.bottom - person.top) * height, (person.right - person.left) * width
    return bool(high < _LYING_RATIO * wide)


def _with_room(thing: Box) -> Box:
    across, down = _ROOM * (thing.right - thing.left), _ROOM * (thing.bottom - thing.top)
    return Box(
        max(thing.left - across, 0.0),
        max(thing.top - down, 0.0),
        min(thing.right + across, 1.0),
        min(thing.bottom + down, 1.0),
        thing.score,
    )
