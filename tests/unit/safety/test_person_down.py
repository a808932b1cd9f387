"""Somebody is down: asked twice, then the alarm; who gets up or is alone is another matter."""

from dataclasses import dataclass, field

import pytest
from support.clock import ManualClock
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import LonePerson, PersonDown
from arni_edge.domain.messages import Language
from arni_edge.safety import person_down
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Report
from arni_edge.safety.person_down import Down, PersonDownDesk


def play(until: int, *, ask: float = 20.0, alone_from: int | None = None) -> tuple[list[int], list[int]]:
    """Seconds at which somebody who lies there from 0 on is asked, and at which the alarm is raised."""
    down, asked, raised = Down(0.0, ask), list[int](), list[int]()
    for now in range(until):
        if down.raises(now, alone=alone_from is not None and now >= alone_from):
            raised.append(now)
        if down.asks(now):
            asked.append(now)
    return asked, raised


def test_asked_twice_then_the_alarm_once() -> None:
    assert play(60) == ([0, 10], [20])


def test_who_is_alone_is_not_asked_for_long() -> None:
    assert play(60, alone_from=0) == ([], [0])
    assert play(60, alone_from=5) == ([0], [5])


def test_without_a_time_to_ask_the_alarm_is_raised_at_once() -> None:
    assert play(60, ask=0.0) == ([], [0])


@dataclass
class Gym:
    """Stands at the ports: the loudspeaker, which may be broken, and the alarm desk."""

    bus: Bus = field(default_factory=Bus)
    clock: ManualClock = field(default_factory=ManualClock)
    mute: bool = False
    asked: list[tuple[str, tuple[Language, ...]]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)

    async def announce(self, key: str, *languages: Language, **values: object) -> str:
        assert not values
        self.asked.append((key, languages))
        if self.mute:
            raise Unavailable("no loudspeaker")
        return "spoke"

    def desk(self) -> PersonDownDesk:
        return PersonDownDesk(
            self.bus,
            self.clock,
            ask_seconds=20.0,
            announcer=self,
            languages=(Language.GERMAN, Language.ENGLISH),
            report=self.reports.append,
        )

    def down(self, camera: str = "hall", zone: str | None = "weights", *, over: bool = False) -> None:
        self.bus.publish(
            PersonDown(
                at=self.clock.now(), camera=camera, zone=zone, evidence="lying", seconds=15.0, over=over
            )
        )

    async def turns(self) -> None:
        """Let the desk have heard everything, and looked."""
        before = self.looks
        await eventually(lambda: self.looks >= before + 3)

    looks: int = 0

    def progress(self) -> None:
        self.looks += 1


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person_down, "_LOOK_SECONDS", 0.005)


@pytest.mark.parametrize("mute", [False, True])
async def test_whoever_does_not_get_up_is_an_emergency(mute: bool) -> None:
    gym = Gym(mute=mute)
    async with running(lambda _: gym.desk().run(gym.progress)):
        await gym.turns()
        gym.down()
        await eventually(lambda: len(gym.asked) == 1)
        gym.clock.advance(10)
        await eventually(lambda: len(gym.asked) == 2)
        gym.clock.advance(9.9)
        await gym.turns()
        assert gym.reports == []
        gym.clock.advance(0.2)
        await eventually(lambda: gym.reports)
        gym.clock.advance(60)
        await gym.turns()
    (report,) = gym.reports
    assert (report.cause, report.source, report.place) == (Cause.MEDICAL, "camera", "weights")
    assert gym.asked == [("announce.down", (Language.GERMAN, Language.ENGLISH))] * 2


async def test_whoever_gets_up_in_time_is_no_alarm_and_the_next_one_has_their_own_time() -> None:
    gym = Gym()
    async with running(lambda _: gym.desk().run(gym.progress)):
        await gym.turns()
        gym.down()
        await eventually(lambda: gym.asked)
        gym.clock.advance(15)
        gym.down(over=True)
        await gym.turns()
        gym.clock.advance(60)
        await gym.turns()
        assert gym.reports == []
        gym.down()
        await gym.turns()
        assert gym.reports == []
        gym.clock.advance(21)
        await eventually(lambda: len(gym.reports) == 1)


async def test_the_second_who_falls_is_not_missed_because_of_the_first() -> None:
    gym = Gym()
    async with running(lambda _: gym.desk().run(gym.progress)):
        await gym.turns()
        gym.down()
        await gym.turns()
        gym.clock.advance(5)
        gym.down()  # two of them now: the first one's time counts
        await gym.turns()
        gym.clock.advance(16)
        await eventually(lambda: len(gym.reports) == 1)
        gym.clock.advance(600)
        gym.down()
        await gym.turns()
        assert len(gym.reports) == 1
        gym.clock.advance(21)
        await eventually(lambda: len(gym.reports) == 2)
    assert len({one.source_key for one in gym.reports}) == 2


async def test_two_cameras_are_two_and_without_a_zone_the_camera_is_the_place() -> None:
    gym = Gym()
    async with running(lambda _: gym.desk().run(gym.progress)):
        await gym.turns()
        gym.down("hall")
        gym.down("cardio", zone=None)
        await eventually(lambda: gym.asked)
        gym.clock.advance(21)
        await eventually(lambda: len(gym.reports) == 2)
    assert {one.place for one in gym.reports} == {"weights", "cardio"}
    assert len({one.source_key for one in gym.reports}) == 2


async def test_somebody_alone_is_helped_at_once() -> None:
    gym = Gym()
    async with running(lambda _: gym.desk().run(gym.progress)):
        await gym.turns()
        gym.bus.publish(LonePerson(at=gym.clock.now()))
        gym.down()
        await eventually(lambda: gym.reports)
    assert gym.asked == []
