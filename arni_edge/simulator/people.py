"""The people of the simulated gym: how they look and how they walk."""

import math
import random
from dataclasses import dataclass, field
from enum import StrEnum

from arni_edge.simulator.plan import Exercise, Point, Station

Colour = tuple[int, int, int]  # blue, green, red: the order of OpenCV

WALKING_SPEED = 1.4  # metres a second, an adult's usual pace
_STEP_FREQUENCY = 1.9  # strides' phase per metre, in units of π

_SKIN: tuple[Colour, ...] = ((170, 195, 235), (140, 175, 220), (105, 140, 190), (70, 100, 150), (45, 65, 105))
_HAIR: tuple[Colour, ...] = (
    (20, 22, 28), (35, 50, 75), (60, 110, 160), (110, 170, 205), (130, 130, 135), (40, 60, 140),
)  # fmt: skip
_TOPS: tuple[Colour, ...] = (
    (60, 60, 200), (190, 110, 40), (70, 150, 60), (235, 235, 235), (35, 35, 40), (40, 170, 225),
    (150, 60, 140), (200, 190, 90), (120, 120, 125), (110, 60, 230),
)  # fmt: skip
_BOTTOMS: tuple[Colour, ...] = (
    (40, 35, 35), (90, 60, 40), (110, 110, 110), (60, 60, 90), (160, 150, 140), (120, 70, 30),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks like, for as long as they are in the gym."""

    height: float
    build: float
    skin: Colour
    hair: Colour
    top: Colour
    bottoms: Colour
    shoes: Colour
    long_hair: bool
    long_sleeves: bool
    shorts: bool

    @classmethod
    def random(cls, dice: random.Random) -> "Look":
        """Somebody."""
        return cls(
            height=dice.uniform(1.58, 1.95),
            build=dice.uniform(0.88, 1.18),
            skin=dice.choice(_SKIN),
            hair=dice.choice(_HAIR),
            top=_shade(dice, dice.choice(_TOPS)),
            bottoms=_shade(dice, dice.choice(_BOTTOMS)),
            shoes=dice.choice(_TOPS),
            long_hair=dice.random() < 0.4,
            long_sleeves=dice.random() < 0.35,
            shorts=dice.random() < 0.4,
        )


def _shade(dice: random.Random, colour: Colour) -> Colour:
    b, g, r = (max(15, min(245, channel + dice.randint(-25, 25))) for channel in colour)
    return b, g, r


class Stage(StrEnum):
    """How far somebody's visit has come."""

    ARRIVING = "arriving"
    WAITING = "waiting"  # on the pavement, not trying the door
    QUEUEING = "queueing"  # at the door, trying it
    PASSING_IN = "passing in"
    WALKING = "walking"  # to a station
    TRAINING = "training"
    TO_EXIT = "to exit"
    PASSING_OUT = "passing out"
    GOING = "going"


@dataclass(frozen=True, slots=True)
class Figure:
    """One person at one moment: everything that a camera can see of them."""

    name: str
    look: Look
    x: float
    y: float
    heading: float
    phase: float
    walking: bool
    exercise: Exercise | None


@dataclass(slots=True)
class Person:
    """Somebody on their visit. The world moves them; everybody else only looks.

    Attributes:
        heading: Radians; 0 faces into the building (+y), a positive angle turns to the right (+x).
        phase: Of the movement they make now, in radians.
    """

    name: str
    look: Look
    x: float
    y: float
    heading: float = 0.0
    phase: float = 0.0
    stage: Stage = Stage.ARRIVING
    station: Station | None = None
    path: list[Point] = field(default_factory=list)

    @property
    def inside(self) -> bool:
        """Whether they are past the threshold."""
        return self.y > 0

    @property
    def arrived(self) -> bool:
        """Whether they stand where they wanted to go."""
        return not self.path

    def stands_at(self, spot: Point) -> bool:
        """Whether they have reached a spot."""
        return (self.x, self.y) == spot

    def figure(self) -> Figure:
        """What a camera sees."""
        exercise = self.station.exercise if self.stage is Stage.TRAINING and self.station else None
        return Figure(
            self.name, self.look, self.x, self.y, self.heading, self.phase, bool(self.path), exercise
        )

    def move(self, dt: float) -> None:
        """Walk on along the path, or go on with the exercise."""
        if not self.path:
            # Two seconds for a repetition, and a slow sway for somebody who waits.
            self.phase += dt * (math.pi if self.stage is Stage.TRAINING else 0.8)
            return
        reach = WALKING_SPEED * dt
        while self.path and reach > 0:
            reach -= self._walk_towards(self.path[0], reach)

    def _walk_towards(self, spot: Point, reach: float) -> float:
        """Go as far as ``reach`` towards a spot; returns the metres walked."""
        dx, dy = spot[0] - self.x, spot[1] - self.y
        distance = math.hypot(dx, dy)
        walked = min(reach, distance)
        if distance > reach:
            self.x += dx * reach / distance
            self.y += dy * reach / distance
        else:
            self.x, self.y = spot
            self.path.pop(0)
        if walked:
            self.heading = math.atan2(dx, dy)
            self.phase += walked * _STEP_FREQUENCY * math.pi
        return walked
