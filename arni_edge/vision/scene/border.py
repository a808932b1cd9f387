"""The picture's border: who is cut by it, where such people stand, and who is about to go over it."""

import math

from arni_edge.vision.scene.geometry import Box, Point
from arni_edge.vision.scene.kalman import Sides

# Detectors end the box of somebody who is cut by the border up to this far inside it.
_BORDER = 0.02
# So fast the usual size of somebody follows what is seen of them: people come nearer, they do not grow.
_GROWTH_SECONDS = 2.0
# Less than this of somebody in the picture, and the rest is over the border: they are on their way out.
_SLIVER = 0.6
# Walking, in heights of the body per second.
_WALK = 1.0
_WIDTHS_PER_HEIGHT = 2.5
# After a longer time without looks nobody knows where somebody has come from.
_LONGEST_COMING = 0.5
# Out within this time if they go on like this.
_SOON_SECONDS = 2.0


def cut_by(box: Box) -> tuple[bool, bool, bool, bool]:
    """Which sides of a box are the picture's border: left, top, right, bottom."""
    return box.left <= _BORDER, box.top <= _BORDER, box.right >= 1 - _BORDER, box.bottom >= 1 - _BORDER


def can_have_come(box: Box, seconds: float) -> bool:
    """Whether somebody first seen here may have come over the border since the look before.

    Args:
        box: Theirs.
        seconds: So long ago that look was.
    """
    width, height = _WIDTHS_PER_HEIGHT * (box.right - box.left), box.bottom - box.top
    way = _WALK * min(seconds, _LONGEST_COMING)
    return any(cut_by(box)) or (
        min(box.left, 1 - box.right) <= way * width or min(box.top, 1 - box.bottom) <= way * height
    )


class Stature:
    """How large somebody is when nothing of them is cut off."""

    def __init__(self, box: Box) -> None:
        """Begin with what is seen of them now."""
        self._box = box
        self._width, self._height = box.right - box.left, box.bottom - box.top

    def see(self, box: Box, seconds: float) -> None:
        """They were seen again after so many seconds."""
        self._box = box
        share = 1 - math.exp(-max(0.0, seconds) / _GROWTH_SECONDS)
        left, top, right, bottom = cut_by(box)
        self._width = _follow(self._width, box.right - box.left, share, cut=left or right)
        self._height = _follow(self._height, box.bottom - box.top, share, cut=top or bottom)

    @property
    def foot(self) -> Point:
        """Where they stand. Half over the left or right border their middle is not the middle of the box."""
        left, _, right, _ = cut_by(self._box)
        if left == right:
            return self._box.foot
        middle = self._box.right - self._width / 2 if left else self._box.left + self._width / 2
        return middle, self._box.bottom

    def is_leaving(self, speed: Sides) -> bool:
        """Whether they are on their way over the border.

        Args:
            speed: Of the four sides of their box, in shares of the picture per second.
        """
        box = self._box
        if not any(cut_by(box)):
            return False
        seen = (box.right - box.left) * (box.bottom - box.top)
        return seen < _SLIVER * self._width * self._height or _seconds_to_leave(box, speed) < _SOON_SECONDS


def _follow(usual: float, seen: float, share: float, *, cut: bool) -> float:
    return max(usual, seen) if cut else usual + share * (seen - usual)


def _seconds_to_leave(box: Box, speed: Sides) -> float:
    """Until the side that is furthest from the border has reached it.

    As fast as the faster of the two sides: the one in the picture is unsteady where the detector sees half a
    body, and the one at the border cannot go on.
    """
    left, top, right, bottom = cut_by(box)
    ways = (
        (left, box.right, max(-speed[0], -speed[2])),
        (top, box.bottom, max(-speed[1], -speed[3])),
        (right, 1 - box.left, max(speed[0], speed[2])),
        (bottom, 1 - box.top, max(speed[1], speed[3])),
    )
    return min((way / pace for cut, way, pace in ways if cut and pace > 0), default=math.inf)
