"""Counts who goes through a line, once in each direction."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.vision.orders import LineOrder
from arni_edge.vision.scene.border import Stature
from arni_edge.vision.scene.geometry import Point
from arni_edge.vision.scene.report import Crossing, Direction, Track
from arni_edge.vision.scene.tracker import Ended, Followed

# In sizes of the body: its width along the picture, half its height up and down.
_DEAD_BAND = 0.2  # nearer to the line than this nobody is on either side: feet of boxes jump that much
_NEAR = 2.5  # who is that near takes part in what happens at the line
_MARGIN = 0.5  # somebody whose foot passes beside the end of the line still brushes it
# Who is still beyond the line at a look so much later is there for certain. Who is lost there before, too.
_SECONDS = 0.15
_TOGETHER_SECONDS = 2.0

_EPSILON = 1e-6


class LineCounter:
    """One line of one camera. From the left of it to its right, along its points, is in."""

    def __init__(self, order: LineOrder) -> None:
        """Begin with nobody on either side."""
        self._id = order.id
        (self._x, self._y), (end_x, end_y) = order.points
        across, down = end_x - self._x, end_y - self._y
        self._length = math.hypot(across, down)
        self._along = across / self._length, down / self._length
        self._walkers: dict[int, _Walker] = {}
        self._near: deque[tuple[float, int]] = deque()

    def saw(self, followed: Followed, at: float) -> tuple[Crossing, ...]:
        """Take one look; gives who has crossed for certain since the last one."""
        self._count_near(followed.confirmed, at)
        crossed = [self._end(ended) for ended in followed.ended]
        crossed += [self._follow(track, at) for track in followed.tracks if track.seen_at >= at]
        return tuple(one for one in crossed if one is not None)

    def lost(self) -> None:
        """The camera was away: nobody knows who is on which side."""
        self._walkers.clear()
        self._near.clear()

    def _follow(self, track: Track, at: float) -> Crossing | None:
        walker = self._walkers.get(track.id)
        if walker is None:
            # Where somebody is first seen is where they come from, be it on the line.
            stature = Stature(track.box)
            right = self._off(stature.foot) > 0
            self._walkers[track.id] = _Walker(stature, at, right=right, foot=stature.foot)
            return None
        walker.stature.see(track.box, at - walker.at)
        walker.at = at
        foot = walker.stature.foot
        off = self._off(foot)
        if abs(off) <= _DEAD_BAND * self._size(track, self._across):
            return None
        if (off > 0) == walker.right:
            walker.foot, walker.beyond = foot, None
            return None
        if walker.beyond is None:
            walker.beyond = _Beyond(at, foot, self._is_through(walker.foot, foot, track))
        walker.beyond.foot = foot
        if not track.confirmed or at - walker.beyond.since < _SECONDS - _EPSILON:
            return None
        return self._cross(track.id, walker, walker.beyond)

    def _end(self, ended: Ended) -> Crossing | None:
        """Somebody is followed no longer; if they were last seen beyond the line, that is where they went."""
        walker = self._walkers.pop(ended.track.id, None)
        if walker is None or walker.beyond is None or not ended.track.confirmed:
            return None
        return self._cross(ended.track.id, walker, walker.beyond)

    def _cross(self, track: int, walker: "_Walker", beyond: "_Beyond") -> Crossing | None:
        walker.right, walker.foot, walker.beyond = not walker.right, beyond.foot, None
        if not beyond.through:
            return None
        direction: Direction = "in" if walker.right else "out"
        since = beyond.since - _TOGETHER_SECONDS
        together = max((number for at, number in self._near if at >= since), default=0)
        return Crossing(self._id, direction, beyond.since, track, max(1, together))

    def _count_near(self, tracks: Sequence[Track], at: float) -> None:
        near = sum(self._is_near(track) for track in tracks)
        self._near.append((at, near))
        while self._near and at - self._near[0][0] > 2 * _TOGETHER_SECONDS:
            self._near.popleft()

    # --- geometry -----------------------------------------------------------------------------------------

    @property
    def _across(self) -> Point:
        return -self._along[1], self._along[0]

    def _off(self, foot: Point) -> float:
        """How far to the right of the line, in shares of the picture."""
        return self._along[0] * (foot[1] - self._y) - self._along[1] * (foot[0] - self._x)

    def _place(self, foot: Point) -> float:
        """How far along the line, in shares of the picture; 0 is its first point."""
        return self._along[0] * (foot[0] - self._x) + self._along[1] * (foot[1] - self._y)

    def _size(self, track: Track, direction: Point) -> float:
        """The size of a body in a direction, in shares of the picture."""
        box = track.box
        return abs(direction[0]) * (box.right - box.left) + abs(direction[1]) * (box.bottom - box.top) / 2

    def _is_through(self, before: Point, after: Point, track: Track) -> bool:
        """Whether the way from one foot to the other leads between the two points of the line."""
        off, there = self._off(before), self._off(after)
        share = off / (off - there)
        place = self._place(before) + share * (self._place(after) - self._place(before))
        margin = _MARGIN * self._size(track, self._along)
        return -margin <= place <= self._length + margin

    def _is_near(self, track: Track) -> bool:
        foot = track.box.foot
        beside = _NEAR * self._size(track, self._along)
        near = abs(self._off(foot)) <= _NEAR * self._size(track, self._across)
        return near and -beside <= self._place(foot) <= self._length + beside


@dataclass(slots=True)
class _Beyond:
    """Somebody seen on the other side, not yet for certain.

    Attributes:
        since: When first.
        foot: Where last.
        through: They came there between the two points of the line, not around it.
    """

    since: float
    foot: Point
    through: bool


@dataclass(slots=True)
class _Walker:
    """Somebody at a line.

    Attributes:
        stature: How large they are.
        at: When they were last seen.
        right: On which side they are, until the other is certain.
        foot: Where they were last seen there.
        beyond: They have been seen on the other side since.
    """

    stature: Stature
    at: float
    right: bool
    foot: Point
    beyond: _Beyond | None = None
