"""What happens at the door: who goes in and out in which way.

One thing after another, because the truth has to be certain: who came in on which opening. Each way is a
card; the deck is shuffled anew when it is used up, so that every way comes up as often as it should.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum

from arni_edge.simulator.eyes.clock import PlayClock
from arni_edge.simulator.people import Stage
from arni_edge.simulator.world import World

_LATCH_SECONDS = 3.0
_AT_MOST_EXPECTED = 6  # the others come another day
_AT_MOST_WAITING = 1  # before the door; whoever comes next is still on the way
_GIVES_UP = 40.0  # seconds after which an act at the door is broken off
_WINDOW = 22.0  # seconds that an opening nobody used may still be used by somebody else


class Way(StrEnum):
    """A way to come to the door."""

    ALONE = "alone"
    TWO_OPENINGS = "two openings"  # one after the other, each let in by themselves
    FOLLOWED = "followed"  # somebody comes along before the door has shut: tailgating
    SIDE_BY_SIDE = "side by side"  # two at once on one opening: tailgating
    EXCHANGE = "exchange"  # one goes out while another comes in
    LOOKS_IN = "looks in"  # and goes away again
    TURNS_BACK = "turns back"  # after a step inside
    HOLDS_THE_DOOR = "holds the door"  # for one who comes in, and does not come in


_DECK = (
    *(Way.ALONE,) * 5, Way.TWO_OPENINGS, Way.TWO_OPENINGS, Way.FOLLOWED, Way.SIDE_BY_SIDE, Way.EXCHANGE,
    Way.EXCHANGE, Way.LOOKS_IN, Way.TURNS_BACK, Way.HOLDS_THE_DOOR,
)  # fmt: skip
_FOR_TWO = (Way.TWO_OPENINGS, Way.FOLLOWED, Way.SIDE_BY_SIDE, Way.HOLDS_THE_DOOR)


class Doorman:
    """Lets people in and out, each in the way that their card says."""

    def __init__(self, world: World, clock: PlayClock, dice: random.Random) -> None:
        """Take the gym.

        Args:
            world: Whose door it is.
            clock: Of the play.
            dice: For the cards and the pauses.
        """
        self._world = world
        self._clock = clock
        self._dice = dice
        self._deck: list[Way] = []
        self._expected = 0
        self._visitors = 0
        self._waiting: deque[str] = deque()
        self._going: deque[str] = deque()

    def expect(self) -> None:
        """Somebody more wants to come."""
        self._expected = min(self._expected + 1, _AT_MOST_EXPECTED)

    def send_home(self) -> None:
        """The gym closes: whoever still waits outside goes away."""
        self._expected = 0
        while self._waiting:
            self._world.send_out(self._waiting.pop())

    def let_out(self, name: str) -> None:
        """Somebody wants to go."""
        self._going.append(name)

    def work(self) -> Iterator[None]:
        """See to the door for ever, a moment at a time."""
        while True:
            self._gather()
            if self._waiting and len(self._waiting) + self._expected >= len(self._going):
                yield from self._next_in()
            elif self._going:
                yield from self._out()
            yield

    # --- one act after another ----------------------------------------------------------------------------

    def _next_in(self) -> Iterator[None]:
        way = self._draw()
        people = 2 if way in _FOR_TWO else 1
        self._somebody(people)
        yield from self._until(lambda: all(self._is(name, Stage.WAITING) for name in self._waiting))
        if len(self._waiting) < people:
            return  # the gym has closed meanwhile
        names = [self._waiting.popleft() for _ in range(people)]
        yield from self._act(way, *names)
        yield from self._until(lambda: self._world.doorway_is_free)
        yield from self._pause(1.0, 5.0)

    def _act(self, way: Way, name: str, other: str = "") -> Iterator[None]:
        match way:
            case Way.ALONE:
                return self._alone(name)
            case Way.TWO_OPENINGS:
                return self._two_openings(name, other)
            case Way.FOLLOWED:
                return self._followed(name, other)
            case Way.SIDE_BY_SIDE:
                return self._side_by_side(name, other)
            case Way.EXCHANGE:
                return self._exchange(name)
            case Way.HOLDS_THE_DOOR:
                return self._holds_the_door(name, other)
            case _:
                return self._goes_again(name, on_the_threshold=way is Way.LOOKS_IN)

    def _out(self) -> Iterator[None]:
        for _ in range(min(len(self._going), self._dice.randint(1, 3))):
            self._world.send_out(self._going.popleft())
            yield from self._pause(1.5, 4.0)
        yield from self._until(lambda: self._world.doorway_is_free)
        yield from self._pause(0.5, 2.0)

    def _alone(self, name: str) -> Iterator[None]:
        self._world.send_in(name)
        yield from self._open_for(name)
        yield from self._until(lambda: self._is_in(name))

    def _two_openings(self, first: str, second: str) -> Iterator[None]:
        yield from self._alone(first)
        yield from self._pause(0.5, 6.0)
        yield from self._alone(second)

    def _followed(self, first: str, second: str) -> Iterator[None]:
        self._world.send_in(first)
        self._world.send_in(second)
        yield from self._open_for(first)
        yield from self._until(lambda: self._is_in(first) and self._is_in(second))

    def _side_by_side(self, first: str, second: str) -> Iterator[None]:
        self._world.send_in(first, second)
        yield from self._until(lambda: self._stands_at_the_door(second))
        yield from self._open_for(first)
        yield from self._until(lambda: self._is_in(first) and self._is_in(second))

    def _exchange(self, name: str) -> Iterator[None]:
        if not self._going:
            yield from self._alone(name)
            return
        leaver = self._going.popleft()
        self._world.send_in(name)
        yield from self._until(lambda: self._stands_at_the_door(name))
        self._world.send_out(leaver)
        # Lets the other one out first, and is let in by an opening of their own meanwhile.
        yield from self._until(lambda: self._is(leaver, Stage.PASSING_OUT) or self._is_out(leaver))
        self._world.door.release_latch(_LATCH_SECONDS)
        yield from self._until(lambda: self._is_in(name))

    def _goes_again(self, name: str, *, on_the_threshold: bool) -> Iterator[None]:
        self._world.turn_back(name, on_the_threshold=on_the_threshold)
        yield from self._open_for(name)
        yield from self._pause(_WINDOW, _WINDOW + 3)

    def _holds_the_door(self, holder: str, guest: str) -> Iterator[None]:
        self._world.hold_door(holder, self._dice.uniform(6.0, 9.0))
        yield from self._open_for(holder)
        yield from self._pause(0.5, 1.5)
        self._world.send_in(guest)
        yield from self._until(lambda: self._is_in(guest))
        yield from self._until(lambda: self._is_out(holder))

    # --- what acts are made of ----------------------------------------------------------------------------

    def _draw(self) -> Way:
        if not self._deck:
            self._deck = list(_DECK)
            self._dice.shuffle(self._deck)
        return self._deck.pop()

    def _gather(self) -> None:
        while self._expected and len(self._waiting) < _AT_MOST_WAITING:
            self._expected -= 1
            self._somebody(len(self._waiting) + 1)

    def _somebody(self, people: int) -> None:
        """Have so many people wait at least."""
        while len(self._waiting) < people:
            self._visitors += 1
            name = f"v{self._visitors}"
            self._world.arrive(name)
            self._waiting.append(name)

    def _open_for(self, name: str) -> Iterator[None]:
        """The lock lets in who stands at the door, a moment after they asked."""
        yield from self._until(lambda: self._stands_at_the_door(name))
        yield from self._pause(0.3, 1.5)
        self._world.door.release_latch(_LATCH_SECONDS)

    def _stands_at_the_door(self, name: str) -> bool:
        person = self._world.person(name)
        return person is None or (person.stage is Stage.QUEUEING and person.arrived)

    def _is(self, name: str, stage: Stage) -> bool:
        person = self._world.person(name)
        return person is None or person.stage is stage

    def _is_in(self, name: str) -> bool:
        person = self._world.person(name)
        return person is None or person.stage in (Stage.WALKING, Stage.TRAINING)

    def _is_out(self, name: str) -> bool:
        return self._is(name, Stage.GOING)

    def _pause(self, least: float, most: float) -> Iterator[None]:
        until = self._clock.monotonic() + self._dice.uniform(least, most)
        while self._clock.monotonic() < until:
            yield

    def _until(self, true: Callable[[], bool]) -> Iterator[None]:
        """Wait for something, but not for ever: the day has to go on."""
        until = self._clock.monotonic() + _GIVES_UP
        while not true() and self._clock.monotonic() < until:
            yield
