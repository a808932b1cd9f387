"""A box with a mirror, beside a simulated Magicline; time passes only when somebody sleeps by the clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from arni_edge.domain.health import State
from arni_edge.domain.people import MemberState
from arni_edge.magicline import MagiclineClient, open_http
from arni_edge.magicline.hints import HintDesk
from arni_edge.magicline.mirror import Mirror
from arni_edge.magicline.passes import MirrorPasses
from arni_edge.magicline.waiting_list import MovedUp
from arni_edge.simulator.magicline import SimulatedMagicline
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.magicline import ages, hints
from support.database import open_database
from support.magicline import SleeplessClock
from support.waiting import eventually_is

BERLIN = ZoneInfo("Europe/Berlin")
_DAY = timedelta(days=1)
_LISTED = timedelta(days=14)


@dataclass
class Told:
    """What staff were told."""

    troubles: list[str] = field(default_factory=list)

    async def tell(self, tx: Transaction, line: str, trouble: str, now: datetime) -> None:
        del tx, now
        self.troubles.append(f"{line}/{trouble}")


@dataclass
class Box:
    """What fills the mirror, and what it came to."""

    magicline: SimulatedMagicline
    database: Database
    clock: SleeplessClock
    client: MagiclineClient
    mirror: Mirror
    passes: MirrorPasses
    hints: HintDesk
    told: Told
    health: list[tuple[State, str]]

    async def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.database.read(sql, values)]

    async def states(self) -> dict[str, tuple[MemberState, str]]:
        """State and numbers of everybody by id."""
        return {one.member_id: (one.state, one.phone) for one in await members.everybody(self.database)}

    async def state(self, role: str) -> MemberState:
        """How somebody with a role stands at the door."""
        member = self.magicline.gym.who(role)
        found = await members.by_id(self.database, f"ml-{member.member_id}")
        assert found is not None, role
        return found.state

    async def full_pass(self) -> None:
        """A pass from its beginning to its end."""
        wish = asyncio.create_task(self.passes.now())
        run = asyncio.create_task(self.passes.run(lambda: None))
        try:
            async with asyncio.timeout(30):
                await asyncio.wait({wish, run}, return_when=asyncio.FIRST_COMPLETED)
            await (run if run.done() else wish)
        finally:
            await stop(run)
            await stop(wish)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Passes and hints go on meanwhile."""
        tasks = [asyncio.create_task(one.run(lambda: None)) for one in (self.passes, self.hints)]
        try:
            yield
        finally:
            for task in tasks:
                await stop(task)

    async def work_off(self) -> None:
        """Until no hint waits any more; those that wait for their time get it."""
        run = asyncio.create_task(self.hints.run(lambda: None))
        try:
            async with asyncio.timeout(30):
                while await hints.count(self.database):
                    self.clock.advance(5)
                    await asyncio.sleep(0.005)
        finally:
            await stop(run)

    async def hear(self, *, copies: int = 1, backwards: bool = False) -> None:
        """All webhooks that were held arrive, as the relay hands them on."""
        events = [one for one in self.magicline.webhooks.held for _ in range(copies)]
        self.magicline.webhooks.held.clear()
        for event in reversed(events) if backwards else events:
            await self.hints.take(event.body)

    async def mirrored(self) -> dict[str, Any]:
        """What the mirror knows, in the form of :func:`truth`."""
        return {
            "customers": {
                row["customer_id"]: (
                    row["first_name"],
                    row["last_name"],
                    row["status"],
                    row["access_refused"],
                )
                for row in await self.rows("SELECT * FROM magicline_customers")
            },
            "contracts": {
                (row["contract_id"], row["customer_id"], row["rate_name"], bool(row["cancelled"]))
                for row in await self.rows("SELECT * FROM magicline_contracts")
            },
            "pauses": sorted(
                (row["customer_id"], row["contract_id"], row["start_on"], bool(row["unlimited"]))
                for row in await self.rows("SELECT * FROM magicline_pauses")
            ),
            "bookings": {
                (row["booking_id"], row["customer_id"], row["status"], row["slot_id"])
                for row in await self.rows("SELECT * FROM magicline_bookings WHERE kind = 'class'")
            },
            "slots": {
                (row["slot_id"], datetime.fromisoformat(row["start_at"]))
                for row in await self.rows(
                    "SELECT * FROM magicline_slots WHERE day >= ?", (self.mirror.today() - _DAY).isoformat()
                )
            },
            "on_file": {
                member.member_id
                for member in await members.everybody(self.database)
                if member.state is not MemberState.ENDED
            },
        }


def truth(magicline: SimulatedMagicline, now: datetime) -> dict[str, Any]:
    """What the simulator knows of whom a box in step with it would know, as the box would say it."""
    gym = magicline.gym
    listed = [one for one in gym.members.values() if one.listed and one.status in ("MEMBER", "PROSPECT")]
    ids = {one.member_id for one in listed}
    today = now.astimezone(BERLIN).date()
    return {
        "customers": {
            one.member_id: (one.first_name, one.last_name, one.status, int(one.access_refused))
            for one in listed
        },
        "contracts": {
            (contract.contract_id, one.member_id, contract.rate, contract.cancelled)
            for one in listed
            for contract in one.contracts
        },
        "pauses": sorted(
            (one.member_id, contract.contract_id, pause.start.isoformat(), pause.unlimited)
            for one in listed
            for contract in one.contracts
            for pause in contract.pauses
            if pause.accepted
        ),
        "bookings": {
            (one.booking_id, one.customer_id, one.status, one.slot.slot_id)
            for one in gym.timetable.bookings.values()
            if one.customer_id in ids and abs(one.slot.start.astimezone(BERLIN).date() - today) <= _LISTED
        },
        "slots": {
            (slot.slot_id, slot.start)
            for slot in gym.timetable.slots()
            if not slot.cancelled and slot.taught.bookable
        },
        "on_file": {
            f"ml-{one.member_id}"
            for one in listed
            if one.access_refused
            or any((r.start or today) <= today <= (r.end or today) for r in one.restrictions)
            or (one.status == "MEMBER" and any(not contract.reversed for contract in one.contracts))
        },
    }


async def stop(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait({task})


@dataclass(frozen=True)
class Filled:
    """A database after a full pass; the simulator of the same seed holds the same gym every time."""

    content: bytes
    seconds: float


async def fill(folder: Path) -> Filled:
    """Make one."""
    async with mirror_box(folder) as box:
        await box.full_pass()
        seconds = (box.clock.now() - SleeplessClock().now()).total_seconds()
    return Filled((folder / "arni.db").read_bytes(), seconds)


@asynccontextmanager
async def filled_box(path: Path, filled: Filled, *, news: MovedUp | None = None) -> AsyncIterator[Box]:
    """A box that has read everything before."""
    (path / "arni.db").write_bytes(filled.content)
    clock = SleeplessClock()
    clock.advance(filled.seconds)
    async with mirror_box(path, clock=clock, news=news) as box:
        yield box


@asynccontextmanager
async def mirror_box(
    path: Path,
    *,
    magicline: SimulatedMagicline | None = None,
    clock: SleeplessClock | None = None,
    news: MovedUp | None = None,
    country: str = "DE",
    per_minute: int = 600,
) -> AsyncIterator[Box]:
    """A box, and a Magicline of its own unless one is given."""
    clock = clock or SleeplessClock()
    if magicline is None:
        async with (
            SimulatedMagicline(clock=clock, members=4) as own,
            mirror_box(path, magicline=own, clock=clock, news=news, country=country) as box,
        ):
            yield box
        return
    http: httpx.AsyncClient = open_http()
    settings = magicline.settings(requests_per_minute=per_minute)
    told, health = Told(), list[tuple[State, str]]()
    async with http, open_database(path / "arni.db") as database:
        client = MagiclineClient(settings, clock, zone=BERLIN, http=http, sleep=clock.sleep)
        mirror = Mirror(
            client,
            database,
            clock,
            zone=BERLIN,
            country=country,
            plans=("off_peak", "premium"),
            notices=told,
            told=news,
        )
        passes = MirrorPasses(
            mirror,
            client,
            database,
            clock,
            settings,
            zone=BERLIN,
            health=lambda state, reason: health.append((state, reason)),
            notices=told,
            look_seconds=0.01,
        )
        desk = HintDesk(mirror, database, clock, look_seconds=0.01)
        magicline.gym.timetable.slots()  # who is in the classes is decided when somebody looks
        magicline.gym.activated = True
        magicline.webhooks.holding = True
        yield Box(magicline, database, clock, client, mirror, passes, desk, told, health)


async def read_at_all(box: Box) -> None:
    """Until a pass has ended."""

    await eventually_is(lambda: ages.newest(box.database), lambda last: last is not None and last.ended_at)


__all__ = [
    "BERLIN", "Box", "Filled", "Told", "fill", "filled_box", "mirror_box", "read_at_all", "stop", "truth",
]  # fmt: skip
