"""The simulated gym as it really is: a door, people, and the truth that cameras are measured against.

The world owns its time: it changes only in :meth:`World.step`, in sub-steps of a fixed length, so that the
same calls give the same evening again. It belongs to one thread; what camera threads may see is
:attr:`World.scene`, an immutable picture of the present that every step replaces.
"""

import random
from dataclasses import dataclass
from typing import Literal

from arni_edge.domain.clock import Clock
from arni_edge.simulator.door_leaf import DoorLeaf
from arni_edge.simulator.people import Figure, Look, Person, Stage
from arni_edge.simulator.plan import GymPlan, Point
from arni_edge.simulator.projection import zone_of

__all__ = ["Crossing", "DoorLeaf", "Scene", "Truth", "World"]

_SUB_STEP = 0.05  # 7 cm of walking: nobody can jump the threshold or a zone's edge unseen
_DOOR_LINE = "door"
_CLEAR = 0.8  # metres beyond the threshold at which the doorway is free for the next person

_AT_DOOR: Point = (0.0, -0.6)
# Where people wait for the doorway to be free: side by side along the shop front, near the door first.
_EXIT_SPOTS: tuple[Point, ...] = tuple((-0.9 - 0.8 * i, 1.1 + 0.05 * i) for i in range(200))
_OFF_STAGE = 9.0  # pavement beyond the door camera's view


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed a counting line."""

    at: float
    line: str
    direction: Literal["in", "out"]
    person: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What is so, at one moment of the monotonic clock."""

    at: float
    counts: dict[str, int]
    inside: int


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a camera can see at one moment. ``leaf`` is how far the door leaf stands open, 0..1."""

    figures: tuple[Figure, ...]
    leaf: float
    lights_on: bool


class World:
    """One gym, its people and its door.

    Attributes:
        people: Everybody who is in the picture or in the gym, in the order of arrival.
        crossings: Every passage through the door so far.
        lights_on: Whether the lamps of the gym burn; a relay may switch them.
        scene: What cameras see; safe to read from any thread.
    """

    def __init__(self, plan: GymPlan, clock: Clock, seed: int = 0) -> None:
        self.plan = plan
        self.door = DoorLeaf()
        self.people: list[Person] = []
        self.crossings: list[Crossing] = []
        self.lights_on = True
        self._clock = clock
        self._dice = random.Random(seed)
        self._queue: list[Person] = []
        self._leaving: list[Person] = []
        self._passing: Person | None = None
        self._rest = 0.0
        self._stepped_at = clock.monotonic()
        self.scene = self._look()

    @property
    def inside(self) -> int:
        """People past the threshold."""
        return sum(person.inside for person in self.people)

    def person(self, name: str) -> Person | None:
        """The person of that name, while they are there."""
        return next((person for person in self.people if person.name == name), None)

    def truth(self) -> Truth:
        """Exact counts per zone by the vision worker's rule: bottom centre of the box in the polygon."""
        counts = {zone: 0 for view in self.plan.cameras for zone in view.areas}
        for view in self.plan.cameras:
            for person in self.people:
                zone = zone_of(person.figure(), view)
                if zone:
                    counts[zone] += 1
        return Truth(self._clock.monotonic(), counts, self.inside)

    def arrive(self, name: str) -> Person:
        """Somebody comes along the pavement and waits in front of the door, without trying it."""
        if self.person(name):
            raise ValueError(f"{name} is already here")
        side = self._dice.choice((-1, 1))
        person = Person(name, Look.random(self._dice), side * 7.0, -2.0, phase=self._dice.uniform(0, 6.28))
        taken = {p.path[-1] if p.path else (p.x, p.y) for p in self.people}
        person.path.append(next(spot for spot in _waiting_spots(side) if spot not in taken))
        self.people.append(person)
        return person

    def place(self, name: str) -> Person:
        """Put somebody at a free station at once: for scenes that begin with a full gym."""
        person = self.arrive(name)
        self._go_train(person)
        person.x, person.y = person.path[-1]
        person.path.clear()
        self._settle(person)
        return person

    def send_in(self, name: str) -> None:
        """Let somebody try the door now, and pass it as soon as it opens."""
        person = self._known(name)
        if person.stage in (Stage.ARRIVING, Stage.WAITING):
            person.stage = Stage.QUEUEING
            self._queue.append(person)
            self._line_up()

    def send_out(self, name: str) -> None:
        """Let somebody end their visit: from inside through the door, from the pavement straight away."""
        person = self._known(name)
        if person.stage in (Stage.ARRIVING, Stage.WAITING, Stage.QUEUEING):
            if person in self._queue:
                self._queue.remove(person)
                self._line_up()
            self._walk_off(person)
        elif person.stage in (Stage.WALKING, Stage.TRAINING, Stage.PASSING_IN):
            # Somebody on the threshold goes in first: the doorway has no room to turn round in.
            if person.stage is not Stage.PASSING_IN:
                self._turn_to_exit(person)
            self._leaving.append(person)

    def advance(self) -> None:
        """Step by the time that has passed on the clock since the last call."""
        now = self._clock.monotonic()
        self.step(now - self._stepped_at)
        self._stepped_at = now

    def step(self, dt: float) -> None:
        """Let ``dt`` seconds pass."""
        self._rest += dt
        while self._rest >= _SUB_STEP - 1e-9:
            self._rest -= _SUB_STEP
            self._sub_step(_SUB_STEP)
        self.scene = self._look()

    def _sub_step(self, dt: float) -> None:
        for person in self.people:
            before = person.inside
            person.move(dt)
            if person.inside is not before:
                direction: Literal["in", "out"] = "in" if person.inside else "out"
                self.crossings.append(Crossing(self._clock.monotonic(), _DOOR_LINE, direction, person.name))
        self._doorway()
        self.door.step(dt)
        for person in tuple(self.people):
            self._arrivals(person)

    def _doorway(self) -> None:
        """One person at a time; who leaves goes first, because the way out is never blocked."""
        if self._passing:
            self.door.open()
            if self._passing.stage is Stage.PASSING_IN:
                clear = self._passing.y > _CLEAR
            else:
                clear = self._passing.y < -_CLEAR
            if clear:
                self._passing = None
            return
        leaver = next((p for p in self._leaving if p.stage is Stage.TO_EXIT and p.arrived), None)
        if leaver:
            self._leaving.remove(leaver)
            self._pass(leaver, Stage.PASSING_OUT, [(-0.1, 0.6), (-0.1, -1.2)])
        elif self._queue and self._queue[0].stands_at(_AT_DOOR) and self.door.yields:
            self._pass(self._queue.pop(0), Stage.PASSING_IN, [(0.1, 0.6), (0.6, 1.6)])
            self._line_up()

    def _pass(self, person: Person, stage: Stage, path: list[Point]) -> None:
        self._passing, person.stage, person.path = person, stage, path
        self.door.open()

    def _arrivals(self, person: Person) -> None:
        """What somebody does next who has reached the end of their path."""
        if not person.arrived:
            return
        if person.stage is Stage.ARRIVING:
            person.stage, person.heading = Stage.WAITING, 0.0
        elif person.stage is Stage.QUEUEING:
            person.heading = 0.0
        elif person.stage is Stage.PASSING_IN:
            if person in self._leaving:
                self._turn_to_exit(person)
            else:
                self._go_train(person)
        elif person.stage is Stage.WALKING:
            self._settle(person)
        elif person.stage is Stage.PASSING_OUT:
            self._walk_off(person)
        elif person.stage is Stage.GOING:
            self.people.remove(person)

    def _go_train(self, person: Person) -> None:
        taken = {p.station for p in self.people if p.station}
        free = [station for station in self.plan.stations if station not in taken]
        person.stage = Stage.WALKING
        person.station = self._dice.choice(free) if free else None
        # A full gym: whoever finds no station waits under the beam, where neither camera looks.
        x, y = (person.station.x, person.station.y) if person.station else (2.0, 6.5)
        person.path = [(0.6, 4.0), (x, y)]

    def _settle(self, person: Person) -> None:
        person.stage = Stage.TRAINING
        person.heading = self._dice.uniform(-3.1, 3.1)

    def _turn_to_exit(self, person: Person) -> None:
        person.stage, person.station = Stage.TO_EXIT, None
        taken = {p.path[-1] if p.path else (p.x, p.y) for p in self.people if p.stage is Stage.TO_EXIT}
        person.path = [(-0.7, 4.0), next(spot for spot in _EXIT_SPOTS if spot not in taken)]

    def _walk_off(self, person: Person) -> None:
        person.stage = Stage.GOING
        side = 1 if person.x >= 0 else -1
        person.path = [(person.x, -2.4), (side * _OFF_STAGE, -2.4)]

    def _line_up(self) -> None:
        for place, person in enumerate(self._queue):
            # Beside the door rather than in a row behind each other, so that the camera sees everybody.
            spot = (-0.95 * place, -0.6 - 0.2 * place) if place else _AT_DOOR
            person.path = [spot]

    def _known(self, name: str) -> Person:
        person = self.person(name)
        if person is None:
            raise ValueError(f"{name} is not here")
        return person

    def _look(self) -> Scene:
        return Scene(tuple(person.figure() for person in self.people), self.door.swing, self.lights_on)


def _waiting_spots(side: int) -> list[Point]:
    near = [(side * x, -1.7) for x in (1.6, 2.7, 3.8)] + [(-side * x, -1.7) for x in (1.6, 2.7, 3.8)]
    return near + [(side * (4.9 + 0.9 * i), -1.7) for i in range(40)]
