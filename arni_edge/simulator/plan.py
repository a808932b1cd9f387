"""The plan of the simulated gym: rooms, stations, and where its two cameras hang.

Metres throughout. ``x`` runs along the shop front, ``y`` from the street into the building, ``z`` up. The
door is at the origin: pavement where ``y`` < 0, gym where ``y`` > 0. Both cameras hang back to back on one
beam; the door camera looks out at the door, the floor camera looks in at the training floor.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

Point = tuple[float, float]
Vector = tuple[float, float, float]
Polygon = tuple[Point, ...]
Line = tuple[Point, Point]


class Exercise(StrEnum):
    """What can be done at a station: all on one's feet, so that the foot point stays on the floor."""

    SQUAT = "squat"
    CURL = "curl"
    PRESS = "press"
    RUN = "run"
    STRETCH = "stretch"


@dataclass(frozen=True, slots=True)
class Station:
    """A place where one person trains."""

    x: float
    y: float
    exercise: Exercise


@dataclass(frozen=True)
class CameraView:
    """A pinhole camera and what is drawn on its picture.

    Attributes:
        name: Also the path of its stream.
        x: Where it hangs.
        y: Where it hangs.
        z: How high it hangs.
        yaw: Degrees; 0 looks into the building, 180 looks out at the street.
        pitch: Degrees downwards.
        field_of_view: Degrees from the left to the right edge.
        areas: Zones as polygons on the floor of the room.
        thresholds: Counting lines on the floor; whoever goes from the left of the line (seen from its first
            to its second point on the picture) to its right, goes in.
        width: Of the picture, in pixels.
        height: Of the picture, in pixels.
    """

    name: str
    x: float
    y: float
    z: float
    yaw: float
    pitch: float
    field_of_view: float
    areas: dict[str, Polygon]
    thresholds: dict[str, Line]
    width: int = 640
    height: int = 360

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2 / math.tan(math.radians(self.field_of_view) / 2)

    @property
    def axes(self) -> tuple[Vector, Vector, Vector]:
        """Unit vectors of the camera in the room: right, down, forward."""
        yaw, pitch = math.radians(self.yaw), math.radians(self.pitch)
        sy, cy, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
        return (cy, -sy, 0.0), (-sy * sp, -cy * sp, -cp), (sy * cp, cy * cp, -sp)

    def project(self, x: float, y: float, z: float = 0.0) -> Point | None:
        """Where a point of the room is on the picture (0..1 inside it), or None behind the camera."""
        offset = (x - self.x, y - self.y, z - self.z)
        right, down, depth = (sum(a * b for a, b in zip(offset, axis, strict=True)) for axis in self.axes)
        if depth < 0.1:
            return None
        return 0.5 + self.focal * right / depth / self.width, 0.5 + self.focal * down / depth / self.height

    @cached_property
    def zones(self) -> dict[str, Polygon]:
        """The zones as polygons on the picture, as an installer would have drawn them."""
        return {
            name: tuple(self._on_picture(*corner) for corner in area) for name, area in self.areas.items()
        }

    @property
    def lines(self) -> dict[str, Line]:
        """The counting lines on the picture."""
        return {
            name: (self._on_picture(*start), self._on_picture(*end))
            for name, (start, end) in self.thresholds.items()
        }

    def _on_picture(self, x: float, y: float) -> Point:
        point = self.project(x, y)
        if point is None:
            raise ValueError(f"({x}, {y}) is behind camera {self.name!r}")
        return round(point[0], 4), round(point[1], 4)


@dataclass(frozen=True)
class GymPlan:
    """One gym: its stations and cameras, and the size of its hall."""

    stations: tuple[Station, ...]
    cameras: tuple[CameraView, ...]
    half_width: float = 9.0
    depth: float = 19.5

    def camera(self, name: str) -> CameraView:
        """The camera of that name."""
        return next(view for view in self.cameras if view.name == name)


def contains(polygon: Polygon, point: Point) -> bool:
    """Whether a point is inside a polygon (even-odd rule)."""
    px, py = point
    inside = False
    for (x0, y0), (x1, y1) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y0 > py) != (y1 > py) and px < x0 + (py - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


# Seen from the floor camera, neighbouring rows stand in each other's gaps: the boxes of people who train
# overlap little, so that the truth of a picture can be seen in it.
_ROWS = (
    (11.5, (-3.8, -1.9, 0.0, 1.9, 3.8)),
    (14.0, (-3.9, -1.3, 1.3, 3.9)),
    (17.5, (-7.0, -3.5, 0.0, 3.5, 7.0)),
)
_BEAM = 6.5


def default_plan() -> GymPlan:
    """The gym that every scenario is played in: fourteen stations, cameras at the door and over the floor."""
    exercises = tuple(Exercise)
    spots = [(x, y) for y, row in _ROWS for x in row]
    stations = tuple(Station(x, y, exercises[i % len(exercises)]) for i, (x, y) in enumerate(spots))
    door = CameraView(
        name="door", x=0.0, y=_BEAM, z=3.2, yaw=180.0, pitch=22.0, field_of_view=80.0,
        areas={"entrance": ((-3.0, 0.3), (3.0, 0.3), (3.0, 3.1), (-3.0, 3.1))},
        thresholds={"door": ((1.1, 0.0), (-1.1, 0.0))},
    )  # fmt: skip
    floor = CameraView(
        name="floor", x=0.0, y=_BEAM, z=4.2, yaw=0.0, pitch=27.0, field_of_view=75.0,
        areas={
            "floor": ((-4.0, 10.4), (4.0, 10.4), (8.2, 17.0), (8.2, 19.2), (-8.2, 19.2), (-8.2, 17.0)),
        },
        thresholds={},
    )  # fmt: skip
    return GymPlan(stations, (door, floor))
