"""Where a person is on a camera's picture: joints, exact box, and the zone that they count for."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from arni_edge.simulator import poses
from arni_edge.simulator.people import Figure
from arni_edge.simulator.plan import CameraView, Point, contains

# Radius of the body around each joint, in metres, in the order of the rows of a pose.
RADII = np.array(
    (0.125, 0.06, 0.07, 0.07, 0.05, 0.05, 0.045, 0.045, 0.1, 0.1, 0.065, 0.065, 0.05, 0.05, 0.045, 0.045)
)
_NEAREST = 0.5  # metres before the lens, below which a picture is only blur


@dataclass(frozen=True, slots=True)
class Outline:
    """A box around a figure, in pixels, not clipped at the edges of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def clipped(self, view: CameraView) -> "Outline":
        """The part of it on the picture."""
        return Outline(
            max(0.0, self.left),
            max(0.0, self.top),
            min(view.width, self.right),
            min(view.height, self.bottom),
        )


@dataclass(frozen=True, slots=True)
class Projected:
    """A figure on a picture.

    Attributes:
        points: Joints in pixels.
        scale: Pixels per metre at each joint.
        distance: Of the figure's foot point from the camera, in metres, along the floor.
    """

    figure: Figure
    points: NDArray[np.float64]
    scale: NDArray[np.float64]
    distance: float

    @property
    def radii(self) -> NDArray[np.float64]:
        """Radius of the body around each joint, in pixels."""
        return np.asarray(RADII * self.scale * self.figure.look.build)

    @property
    def outline(self) -> Outline:
        """The exact box: joints with the radius of what is drawn around them."""
        radii = self.radii[:, None]
        low, high = (self.points - radii).min(axis=0), (self.points + radii).max(axis=0)
        return Outline(float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def project(figure: Figure, view: CameraView) -> Projected | None:
    """The figure on the picture, or None when it is outside it or behind the camera."""
    joints = poses.pose(figure) - (view.x, view.y, view.z)
    right, down, depth = (joints @ axis for axis in view.axes)
    if depth.min() < _NEAREST:
        return None
    scale = view.focal / depth
    points = np.stack((view.width / 2 + right * scale, view.height / 2 + down * scale), axis=1)
    if (points.max(axis=0) < 0).any() or (points.min(axis=0) >= (view.width, view.height)).any():
        return None
    return Projected(figure, points, scale, math.hypot(figure.x - view.x, figure.y - view.y))


def foot_point(body: Projected, view: CameraView) -> Point:
    """The bottom centre of the box on the picture (0..1): what zones and lines go by."""
    box = body.outline.clipped(view)
    return (box.left + box.right) / 2 / view.width, box.bottom / view.height


def zone_of(figure: Figure, view: CameraView) -> str | None:
    """The zone that a figure counts for: the vision worker's own rule, applied to the exact box."""
    body = project(figure, view)
    if body is None:
        return None
    foot = foot_point(body, view)
    return next((name for name, polygon in view.zones.items() if contains(polygon, foot)), None)
