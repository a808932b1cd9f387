"""What happens in the gym on a day that lasts as long as the play: the script, and the truth that it makes.

The gym opens with the lamps on; people come in two waves, train, fall now and then, and go. In the evening
it closes and gets dark, everybody leaves and the lamps go off. At night the lamps are switched on and off;
the count is zeroed; nobody comes but one burglar; and the gym opens again.

All chance comes from the seed: the same seed gives the same day, whoever looks on.
"""

import random
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from arni_edge.simulator.eyes.clock import PlayClock
from arni_edge.simulator.eyes.doorman import Doorman
from arni_edge.simulator.people import Stage
from arni_edge.simulator.plan import Exercise, GymPlan
from arni_edge.simulator.world import World

TICK = 0.1
"""Seconds between two moments of the play."""

# Shares of the whole day. Whoever is in needs a minute or two to get out: a short day closes early.
_LAST_CALL, _REOPENING = 0.62, 0.95
_LAST_CALL_OF_A_SHORT_DAY, _SHORT_DAY = 0.42, 1200.0
_CLOSING_AFTER, _ZERO_IN_THE_NIGHT = 0.03, 0.6
_WAVES = ((0.16, 0.10), (0.44, 0.12))  # when they are highest, and how wide
_QUIET_RATE, _WAVE_RATE = 1 / 45, 1 / 12  # visits a second
_STAY_SECONDS = (45.0, 260.0)  # at least, and on average on top of that
_FALLS_APART = 420.0  # seconds, on average
_LONGEST_FALL = 0.12  # of the day
_DAWN_DAYLIGHT = 0.7
_BURGLAR = "burglar"
_BURGLARY_SECONDS = 75.0


class Lamp(StrEnum):
    """What is done with the light at night."""

    ON = "on"
    OFF = "off"
    FLICKER = "flicker"  # tubes that start: on and off a few times within two seconds
    DAWN = "dawn"  # daylight comes and goes again, slowly


@dataclass(frozen=True, slots=True)
class Span:
    """From when until when."""

    begin: float
    end: float

    def contains(self, at: float) -> bool:
        """Whether a moment is in it."""
        return self.begin <= at < self.end


@dataclass(slots=True)
class Diary:
    """What was so, apart from what the world itself remembers.

    Attributes:
        armed: The night, from when everybody has left until the gym opens again.
        burglary: From when somebody comes along who should not be there until they are gone.
        zero_at: When the count was zeroed.
        contacts: What the door's contact said, and when: True as it opens.
        lights: What was done with the light, and when.
        covered: Which camera had something before its lens, and when.
        inside: People in the gym, by tick.
    """

    armed: Span = Span(float("inf"), float("inf"))
    burglary: Span = Span(float("inf"), float("inf"))
    zero_at: float = float("inf")
    contacts: list[tuple[float, bool]] = field(default_factory=list)
    lights: list[tuple[float, Lamp]] = field(default_factory=list)
    covered: list[tuple[str, Span]] = field(default_factory=list)
    inside: list[int] = field(default_factory=list)


class Course:
    """Plays one day, tick by tick.

    Attributes:
        world: The gym.
        diary: The truth so far.
        covered: The camera that has something before its lens now.
        over: The day has ended.
    """

    def __init__(self, plan: GymPlan, *, seconds: float, seed: int) -> None:
        """Before the gym opens.

        Args:
            plan: Of the gym.
            seconds: How long the day lasts.
            seed: Of all chance.
        """
        self.clock = PlayClock()
        self.world = World(plan, self.clock, seed)
        self.diary = Diary()
        self.covered: str | None = None
        self._seconds = seconds
        self._last_call = _LAST_CALL if seconds > _SHORT_DAY else _LAST_CALL_OF_A_SHORT_DAY
        self.world.door.listeners.append(
            lambda opens: self.diary.contacts.append((self.clock.monotonic(), opens))
        )
        self._dice = random.Random(seed + 1)
        self._doorman = Doorman(self.world, self.clock, random.Random(seed + 2))
        self._crossings_seen = 0
        self._stay_until: dict[str, float] = {}
        self._script = deque((self._doorman.work(), self._falls(), self._light(), self._hand_before_a_lens()))
        self._night = self._at_night()

    @property
    def over(self) -> bool:
        """Whether the day has ended."""
        return self.clock.monotonic() >= self._seconds

    @property
    def share(self) -> float:
        """How much of the day has passed, 0..1."""
        return self.clock.monotonic() / self._seconds

    def tick(self) -> None:
        """Let the next moment come."""
        self._visits()
        for part in self._script:
            next(part, None)
        if self._is_closing:
            self._doorman.send_home()
        if self.share >= self._last_call + _CLOSING_AFTER:
            next(self._night, None)
        self.clock.advance(TICK)
        self.world.step(TICK)
        self.diary.inside.append(self.world.inside)

    # --- by day -------------------------------------------------------------------------------------------

    def _visits(self) -> None:
        now = self.clock.monotonic()
        if self.is_open and self._dice.random() < self._rate() * TICK:
            self._doorman.expect()
        crossings = self.world.crossings
        for crossing in crossings[self._crossings_seen :]:
            if crossing.direction == "out" or crossing.person == _BURGLAR:
                continue
            stay = _STAY_SECONDS[0] + self._dice.expovariate(1 / _STAY_SECONDS[1])
            self._stay_until[crossing.person] = now + min(stay, 0.25 * self._seconds)
        self._crossings_seen = len(crossings)
        for name, until in tuple(self._stay_until.items()):
            person = self.world.person(name)
            if person is None:
                del self._stay_until[name]
            elif (now >= until or self._is_closing) and person.stage is Stage.TRAINING and not person.fallen:
                del self._stay_until[name]
                self._doorman.let_out(name)

    @property
    def is_open(self) -> bool:
        """Whether people come in."""
        return self.share < self._last_call or self.share >= _REOPENING

    @property
    def _is_closing(self) -> bool:
        return self._last_call + _CLOSING_AFTER <= self.share < _REOPENING

    def _rate(self) -> float:
        waves = sum(max(0.0, 1 - abs(self.share - peak) / width) for peak, width in _WAVES)
        return _QUIET_RATE + _WAVE_RATE * min(1.0, waves)

    def _falls(self) -> Iterator[None]:
        """Now and then somebody who trains falls: most get up at once, some after a while."""
        cards: list[float] = []
        while True:
            yield from self._wait(self._dice.uniform(0.3, 1.0) * min(_FALLS_APART, 0.2 * self._seconds))
            name = self._somebody_upright()
            if name is None or not self.is_open or self.share > _REOPENING:
                continue
            if not cards:
                cards = [self._dice.uniform(30, 60), self._dice.uniform(1, 4), self._dice.uniform(60, 90)]
            self.world.fall(name)
            yield from self._wait(min(cards.pop(0), _LONGEST_FALL * self._seconds))
            self.world.get_up(name)

    def _somebody_upright(self) -> str | None:
        on_feet = [
            person.name
            for person in self.world.people
            if person.stage is Stage.TRAINING
            and person.station is not None
            and person.station.exercise is not Exercise.CRUNCH
        ]
        return self._dice.choice(on_feet) if on_feet else None

    def _hand_before_a_lens(self) -> Iterator[None]:
        """Once a day the camera of the mats is covered for a while."""
        while self.share < 0.3:
            yield
        camera = self.world.plan.cameras[-1].name
        self.covered, begin = camera, self.clock.monotonic()
        yield from self._wait(min(60.0, 0.04 * self._seconds))
        self.covered = None
        self.diary.covered.append((camera, Span(begin, self.clock.monotonic())))

    def _light(self) -> Iterator[None]:
        """Dusk comes slowly, towards the end of the opening hours; the lamps burn until everybody is out."""
        while self.share < 1:
            if self.diary.armed.begin == float("inf"):
                self.world.daylight = max(0.05, min(1.0, (0.7 - self.share) / 0.25))
            yield

    # --- by night -----------------------------------------------------------------------------------------

    def _at_night(self) -> Iterator[None]:
        while self.world.people or not self.world.doorway_is_free:
            yield
        yield from self._wait(3.0)
        self._switch(Lamp.OFF)
        begin, end = self.clock.monotonic(), self._seconds * _REOPENING
        self.diary.armed = Span(begin, end)
        self.diary.zero_at = begin + _ZERO_IN_THE_NIGHT * (end - begin)
        tricks = (Lamp.ON, Lamp.OFF, Lamp.FLICKER, Lamp.OFF, Lamp.DAWN)
        pause = (end - begin) * _ZERO_IN_THE_NIGHT / len(tricks)
        for trick in tricks:
            yield from self._wait(self._dice.uniform(0.5, 1.0) * pause)
            yield from self._do(trick)
        while not self._is_zeroed:
            yield
        if end - self.clock.monotonic() > _BURGLARY_SECONDS:
            yield from self._wait(self._dice.uniform(5.0, 15.0))
            yield from self._burglar()
        while self.share < _REOPENING:
            yield
        self.world.daylight = 1.0
        self._switch(Lamp.ON)

    @property
    def _is_zeroed(self) -> bool:
        return self.clock.monotonic() >= self.diary.zero_at

    def _switch(self, lamp: Lamp) -> None:
        self.world.lights_on = lamp is Lamp.ON
        self.diary.lights.append((self.clock.monotonic(), lamp))

    def _do(self, lamp: Lamp) -> Iterator[None]:
        if lamp in (Lamp.ON, Lamp.OFF):
            self._switch(lamp)
            return
        self.diary.lights.append((self.clock.monotonic(), lamp))
        if lamp is Lamp.FLICKER:
            for _ in range(self._dice.randint(2, 4)):
                self.world.lights_on = not self.world.lights_on
                yield from self._wait(self._dice.uniform(0.1, 0.5))
            self.world.lights_on = True
            return
        for daylight in (*range(1, 15), *range(14, 0, -1)):
            self.world.daylight = 0.05 * daylight * _DAWN_DAYLIGHT
            yield from self._wait(0.3)

    def _burglar(self) -> Iterator[None]:
        """Somebody forces the door, looks round and goes."""
        begin = self.clock.monotonic()
        self.world.arrive(_BURGLAR)
        yield from self._wait(6.0)
        self.world.send_in(_BURGLAR)
        yield from self._wait(3.0)
        self.world.door.release_latch(3.0)
        yield from self._wait(15.0)
        self.world.send_out(_BURGLAR)
        while self.world.person(_BURGLAR) is not None:
            yield
        self.diary.burglary = Span(begin, self.clock.monotonic())

    def _wait(self, seconds: float) -> Iterator[None]:
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            yield
