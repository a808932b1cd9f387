"""An entry desk on a real database, with rules that let Mia in."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from arni_edge.access import Entry, EntryDesk, EntryKeys, Lock, Rules
from arni_edge.access.keys import EntryKey
from arni_edge.access.policy import DoorRule
from arni_edge.access.visits import Invitation
from arni_edge.bus import Bus, Subscription
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome, UnlatchResult
from arni_edge.domain.events import EntryDenied, Event, StaffAsked
from arni_edge.domain.people import Member
from arni_edge.settings import Access
from arni_edge.storage import Database, members
from support.clock import ManualClock
from support.database import open_database

ALL_DAY = {day: [(time(0), time.max)] for day in range(7)}


def rules_for(*doors: str, **other: Any) -> Rules:
    """Rules for doors that everybody may use, always, unless said otherwise."""
    given = {
        "zone": ZoneInfo("Europe/Berlin"),
        "windows": ALL_DAY,
        "doors": {door: DoorRule() for door in doors},
        "mirror_max_age": timedelta(hours=72),
    }
    return Rules(**{**given, **other})


def some_keys() -> EntryKeys:
    """Keys in no file."""
    key = EntryKey("0a1b2c", secrets.token_bytes(32), datetime(2026, 1, 1, tzinfo=UTC))
    return EntryKeys(Path("/nowhere/entry-keys.json"), (key,), secrets.token_bytes(32))


def entry_desk(
    database: Database,
    bus: Bus,
    clock: Clock,
    *,
    locks: Mapping[str, Lock],
    rules: Rules | None = None,
    keys: EntryKeys | None = None,
    access: Access | None = None,
    inside: Callable[[], int | None] = lambda: None,
    capacity: int | None = None,
) -> EntryDesk:
    """A desk for these doors."""
    return EntryDesk(
        database,
        bus,
        clock,
        rules=rules or rules_for(*locks),
        access=access or Access(),
        keys=keys or some_keys(),
        locks=locks,
        inside=inside,
        capacity=capacity,
    )


MIA = Member("m1", "Mia Muster", "+4915123456789")
BEN = Member("m2", "Ben Beispiel", "+4915123456780")
OPENED = Entry(None, Outcome.CONFIRMED)


@dataclass
class GatedLock:
    """Stands at the port of the desk; opens when the gate is, which is at once unless a test closes it."""

    opened: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def unlatch(self) -> UnlatchResult:
        self.opened += 1
        await self.gate.wait()
        return UnlatchResult(Outcome.CONFIRMED, "state=5", 0.1)


@dataclass
class Doorstep:
    database: Database
    clock: ManualClock
    keys: EntryKeys
    desk: EntryDesk
    front: GatedLock
    back: GatedLock
    events: list[Event]

    async def show(self, text: str, door: str = "front", **more: Any) -> Entry:
        return await self.desk.present(door, text, source="reader", **more)

    async def audit(self) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.read("SELECT * FROM door_audit ORDER BY id")]

    async def count(self, table: str) -> int:
        return len(await self.database.read(f"SELECT 1 FROM {table}"))

    async def change(self, member: Member) -> None:
        await self.database.write(lambda tx: members.put_by_hand(tx, [member], self.clock.now()))


def _drained(subscription: Subscription) -> list[Event]:
    return list(subscription._safety)


@asynccontextmanager
async def doorstep(
    path: Path, *, rules: Rules | None = None, keys: EntryKeys | None = None, **more: Any
) -> AsyncIterator[Doorstep]:
    """A desk with two doors; Mia and Ben are on file."""
    clock, bus, keys = ManualClock(), Bus(), keys or some_keys()
    front, back = GatedLock(), GatedLock()
    front.gate.set()
    back.gate.set()
    heard = bus.subscribe(EntryDenied, StaffAsked)
    async with open_database(path / "arni.db") as database:
        desk = entry_desk(
            database,
            bus,
            clock,
            locks={"front": front, "back": back},
            rules=rules or rules_for("front", "back"),
            keys=keys,
            **more,
        )
        await database.write(lambda tx: members.put_by_hand(tx, [MIA, BEN], clock.now()))
        yield Doorstep(database, clock, keys, desk, front, back, _Heard(heard))


class _Heard(list[Event]):
    """The events that a subscription has gathered until now."""

    def __init__(self, heard: Subscription) -> None:
        super().__init__()
        self._heard = heard

    def __iter__(self) -> Any:
        return iter(_drained(self._heard))


def cleaners(here: Doorstep, **change: Any) -> Invitation:
    """A visit on Wednesdays from twelve to one."""
    given: dict[str, Any] = {
        "label": "cleaners",
        "doors": ("front",),
        "windows": {2: [(time(12), time(13))]},
        "valid_from": here.clock.now() - timedelta(days=1),
        "valid_until": here.clock.now() + timedelta(days=30),
    }
    return Invitation(**{**given, **change})
