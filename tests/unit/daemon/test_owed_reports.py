"""A pressed button that the disk did not take is not forgotten when the settings change."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.broker.managed import ManagedMosquitto
from arni_edge.bus import Bus
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House, build_house
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import DeviceSignalled
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard

_SETTINGS = {
    "site": {"id": "demo", "name": "Demo", "capacity": 10},
    "shellies": [{"id": "panel", "prefix": "gym/panel", "role": "button"}],
    "alarms": {"buttons": [{"id": "wall", "device": "panel", "entity": "input:0"}]},
}


class Disk:
    """The database, whose disk may be full."""

    def __init__(self, database: Database) -> None:
        self.full = False
        self.asked = 0
        self._write = database.write

    async def write(self, unit: Callable[[Transaction], Awaitable[Any]], **more: Any) -> Any:
        self.asked += self.full
        if self.full:
            raise Unavailable("the disk is full")
        return await self._write(unit, **more)


def part(house: House, name: str) -> Callable[[Progress], Awaitable[None]]:
    (child,) = [one for one in house.children if one.name == name]
    return child.run


async def test_what_was_pressed_before_a_reload_raises_the_alarm_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, bus = ManualClock(), Bus()
    settings = Settings.model_validate({**_SETTINGS, "paths": {"state": tmp_path, "runtime": tmp_path}})
    async with open_database(tmp_path / "arni.db") as database:
        disk = Disk(database)
        monkeypatch.setattr(database, "write", disk.write)
        base = Foundation(
            database,
            clock,
            bus,
            HealthBoard(bus, clock),
            Catalogue.load(),
            ManagedMosquitto(tmp_path / "broker"),
            AuditLog(keep_key(tmp_path / "audit-key")),
        )
        houses = [build_house(settings, base), build_house(settings, replace(base))]
        disk.full = True
        async with running(part(houses[0], "sos-buttons")), running(part(houses[0], "alarm-reports")):
            bus.publish(DeviceSignalled(at=clock.now(), device="panel", entity="input:0", name="single_push"))
            await eventually(lambda: disk.asked)
        disk.full = False
        assert await houses[1].alarms.open() == []
        async with running(part(houses[1], "alarm-reports")):
            await eventually_is(
                houses[1].alarms.open, lambda alarms: [one.place for one in alarms] == ["wall"]
            )
        for house in houses:
            for close in house.closers:
                await close()
