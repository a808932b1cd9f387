"""SOS buttons at simulated Shellys over a real Mosquitto, from the press to the report."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc
from arni_edge.devices.book import DeviceBook
from arni_edge.devices.interpreter import Interpreter
from arni_edge.devices.listening import book_filters
from arni_edge.devices.ports import Sighting
from arni_edge.devices.shelf import owned_devices
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.events import ReadingChanged
from arni_edge.safety import buttons
from arni_edge.safety.buttons import ButtonLevels, SosButtons
from arni_edge.safety.model import Report
from arni_edge.settings import Settings
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from arni_edge.simulator.shelly_parts import Input

PANEL, OLD = "gym/panel", "shelly1-34945472A643"
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "shellies": [
            {"id": "panel", "prefix": PANEL, "role": "button"},
            {"id": "old", "prefix": f"shellies/{OLD}", "role": "button", "generation": 1},
        ],
        "alarms": {
            "buttons": [
                {"id": "wall", "device": "panel", "entity": "input:0.state"},
                {"id": "desk", "device": "panel", "entity": "input:1"},
                {"id": "sauna", "device": "old", "entity": "input:0"},
            ]
        },
    }
)


@dataclass
class Gym:
    mosquitto: Mosquitto
    book: DeviceBook
    ear: Ear
    reports: list[Report] = field(default_factory=list)
    stuck: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def levels(self) -> list[object]:
        """Of the wired button, as the bus told them."""
        changes = [one for one in self.ear.heard(ReadingChanged) if one.device == "panel"]
        return [one.value for one in changes if one.entity == "input:0.state"]

    @property
    def pressed(self) -> list[str | None]:
        return [one.place for one in self.reports]

    def live(self, device: str, entity: str) -> object:
        picture = self.book.find(device)
        reading = picture.readings.get(entity) if picture else None
        return reading.value if reading and reading.live else "nothing"

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        if trouble is DeviceTrouble.STUCK:
            self.stuck.append((device, bool(evidence)))

    async def over(self, device: str, trouble: DeviceTrouble, _evidence: str) -> None:
        if trouble is DeviceTrouble.STUCK:
            self.stuck.append((device, False))

    async def note(self, sightings: Sequence[Sighting]) -> None:
        """Nobody is written down."""

    def panel(self) -> SimulatedShellyGen2:
        return SimulatedShellyGen2(
            PANEL,
            "shellyplusi4-a8032abe54dc",
            self.mosquitto.address("panel", tcp=True),
            parts=[Input(0), Input(1, kind="button")],
            latency=0.01,
            reconnect=(0.05, 0.2),
        )


@asynccontextmanager
async def a_gym(mosquitto: Mosquitto) -> AsyncIterator[Gym]:
    for account in ("edge", "panel", "old"):
        mosquitto.address(account)
    bus, clock = Bus(), SystemClock()
    session = BrokerSession(mosquitto.address("edge"), client_id="edge", clock=clock)
    gym = Gym(mosquitto, None, None)  # type: ignore[arg-type]
    rpc, strangers = ShellyRpc(session, "arni/studio/edge"), ShellyRpc(session, "arni/studio/newcomer")
    gym.book = DeviceBook(
        Interpreter([]), book_filters(SETTINGS), owned_devices(SETTINGS),
        broker=session, rpc=rpc, strangers_rpc=strangers, bus=bus, clock=clock,
        incidents=gym, notebook=gym,
    )  # fmt: skip
    desk = SosButtons(
        SETTINGS.alarms.buttons,
        bus,
        clock,
        report=gym.reports.append,
        incidents=gym,
        levels=ButtonLevels(),
    )
    async with (
        listening(bus) as gym.ear, running(desk.run), running(rpc.run), running(strangers.run),
        running(gym.book.run), connected(session),
    ):  # fmt: skip
        yield gym


async def test_wired_buttons_and_button_devices_report_each_press_once(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buttons, "_BOUNCE_SECONDS", 0.0)
    async with a_gym(mosquitto) as gym:
        panel = gym.panel()
        wall, desk = panel.parts["input:0"], panel.parts["input:1"]
        assert isinstance(wall, Input)
        assert isinstance(desk, Input)
        async with plugged_in(panel):
            await eventually(lambda: gym.live("panel", "input:0.state") is False)
            desk.press()
            await eventually(lambda: gym.pressed == ["desk"])
            wall.set_level(True)
            wall.set_level(False)
            await eventually(lambda: gym.pressed == ["desk", "wall"])
            # A reboot with the button released: what is told anew is no press, the next one is.
            panel.reboot()
            await eventually(lambda: gym.levels[-2:] == [None, False])
            wall.set_level(True)
            await eventually(lambda: gym.pressed == ["desk", "wall", "wall"])


async def test_a_wire_that_is_shorted_when_the_house_starts_raises_nothing(mosquitto: Mosquitto) -> None:
    async with a_gym(mosquitto) as gym:
        panel = gym.panel()
        wall = panel.parts["input:0"]
        assert isinstance(wall, Input)
        wall._level = True
        async with plugged_in(panel):
            await eventually(lambda: gym.stuck == [("panel", True)])
            wall.set_level(False)
            await eventually(lambda: gym.stuck[1:] == [("panel", False)])
            wall.set_level(True)
            await eventually(lambda: gym.pressed == ["wall"])


async def test_an_old_device_tells_its_last_event_again_and_only_the_next_one_counts(
    mosquitto: Mosquitto,
) -> None:
    async with a_gym(mosquitto) as gym:
        old = SimulatedShellyGen1(
            OLD, mosquitto.address("old", tcp=True), lambda _: None, reconnect=(0.05, 0.2)
        )
        old._event = ("S", 41)
        async with plugged_in(old):
            await eventually(lambda: gym.live("old", "input:0.state") != "nothing")
            old.press()
            await eventually(lambda: gym.pressed == ["sauna"])
