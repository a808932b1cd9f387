"""Draws one person into a picture: limbs as tapered shapes with the light from the left."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from arni_edge.simulator import poses
from arni_edge.simulator.people import Colour
from arni_edge.simulator.projection import Projected
from arni_edge.simulator.scenery import Floats, Image

_SHIFT = 4  # fractional bits of coordinates: without them limbs jump from pixel to pixel
_ONE = 1 << _SHIFT


def draw(image: Image, body: Projected) -> None:
    """Paint the person: the far side first, then torso and head, then the near side."""
    look = body.figure.look
    sleeve, leg = (look.top if look.long_sleeves else look.skin), (look.skin if look.shorts else look.bottoms)
    pen = _Pen(image, body)
    for side in pen.far_to_near():
        shade = 0.82 if side == 0 else 1.0
        pen.limb(poses.KNEE_L + side, poses.ANKLE_L + side, leg, shade)
        pen.limb(poses.HIP_L + side, poses.KNEE_L + side, look.bottoms, shade)
        pen.limb(poses.ANKLE_L + side, poses.TOE_L + side, look.shoes, shade)
    far, near = pen.far_to_near()
    _draw_arm(pen, far, look.top, sleeve, look.skin)
    pen.torso(look.top)
    if look.long_hair:
        hang = 0.06 * (1 - body.figure.down)  # the hair of somebody who lies does not hang down the picture
        pen.ball(poses.HEAD, look.hair, 1.0, (0.0, hang))
        pen.ball(poses.NECK, look.hair, 1.5, (0.0, -0.02))
    pen.limb(poses.NECK, poses.HEAD, look.skin, 0.85)
    _draw_head(pen, look.hair, look.skin)
    _draw_arm(pen, near, look.top, sleeve, look.skin)


def _draw_arm(pen: "_Pen", side: int, top: Colour, sleeve: Colour, skin: Colour) -> None:
    shade = 0.8 if side == 0 else 0.95
    pen.limb(poses.SHOULDER_L + side, poses.ELBOW_L + side, top, shade)
    pen.limb(poses.ELBOW_L + side, poses.HAND_L + side, sleeve, shade)
    pen.ball(poses.HAND_L + side, skin, 1.0, (0.0, 0.0))


def _draw_head(pen: "_Pen", hair: Colour, skin: Colour) -> None:
    """Hair all round, and a face on the side that looks at the camera."""
    pen.ball(poses.HEAD, hair, 1.0, (0.0, -0.015))
    towards, sideways = pen.facing()
    if towards > -0.25:
        pen.ball(poses.HEAD, skin, 0.8, (0.05 * sideways, 0.025))


class _Pen:
    """Draws shapes between a figure's joints."""

    def __init__(self, image: Image, body: Projected) -> None:
        self._image = image
        self._points = body.points
        self._radii = body.radii
        self._scale = body.scale
        self._fixed = np.round(body.points * _ONE).astype(np.int32)

    def far_to_near(self) -> tuple[int, int]:
        """Which side of the body to draw first: the one whose shoulder is smaller is further away."""
        left, right = self._scale[poses.SHOULDER_L], self._scale[poses.SHOULDER_R]
        return (0, 1) if left < right else (1, 0)

    def facing(self) -> tuple[float, float]:
        """How much the face is turned to the camera (-1..1), and to which side of the picture."""
        across = self._points[poses.SHOULDER_R] - self._points[poses.SHOULDER_L]
        width = 0.38 * self._scale[poses.NECK]
        towards = float(np.clip(-across[0] / width, -1, 1))
        toe = self._points[poses.TOE_L, 0] - self._points[poses.ANKLE_L, 0]
        return towards, float(np.clip(toe / (0.15 * self._scale[poses.ANKLE_L]), -1, 1))

    def limb(self, start: int, end: int, colour: Colour, shade: float) -> None:
        """A tapered, rounded stroke from one joint to another."""
        p, q = self._points[start], self._points[end]
        rp, rq = self._radii[start], self._radii[end]
        if start in (poses.HIP_L, poses.HIP_R):
            rp = rq * 1.35  # the joint's radius stands for the hips' width; the thigh is slimmer
        length = math.hypot(q[0] - p[0], q[1] - p[1])
        paint = _shaded(colour, shade)
        if length > 0.5:
            normal = np.array((p[1] - q[1], q[0] - p[0])) / length
            corners = np.array((p + normal * rp, q + normal * rq, q - normal * rq, p - normal * rp))
            self._fill(corners, paint)
        self._disc(start, rp, paint, (0, 0))
        self._disc(end, rq, paint, (0, 0))

    def ball(self, joint: int, colour: Colour, size: float, offset: tuple[float, float]) -> None:
        """A disc around a joint, moved by ``offset`` metres on the picture."""
        self._disc(joint, self._radii[joint] * size, colour, offset)

    def torso(self, colour: Colour) -> None:
        """Shoulders to hips, with a lighter stripe where the light falls."""
        corners = self._points[[poses.SHOULDER_L, poses.SHOULDER_R, poses.HIP_R, poses.HIP_L]]
        centre = corners.mean(axis=0)
        radius = self._radii[poses.SHOULDER_L]
        paint = _shaded(colour, 0.9)
        for joint in (poses.SHOULDER_L, poses.SHOULDER_R):
            self._disc(joint, radius, paint, (0, 0))
        for joint in (poses.HIP_L, poses.HIP_R):
            self._disc(joint, radius, paint, (0, 0))
        # From the side shoulders and hips are one line; the body is never thinner than the chest is deep.
        half = 0.11 * self._scale[poses.NECK]
        top, bottom = (corners[:2].mean(axis=0), corners[2:].mean(axis=0))
        spine = bottom - top
        lies_across = abs(spine[0]) > abs(spine[1])
        sideways = np.array((0.0, half) if lies_across else (half, 0.0))
        across = np.array((-sideways, sideways, 0.9 * sideways, -0.9 * sideways))
        self._fill(np.array((top, top, bottom, bottom)) + across, paint)
        outward = np.sign(corners - centre) * (radius, radius * 0.5)
        self._fill(corners + outward, paint)
        light = centre + (corners - centre) * (0.5, 0.9) - (radius * 0.5, 0)
        self._fill(light, _shaded(colour, 1.08))

    def _fill(self, corners: NDArray[np.float64], colour: Colour) -> None:
        polygon = cv2.convexHull(np.round(corners * _ONE).astype(np.int32))
        cv2.fillConvexPoly(self._image, polygon, colour, cv2.LINE_AA, _SHIFT)

    def _disc(self, joint: int, radius: float, colour: Colour, offset: tuple[float, float]) -> None:
        scale = self._scale[joint] * _ONE
        x = int(self._fixed[joint, 0] + offset[0] * scale)
        y = int(self._fixed[joint, 1] + offset[1] * scale)
        cv2.circle(self._image, (x, y), max(1, round(radius * _ONE)), colour, -1, cv2.LINE_AA, _SHIFT)


def _shaded(colour: Colour, shade: float) -> Colour:
    b, g, r = (min(255, int(channel * shade)) for channel in colour)
    return b, g, r


def shadow(size: int = 48) -> Floats:
    """A soft round shadow: factors to darken the floor with, to be stretched to an ellipse."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    r2 = axis[None, :] ** 2 + axis[:, None] ** 2
    return np.asarray(1 - 0.55 * np.clip(1 - r2, 0, 1), np.float32)
