"""What a Home Assistant on the same broker finds, over a real Mosquitto."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from support.clock import ManualClock
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession, discovery
from arni_edge.broker.discovery import HomeAssistant
from arni_edge.daemon.figures import figures
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import DoorContact, Incident, LockState
from arni_edge.domain.health import State
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.settings import Settings
from arni_edge.vision.messages import CameraState
from arni_edge.vision.occupancy import CameraReport

SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "doors": [{"id": "front", "name": "Haupteingang", "lock": {"nuki_id": "2BB28570"}}],
        "vision": {"enabled": False},
        "cameras": [
            {
                "id": "door",
                "url": "rtsp://10.0.0.9/1",
                "lines": [{"id": "in", "name": "Tür", "points": [[0.1, 0.5], [0.9, 0.5]], "door": "front"}],
                "zones": [
                    {
                        "id": "hall",
                        "name": "Flur",
                        "kind": "entrance",
                        "polygon": [[0, 0], [1, 0], [1, 1]],
                    }
                ],
            }
        ],
    }
)


_FIGURES = 12
"""Health, two of people, three of the door, one of the zone, three of the camera, two of its line."""


@dataclass
class Organs:
    """What the house knows; the figures read it."""

    state: LockState = LockState.LOCKED
    contact: DoorContact = DoorContact.CLOSED
    occupancy: Occupancy = UNKNOWN_OCCUPANCY
    wrong: tuple[Incident, ...] = ()
    troubles: tuple[CameraTrouble, ...] = ()
    cameras: dict[str, CameraReport] = field(default_factory=dict)
    counted: tuple[int, int] = (0, 0)

    def zone(self, _: str) -> Occupancy:
        return self.occupancy

    def total(self) -> Occupancy:
        return self.occupancy


@asynccontextmanager
async def announcing(
    mosquitto: Mosquitto,
    organs: Organs,
    *,
    clock: ManualClock | None = None,
    enabled: bool = True,
    doors: bool = True,
) -> AsyncIterator[None]:
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
    shown = figures(
        SETTINGS,
        {"front": organs},
        organs,
        lambda: State.OK,
        lambda _: organs.wrong,
        lambda _: organs.troubles,
    )
    home = HomeAssistant(
        session,
        clock or ManualClock(),
        shown if doors else [one for one in shown if not one.object_id.startswith("door_")],
        site_id="studio",
        site_name="Studio",
        version="1.0",
        prefix="homeassistant",
        enabled=enabled,
    )
    async with running(home.run), connected(session):
        yield


class Finder:
    """A Home Assistant that has subscribed to everything of Arni's."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def last(self) -> dict[str, str]:
        return dict(self.device.got)

    def state(self, object_id: str) -> str | None:
        return self.last().get(f"arni/studio/state/{object_id}")

    def configs(self) -> dict[str, Any]:
        return {
            topic: orjson.loads(payload)
            for topic, payload in self.last().items()
            if topic.startswith("homeassistant/") and topic.endswith("/config") and payload
        }


@asynccontextmanager
async def a_home_assistant(mosquitto: Mosquitto) -> AsyncIterator[Finder]:
    address = mosquitto.address("visitor", tcp=True)
    async with Device(address, "homeassistant/#", "arni/studio/#") as device:
        yield Finder(device)


async def test_it_finds_figures_and_nothing_that_could_open_a_door(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    async with announcing(mosquitto, Organs()):
        async with a_home_assistant(mosquitto) as finder:
            await eventually(
                lambda: finder.state("zone_hall") == "None" and len(finder.configs()) == _FIGURES
            )
            configs = finder.configs()
        components = {topic.split("/")[1] for topic in configs}
        assert components == {"sensor", "binary_sensor"}
        for topic, config in configs.items():
            assert topic.split("/")[2] == "arni_studio"
            assert config["availability_topic"] == "arni/studio/online"
            assert config["expire_after"] > 0
            assert config["device"]["identifiers"] == ["arni_studio"]
            assert not [key for key in config if "command" in key or key.startswith(("pl_", "cmd"))]
        assert len({config["unique_id"] for config in configs.values()}) == len(configs)
        lock = configs["homeassistant/sensor/arni_studio/door_front_lock/config"]
        assert lock["name"] == "Haupteingang: lock"
        assert "locked" in lock["options"]


async def test_states_follow_the_house_and_unknown_is_unknown(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    organs = Organs()
    async with a_home_assistant(mosquitto) as finder, announcing(mosquitto, organs):
        await eventually(lambda: finder.state("door_front_lock") == "locked")
        await eventually(lambda: finder.state("door_front_contact") == "OFF")
        organs.state, organs.contact = LockState.UNKNOWN, DoorContact.TAMPERED
        organs.occupancy, organs.wrong = Occupancy(3, 0.5), (Incident.PROPPED,)
        await eventually(lambda: finder.state("door_front_lock") == "None")
        await eventually(lambda: finder.state("door_front_contact") == "None")
        await eventually(lambda: finder.state("zone_hall") == finder.state("people") == "3")
        await eventually(lambda: finder.state("door_front_incident") == "ON")


async def test_a_state_is_repeated_before_it_expires_and_not_all_the_time(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    clock = ManualClock()
    async with a_home_assistant(mosquitto) as finder, announcing(mosquitto, Organs(), clock=clock):

        def times() -> int:
            return sum(topic == "arni/studio/state/people" for topic, _ in finder.device.got)

        await eventually(lambda: finder.state("health") == "ok" and times() == 1)
        clock.advance(61)
        await eventually(lambda: times() == 2)


async def test_a_home_assistant_that_starts_is_told_again(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    async with a_home_assistant(mosquitto) as finder, announcing(mosquitto, Organs()):
        topic = "homeassistant/sensor/arni_studio/health/config"
        await eventually(lambda: finder.state("people"))
        before = sum(one == topic for one, _ in finder.device.got)
        await finder.device.publish("homeassistant/status", "online")
        await eventually(lambda: sum(one == topic for one, _ in finder.device.got) == before + 1)


async def test_switched_off_it_takes_everything_back(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    async with a_home_assistant(mosquitto) as finder:
        async with announcing(mosquitto, Organs()):
            await eventually(lambda: finder.state("zone_hall") and len(finder.configs()) == _FIGURES)
        async with announcing(mosquitto, Organs(), enabled=False):
            await eventually(lambda: not finder.configs())
            await eventually(lambda: not any(finder.state(one) for one in ("health", "zone_hall")))


async def test_a_door_that_is_gone_is_taken_back(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    async with a_home_assistant(mosquitto) as finder:
        async with announcing(mosquitto, Organs()):
            await eventually(lambda: finder.state("zone_hall") and len(finder.configs()) == _FIGURES)
        async with announcing(mosquitto, Organs(), doors=False):
            await eventually(lambda: len(finder.configs()) == _FIGURES - 3)
            assert not [topic for topic in finder.configs() if "door_front" in topic]


async def test_a_camera_its_troubles_and_the_band_are_shown_and_unknown_is_unknown(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_LOOK_SECONDS", 0.05)
    mosquitto.address()
    organs = Organs()
    async with a_home_assistant(mosquitto) as finder, announcing(mosquitto, organs):
        await eventually(lambda: finder.state("exits") == "0")
        assert [finder.state(one) for one in ("band", "camera_door_state", "camera_door_person_down")] == [
            "None"
        ] * 3
        assert finder.state("camera_door_problem") == "OFF"
        organs.cameras["door"] = CameraReport("door", CameraState.OK, "", 0.0)
        organs.occupancy, organs.counted = Occupancy(3, 0.5), (7, 4)
        await eventually(lambda: finder.state("camera_door_state") == "ok")
        await eventually(lambda: finder.state("camera_door_person_down") == "OFF")
        await eventually(lambda: (finder.state("entries"), finder.state("exits")) == ("7", "4"))
        await eventually(lambda: finder.state("band") == "moderate")
        organs.troubles = (CameraTrouble.PERSON_DOWN,)
        await eventually(lambda: finder.state("camera_door_person_down") == "ON")
        # Somebody who lies there is no fault of the camera, and a blind camera takes nobody back.
        assert finder.state("camera_door_problem") == "OFF"
        organs.troubles = (CameraTrouble.PERSON_DOWN, CameraTrouble.BLIND)
        organs.cameras["door"] = CameraReport("door", CameraState.STALLED, "", 0.0)
        await eventually(lambda: finder.state("camera_door_problem") == "ON")
        assert finder.state("camera_door_person_down") == "ON"
