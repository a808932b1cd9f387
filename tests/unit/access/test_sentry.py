"""Who looks for retained commands, where, and whose trouble a find is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.devices import listening
from support.mqtt import running
from support.waiting import eventually

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.access.sentry import RetainedSentry, command_topics, hub_action_topics
from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import DeviceIncident, DoorIncident
from arni_edge.settings import Door, HubLock, NukiLock, Shelly, StrikeLock

DOORS = [
    Door(id="front", name="Front", lock=NukiLock(nuki_id="0abc12")),
    Door(id="street", name="Street", lock=StrikeLock(device="strike")),
    Door(id="yard", name="Yard", lock=HubLock(prefix="hub")),
]
SHELLIES = [
    Shelly(id="strike", prefix="gym/strike", role="strike"),
    Shelly(id="lamp", prefix="shellies/shelly1-34945472A643", role="light", generation=1),
]


@dataclass(frozen=True)
class Message:
    topic: str
    payload: bytes = b"3"


@pytest.mark.parametrize(
    ("topic", "whose"),
    [
        ("nuki/0ABC12/lockAction", Subject("door", "front")),
        ("nuki/ABC12/unlock", Subject("door", "front")),
        ("nuki/000ABC12/lock", Subject("door", "front")),
        ("gym/strike/rpc", Subject("door", "street")),
        ("gym/strike/command/switch:0", Subject("door", "street")),
        ("hub/opener/action", Subject("door", "yard")),
        ("shellies/shelly1-34945472A643/relay/0/command", Subject("device", "lamp")),
        ("shellies/command", Subject("device", "shellies")),
    ],
)
async def test_a_find_is_the_trouble_of_its_door_or_device(
    tmp_path: Path, topic: str, whose: Subject
) -> None:
    async def find(_: Sequence[str]) -> list[Message]:
        return [Message(topic)]

    bus = Bus()
    async with open_database(tmp_path / "arni.db") as database, listening(bus) as ear:
        sentry = RetainedSentry(
            command_topics(DOORS, SHELLIES), find, IncidentDesk(database, bus, ManualClock())
        )
        assert await sentry.look() == [topic]
        await eventually(lambda: ear.events)
        (event,) = ear.events
        assert isinstance(event, DoorIncident | DeviceIncident)
        name = event.door if isinstance(event, DoorIncident) else event.device
        kind = "door" if isinstance(event, DoorIncident) else "device"
        assert (kind, name) == (whose.kind, whose.name)
        assert topic in event.evidence


async def test_it_looks_again_when_the_broker_was_away_and_then_every_hour(tmp_path: Path) -> None:
    looks: list[Sequence[str]] = []

    async def find(topics: Sequence[str]) -> list[Message]:
        looks.append(topics)
        if len(looks) == 1:
            raise Unavailable("the broker is away")
        return [Message("nuki/ABC12/lockAction", b"")]  # the echo of a removal

    bus = Bus()
    async with open_database(tmp_path / "arni.db") as database, listening(bus) as ear:
        topics = command_topics(DOORS, SHELLIES)
        desk = IncidentDesk(database, bus, ManualClock())
        sentry = RetainedSentry(topics, find, desk, every_seconds=0.02, again_seconds=0.01)
        async with running(sentry.run):
            await eventually(lambda: len(looks) >= 3)
        assert set(looks[0]) == set(topics)
        assert ear.events == []


def test_a_house_without_devices_has_nothing_to_look_at() -> None:
    assert command_topics([], []) == {}


async def test_it_looks_again_as_soon_as_the_broker_is_back_and_once_more(tmp_path: Path) -> None:
    looks: list[Sequence[str]] = []

    async def find(topics: Sequence[str]) -> list[Message]:
        looks.append(topics)
        return []

    async with open_database(tmp_path / "arni.db") as database:
        desk = IncidentDesk(database, Bus(), ManualClock())
        sentry = RetainedSentry(command_topics(DOORS, SHELLIES), find, desk, again_seconds=0.05)
        async with running(sentry.run):
            await eventually(lambda: len(looks) == 1)
            await sentry.on_session(2)
            await eventually(lambda: len(looks) == 3)


@pytest.mark.parametrize(
    ("topic", "payload", "found"),
    [
        ("hub/opener/action", b"--", False),
        ("hub/opener/action", b"ack", False),
        ("hub/lock/query/lockstate", b"0", False),
        ("hub/opener/action", b"electricStrikeActuation", True),
        ("hub/lock/query/lockstate", b"1", True),
        ("gym/strike/command/switch:0", b"--", True),
        ("nuki/ABC12/lockAction", b"0", True),
    ],
)
async def test_the_marks_of_a_hub_are_no_commands(
    tmp_path: Path, topic: str, payload: bytes, *, found: bool
) -> None:
    async def find(_: Sequence[str]) -> list[Message]:
        return [Message(topic, payload)]

    async with open_database(tmp_path / "arni.db") as database:
        desk = IncidentDesk(database, Bus(), ManualClock())
        topics, marked = command_topics(DOORS, SHELLIES), hub_action_topics(DOORS)
        assert await RetainedSentry(topics, find, desk, marked=marked).look() == ([topic] if found else [])
        assert len(await desk.everything_open()) == found
