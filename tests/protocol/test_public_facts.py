"""What anybody in the building may read of people and cameras, over a real Mosquitto."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiomqtt
import orjson
import pytest
from support.clock import ManualClock
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession, retained
from arni_edge.broker.mirror import Mirror, daemon_will
from arni_edge.broker.retained import PublicFacts
from arni_edge.bus import Bus
from arni_edge.daemon.public_facts import public_facts
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.events import CameraIncident, LineCrossed, LonePerson, TailgatingSuspected
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.settings import Settings
from arni_edge.vision.messages import CameraState
from arni_edge.vision.occupancy import CameraReport

_SQUARE = [[0, 0], [1, 0], [1, 1]]
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "vision": {"enabled": False},
        "cameras": [
            {
                "id": "cam",
                "url": "rtsp://10.0.0.9/1",
                "zones": [
                    {"id": "hall", "name": "Flur", "kind": "entrance", "polygon": _SQUARE},
                    {"id": "bar", "name": "Bar", "kind": "entrance", "polygon": _SQUARE, "limit": 4},
                ],
            }
        ],
    }
)


@dataclass
class Organs:
    seen: Occupancy = UNKNOWN_OCCUPANCY
    cameras: dict[str, CameraReport] = field(default_factory=dict)
    looks: int = 0

    async def looked_at(self) -> None:
        """What is seen now was looked at."""
        before = self.looks
        await eventually(lambda: self.looks > before + 1)

    def zone(self, _: str) -> Occupancy:
        return self.seen

    def total(self) -> Occupancy:
        self.looks += 1
        return self.seen


@asynccontextmanager
async def saying(mosquitto: Mosquitto, organs: Organs, clock: ManualClock) -> AsyncIterator[None]:
    session = BrokerSession(
        mosquitto.address(), client_id="edge", clock=SystemClock(), will=daemon_will("studio")
    )
    facts = PublicFacts(session, clock, public_facts(SETTINGS, organs), site_id="studio")
    async with running(facts.run), connected(session):
        yield


class Reader:
    """Somebody in the building who reads."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def all(self, topic: str) -> list[dict[str, Any]]:
        return [orjson.loads(said) for where, said in self.device.got if where == f"arni/studio/{topic}"]

    def last(self, topic: str) -> dict[str, Any]:
        return (self.all(topic) or [{}])[-1]


def _is_last(reader: Reader, topic: str, said: dict[str, Any]) -> bool:
    return reader.last(topic) == said


@asynccontextmanager
async def a_reader(mosquitto: Mosquitto) -> AsyncIterator[Reader]:
    async with Device(mosquitto.address("visitor", tcp=True), "arni/studio/#") as device:
        yield Reader(device)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retained, "_LOOK_SECONDS", 0.01)


async def test_unknown_is_null_and_never_zero(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    async with a_reader(mosquitto) as reader, saying(mosquitto, Organs(), ManualClock()):
        await eventually(lambda: reader.last("people/bar"))
        assert reader.last("people") == {
            "count": None, "band": "unknown", "confidence": None, "age_seconds": None,
        }  # fmt: skip
        assert reader.last("people/hall") == {"count": None, "confidence": None, "age_seconds": None}
        assert reader.last("people/bar")["band"] == "unknown"
        assert reader.last("camera/cam") == {"state": None, "ok": None, "age_seconds": None}


async def test_whoever_comes_later_finds_the_present(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    organs = Organs(Occupancy(3, 0.52, confidence=0.87))
    organs.cameras["cam"] = CameraReport("cam", CameraState.OK, "", 0.0, age_seconds=0.25)
    async with saying(mosquitto, organs, ManualClock()), a_reader(mosquitto) as reader:
        await eventually(lambda: reader.last("people/bar"))
        assert reader.last("people") == {
            "count": 3, "band": "moderate", "confidence": 0.9, "age_seconds": 0.5,
        }  # fmt: skip
        assert reader.last("people/bar") == {
            "count": 3, "band": "busy", "confidence": 0.9, "age_seconds": 0.5,
        }  # fmt: skip
        assert "band" not in reader.last("people/hall")
        await eventually(lambda: reader.last("camera/cam") == {"state": "ok", "ok": True, "age_seconds": 0.2})


async def test_a_camera_that_is_off_is_neither_well_nor_ill(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    organs, clock = Organs(), ManualClock()
    async with a_reader(mosquitto) as reader, saying(mosquitto, organs, clock):
        for state, ok in ((CameraState.OFF, None), (CameraState.COVERED, False), (CameraState.OK, True)):
            organs.cameras["cam"] = CameraReport("cam", state, "rtsp://a-secret", 0.0)
            clock.advance(3)
            said = {"state": str(state), "ok": ok, "age_seconds": None}
            await eventually(partial(_is_last, reader, "camera/cam", said))
        assert "secret" not in str(reader.device.got)


async def test_a_flicker_is_not_said_a_change_is_and_a_repetition_comes(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    organs, clock = Organs(Occupancy(3, 0.5)), ManualClock()
    async with a_reader(mosquitto) as reader, saying(mosquitto, organs, clock):
        await eventually(lambda: reader.last("people/bar"))
        clock.advance(1)
        organs.seen = Occupancy(4, 0.5)
        await organs.looked_at()
        organs.seen = Occupancy(3, 40.0)  # growing older is no news either
        clock.advance(30)
        await organs.looked_at()
        organs.seen = Occupancy(4, 0.5)
        await eventually(lambda: len(reader.all("people")) > 1)
        assert [one["count"] for one in reader.all("people")] == [3, 4]
        clock.advance(61)
        await eventually(lambda: len(reader.all("people")) > 2)
        assert [one["count"] for one in reader.all("people")] == [3, 4, 4]


async def test_an_old_figure_does_not_outlive_the_daemon(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    v5 = Device(mosquitto.address("visitor", tcp=True), "arni/studio/#", protocol=aiomqtt.ProtocolVersion.V5)
    async with saying(mosquitto, Organs(Occupancy(3, 0.5)), ManualClock()), v5 as device:
        await eventually(lambda: any(one.topic.value == "arni/studio/people" for one in device.raw))
        (said,) = [one for one in device.raw if one.topic.value == "arni/studio/people"]
        assert 0 < getattr(said.properties, "MessageExpiryInterval", 0) <= 180


async def test_crossings_are_told_and_who_was_followed_or_is_alone_is_not(mosquitto: Mosquitto) -> None:
    mosquitto.address()
    bus, at = Bus(), ManualClock().now()
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
    mirror = Mirror(session, bus, "studio")
    async with a_reader(mosquitto) as reader, running(mirror.run), connected(session):
        bus.publish(TailgatingSuspected(at=at, door="front", request_id="r", entries=2, together=2, times=1))
        bus.publish(LonePerson(at=at))
        bus.publish(LineCrossed(at=at, camera="cam", line="in", direction="out", together=2))
        bus.publish(
            CameraIncident(
                at=at, camera="cam", incident=CameraTrouble.BLIND, evidence="no picture for 10 min"
            )
        )
        await eventually(lambda: reader.last("event/camera_incident"))
        crossing = reader.last("event/line_crossed")
        assert {crossing[key] for key in ("camera", "line", "direction")} == {"cam", "in", "out"}
        told = {topic.rpartition("/")[2] for topic, _ in reader.device.got}
        assert told == {"online", "line_crossed", "camera_incident"}


def test_a_gym_without_cameras_says_nothing_of_people() -> None:
    assert public_facts(SETTINGS.model_copy(update={"cameras": []}), Organs()) == []
