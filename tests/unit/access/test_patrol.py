"""What the patrol of one door makes of the words of the house."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.database import open_database
from support.devices import Ear, listening
from support.mqtt import running
from support.waiting import eventually

from arni_edge.access.incidents import IncidentDesk
from arni_edge.access.patrol import DoorPatrol
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.events import DoorIncident, LockChanged, ReadingChanged
from arni_edge.domain.readings import Value
from arni_edge.settings import Door

NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)


@dataclass
class FakeLock:
    """Stands at the port of the patrol."""

    silent_seconds: float | None = 1.0
    unsafe: str | None = None
    looked_at: int = 0

    def forget_jam(self) -> None:
        self.looked_at += 1


@dataclass
class Beat:
    bus: Bus
    patrol: DoorPatrol
    lock: FakeLock
    ear: Ear

    @property
    def told(self) -> list[str]:
        return [f"{one.incident}{' over' if one.over else ''}" for one in self.ear.heard(DoorIncident)]

    def reads(self, device: str, entity: str, value: Value) -> None:
        self.bus.publish(ReadingChanged(at=NOW, device=device, entity=entity, value=value))

    def lock_says(self, state: LockState, contact: DoorContact) -> None:
        self.bus.publish(LockChanged(at=NOW, door="front", state=state, contact=contact))


@asynccontextmanager
async def on_patrol(path: Path, **door: Any) -> AsyncIterator[Beat]:
    settings = Door.model_validate(
        {"id": "front", "name": "Front", "lock": {"nuki_id": "1"}, "propped_seconds": 0.1} | door
    )
    bus, clock, lock = Bus(), SystemClock(), FakeLock()
    async with open_database(path / "arni.db") as database, listening(bus) as ear:
        desk = IncidentDesk(database, bus, clock)
        patrol = DoorPatrol(settings, lock, desk, bus, clock, commanded_at=lambda: float("-inf"))
        async with running(patrol.run):
            yield Beat(bus, patrol, lock, ear)


@pytest.mark.parametrize("open_when", [True, False])
async def test_a_contact_on_a_device_of_its_own_outweighs_the_locks_sensor(
    tmp_path: Path, *, open_when: bool
) -> None:
    contact = {"device": "relay", "entity": "input:1.state", "open_when": open_when}
    async with on_patrol(tmp_path, contact=contact) as beat:
        beat.lock_says(LockState.UNLOCKED, DoorContact.OPEN)
        beat.reads("relay", "input:0.state", open_when)
        beat.reads("other", "input:1.state", open_when)
        beat.reads("relay", "input:1.state", "nonsense")
        beat.reads("relay", "input:1.state", not open_when)
        await eventually(lambda: beat.patrol.contact is DoorContact.CLOSED)
        assert beat.told == []
        beat.reads("relay", "input:1.state", open_when)
        await eventually(lambda: beat.told == ["propped"])
        beat.reads("relay", "input:1.state", None)
        await eventually(lambda: beat.patrol.contact is DoorContact.UNKNOWN)
        beat.reads("relay", "input:1.state", not open_when)
        await eventually(lambda: beat.told == ["propped", "propped over"])


async def test_the_batteries_of_this_lock_count_and_no_others(tmp_path: Path) -> None:
    async with on_patrol(tmp_path) as beat:
        beat.reads("lock/back", "batteryCritical", True)
        beat.reads("lock/front", "batteryChargeState", 19)
        await eventually(lambda: beat.told == ["battery_low"])
        beat.reads("lock/front", "batteryChargeState", 100)
        await eventually(lambda: beat.told == ["battery_low", "battery_low over"])


async def test_a_silent_lock_and_an_unsafe_strike_are_told_of(tmp_path: Path) -> None:
    async with on_patrol(tmp_path) as beat:
        beat.lock.silent_seconds, beat.lock.unsafe = 90_000, "auto_off is 0"
        await eventually(lambda: sorted(beat.told) == ["silent", "unsafe"])
        beat.lock.silent_seconds, beat.lock.unsafe = 1, ""
        await eventually(lambda: sorted(beat.told[2:]) == ["silent over", "unsafe over"])
