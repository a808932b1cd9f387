"""Counts who comes and goes over the picture's border, where no lines are drawn."""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass

from arni_edge.vision.scene.border import can_have_come, cut_by
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Crossing, Direction, Track
from arni_edge.vision.scene.tracker import Ended, Followed

# Somebody who came over the border is in when it no longer cuts them, when so many times as much of them is
# in the picture as at first, or when they stay.
_GROWN = 1.5
_STAY_SECONDS = 2.0
_TOGETHER_SECONDS = 2.0


class BorderCounter:
    """The border of one camera's picture, as if it were one line around everything."""

    def __init__(self) -> None:
        """Begin before the first look."""
        self._coming: dict[int, _Coming] = {}
        self._inside: set[int] = set()
        self._looked = 0.0
        self._cut: deque[tuple[float, int]] = deque()

    def saw(self, followed: Followed, at: float) -> tuple[Crossing, ...]:
        """Take one look; gives who has come in for certain, and who has gone and not come back."""
        self._count_cut(followed.confirmed, at)
        crossed = [self._leave(ended) for ended in followed.ended]
        crossed += [self._come(track, followed, at) for track in followed.tracks]
        self._looked = at
        return tuple(one for one in crossed if one is not None)

    def lost(self) -> None:
        """The camera was away: whoever is there with its next picture was there already."""
        self.__init__()  # type: ignore[misc]

    def _come(self, track: Track, followed: Followed, at: float) -> Crossing | None:
        if track.id in self._inside:
            return None
        coming = self._coming.get(track.id)
        if coming is None:
            # Who was there before the camera, or appears in the middle of the room, has not come this way.
            if followed.first or not can_have_come(track.box, at - self._looked):
                self._inside.add(track.id)
                return None
            coming = self._coming[track.id] = _Coming(track.began_at, _area(track.box))
        grown = _area(track.box) >= _GROWN * coming.area or not any(cut_by(track.box))
        if not track.confirmed or not (grown or track.seen_at - coming.at >= _STAY_SECONDS):
            return None
        del self._coming[track.id]
        self._inside.add(track.id)
        return self._crossing(track.id, "in", coming.at, at)

    def _leave(self, ended: Ended) -> Crossing | None:
        number = ended.track.id
        came_in = number in self._inside
        self._inside.discard(number)
        self._coming.pop(number, None)
        # Lost in the middle of the room is not gone, and who only showed a shoulder was never in.
        if not (came_in and ended.left and ended.track.confirmed):
            return None
        return self._crossing(number, "out", ended.track.seen_at, ended.track.seen_at)

    def _crossing(self, number: int, direction: Direction, first: float, last: float) -> Crossing:
        around = [cut for at, cut in self._cut if first - _TOGETHER_SECONDS <= at <= last]
        return Crossing("", direction, first, number, max(around, default=1) or 1)

    def _count_cut(self, tracks: Collection[Track], at: float) -> None:
        self._cut.append((at, sum(any(cut_by(track.box)) for track in tracks)))
        while at - self._cut[0][0] > 4 * _TOGETHER_SECONDS:
            self._cut.popleft()


@dataclass(frozen=True, slots=True)
class _Coming:
    """Somebody who is still cut by the border that they came over.

    Attributes:
        at: When they were first seen.
        area: How much of them was seen then, in shares of the picture.
    """

    at: float
    area: float


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
