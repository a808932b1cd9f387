"""Renders what a camera of the simulated gym sees, with the exact box of every person in the picture."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from arni_edge.simulator import figures, poses
from arni_edge.simulator.plan import CameraView, GymPlan, Point
from arni_edge.simulator.projection import Outline, Projected, foot_point, project
from arni_edge.simulator.scenery import Floats, Image, paint
from arni_edge.simulator.world import Scene

_NOISE_FRAMES = 6  # different grains that follow each other; more is not visible
_NOISE_MARGIN = 64  # pixels by which each grain is shifted at random: a sensor never repeats itself
_NOISE_SIGMA = 3.0  # of 255: a cheap sensor in a well-lit room
LAMPS_OFF = 0.5
"""Light from the street by day, when the lamps are off: this share of what it is with them."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One person on a picture.

    Attributes:
        box: In pixels, not clipped at the edges of the picture.
        foot: Bottom centre of the part on the picture (0..1): what truth counts by.
    """

    name: str
    box: Outline
    foot: Point


@dataclass(frozen=True, slots=True)
class Light:
    """How bright a picture is, its tint (factors for blue, green and red), and whether it is grey."""

    gain: float = 1.0
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grey: bool = False


@dataclass(frozen=True, slots=True)
class Rendering:
    """A picture in BGR and who is on it, the furthest first."""

    frame: Image
    people: tuple[Seen, ...]


class Renderer:
    """One camera. Not thread-safe: each camera's thread has its own."""

    def __init__(self, view: CameraView, plan: GymPlan, seed: int = 0) -> None:
        self.view = view
        self._scenery = paint(view, plan)
        self._shadow = figures.shadow()
        self._dice = np.random.default_rng(seed)
        self._noise = [self._grain() for _ in range(_NOISE_FRAMES)]
        self._frames = 0
        self._shifts = np.random.default_rng(seed)
        self._last: tuple[object, Image] | None = None

    def draw(self, scene: Scene, light: Light | None = None) -> Rendering:
        """The picture of this moment; one in which nothing has moved costs the sensor's noise alone."""
        bodies = [body for figure in scene.figures if (body := project(figure, self.view))]
        bodies.sort(key=lambda body: -body.distance)
        light = light or Light(1.0 if scene.lights_on else LAMPS_OFF * scene.daylight)
        looks = (tuple(body.figure for body in bodies), scene.leaf, light)
        if self._last is None or self._last[0] != looks:
            self._last = (looks, self._expose(self._paint(bodies, scene.leaf), light))
        people = tuple(self._seen(body) for body in bodies)
        return Rendering(self._add_noise(self._last[1]), people)

    def _paint(self, bodies: list[Projected], leaf: float) -> Image:
        """The picture before light and noise."""
        frame = self._scenery.picture.copy()
        for body in bodies:
            self._cast_shadow(frame, body)
        leaf_drawn = False
        for body in bodies:
            if not leaf_drawn and body.figure.y >= 0:
                self._draw_leaf(frame, leaf)
                leaf_drawn = True
            self._draw_body(frame, body)
        if not leaf_drawn:
            self._draw_leaf(frame, leaf)
        return frame

    def _seen(self, body: Projected) -> Seen:
        return Seen(body.figure.name, body.outline, foot_point(body, self.view))

    def _draw_body(self, frame: Image, body: Projected) -> None:
        """Draw a person, then put back what stands nearer to the camera."""
        window = self._window(body.outline)
        behind = frame[window].copy()
        figures.draw(frame, body)
        # Slant distance of the body's middle; 0.3 m of tolerance, because a body is not a plane.
        slant = float(np.hypot(body.distance, self.view.z - 0.9 * (1 - body.figure.down))) - 0.3
        hidden = self._scenery.distance[window] < slant
        # The floor in front of the feet is nearer than the body as well, but it hides nothing.
        hidden &= self._scenery.solid[window]
        if hidden.any():
            np.copyto(frame[window], behind, where=hidden[..., None])

    def _window(self, box: Outline) -> tuple[slice, slice]:
        x0, y0 = max(0, int(box.left) - 2), max(0, int(box.top) - 2)
        return slice(y0, max(y0, int(box.bottom) + 3)), slice(x0, max(x0, int(box.right) + 3))

    def _cast_shadow(self, frame: Image, body: Projected) -> None:
        figure = body.figure
        # Of somebody who lies the shadow is under the back, and as long as the body.
        back = 0.85 * figure.down
        foot = self.view.project(
            figure.x - back * math.sin(figure.heading), figure.y - back * math.cos(figure.heading)
        )
        if foot is None:  # nobody that near is drawn
            return
        scale = float(body.scale[poses.ANKLE_L : poses.ANKLE_R + 1].mean())
        box = body.outline
        half_width, half_height = max(2, round(0.42 * scale)), max(1, round(0.17 * scale))
        if figure.down:
            half_width = max(half_width, round(0.55 * figure.down * (box.right - box.left)))
            half_height = max(half_height, round(0.55 * figure.down * (box.bottom - box.top)))
        height, width = frame.shape[:2]
        x0, y0 = round(foot[0] * width) - half_width, round(foot[1] * height) - half_height
        left, top = max(0, x0), max(0, y0)
        right, bottom = min(width, x0 + 2 * half_width), min(height, y0 + 2 * half_height)
        if right <= left or bottom <= top:
            return
        factors = cv2.resize(self._shadow, (2 * half_width, 2 * half_height))
        part: Floats = factors[top - y0 : bottom - y0, left - x0 : right - x0]
        frame[top:bottom, left:right] = frame[top:bottom, left:right] * part[..., None]

    def _draw_leaf(self, frame: Image, swing: float) -> None:
        """The door: a frame of steel with a handle, hinged on the left seen from inside, opening inwards."""
        angle = swing * 1.45
        hinge, width = (0.95, 0.0), 1.9
        tip = (hinge[0] - width * np.cos(angle), hinge[1] + width * np.sin(angle))
        corners = [self.view.project(*p) for p in ((*hinge, 0.02), (*tip, 0.02), (*tip, 2.3), (*hinge, 2.3))]
        if any(corner is None for corner in corners):
            return
        size = (self.view.width, self.view.height)
        outline = np.array([[c[0] * size[0], c[1] * size[1]] for c in corners if c])
        if (outline.max(axis=0) < 0).any() or (outline.min(axis=0) > size).any():
            return
        cv2.polylines(frame, [np.round(outline * 16).astype(np.int32)], True, (70, 68, 66), 3, cv2.LINE_AA, 4)
        handle = self.view.project(hinge[0] + 0.93 * (tip[0] - hinge[0]), 0.93 * tip[1], 1.05)
        if handle:
            centre = (int(handle[0] * size[0]), int(handle[1] * size[1]))
            cv2.circle(frame, centre, 3, (200, 200, 205), -1, cv2.LINE_AA)

    def _expose(self, frame: Image, light: Light) -> Image:
        """The picture in this light."""
        if light.grey:
            frame = cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        factors = light.gain * np.array(light.tint, np.float32)
        if (factors != 1).any():
            steps = np.arange(256, dtype=np.float32)[:, None] * factors
            frame = cv2.LUT(frame, np.clip(steps, 0, 255).astype(np.uint8)[None])
        return frame

    def _add_noise(self, picture: Image) -> Image:
        """The picture with the sensor's noise, as a new one."""
        top, left = self._shifts.integers(0, _NOISE_MARGIN, 2)
        window = np.s_[top : top + self.view.height, left : left + self.view.width]
        brighter, darker = (grain[window] for grain in self._noise[self._frames % _NOISE_FRAMES])
        self._frames += 1
        # Two saturating byte operations cost a fifth of one in floating point.
        frame = cv2.add(picture, brighter)
        return np.asarray(cv2.subtract(frame, darker, frame), np.uint8)

    def _grain(self) -> tuple[Image, Image]:
        size = (self.view.height + _NOISE_MARGIN, self.view.width + _NOISE_MARGIN, 1)
        values = self._dice.normal(0, _NOISE_SIGMA, size)
        values = values.repeat(3, axis=2)
        brighter, darker = np.clip(values, 0, 20), np.clip(-values, 0, 20)
        return brighter.astype(np.uint8), darker.astype(np.uint8)
