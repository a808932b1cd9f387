"""Somebody who is alone: after the owner's time, not taken back without proof."""

import pytest
from support.clock import ManualClock
from support.devices import listening
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.events import LonePerson
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.safety import lone
from arni_edge.safety.lone import LonePersonDesk, LoneWatch


def seen(count: int | None, confidence: float = 0.9) -> Occupancy:
    return UNKNOWN_OCCUPANCY if count is None else Occupancy(count, 0.5, confidence=confidence)


def play(*steps: tuple[float, Occupancy], after: float = 600) -> list[tuple[float, bool]]:
    """What is told when, with the last figure looked at every second until the next one comes."""
    watch, told = LoneWatch(after), list[tuple[float, bool]]()
    for (start, total), (end, _) in zip(steps, [*steps[1:], (steps[-1][0] + 5000, None)], strict=True):
        for now in range(int(start), int(end)):
            news = watch.look(total, now)
            if news is not None:
                told.append((now, news))
    return told


def test_one_person_is_told_after_the_owners_time_and_once() -> None:
    assert play((0, seen(3)), (100, seen(1))) == [(700, True)]


def test_nobody_and_many_are_not_one() -> None:
    assert play((0, seen(0)), (1000, seen(2))) == []


def test_it_is_over_when_another_count_has_lasted() -> None:
    assert play((0, seen(1)), (1000, seen(2))) == [(600, True), (1060, False)]
    assert play((0, seen(1)), (1000, seen(0))) == [(600, True), (1060, False)]


def test_a_count_that_flickers_is_no_company() -> None:
    flicker = [(700.0 + 10 * number, seen(1 + number % 2)) for number in range(50)]
    assert play((0, seen(1)), *flicker, (1200, seen(1))) == [(600, True)]
    early = [(10.0 * number, seen(1 + number % 2)) for number in range(50)]
    assert play(*early, (500, seen(1)), (900, seen(0))) == [(600, True), (960, False)]


def test_what_nobody_knows_ends_nothing_and_begins_nothing() -> None:
    assert play((0, seen(1)), (1000, seen(None))) == [(600, True)]
    assert play((0, seen(1)), (1000, seen(0, confidence=0.2))) == [(600, True)]
    assert play((0, seen(None)), (100, seen(1, confidence=0.2))) == []


def test_whoever_is_alone_again_has_their_time_again() -> None:
    assert play((0, seen(1)), (1000, seen(2)), (2000, seen(1))) == [(600, True), (1060, False), (2600, True)]


async def test_it_goes_onto_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lone, "_LOOK_SECONDS", 0.01)
    bus, clock, total = Bus(), ManualClock(), [seen(1)]
    desk = LonePersonDesk(bus, clock, total=lambda: total[0], minutes=10)
    looked = [0]

    def progress() -> None:
        looked[0] += 1

    async with running(lambda _: desk.run(progress)), listening(bus) as ear:
        await eventually(lambda: looked[0] > 1)
        clock.advance(601)
        await eventually(lambda: [one.over for one in ear.heard(LonePerson)] == [False])
        total[0] = seen(4)
        before = looked[0]
        await eventually(lambda: looked[0] > before + 1)
        clock.advance(61)
        await eventually(lambda: [one.over for one in ear.heard(LonePerson)] == [False, True])
