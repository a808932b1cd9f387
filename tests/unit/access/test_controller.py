"""One door, one opening at a time, and nothing before the house can be sure of itself."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from support.clock import ManualClock
from support.database import open_database
from support.devices import listening
from support.waiting import eventually

from arni_edge.access.controller import DoorController
from arni_edge.access.incidents import IncidentDesk
from arni_edge.bus import Bus
from arni_edge.domain.doors import Outcome, UnlatchResult
from arni_edge.domain.events import DoorIncident
from arni_edge.storage import Database


@dataclass
class FakeLock:
    """Stands at the port of the controller; real ones are tested on the wire."""

    outcomes: list[Outcome] = field(default_factory=lambda: [Outcome.CONFIRMED] * 9)
    opened: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def unlatch(self) -> UnlatchResult:
        self.opened += 1
        await self.gate.wait()
        return UnlatchResult(self.outcomes[self.opened - 1], "seen", 0.5)


@dataclass
class FakeBolt(FakeLock):
    locked: list[bool] = field(default_factory=list)

    async def lock(self, *, by_person: bool = False) -> UnlatchResult:
        self.locked.append(by_person)
        return UnlatchResult(Outcome.CONFIRMED, "state=1", 0.5)


@dataclass
class World:
    clock_is_set: bool = True
    second_instance: bool = False

    def controller(self, lock: FakeLock, database: Database, bus: Bus) -> DoorController:
        clock = ManualClock()
        return DoorController(
            "front",
            lock,
            IncidentDesk(database, bus, clock),
            clock,
            clock_is_set=lambda: self.clock_is_set,
            second_instance=lambda: self.second_instance,
        )


async def test_who_asks_while_the_door_opens_shares_the_outcome(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        lock = FakeLock()
        controller = World().controller(lock, database, Bus())
        first, second = (asyncio.create_task(controller.unlatch()) for _ in range(2))
        await eventually(lambda: lock.opened)
        lock.gate.set()
        assert (await first).outcome is (await second).outcome is Outcome.CONFIRMED
        assert (await second).evidence == "seen (joined)"
        assert lock.opened == 1
        assert (await controller.unlatch()).evidence == "seen"
        assert lock.opened == 2


async def test_who_joined_a_cancelled_opening_is_told_that_nobody_knows(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        lock = FakeLock()
        controller = World().controller(lock, database, Bus())
        first = asyncio.create_task(controller.unlatch())
        second, gone = (asyncio.create_task(controller.unlatch()) for _ in range(2))
        await eventually(lambda: lock.opened)
        gone.cancel()
        await asyncio.wait({gone})
        assert not first.done()
        first.cancel()
        assert (await second).outcome is Outcome.UNKNOWN
        lock.gate.set()
        assert (await controller.unlatch()).outcome is Outcome.CONFIRMED


async def test_nothing_is_commanded_before_the_clock_is_set(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        world, lock = World(clock_is_set=False), FakeBolt()
        lock.gate.set()
        controller = world.controller(lock, database, Bus())
        result = await controller.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.NOT_PERMITTED, "the clock is not set")
        assert (await controller.lock()).outcome is Outcome.NOT_PERMITTED
        assert (lock.opened, lock.locked) == (0, [])
        world.clock_is_set = True
        assert (await controller.unlatch()).outcome is Outcome.CONFIRMED


async def test_nothing_is_commanded_while_a_second_instance_runs(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        lock = FakeLock()
        result = await World(second_instance=True).controller(lock, database, Bus()).unlatch()
        assert (result.outcome, lock.opened) == (Outcome.NOT_PERMITTED, 0)
        assert result.evidence == "another instance uses our client id"


async def test_an_opening_without_evidence_alarms_until_one_is_confirmed(tmp_path: Path) -> None:
    bus = Bus()
    async with open_database(tmp_path / "arni.db") as database, listening(bus) as ear:
        lock = FakeLock([Outcome.UNKNOWN, Outcome.OFFLINE, Outcome.CONFIRMED, Outcome.CONFIRMED])
        lock.gate.set()
        controller = World().controller(lock, database, bus)
        for _ in range(4):
            await controller.unlatch()
        await eventually(lambda: len(ear.heard(DoorIncident)) == 2)
        assert [(one.incident, one.over) for one in ear.heard(DoorIncident)] == [
            ("unconfirmed", False),
            ("unconfirmed", True),
        ]


async def test_only_a_bolt_can_be_put_out_and_never_during_an_opening(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        strike = World().controller(FakeLock(), database, Bus())
        assert (await strike.lock()).outcome is Outcome.FAILED
        bolt = FakeBolt()
        controller = World().controller(bolt, database, Bus())
        opening = asyncio.create_task(controller.unlatch())
        await eventually(lambda: bolt.opened)
        assert (await controller.lock(by_person=True)).outcome is Outcome.BUSY
        bolt.gate.set()
        await opening
        assert (await controller.lock(by_person=True)).outcome is Outcome.CONFIRMED
        assert bolt.locked == [True]


async def test_it_knows_when_it_last_commanded(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        lock = FakeLock()
        controller = World().controller(lock, database, Bus())
        assert controller.commanded_at == float("-inf")
        opening = asyncio.create_task(controller.unlatch())
        await eventually(lambda: lock.opened)
        assert controller.commanded_at == 1000.0
        lock.gate.set()
        await opening
        assert controller.commanded_at == 1000.0


class StuckDesk(IncidentDesk):
    """Its disk hangs, or fails in a way that nobody thought of."""

    gate: asyncio.Event

    async def begin(self, *_: object) -> None:
        await self.gate.wait()

    async def end(self, *_: object, **__: object) -> bool:
        raise RuntimeError("a bug")


async def test_neither_a_disk_that_hangs_nor_a_bug_holds_a_door(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        lock, clock = FakeLock([Outcome.UNKNOWN, Outcome.CONFIRMED]), ManualClock()
        desk = StuckDesk(database, Bus(), clock)
        desk.gate = asyncio.Event()
        controller = DoorController(
            "front", lock, desk, clock, clock_is_set=lambda: True, second_instance=lambda: False
        )
        first = asyncio.create_task(controller.unlatch())
        await eventually(lambda: lock.opened)
        joined = asyncio.create_task(controller.unlatch())
        await asyncio.sleep(0)
        lock.gate.set()
        assert (await joined).outcome is Outcome.UNKNOWN
        # The door is free again although the first one is still being written down.
        assert (await controller.unlatch()).outcome is Outcome.CONFIRMED
        assert lock.opened == 2
        desk.gate.set()
        assert (await first).outcome is Outcome.UNKNOWN


async def test_an_opening_that_was_cancelled_alarms_too(tmp_path: Path) -> None:
    bus = Bus()
    async with open_database(tmp_path / "arni.db") as database, listening(bus) as ear:
        lock = FakeLock()
        opening = asyncio.create_task(World().controller(lock, database, bus).unlatch())
        await eventually(lambda: lock.opened)
        opening.cancel()
        await asyncio.wait({opening})
        assert opening.cancelled()
        await eventually(lambda: [one.evidence for one in ear.heard(DoorIncident)] == ["cancelled"])
