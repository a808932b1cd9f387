"""The simulated gym as it really is: a door, people, and the truth that cameras are measured against.

The world owns its time: it changes only in :meth:`World.step`, in sub-steps of a fixed length, so that the
same calls give the same evening again. It belongs to one thread; what camera threads may see is
:attr:`World.scene`, an immutable picture of the present that every step replaces.
"""

import math
import random
from dataclasses import dataclass
from typing import Literal

from arni_edge.domain.clock import Clock
from arni_edge.simulator.door_leaf import DoorLeaf
from arni_edge.simulator.doorway import Doorway
from arni_edge.simulator.people import Figure, Look, Person, Stage
from arni_edge.simulator.plan import GymPlan, Point
from arni_edge.simulator.projection import zone_of
from arni_edge.simulator.truth import Crossing, Fall, Opening, Truth

__all__ = ["Crossing", "DoorLeaf", "Scene", "Truth", "World"]

_SUB_STEP = 0.05  # 7 cm of walking: nobody can jump the threshold or a zone's edge unseen
_DOOR_LINE = "door"

# Where people wait for the doorway to be free: side by side along the shop front, near the door first.
_EXIT_SPOTS: tuple[Point, ...] = tuple((-0.9 - 0.8 * i, 1.1 + 0.05 * i) for i in range(200))
_FOOT_OF_MAT = 0.8  # metres from its middle
_OFF_STAGE = 9.0  # pavement beyond the door camera's view


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything a camera can see at one moment.

    Attributes:
        leaf: How far the door leaf stands open, 0..1.
        daylight: How much light comes in from the street, 0 (deep night) to 1.
    """

    figures: tuple[Figure, ...]
    leaf: float
    lights_on: bool
    daylight: float = 1.0


class World:
    """One gym, its people and its door.

    Attributes:
        people: Everybody who is in the picture or in the gym, in the order of arrival.
        crossings: Every passage through the door so far.
        falls: Everybody who fell so far.
        lights_on: Whether the lamps of the gym burn; a relay may switch them.
        daylight: As in a scene.
        scene: What cameras see; safe to read from any thread.
    """

    def __init__(self, plan: GymPlan, clock: Clock, seed: int = 0) -> None:
        self.plan = plan
        self.door = DoorLeaf()
        self.people: list[Person] = []
        self.crossings: list[Crossing] = []
        self.falls: list[Fall] = []
        self.lights_on = True
        self.daylight = 1.0
        self._clock = clock
        self._dice = random.Random(seed)
        self._doorway = Doorway(self.door, self._walk_off)
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

    def send_in(self, *names: str) -> None:
        """Let somebody try the door now, and pass it as soon as it opens; two names go in side by side."""
        group = tuple(self._known(name) for name in names)
        if all(person.stage in (Stage.ARRIVING, Stage.WAITING) for person in group):
            self._doorway.line_up(group)

    def turn_back(self, name: str, *, on_the_threshold: bool) -> None:
        """Let somebody try the door, and go away again when it opens.

        Args:
            name: Who.
            on_the_threshold: They only look in; otherwise they take a step inside first.
        """
        self.send_in(name)
        self._doorway.turn_back(self._known(name), on_the_threshold=on_the_threshold)

    def hold_door(self, name: str, seconds: float) -> None:
        """Let somebody try the door, keep it open for others for so long, and go away without going in."""
        self.send_in(name)
        self._doorway.hold(self._known(name), seconds)

    def fall(self, name: str) -> None:
        """Let somebody fall where they are, and lie still."""
        person = self._known(name)
        if not person.fallen:
            person.fallen = True
            self.falls.append(Fall(name, self._clock.monotonic()))

    def get_up(self, name: str) -> None:
        """Let somebody who fell get up and go on."""
        person = self._known(name)
        person.fallen = False
        for fall in self.falls:
            if fall.person == name and fall.until is None:
                fall.until = self._clock.monotonic()

    def send_out(self, name: str) -> None:
        """Let somebody end their visit: from inside through the door, from the pavement straight away."""
        person = self._known(name)
        if person.stage in (Stage.ARRIVING, Stage.WAITING, Stage.QUEUEING):
            self._doorway.give_up(person)
            self._walk_off(person)
        elif person.stage in (Stage.WALKING, Stage.TRAINING, Stage.PASSING_IN):
            # Somebody on the threshold goes in first: the doorway has no room to turn round in.
            if person.stage is not Stage.PASSING_IN:
                self._turn_to_exit(person)
            self._doorway.leave(person)

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

    @property
    def doorway_is_free(self) -> bool:
        """Whether nobody is at the door, neither to go in nor to go out, and it is shut."""
        return self._doorway.is_free(self.people)

    @property
    def openings(self) -> list[Opening]:
        """Every release of the latch so far, and who came in on it."""
        return self._doorway.openings

    def _sub_step(self, dt: float) -> None:
        self._doorway.notice_release(self._clock.monotonic())
        for person in self.people:
            before = person.inside
            person.move(dt)
            if person.inside is not before:
                self._crossed(person)
        self._doorway.step(self.people, dt)
        for person in tuple(self.people):
            self._arrivals(person)

    def _crossed(self, person: Person) -> None:
        direction: Literal["in", "out"] = "in" if person.inside else "out"
        self.crossings.append(Crossing(self._clock.monotonic(), _DOOR_LINE, direction, person.name))
        if person.inside:
            self._doorway.came_in(person)

    def _arrivals(self, person: Person) -> None:
        """What somebody does next who has reached the end of their path."""
        if not person.arrived:
            return
        if person.stage is Stage.ARRIVING:
            person.stage, person.heading = Stage.WAITING, 0.0
        elif person.stage in (Stage.QUEUEING, Stage.HOLDING):
            person.heading = 0.0
        elif person.stage is Stage.PASSING_IN:
            if self._doorway.is_leaving(person):
                self._turn_to_exit(person)
            else:
                self._go_train(person)
        elif person.stage is Stage.WALKING:
            self._settle(person)
        elif person.stage in (Stage.PASSING_OUT, Stage.TURNING_BACK):
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
        if person.lies_down_to_train:
            y += self._dice.choice((-_FOOT_OF_MAT, _FOOT_OF_MAT))
        person.path = [(0.6, 4.0), (x, y)]

    def _settle(self, person: Person) -> None:
        person.stage = Stage.TRAINING
        person.heading = self._dice.uniform(-3.1, 3.1)
        if person.lies_down_to_train and person.station:
            # Away from the middle of the mat, to sink back onto it.
            person.heading = 0.0 if person.y > person.station.y else math.pi

    def _turn_to_exit(self, person: Person) -> None:
        person.stage, person.station = Stage.TO_EXIT, None
        taken = {p.path[-1] if p.path else (p.x, p.y) for p in self.people if p.stage is Stage.TO_EXIT}
        person.path = [(-0.7, 4.0), next(spot for spot in _EXIT_SPOTS if spot not in taken)]

    def _walk_off(self, person: Person) -> None:
        person.stage = Stage.GOING
        side = 1 if person.x >= 0 else -1
        person.path = [(person.x, -2.4), (side * _OFF_STAGE, -2.4)]

    def _known(self, name: str) -> Person:
        person = self.person(name)
        if person is None:
            raise ValueError(f"{name} is not here")
        return person

    def _look(self) -> Scene:
        figures = tuple(person.figure() for person in self.people)
        return Scene(figures, self.door.swing, self.lights_on, self.daylight)


def _waiting_spots(side: int) -> list[Point]:
    near = [(side * x, -1.7) for x in (2.1, 3.1, 4.1)] + [(-side * x, -1.7) for x in (2.1, 3.1, 4.1)]
    return near + [(side * (5.0 + 0.9 * i), -1.7) for i in range(40)]
