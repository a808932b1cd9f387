"""Evenings at one door, with the truth about who followed whom, and eyes and clocks as bad as real ones."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from arni_edge.access.tailgating import Opening, Passage, Suspicion, TailgatingWatch
from arni_edge.domain.doors import DoorContact

WINDOW = 15.0


@dataclass(order=True)
class Heard:
    """Something that the watch is told, and when."""

    at: float
    what: Opening | Passage | DoorContact = field(compare=False)


@dataclass
class Evening:
    """A sequence at the door.

    Attributes:
        kind: What it is.
        heard: Everything that the watch hears.
        openings: Of it.
        followed: Whether somebody followed who was not let in.
    """

    kind: str
    heard: list[Heard] = field(default_factory=list)
    openings: list[Opening] = field(default_factory=list)
    followed: bool = False


class Door:
    """Plays what people do; what is told of it is late, delayed, and sometimes wrong.

    One crossing in a hundred is not seen, and one person in a hundred is counted twice. The lock's times are
    up to 1.5 s off, the camera's pictures up to 1.2 s old, and events are heard up to 4 s late.
    """

    def __init__(self, kind: str, rng: random.Random, *, contact: bool) -> None:
        self.evening = Evening(kind)
        self._rng = rng
        self._contact = contact
        self._skew = rng.uniform(-1.5, 1.5)
        self._leaf: list[tuple[float, float]] = []

    def lets_in(self, at: float, member: str | None, *, judged: bool = True, held: float = 4.0) -> None:
        """The policy opens; the leaf moves a little later, and falls shut."""
        rng = self._rng
        began = at + self._skew
        ended = began + rng.uniform(0.8, 3.5)
        opening = Opening(f"{self.evening.kind}-{at:.3f}-{member}", began, ended, member, judged)
        self.evening.openings.append(opening)
        self._hear(ended + rng.uniform(0, 0.5), opening)
        self._leaf.append((at + 1.0, at + 1.0 + held))

    def passes(self, at: float, *, inwards: bool = True, together: int = 1) -> None:
        """Somebody goes through the line."""
        rng = self._rng
        if rng.random() < 0.01:
            return
        seen = at + rng.uniform(0.1, 1.2)
        times = [seen, seen + rng.uniform(0.05, 0.4)] if rng.random() < 0.01 else [seen]
        for one in times:
            self._hear(one + rng.uniform(0, 4.0), Passage("door", inwards, together, one))

    def over(self) -> Evening:
        """What was heard, in its order."""
        if self._contact:
            for opened, shut in _joined(self._leaf):
                self._hear(opened + self._rng.uniform(0, 1), DoorContact.OPEN)
                self._hear(shut + 1 + self._rng.uniform(0, 1), DoorContact.CLOSED)
        self.evening.heard.sort()
        return self.evening

    def _hear(self, at: float, what: Opening | Passage | DoorContact) -> None:
        self.evening.heard.append(Heard(at, what))


def _joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for opened, shut in sorted(spans):
        if joined and opened <= joined[-1][1] + 2.0:
            joined[-1] = (joined[-1][0], max(shut, joined[-1][1]))
        else:
            joined.append((opened, shut))
    return joined


def an_evening(rng: random.Random) -> Evening:
    """One sequence; the kinds are as frequent as in a gym where a quarter of the openings is abused."""
    kinds = {
        "single": 30, "nobody": 4, "turned_round": 5, "left_by_it": 8, "two_let_in": 10, "staff_group": 4,
        "pair": 10, "pair_and_exit": 4, "abreast": 3, "overlapping_and_one": 4, "held_for_a_third": 3,
        "came_after_abuse": 3,
    }  # fmt: skip
    kind = rng.choices(list(kinds), list(kinds.values()))[0]
    door = Door(kind, rng, contact=rng.random() < 0.6)
    first = 100 + rng.uniform(2.5, 6.0)
    if kind == "staff_group":
        door.lets_in(100, None, judged=False, held=12)
        for number in range(rng.randint(2, 5)):
            door.passes(first + number * rng.uniform(0.8, 2), together=rng.randint(1, 3))
        return door.over()
    door.lets_in(100, "mia", held=rng.uniform(3, 8))
    if kind != "nobody":
        abreast = kind == "abreast"
        door.passes(first, together=2 if abreast and rng.random() < 0.9 else 1)
        door.evening.followed = abreast
    if kind == "turned_round":
        door.passes(first + rng.uniform(1.5, 4), inwards=False)
        door.passes(first + rng.uniform(5.5, 8))
    if kind in {"left_by_it", "pair_and_exit"}:
        beside = rng.random() < 0.5
        door.passes(first + rng.uniform(-1.5, 1.5) * (1 if beside else 3), inwards=False, together=1 + beside)
    if kind in {"pair", "pair_and_exit"}:
        gap = rng.uniform(0.7, 3.0)
        door.passes(first + gap, together=2 if gap < 2 and rng.random() < 0.85 else 1)
        door.evening.followed = True
    if kind in {"two_let_in", "overlapping_and_one", "held_for_a_third"}:
        second = 100 + rng.uniform(0.5, 12)
        door.lets_in(second, "ben", held=rng.uniform(3, 8))
        entered = max(second + rng.uniform(2.5, 5), first + 0.8)
        door.passes(entered, together=2 if entered - first < 2 else 1)
        if kind != "two_let_in":
            door.passes(entered + rng.uniform(0.8, 2.5), together=rng.choice([1, 2, 2]))
            door.evening.followed = True
    if kind == "came_after_abuse":
        door.passes(first + rng.uniform(0.8, 2), together=2)
        door.lets_in(100 + rng.uniform(16, 26), "ben")
        door.passes(100 + rng.uniform(29, 31))
        door.evening.followed = True
    return door.over()


def judged(evening: Evening) -> list[Suspicion]:
    """What the watch suspects of an evening, asked every second as the desk does."""
    watch, waiting = TailgatingWatch(window_seconds=WINDOW), list(evening.heard)
    found: list[Suspicion] = []
    now = 90.0
    while now < 300:
        while waiting and waiting[0].at <= now:
            heard = waiting.pop(0)
            if isinstance(heard.what, Opening):
                watch.opened(heard.what)
            elif isinstance(heard.what, Passage):
                watch.crossed(heard.what)
            else:
                watch.contact(heard.what, heard.at)
        found += watch.tick(now)
        now += 1.0
    return found
