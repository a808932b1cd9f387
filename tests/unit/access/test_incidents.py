"""What is wrong is stored before it is told, and told once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.devices import Ear, listening
from support.retention import forget
from support.waiting import eventually

from arni_edge.access import incidents as desk_module
from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.bus import Bus
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import DeviceIncident, DoorIncident
from arni_edge.storage import Database, incidents

FRONT = Subject("door", "front")


@dataclass
class Office:
    desk: IncidentDesk
    database: Database
    ear: Ear
    bus: Bus
    clock: ManualClock

    @property
    def told(self) -> list[str]:
        return [
            f"{event.incident}{' over' if event.over else ''}"
            for event in self.ear.events
            if isinstance(event, DoorIncident | DeviceIncident)
        ]


@asynccontextmanager
async def an_office(path: Path) -> AsyncIterator[Office]:
    bus, clock = Bus(), ManualClock()
    async with open_database(path / "arni.db") as database, listening(bus) as ear:
        yield Office(IncidentDesk(database, bus, clock), database, ear, bus, clock)


async def test_to_begin_twice_is_to_begin_once(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(FRONT, Incident.JAMMED, "state=254")
        office.clock.advance(60)
        await office.desk.begin(FRONT, Incident.JAMMED, "state=254 again")
        (row,) = await office.desk.open_at("front")
        assert (row["times"], row["evidence"]) == (2, "state=254 again")
        assert row["last_at"] > row["at"]
        await eventually(lambda: office.told == ["jammed"])


async def test_it_is_on_the_disk_before_anybody_hears_of_it(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        stored: list[int] = []
        publish = office.bus.publish

        class Listening(Bus):
            def publish(self, event: object) -> None:
                stored.append(office.database.commits)
                publish(event)  # type: ignore[arg-type]

        desk = IncidentDesk(office.database, Listening(), office.clock)
        before = office.database.commits
        await desk.begin(FRONT, Incident.PROPPED, "open for 61 s")
        assert stored == [before + 1]


async def test_what_happens_is_told_every_time(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        for _ in range(2):
            await office.desk.begin(FRONT, Incident.FORCED, "opened while the bolt was out")
        await eventually(lambda: office.told == ["forced", "forced"])
        assert [row["times"] for row in await office.desk.open_at("front")] == [2]


async def test_it_ends_once_and_may_begin_anew(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        assert not await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        await office.desk.begin(FRONT, Incident.PROPPED, "open")
        assert await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        assert not await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        await office.desk.begin(FRONT, Incident.PROPPED, "open")
        await eventually(lambda: office.told == ["propped", "propped over", "propped"])
        assert len(await incidents.newest(office.database, 10)) == 2


async def test_a_person_who_clears_is_named(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(FRONT, Incident.JAMMED, "state=254")
        assert await office.desk.end(FRONT, Incident.JAMMED, "cleared by a person", by="kim")
        (row,) = await incidents.newest(office.database, 1)
        assert (row["ended_by"], row["end_evidence"]) == ("kim", "cleared by a person")


async def test_an_end_survives_a_restart_between_both(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(FRONT, Incident.SILENT, "nothing heard for 25 h")
    async with an_office(tmp_path) as office:
        assert await office.desk.end(FRONT, Incident.SILENT, "heard")


async def test_that_nothing_is_wrong_costs_no_commit(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(FRONT, Incident.PROPPED, "open for 61 s")
        before = office.database.commits
        assert not await office.desk.end(FRONT, Incident.UNCONFIRMED, "state=5")
        assert office.database.commits == before


async def test_doors_and_devices_do_not_share_what_is_wrong(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(Subject("device", "front"), DeviceTrouble.BATTERY_LOW, "5 %")
        assert await office.desk.open_at("front") == []
        assert not await office.desk.end(FRONT, Incident.BATTERY_LOW, "100 %")
        await eventually(lambda: office.told == ["battery_low"])
        assert office.ear.heard(DeviceIncident)


async def test_what_cannot_be_stored_is_told_all_the_same(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        await office.desk.begin(FRONT, Incident.JAMMED, "state=254")

        class Full(Database):
            async def write(self, *_: object, **__: object) -> object:  # type: ignore[override]
                raise Unavailable("the disk is full")

        full = Full(office.database._writer, office.database._reader, None)
        desk = IncidentDesk(full, office.bus, office.clock)
        await desk.begin(FRONT, Incident.TAMPERED, "doorsensorState=240")
        await eventually(lambda: office.told == ["jammed", "tampered"])
        assert not await desk.end(FRONT, Incident.JAMMED, "state=5")
        with pytest.raises(Unavailable):
            await desk.end(FRONT, Incident.JAMMED, "cleared", by="kim")


async def test_what_could_only_be_told_is_over_for_those_who_heard_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_office(tmp_path) as office:
        write = office.database.write

        async def full(*_: object, **__: object) -> Any:
            raise Unavailable("the disk is full")

        monkeypatch.setattr(office.database, "write", full)
        await office.desk.begin(FRONT, Incident.PROPPED, "open for 61 s")
        assert not await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        assert office.desk.may_be_open(FRONT, Incident.PROPPED), "somebody has to try that again"
        monkeypatch.setattr(office.database, "write", write)
        assert await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        assert not office.desk.may_be_open(FRONT, Incident.PROPPED)
        assert not await office.desk.end(FRONT, Incident.PROPPED, "contact closed")
        await eventually(lambda: office.told == ["propped", "propped over"])


async def test_what_begins_while_the_open_ones_are_read_can_be_ended(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        read, reached, go_on = office.database.read, asyncio.Event(), asyncio.Event()

        async def slowly(*query: Any) -> Any:
            rows = await read(*query)
            reached.set()
            await go_on.wait()
            return rows

        office.database.read = slowly  # type: ignore[method-assign,assignment]
        ending = asyncio.create_task(office.desk.end(FRONT, Incident.SILENT, "heard"))
        await reached.wait()
        await office.desk.begin(FRONT, Incident.RETAINED_COMMAND, "retained")
        go_on.set()
        assert not await ending
        assert await office.desk.end(FRONT, Incident.RETAINED_COMMAND, "gone")


async def test_a_person_clears_what_is_on_the_disk_whatever_is_remembered(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        assert not await office.desk.end(FRONT, Incident.SILENT, "heard")
        await IncidentDesk(office.database, office.bus, office.clock).begin(
            FRONT, Incident.JAMMED, "state=254"
        )
        assert await office.desk.end(FRONT, Incident.JAMMED, "cleared by a person", by="kim")


async def test_what_was_over_a_year_ago_is_forgotten_and_what_is_open_is_not(tmp_path: Path) -> None:
    async with an_office(tmp_path) as office:
        for incident in (Incident.JAMMED, Incident.PROPPED):
            await office.desk.begin(FRONT, incident, "seen")
        await office.desk.end(FRONT, Incident.PROPPED, "closed")
        office.clock.advance(300 * 86_400)
        await office.desk.begin(FRONT, Incident.PROPPED, "seen")
        await office.desk.end(FRONT, Incident.PROPPED, "closed")
        office.clock.advance(100 * 86_400)
        await forget(office.database, office.clock)
        rows = await incidents.newest(office.database, 10)
        assert [(row["incident"], row["ended_at"] is None) for row in rows] == [
            ("propped", False),
            ("jammed", True),
        ]


@pytest.mark.parametrize("failure", [Unavailable("the disk is failing"), None])
async def test_a_disk_that_cannot_be_read_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception | None
) -> None:
    monkeypatch.setattr(desk_module, "_STORE_SECONDS", 0.2)
    async with an_office(tmp_path) as office:

        async def broken(*_: object) -> Any:
            if failure is not None:
                raise failure
            await asyncio.Event().wait()

        office.database.read = broken  # type: ignore[method-assign,assignment]
        async with asyncio.timeout(5):
            assert not await office.desk.end(FRONT, Incident.UNCONFIRMED, "state=5")
