"""Who goes through the simulated door and how: one by one, side by side, along with somebody, or not at all.

Nobody walks through anybody: who comes in keeps to one side of the doorway, who goes out to the other.
"""

from collections.abc import Callable, Iterable, Sequence

from arni_edge.simulator.door_leaf import DoorLeaf
from arni_edge.simulator.people import Person, Stage
from arni_edge.simulator.plan import Point
from arni_edge.simulator.truth import Opening

_CLEAR = 0.8  # metres beyond the threshold at which the doorway is free for the next person
_AT_DOOR: Point = (0.3, -0.6)
_WAY_IN: tuple[Point, ...] = ((0.35, 0.6), (0.6, 1.6))
_WAY_OUT: tuple[Point, ...] = ((-0.4, 0.6), (-0.4, -0.4), (-0.6, -1.3))
_WAY_BACK: Point = (0.3, -1.3)
_JUST_A_LOOK: Point = (0.2, -0.4)
_A_STEP_INSIDE: Point = (0.4, 1.4)
_BESIDE = 0.42  # metres from the middle of the doorway, for two who go through it side by side
_HOLDER_SPOT: Point = (-0.8, -0.7)  # at the side that the leaf leaves free


class Doorway:
    """The way through the door.

    Attributes:
        openings: Every release of the latch so far, and who came in on it.
    """

    def __init__(self, door: DoorLeaf, walk_off: Callable[[Person], None]) -> None:
        """Take the door, shut.

        Args:
            door: The leaf and its latch.
            walk_off: Lets somebody go away who has turned back or has held the door for long enough.
        """
        self.openings: list[Opening] = []
        self._door = door
        self._walk_off = walk_off
        self._queue: list[tuple[Person, ...]] = []
        self._leaving: list[Person] = []
        self._passing: tuple[Person, ...] = ()
        self._turning_back: dict[str, bool] = {}
        self._holding: dict[str, float] = {}
        self._recent: list[Opening] = []  # since the door was last shut
        self._releases = door.releases

    def is_free(self, people: Iterable[Person]) -> bool:
        """Whether nobody is at the door, neither to go in nor to go out, and it is shut."""
        busy = self._passing or self._queue or self._leaving or self._door.is_open
        return not busy and not any(person.stage is Stage.HOLDING for person in people)

    def line_up(self, group: tuple[Person, ...]) -> None:
        """Try the door, behind those who try it already."""
        for person in group:
            person.stage = Stage.QUEUEING
        # Each takes the side that they come from.
        self._queue.append(tuple(sorted(group, key=lambda person: person.x)))
        self._stand_in_line()

    def turn_back(self, person: Person, *, on_the_threshold: bool) -> None:
        """Somebody in the line will go away again when the door opens."""
        self._turning_back[person.name] = on_the_threshold

    def hold(self, person: Person, seconds: float) -> None:
        """Somebody in the line will keep the door open for others for so long, and go away."""
        self._holding[person.name] = seconds

    def give_up(self, person: Person) -> None:
        """Leave the line."""
        self._turning_back.pop(person.name, None)
        self._holding.pop(person.name, None)
        if any(person in group for group in self._queue):
            self._queue = [group for group in self._queue if person not in group]
            self._stand_in_line()

    def leave(self, person: Person) -> None:
        """Go out, as soon as they stand before the door."""
        self._leaving.append(person)

    def is_leaving(self, person: Person) -> bool:
        """Whether somebody will go out."""
        return person in self._leaving

    def came_in(self, person: Person) -> None:
        """Note who has used which opening."""
        if self._recent:
            # The first opening that nobody has used yet was meant for them; without one they come along.
            opening = next((one for one in self._recent if not one.entered), self._recent[-1])
            opening.entered.append(person.name)

    def notice_release(self, at: float) -> None:
        """Note that the latch was released, if it was."""
        if self._releases != self._door.releases:
            self._releases = self._door.releases
            self._recent.append(Opening(at))
            self.openings.append(self._recent[-1])

    def step(self, people: Iterable[Person], dt: float) -> None:
        """Let people pass, and the door do its work."""
        holding = [person for person in people if person.stage is Stage.HOLDING]
        self._let_pass()
        self._keep_open(holding, dt)
        self._door.step(dt)
        if not self._door.yields:
            self._recent.clear()

    def _let_pass(self) -> None:
        """One at a time, or two side by side; who leaves goes first: the way out is never blocked."""
        if self._passing:
            self._door.open()
            if all(_is_through(person) for person in self._passing):
                self._passing = ()
            return
        leaver = next((p for p in self._leaving if p.stage is Stage.TO_EXIT and p.arrived), None)
        if leaver:
            self._leaving.remove(leaver)
            self._pass((leaver,), Stage.PASSING_OUT, [_WAY_OUT])
        elif self._queue and self._door.yields:
            group = self._queue[0]
            if all(p.stands_at(spot) for p, spot in zip(group, _door_spots(group), strict=True)):
                self._queue.pop(0)
                self._go_through(group)
                self._stand_in_line()

    def _go_through(self, group: tuple[Person, ...]) -> None:
        first = group[0]
        if first.name in self._holding:
            first.stage, first.path = Stage.HOLDING, [_HOLDER_SPOT]
            self._door.open()
        elif first.name in self._turning_back:
            inwards = _JUST_A_LOOK if self._turning_back.pop(first.name) else _A_STEP_INSIDE
            self._pass(group, Stage.TURNING_BACK, [[inwards, _WAY_BACK]])
        elif len(group) == 1:
            self._pass(group, Stage.PASSING_IN, [_WAY_IN])
        else:
            sides = [[(x, 0.6), (0.4 + x, 1.6)] for x, _ in _door_spots(group)]
            self._pass(group, Stage.PASSING_IN, sides)

    def _pass(self, group: tuple[Person, ...], stage: Stage, paths: Sequence[Sequence[Point]]) -> None:
        self._passing = group
        for person, path in zip(group, paths, strict=True):
            person.stage, person.path = stage, list(path)
        self._door.open()

    def _keep_open(self, holding: Iterable[Person], dt: float) -> None:
        for person in holding:
            self._door.open()
            self._holding[person.name] -= dt
            if self._holding[person.name] <= 0:
                del self._holding[person.name]
                self._walk_off(person)

    def _stand_in_line(self) -> None:
        place = 0
        for number, group in enumerate(self._queue):
            # Beside the door rather than in a row behind each other, so that the camera sees everybody.
            spots = _door_spots(group) if number == 0 else _row_spots(group, place)
            for person, spot in zip(group, spots, strict=True):
                person.path = [spot]
            place += len(group)


def _is_through(person: Person) -> bool:
    """Whether the doorway is free of them."""
    if person.stage is Stage.PASSING_IN:
        return person.y > _CLEAR
    if person.stage is Stage.TURNING_BACK:
        return False  # its path ends outside; then the stage is another
    return person.y < -_CLEAR or person.stage is Stage.GOING


def _door_spots(group: tuple[Person, ...]) -> list[Point]:
    """Where those stand who go through the door next: one on their side of it, two side by side."""
    if len(group) == 1:
        return [_AT_DOOR]
    middle = (len(group) - 1) / 2
    return [(2 * _BESIDE * (i - middle), _AT_DOOR[1]) for i in range(len(group))]


def _row_spots(group: tuple[Person, ...], place: int) -> list[Point]:
    """Where those wait who come after ``place`` others."""
    return [(_AT_DOOR[0] + 0.95 * i, -0.6 - 0.2 * i) for i in range(place, place + len(group))]
