"""Whether somebody stands or lies, by the shape of their box over time, and whether they fell.

Measured on the box shapes of 15 real falls and 20 everyday sequences (UR Fall Detection Dataset), five looks
a second: who stands is 2 to 4 times as high as wide, who sits or squats 1.1 to 1.8, who lies 0.2 to 0.9.
Every fall took at most 1.0 s from 1.8 to below 0.9; lying down on purpose 1.6 s and more in six of eight.
"""

from collections import deque
from dataclasses import dataclass

from arni_edge.vision.scene.geometry import Box

_UPRIGHT = 1.8
_LYING = 0.9
# Who has begun to lie does so until the box is clearly higher than wide again.
_NOT_LYING = 1.2
_FALL_SECONDS = 1.3
# From sitting or worse to lying within two looks is a fall too: hardly anybody lies down that fast.
_DROP_FROM = 1.25
_DROP_SECONDS = 0.45
_LYING_HELD_SECONDS = 0.8
_LYING_HELD_AFTER_FALL_SECONDS = 0.3
_UPRIGHT_HELD_SECONDS = 1.0
# Who lies aslant has a box about as high as wide, as who sits has. A drop as fast as a fall to a box so much
# wider than before is reason enough for a closer look, and for no more.
_ASLANT = 1.25
_BROADER = 1.35
_ON_FEET = 1.4
_REMEMBERED_SECONDS = 15.0


def ratio(box: Box, aspect: float) -> float:
    """Height by width of a box in pixels.

    Args:
        box: In shares of the picture.
        aspect: The picture's width by its height in pixels.
    """
    return (box.bottom - box.top) / max((box.right - box.left) * aspect, 1e-6)


@dataclass(frozen=True, slots=True)
class _Sight:
    at: float
    box: Box
    ratio: float


class Posture:
    """Of one track.

    Attributes:
        first: Their first box.
        last: Their last box.
        last_at: When that was.
    """

    def __init__(self, first: Box) -> None:
        """Begin where somebody was first seen."""
        self.first = self.last = first
        self.last_at = float("-inf")
        self._sights: deque[_Sight] = deque()
        self._lying_from: float | None = None
        self._upright_from: float | None = None
        self._collapsed_from: float | None = None
        self._fell = False

    def saw(self, box: Box, at: float, aspect: float) -> None:
        """Take the next sight of them."""
        now = _Sight(at, box, ratio(box, aspect))
        lies = now.ratio < (_LYING if self._lying_from is None else _NOT_LYING)
        if lies and self._lying_from is None:
            self._lying_from, self._fell = at, self._dropped(at)
        elif not lies:
            self._lying_from = None
        if now.ratio < _ON_FEET:
            self._upright_from = None
        elif self._upright_from is None:
            self._upright_from = at
        if now.ratio >= _ASLANT:
            self._collapsed_from = None
        elif self._collapsed_from is None and self._collapses(now):
            self._collapsed_from = at
        self._sights.append(now)
        while at - self._sights[0].at > _REMEMBERED_SECONDS:
            self._sights.popleft()
        self.last, self.last_at = box, at

    def in_aspect(self, aspect: float) -> "Posture":
        """What the same sights mean in a picture of another shape."""
        anew = Posture(self.first)
        for sight in self._sights:
            anew.saw(sight.box, sight.at, aspect)
        return anew

    def _dropped(self, at: float) -> bool:
        """Whether they stood, or sat, so short a time ago that this is a fall."""
        return any(
            (one.ratio >= _UPRIGHT and at - one.at <= _FALL_SECONDS)
            or (one.ratio >= _DROP_FROM and at - one.at <= _DROP_SECONDS)
            for one in self._sights
        )

    def _collapses(self, now: _Sight) -> bool:
        width = now.box.right - now.box.left
        return any(
            one.ratio >= _UPRIGHT
            and now.at - one.at <= _FALL_SECONDS
            and width >= _BROADER * (one.box.right - one.box.left)
            for one in self._sights
        )

    @property
    def collapsed_since(self) -> float | None:
        """Since when they are down, lying or sitting, having come there fast; None until that was held."""
        since = self._collapsed_from
        return since if since is not None and self.last_at - since >= _LYING_HELD_SECONDS else None

    @property
    def fell(self) -> bool:
        """They lie, and came to lie as fast as only a fall is."""
        return self._fell and self._lying_from is not None

    @property
    def lying_since(self) -> float | None:
        """Since when they have been lying; None until that has been so for a moment."""
        if self._lying_from is None:
            return None
        held = _LYING_HELD_AFTER_FALL_SECONDS if self._fell else _LYING_HELD_SECONDS
        return self._lying_from if self.last_at - self._lying_from >= held else None

    @property
    def upright(self) -> bool:
        """They have not been lying for a second or more; they may sit."""
        return self._upright_from is not None and self.last_at - self._upright_from >= _UPRIGHT_HELD_SECONDS

    @property
    def stood(self) -> bool:
        """They were seen on their feet, or sitting, within the last seconds."""
        return any(one.ratio >= _DROP_FROM for one in self._sights)

    def standing(self, aspect: float) -> Box:
        """Their box when they last stood upright, or what it would be, from their length as they lie."""
        upright = [one.box for one in self._sights if one.ratio >= _UPRIGHT]
        if upright:
            # The nearest upright box in time: who comes closer grows.
            return upright[-1]
        last = self.last
        height = max(last.bottom - last.top, (last.right - last.left) * aspect)
        half = height * _WIDTH_OF_HEIGHT / aspect / 2
        middle = (last.left + last.right) / 2
        return Box(middle - half, last.bottom - height, middle + half, last.bottom, last.score)


_WIDTH_OF_HEIGHT = 0.37
"""Of the box of somebody who stands."""
