"""Who is certainly there, on tracks as a tracker gives them."""

import random
from dataclasses import dataclass, field

import pytest

from arni_edge.vision.orders import ZoneOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.intrusion import CertainWatch
from arni_edge.vision.scene.report import Intruder, Track


@dataclass
class Night:
    """One track after another in a place where nobody should be."""

    period: float = 0.2
    at: float = 0.0
    watch: CertainWatch = field(default_factory=CertainWatch)
    first: dict[int, float] = field(default_factory=dict)
    hits: dict[int, int] = field(default_factory=dict)

    def look(
        self, number: int | None = None, *, score: float = 0.8, x: float = 0.5, storm: bool = False
    ) -> tuple[Intruder, ...]:
        tracks: list[Track] = []
        if number is not None:
            began = self.first.setdefault(number, self.at)
            hits = self.hits[number] = self.hits.get(number, 0) + 1
            box = Box(x - 0.05, 0.4, x + 0.05, 0.8, score)
            tracks = [Track(number, box, began, self.at, hits, score, confirmed=hits >= 2)]
        certain = self.watch.saw(tracks, self.at, storm=storm)
        self.at += self.period
        return certain

    def until_certain(self, number: int, most: float = 30.0, **how: float) -> float | None:
        """Seconds from now until the track is certain, None if it does not become so."""
        start = self.at
        while self.at - start <= most:
            at = self.at
            if self.look(number, **how):  # type: ignore[arg-type]  # score and x
                return at - start
        return None


@pytest.mark.parametrize("period", [0.05, 0.1, 0.2, 0.5])
def test_who_is_seen_steadily_is_certain_after_a_second_and_within_two(period: float) -> None:
    seconds = Night(period).until_certain(1)
    assert seconds is not None
    assert 1.0 - 1e-6 <= seconds < 2.0


def test_many_sights_in_less_than_a_second_are_not_certain() -> None:
    night = Night(period=0.02)
    assert not any(night.look(1) for _ in range(45))


def test_two_sights_are_not_certain_however_far_apart() -> None:
    night = Night(period=3.0)
    assert not night.look(1)
    assert not night.look(1)
    assert night.look(1)


def test_the_same_sight_told_again_is_no_further_confirmation() -> None:
    watch = CertainWatch()
    track = Track(1, Box(0.4, 0.4, 0.5, 0.8, 0.9), 0.0, 0.2, 2, 0.9, confirmed=True)
    assert not any(watch.saw([track], at / 5, storm=False) for at in range(1, 40))


def test_an_animal_or_reflection_that_is_taken_for_a_person_unsurely_is_nobody() -> None:
    assert Night().until_certain(1, score=0.42) is None


def test_one_sure_sight_among_unsure_ones_is_not_enough() -> None:
    night = Night()
    scores = [0.9, 0.38, 0.4, 0.36, 0.41] * 20
    assert not any(night.look(1, score=score) for score in scores)


def test_a_light_switch_alone_never_gives_anybody() -> None:
    chance = random.Random(4)
    night = Night()
    seen: list[Intruder] = []
    for burst in range(40):
        # Ghosts in the flicker and a little longer, for as long as a camera needs to adapt.
        for _ in range(chance.randint(1, 6)):
            seen += night.look(100 + burst, score=chance.uniform(0.3, 0.9), storm=True)
        for _ in range(chance.randint(0, 8)):
            seen += night.look(100 + burst, score=chance.uniform(0.3, 0.9))
        for _ in range(chance.randint(3, 20)):
            seen += night.look()
    assert not seen


def test_who_comes_with_the_light_is_certain_a_little_later() -> None:
    night = Night()
    for _ in range(5):
        assert not night.look(1, storm=True)
    seconds = night.until_certain(1)
    assert seconds is not None
    assert 2.0 <= seconds <= 5.0


def test_who_was_certain_before_the_light_changed_stays_so() -> None:
    night = Night()
    assert night.until_certain(1) is not None
    assert all(night.look(1, storm=True) for _ in range(10))


def test_a_poster_that_looks_like_a_person_is_nobody_after_some_minutes() -> None:
    night = Night(period=1.0)
    certain = [bool(night.look(1, score=0.8)) for _ in range(400)]
    assert certain[10]
    assert not any(certain[320:])


def test_a_poster_is_nobody_either_when_the_camera_comes_back() -> None:
    night = Night(period=1.0)
    for _ in range(400):
        night.look(1, score=0.8)
    night.watch.lost()
    assert night.until_certain(2, score=0.8) is None
    assert night.until_certain(3, score=0.8, x=0.7) is not None, "beside it somebody is certain"


def test_somebody_who_has_moved_and_then_sits_still_stays_certain() -> None:
    night = Night(period=1.0)
    for step in range(10):
        night.look(1, x=0.3 + 0.02 * step)
    assert all(night.look(1, x=0.5) for _ in range(1000))


def test_the_intruder_is_told_with_who_since_when_and_where() -> None:
    door = ZoneOrder(id="door", polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
    night = Night(watch=CertainWatch([door]))
    night.look()
    night.until_certain(7)
    (intruder,) = night.look(7)
    assert (intruder.track, intruder.zone) == (7, "door")
    assert intruder.since == pytest.approx(0.2)


def test_who_is_gone_is_not_certain_any_more() -> None:
    night = Night()
    assert night.until_certain(1) is not None
    assert night.look() == ()
