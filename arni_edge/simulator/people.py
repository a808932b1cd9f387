"""The people of the simulated gym: how they look and how they walk."""

import math
import random
from dataclasses import dataclass, field
from enum import StrEnum

from arni_edge.simulator.plan import Exercise, Point, Station

Colour = tuple[int, int, int]  # blue, green, red: the order of OpenCV

WALKING_SPEED = 1.4  # metres a second, an adult's usual pace
_STEP_FREQUENCY = 1.9  # strides' phase per metre, in units of π
_FALL_SECONDS, _LIE_DOWN_SECONDS, _RISE_SECONDS = 0.7, 2.5, 3.0

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
    TURNING_BACK = "turning back"  # in the doorway: a look or a step inside, and out again
    HOLDING = "holding"  # outside in front of the door, keeping it open
    GOING = "going"


@dataclass(frozen=True, slots=True)
class Figure:
    """One person at one moment: everything that a camera can see of them.

    Attributes:
        heading: Radians; 0 faces into the building (+y), a positive angle turns to the right (+x).
        phase: Of the movement they make now, in radians.
        down: How far they have gone down on their back, 0 (upright) to 1 (flat); the feet stay in place.
    """

    name: str
    look: Look
    x: float
    y: float
    heading: float
    phase: float
    walking: bool
    exercise: Exercise | None
    down: float = 0.0


@dataclass(slots=True)
class Person:
    """Somebody on their visit. The world moves them; everybody else only looks.

    Attributes:
        heading: As in a figure.
        phase: As in a figure.
        down: As in a figure.
        fallen: They lie where they did not want to, and do not move.
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
    down: float = 0.0
    fallen: bool = False

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
        busy = self._trains and (not self.down or self.lies_down_to_train)
        exercise = self.station.exercise if busy and self.station else None
        walking = bool(self.path) and not self.down
        return Figure(
            self.name, self.look, self.x, self.y, self.heading, self.phase, walking, exercise, self.down
        )

    def move(self, dt: float) -> None:
        """Walk on along the path, or go on with the exercise; who is down gets up first."""
        if self.fallen:
            self.down = min(1.0, self.down + dt / _FALL_SECONDS)
            return
        if self._trains and self.lies_down_to_train:
            self.down = min(1.0, self.down + dt / _LIE_DOWN_SECONDS)
        elif self.down:
            self.down = max(0.0, self.down - dt / _RISE_SECONDS)
            return
        if not self.path:
            # Two seconds for a repetition, and a slow sway for somebody who waits.
            self.phase += dt * (math.pi if self.stage is Stage.TRAINING else 0.8)
            return
        reach = WALKING_SPEED * dt
        while self.path and reach > 0:
            reach -= self._walk_towards(self.path[0], reach)

    @property
    def lies_down_to_train(self) -> bool:
        """Whether what they do at their station is done on one's back."""
        return self.station is not None and self.station.exercise is Exercise.CRUNCH

    @property
    def _trains(self) -> bool:
        return self.stage is Stage.TRAINING and not self.fallen

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
