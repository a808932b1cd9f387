"""The plan of the simulated gym: rooms, stations, and where its cameras hang.

Metres throughout. ``x`` runs along the shop front, ``y`` from the street into the building, ``z`` up. The
door is at the origin: pavement where ``y`` < 0, gym where ``y`` > 0. Two cameras hang back to back on one
beam; the door camera looks out at the door, the floor camera looks in at the training floor. The gym with
four has two more on that beam, one to each side: free weights on the left, mats on the right.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

Point = tuple[float, float]
Vector = tuple[float, float, float]
Polygon = tuple[Point, ...]
Line = tuple[Point, Point]


class Exercise(StrEnum):
    """What can be done at a station."""

    SQUAT = "squat"
    CURL = "curl"
    PRESS = "press"
    RUN = "run"
    STRETCH = "stretch"
    CRUNCH = "crunch"  # on one's back on a mat


ON_FEET = tuple(exercise for exercise in Exercise if exercise is not Exercise.CRUNCH)
"""Exercises at which the foot point stays where the station is."""


@dataclass(frozen=True, slots=True)
class Station:
    """A place where one person trains: a mat, and what the exercise needs unless one brings it along."""

    x: float
    y: float
    exercise: Exercise
    equipped: bool = True


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
        mats: Those of the zones in which people lie on purpose.
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
    mats: frozenset[str] = frozenset()
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
    """One gym: its stations and cameras, the size of its hall, and where parquet gives way to rubber."""

    stations: tuple[Station, ...]
    cameras: tuple[CameraView, ...]
    half_width: float = 9.0
    depth: float = 19.5
    rubber_from: float = 8.5

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
    spots = [(x, y) for y, row in _ROWS for x in row]
    stations = tuple(Station(x, y, ON_FEET[i % len(ON_FEET)]) for i, (x, y) in enumerate(spots))
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


# In the corners that the floor camera does not see, left and right of it; again nobody hides anybody.
_FREE_WEIGHTS = ((-6.2, 9.6), (-7.6, 11.8), (-7.9, 8.9), (-6.0, 11.4))
_MATS = ((6.1, 9.4), (7.9, 9.4), (6.4, 11.9), (8.1, 11.9))


def plan_with_four_cameras() -> GymPlan:
    """The same gym with an area for free weights and one with mats, and a camera for each.

    The pictures overlap: the cameras of both areas see a part of the training floor as well, from another
    side. The zones do not: each place on the floor belongs to one camera.
    """
    two = default_plan()
    with_dumbbells = (Exercise.CURL, Exercise.PRESS, Exercise.STRETCH)
    weights = tuple(
        Station(x, y, with_dumbbells[i % len(with_dumbbells)], equipped=False)
        for i, (x, y) in enumerate(_FREE_WEIGHTS)
    )
    mats = tuple(Station(x, y, Exercise.CRUNCH, equipped=False) for x, y in _MATS)
    # The rack in the left corner would stand in the middle of the new camera's way.
    floor = (replace(two.stations[0], equipped=False), *two.stations[1:])
    area = ((5.0, 8.2), (8.7, 8.2), (8.7, 13.4), (6.2, 13.4), (4.4, 10.6))
    left = CameraView(
        name="weights", x=-1.0, y=_BEAM, z=4.2, yaw=-67.0, pitch=27.0, field_of_view=75.0,
        areas={"weights": tuple((-x, y) for x, y in area)},
        thresholds={},
    )  # fmt: skip
    right = CameraView(
        name="floor2", x=1.0, y=_BEAM, z=4.2, yaw=67.0, pitch=27.0, field_of_view=75.0,
        areas={"mats": area},
        thresholds={}, mats=frozenset({"mats"}),
    )  # fmt: skip
    return GymPlan((*floor, *weights, *mats), (*two.cameras, left, right), rubber_from=3.6)
