"""SOS buttons: one press is one alarm; a broken wire, history and bouncing are none."""

from dataclasses import dataclass, field

import pytest
from support.clock import ManualClock
from support.devices import Ear, listening
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import DeviceSignalled, ReadingChanged, SosPressed
from arni_edge.domain.readings import Value
from arni_edge.safety import buttons
from arni_edge.safety.buttons import ButtonDevice, ButtonLevels, SosButtons, WiredButton
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Report
from arni_edge.settings import SosButton


def presses(*readings: tuple[float, Value], pressed_when: Value = True) -> tuple[list[float], WiredButton]:
    """When presses were seen, and the button afterwards."""
    wire, seen = WiredButton(pressed_when), list[float]()
    for now, value in readings:
        wire.tick(now)
        if wire.reads(value, now):
            seen.append(now)
    return seen, wire


def test_a_press_is_from_released_to_pressed() -> None:
    seen, wire = presses((0, False), (10, True), (11, False), (20, True))
    assert seen == [10, 20]
    assert not wire.stuck


def test_a_button_that_breaks_its_circuit_is_pressed_when_the_level_falls() -> None:
    seen, _ = presses((0, True), (10, False), (11, True), pressed_when=False)
    assert seen == [10]


def test_pressed_from_the_start_is_a_broken_wire_until_it_was_released() -> None:
    seen, wire = presses((0, True))
    assert (seen, wire.stuck) == ([], True)
    seen, wire = presses((0, True), (5, False), (10, True))
    assert (seen, wire.stuck) == ([10], False)


def test_bouncing_is_one_press() -> None:
    seen, _ = presses((0, False), (10, True), (10.01, False), (10.02, True), (10.03, False), (10.05, True))
    assert seen == [10]


def test_a_press_while_the_connection_flickered_counts() -> None:
    assert presses((0, False), (10, None), (15, True))[0] == [15]


def test_after_a_long_absence_nobody_knows_since_when_it_is_pressed() -> None:
    seen, wire = presses((0, False), (10, None), (100, True))
    assert (seen, wire.stuck) == ([], True)


def test_a_press_that_goes_on_across_a_reconnect_is_no_second_one() -> None:
    seen, _ = presses((0, False), (10, True), (11, None), (12, True))
    assert seen == [10]


def test_what_stays_pressed_is_told_as_stuck() -> None:
    seen, wire = presses((0, False), (10, True))
    wire.tick(10 + 599)
    assert not wire.stuck
    wire.tick(10 + 600)
    assert (seen, wire.stuck) == ([10], True)


def test_a_first_unknown_is_nothing() -> None:
    seen, wire = presses((0, None), (1, None), (2, False), (3, True))
    assert (seen, wire.known) == ([3], True)


@pytest.mark.parametrize(
    ("only", "signals", "seen"),
    [
        (None, [(0.0, "btn_down"), (0.1, "btn_up"), (0.3, "single_push")], [0.0]),
        (None, [(0.0, "single_push"), (10.0, "single_push")], [0.0, 10.0]),
        (None, [(0.0, "btn_down"), (1.5, "btn_up"), (2.0, "long_push")], [0.0]),
        (None, [(0.0, "btn_up"), (1.0, "config_changed"), (2.0, "rotate_left"), (3.0, "rebooted")], []),
        (
            "long_push",
            [(0.0, "btn_down"), (0.4, "single_push"), (9.0, "btn_down"), (10.5, "long_push")],
            [10.5],
        ),
    ],
)
def test_one_press_of_a_device_is_told_in_several_ways(
    only: str | None, signals: list[tuple[float, str]], seen: list[float]
) -> None:
    device = ButtonDevice(only)
    assert [now for now, name in signals if device.signals(name, now)] == seen


@dataclass
class Gym:
    bus: Bus = field(default_factory=Bus)
    clock: ManualClock = field(default_factory=ManualClock)
    reports: list[Report] = field(default_factory=list)
    troubles: list[tuple[str, DeviceTrouble, bool]] = field(default_factory=list)

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        assert evidence
        self.troubles.append((device, trouble, True))

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        assert evidence
        self.troubles.append((device, trouble, False))

    def reads(self, value: Value, entity: str = "input:0.state") -> None:
        self.bus.publish(ReadingChanged(at=self.clock.now(), device="panel", entity=entity, value=value))

    def signals(self, name: str) -> None:
        self.bus.publish(DeviceSignalled(at=self.clock.now(), device="panel", entity="input:1", name=name))

    levels: ButtonLevels = field(default_factory=ButtonLevels)

    def desk(self) -> SosButtons:
        return SosButtons(
            [
                SosButton(id="wall", device="panel", entity="input:0.state", cause="medical"),
                SosButton(id="desk", device="panel", entity="input:1"),
            ],
            self.bus,
            self.clock,
            report=self.reports.append,
            incidents=self,
            levels=self.levels,
        )


async def test_presses_are_reported_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buttons, "_LOOK_SECONDS", 0.01)
    gym = Gym()

    def pressed(ear: Ear) -> list[str]:
        return [event.button for event in ear.heard(SosPressed)]

    async with running(gym.desk().run), listening(gym.bus) as ear:
        # Before the listener has had a turn: what comes in one packet is a press all the same.
        gym.reads(False)
        gym.reads(True)
        gym.reads(False)
        await eventually(lambda: pressed(ear) == ["wall"])
        gym.reads(True, entity="input:9.state")
        gym.signals("btn_down")
        gym.signals("single_push")
        await eventually(lambda: pressed(ear) == ["wall", "desk"])
        gym.clock.advance(60)
        gym.reads(True)
        await eventually(lambda: len(pressed(ear)) == 3)
    first, second, third = gym.reports
    assert (first.cause, first.source, first.place) == (Cause.MEDICAL, "button", "wall")
    assert (second.cause, second.place) == (Cause.HELP, "desk")
    assert third.place == "wall"
    assert len({one.source_key for one in gym.reports}) == 3


@pytest.mark.parametrize(("away", "reported"), [(5, ["wall"]), (61, [])])
async def test_what_is_pressed_while_the_house_is_built_anew_is_a_press(
    monkeypatch: pytest.MonkeyPatch, away: int, reported: list[str]
) -> None:
    monkeypatch.setattr(buttons, "_LOOK_SECONDS", 0.01)
    gym = Gym()
    async with running(gym.desk().run):
        gym.reads(False)
        await eventually(lambda: gym.troubles == [("panel", DeviceTrouble.STUCK, False)])
    gym.clock.advance(away)
    async with running(gym.desk().run):
        gym.reads(True)
        told = [("panel", DeviceTrouble.STUCK, not reported)]
        await eventually(lambda: [one.place for one in gym.reports] == reported and gym.troubles[1:] == told)


async def test_a_button_of_which_an_incident_cannot_be_told_is_heard_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(buttons, "_LOOK_SECONDS", 0.01)
    gym, tries = Gym(), list[int]()

    async def begin(*_: object) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise Unavailable("the disk is full")

    monkeypatch.setattr(gym, "begin", begin)
    async with running(gym.desk().run):
        gym.reads(True)
        await eventually(lambda: len(tries) == 3)
        gym.signals("single_push")
        await eventually(lambda: [one.place for one in gym.reports] == ["desk"])


async def test_a_wire_that_is_broken_at_the_start_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buttons, "_LOOK_SECONDS", 0.01)
    gym = Gym()
    async with running(gym.desk().run):
        gym.reads(True)
        await eventually(lambda: gym.troubles == [("panel", DeviceTrouble.STUCK, True)])
        gym.reads(False)
        await eventually(lambda: gym.troubles[1:] == [("panel", DeviceTrouble.STUCK, False)])
    assert gym.reports == []
