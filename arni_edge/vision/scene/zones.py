"""Who is in which zone, without flickering at its edge."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.geometry import Box, Point, Region
from arni_edge.vision.scene.report import Track, ZoneView
from arni_edge.vision.scene.stay import Crowd, mean_stay

# Whoever is in a zone is out of it when their foot is this far outside, in sizes of the body (its width along
# the picture, half its height up and down): feet of boxes jump less than that.
_MARGIN = 0.25


class ZoneCounter:
    """The zones of one camera. Where they overlap, the first one owns the person."""

    def __init__(self, orders: Sequence[ZoneOrder]) -> None:
        """Begin with nobody anywhere."""
        self._regions = [Region(order.id, order.polygon) for order in orders]
        self._crowds = {order.id: Crowd(order.limit, order.crowded_seconds) for order in orders}
        self._members: dict[int, _Member] = {}
        self._known: set[int] = set()

    def saw(self, tracks: Sequence[Track], certain: Collection[int], at: float) -> dict[str, ZoneView]:
        """Take one look.

        Args:
            tracks: Who is there for certain enough to be counted.
            certain: Ids of those on whom an alarm may be staked.
            at: When.

        Returns:
            A view of every zone.
        """
        placed = [(track.id, self._place(track, at)) for track in tracks]
        self._members = {number: member for number, member in placed if member is not None}
        self._known = {track.id for track in tracks}
        views = {}
        for region in self._regions:
            members = {number: one for number, one in self._members.items() if one.zone == region.id}
            views[region.id] = ZoneView(
                count=len(members),
                confirmed=len(members.keys() & set(certain)),
                dwell_seconds=mean_stay([one.since for one in members.values()], at),
                crowded=self._crowds[region.id].saw(len(members), at),
            )
        return views

    def lost(self) -> None:
        """The camera was away: nobody is known to be anywhere."""
        self._members.clear()
        self._known.clear()

    def _place(self, track: Track, at: float) -> "_Member | None":
        member = self._members.get(track.id)
        for region in self._regions:
            stays = member is not None and member.zone == region.id
            if region.contains(track.box.foot) or (stays and _just_outside(region, track.box)):
                if stays:
                    return member
                return _Member(region.id, at if track.id in self._known else track.began_at)
        return None


@dataclass(frozen=True, slots=True)
class _Member:
    """Somebody in a zone, and since when."""

    zone: str
    since: float


def _just_outside(region: Region, box: Box) -> bool:
    """Whether a foot is so near to a zone that it may be the box that moved and not the person."""
    width, height = max(box.right - box.left, 1e-6), max((box.bottom - box.top) / 2, 1e-6)
    x, y = box.foot
    corners = [((px - x) / width, (py - y) / height) for px, py in region.polygon]
    return any(_from_origin(a, b) <= _MARGIN for a, b in pairwise([*corners, corners[0]]))


def _from_origin(a: Point, b: Point) -> float:
    """The distance of a segment from (0, 0)."""
    along = (b[0] - a[0], b[1] - a[1])
    length = along[0] ** 2 + along[1] ** 2
    share = 0.0 if length == 0 else min(1.0, max(0.0, -(a[0] * along[0] + a[1] * along[1]) / length))
    return math.hypot(a[0] + share * along[0], a[1] + share * along[1])
