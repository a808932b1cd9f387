"""The empty gym as a camera sees it: rendered once per camera by casting a ray through every pixel.

Ray casting gives exact perspective and, for free, the distance of every pixel: figures are hidden behind
equipment by comparing distances (see ``render.py``). It costs about a second when a camera starts and nothing
afterwards.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from arni_edge.simulator.people import Colour
from arni_edge.simulator.plan import CameraView, Exercise, GymPlan, Station

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

_SUPERSAMPLING = 2  # rays per pixel and axis, against jagged edges
_CEILING = 4.6
_FAR = 60.0
_STREET_WALL = -9.0  # the houses opposite


@dataclass(frozen=True, slots=True)
class _Block:
    """A cuboid of equipment or shop front."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Scenery:
    """An empty picture.

    Attributes:
        distance: Of each pixel from the camera, in metres.
        solid: Whether a pixel belongs to something that stands up and can hide a person.
    """

    picture: Image
    distance: Floats
    solid: NDArray[np.bool_]


_MOST_KEPT = 8
_kept: dict[str, Scenery] = {}


def paint(view: CameraView, plan: GymPlan) -> Scenery:
    """Render what stands still; kept, as it takes most of a second and is the same for the same view.

    Returns:
        Not to be written.
    """
    key = repr((view, plan))
    scenery = _kept.get(key)
    if scenery is None:
        if len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept)), None)
        scenery = _kept[key] = _painted(view, plan)
    return scenery


def _painted(view: CameraView, plan: GymPlan) -> Scenery:
    width, height = view.width * _SUPERSAMPLING, view.height * _SUPERSAMPLING
    rays = _rays(view, width, height)
    origin = np.array((view.x, view.y, view.z), np.float32)
    distance = np.full((height, width), _FAR, np.float32)
    picture = np.full((height, width, 3), (215, 200, 185), np.float32)  # the sky over the street
    _paint_hall(plan, origin, rays, picture, distance)
    hall = distance.copy()
    for block in _equipment(plan):
        _paint_block(block, view, origin, rays, picture, distance)
    small = cv2.resize(picture, (view.width, view.height), interpolation=cv2.INTER_AREA)
    every = slice(None, None, _SUPERSAMPLING)
    near = np.ascontiguousarray(distance[every, every])
    # A mat is nearer than the floor by a hair; only what rises above it hides anything.
    solid = hall[every, every] - near > 0.1
    scenery = Scenery(np.clip(small, 0, 255).astype(np.uint8), near, solid)
    for part in (scenery.picture, scenery.distance, scenery.solid):
        part.setflags(write=False)
    return scenery


def _rays(view: CameraView, width: int, height: int) -> Floats:
    """Unit direction of the ray through each pixel."""
    right, down, forward = (np.array(axis, np.float32) for axis in view.axes)
    scale = view.focal * width / view.width
    u = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / scale
    v = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / scale
    rays = forward + u[None, :, None] * right + v[:, None, None] * down
    return np.asarray(rays / np.linalg.norm(rays, axis=2, keepdims=True), np.float32)


def _paint_hall(plan: GymPlan, origin: Floats, rays: Floats, picture: Floats, distance: Floats) -> None:
    """Floor, ceiling, walls, and the street behind the glass front."""
    for axis, at in ((2, 0.0), (2, _CEILING), (0, -plan.half_width), (0, plan.half_width), (1, plan.depth),
                     (1, _STREET_WALL)):  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (at - origin[axis]) / rays[..., axis]
        hit = (t > 0.01) & (t < distance)
        points = origin + rays * np.where(hit, t, 0)[..., None]
        indoors = points[..., 1] > 0
        if axis == 0 or (axis == 2 and at):
            hit &= indoors
        elif axis == 2:
            hit &= indoors | (np.abs(points[..., 0]) < _FAR)
        colours = _surface(axis, at, points, plan.rubber_from)
        picture[hit] = colours[hit]
        distance[hit] = t[hit]


def _surface(axis: int, at: float, p: Floats, rubber_from: float) -> Floats:
    """Colours of one plane of the hall at the points where rays hit it."""
    x, y, z = p[..., 0], p[..., 1], p[..., 2]
    if axis == 2 and at == 0:
        return _ground(x, y, rubber_from)
    if axis == 2:
        lamp = (np.abs((x % 4) - 2) < 0.25) & (np.abs((y % 5) - 2.5) < 1.6)
        return np.where(lamp[..., None], _vector(250, 250, 245), _vector(150, 150, 148))
    if axis == 1 and at < 0:
        window = (np.abs((x % 2.6) - 1.3) < 0.55) & (np.abs((z % 2.9) - 1.6) < 0.8)
        return np.where(window[..., None], _vector(120, 105, 95), _vector(130, 165, 190))
    along = x if axis == 1 else y
    # Walls: plaster over a dark skirting, a coloured stripe, and a joint every three metres.
    colour = np.where((z < 0.25)[..., None], _vector(60, 58, 56), _vector(196, 200, 202))
    colour = np.where((np.abs(z - 1.9) < 0.2)[..., None], _vector(70, 120, 215), colour)
    joint = ((along % 3.0) < 0.04)[..., None]
    return np.asarray(np.where(joint, colour * 0.8, colour) * _grain(along, z, 0.04), np.float32)


def _ground(x: Floats, y: Floats, rubber_from: float) -> Floats:
    """Rubber tiles in the gym, parquet at the entrance, paving stones and asphalt outside."""
    speckle = _grain(x, y, 0.16)
    tile = (((np.floor(x / 1.0) + np.floor(y / 1.0)) % 2) * 7)[..., None]
    rubber = _vector(78, 74, 72) + tile
    board = ((np.floor(x / 0.22) * 37 + np.floor(y / 1.4) * 17) % 23)[..., None]
    parquet = _vector(92, 128, 160) + board
    joint = (((x % 0.6) < 0.03) | ((y % 0.6) < 0.03))[..., None]
    paving = np.where(joint, _vector(120, 120, 120), _vector(165, 168, 170))
    asphalt = np.full((*x.shape, 3), 88, np.float32)
    colour = np.where((y > rubber_from)[..., None], rubber, parquet)
    colour = np.where((y < 0)[..., None], paving, colour)
    colour = np.where((y < -3.4)[..., None], asphalt, colour)
    mat = (np.abs(x) < 1.1) & (y > 0.1) & (y < 1.0)
    colour = np.where(mat[..., None], _vector(55, 52, 60), colour)
    return np.asarray(colour * speckle, np.float32)


def _vector(*values: float) -> Floats:
    return np.array(values, np.float32)


def _grain(a: Floats, b: Floats, strength: float) -> Floats:
    """A speckle fixed to the surface: hashed from the coordinates in steps of 4 cm."""
    cells = np.sin(np.floor(a * 25) * 12.9898 + np.floor(b * 25) * 78.233) * 43758.5453
    return np.asarray((1 + strength * ((cells - np.floor(cells)) - 0.5))[..., None], np.float32)


def _equipment(plan: GymPlan) -> list[_Block]:
    """What stands about: low or behind the person who uses it, as seen from the floor camera."""
    blocks: list[_Block] = []
    for station in plan.stations:
        blocks += _station(station)
    steel: Colour = (70, 68, 66)
    # The shop front: posts with glass between them, a low sill and the beam over the door.
    for x in (-8.9, -6.9, -4.9, -2.9, -1.0, 1.0, 2.9, 4.9, 6.9, 8.9):
        blocks.append(_Block((x - 0.05, -0.06, 0.0), (x + 0.05, 0.06, 2.7), steel))
    blocks.append(_Block((-9.0, -0.06, 2.55), (9.0, 0.06, 4.6), (190, 188, 184)))
    # A counter and plants in the entrance, out of everybody's way.
    blocks.append(_Block((-7.0, 1.0, 0.0), (-4.2, 1.8, 1.1), (90, 130, 170)))
    for x in (3.6, 5.4):
        blocks.append(_Block((x, 0.4, 0.0), (x + 0.5, 0.9, 0.5), (90, 100, 120)))
        blocks.append(_Block((x - 0.1, 0.3, 0.5), (x + 0.6, 1.0, 1.3), (60, 120, 70)))
    return blocks


def _station(station: Station) -> list[_Block]:
    x, y, exercise = station.x, station.y, station.exercise
    steel: Colour = (55, 52, 50)
    back = y + 0.75
    mat = _Block((x - 0.6, y - 0.7, 0.0), (x + 0.6, y + 0.7, 0.02), (120, 92, 60))
    if exercise is Exercise.STRETCH or not station.equipped:
        return [mat]
    if exercise is Exercise.RUN:
        deck = _Block((x - 0.4, y - 0.8, 0.0), (x + 0.4, y + 0.8, 0.04), (30, 30, 32))
        post = _Block((x - 0.45, back, 0.0), (x + 0.45, back + 0.1, 1.15), (95, 90, 90))
        return [deck, post, _Block((x - 0.3, back - 0.05, 1.1), (x + 0.3, back + 0.1, 1.4), (190, 120, 40))]
    if exercise is Exercise.SQUAT:
        posts = [
            _Block((x + s - 0.05, back, 0.0), (x + s + 0.05, back + 0.1, 2.0), steel) for s in (-0.65, 0.65)
        ]
        return [mat, *posts, _Block((x - 0.95, back, 1.35), (x + 0.95, back + 0.06, 1.41), (170, 170, 170))]
    rack = [_Block((x - 0.7, back, z), (x + 0.7, back + 0.35, z + 0.14), (40, 40, 160)) for z in (0.25, 0.6)]
    return [mat, _Block((x - 0.7, back + 0.1, 0.0), (x + 0.7, back + 0.2, 0.8), steel), *rack]


def _paint_block(
    block: _Block, view: CameraView, origin: Floats, rays: Floats, picture: Floats, distance: Floats
) -> None:
    """One cuboid by the slab method, only where its corners say that it can be."""
    window = _window(block, view, distance.shape)
    if window is None:
        return
    part, low, high = rays[window], _vector(*block.low), _vector(*block.high)
    with np.errstate(divide="ignore", invalid="ignore"):
        t0, t1 = (low - origin) / part, (high - origin) / part
    enter, leave = np.minimum(t0, t1), np.maximum(t0, t1)
    first, last = enter.max(axis=2), leave.min(axis=2)
    hit = (first < last) & (first > 0.01) & (first < distance[window])
    # Light from above and slightly from the left: top bright, front medium, sides dark.
    shade = _vector(0.62, 0.85, 1.15)[enter.argmax(axis=2)]
    picture[window][hit] = (_vector(*block.colour) * shade[..., None])[hit]
    distance[window][hit] = first[hit]


def _window(block: _Block, view: CameraView, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    corners = [
        view.project(x, y, z)
        for x in (block.low[0], block.high[0])
        for y in (block.low[1], block.high[1])
        for z in (block.low[2], block.high[2])
    ]
    seen = [corner for corner in corners if corner]
    if len(seen) < len(corners):
        return None  # partly behind the camera: nothing of ours that matters stands there
    height, width = shape[:2]
    x0, x1 = (math.floor(edge(u for u, _ in seen) * width) for edge in (min, max))
    y0, y1 = (math.floor(edge(v for _, v in seen) * height) for edge in (min, max))
    if x1 < 0 or y1 < 0 or x0 >= width or y0 >= height:
        return None
    return slice(max(0, y0), min(height, y1 + 2)), slice(max(0, x0), min(width, x1 + 2))
