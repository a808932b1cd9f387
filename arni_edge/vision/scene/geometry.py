"""Boxes, points and regions: plain geometry in shares of the picture (0..1, y down)."""

from dataclasses import dataclass

Point = tuple[float, float]

# A foot this close to an edge stands on it: boxes that are cut by the picture's edge end exactly on 1.0, and
# so do zones that an installer has drawn to the edge.
_ON_EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Box:
    """A person in the picture, in shares of its width and height.

    Attributes:
        left: 0..1.
        top: 0..1.
        right: 0..1, not less than left.
        bottom: 0..1, not less than top.
        score: The detector's confidence, 0..1.
    """

    left: float
    top: float
    right: float
    bottom: float
    score: float

    @property
    def foot(self) -> Point:
        """Where the person stands: the middle of the lower edge."""
        return (self.left + self.right) / 2, self.bottom


@dataclass(frozen=True, slots=True)
class Region:
    """A zone as the worker knows it."""

    id: str
    polygon: tuple[Point, ...]

    def contains(self, point: Point) -> bool:
        """Whether a point is inside or on the edge (even-odd rule)."""
        corners = self.polygon
        inside = False
        for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
            if _on_segment(point, a, b):
                return True
            if (a[1] > point[1]) != (b[1] > point[1]):
                crossing = a[0] + (point[1] - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
                inside ^= point[0] < crossing
        return inside


def _on_segment(point: Point, a: Point, b: Point) -> bool:
    along = (b[0] - a[0], b[1] - a[1])
    to = (point[0] - a[0], point[1] - a[1])
    if abs(along[0] * to[1] - along[1] * to[0]) > _ON_EDGE:
        return False
    reach = along[0] * to[0] + along[1] * to[1]
    return -_ON_EDGE <= reach <= along[0] ** 2 + along[1] ** 2 + _ON_EDGE
