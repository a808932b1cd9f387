"""Bookings at a simulated Magicline: whoever asks, the outbox on a real database, and whoever writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from arni_edge.domain.bookings import Booked
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import State
from arni_edge.magicline import MagiclineClient
from arni_edge.magicline.booking_ids import class_slot_id
from arni_edge.magicline.booking_writer import BookingWriter
from arni_edge.magicline.bookings import MagiclineBookings
from arni_edge.settings import Magicline
from arni_edge.simulator.magicline import SimulatedMagicline
from arni_edge.simulator.magicline.lessons import Slot
from arni_edge.storage import Database
from support.database import open_database

BERLIN = ZoneInfo("Europe/Berlin")
SOON = timedelta(seconds=20)
"""A wish that waits longer than any test."""


def member_id(customer_id: int) -> str:
    """The house's id of somebody at Magicline."""
    return f"ml-{customer_id}"


def word(slot: Slot) -> str:
    """A slot as the house calls it."""
    return class_slot_id(slot.taught.class_id, slot.slot_id)


async def introduce(database: Database, *customers: int, member: str = "") -> None:
    """Put somebody into the mirror, as a pass does."""

    async def store(tx: Any) -> None:
        for customer in customers:
            await tx.execute(
                "INSERT INTO magicline_customers (customer_id, member_id, number, first_name, last_name,"
                " phones, status, access_refused, restrictions, read_at)"
                " VALUES (?, ?, '', '', '', '[]', 'MEMBER', 0, '[]', '2026-11-18T11:00:00+00:00')"
                " ON CONFLICT DO NOTHING",
                (customer, member or member_id(customer)),
            )

    await database.write(store)


@dataclass
class BookingDesk:
    """One life of it."""

    database: Database
    settings: Magicline
    http: httpx.AsyncClient
    settle_seconds: float = 0.02
    health: list[tuple[State, str]] = field(default_factory=list)
    set_aside: int = 0
    client: MagiclineClient = field(init=False)
    bookings: MagiclineBookings = field(init=False)
    _writing: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        self.client = MagiclineClient(self.settings, SystemClock(), http=self.http, sleep=_no_sleep)
        self.bookings = MagiclineBookings(self.client, self.database, SystemClock(), zone=BERLIN)

    def start(self) -> None:
        """Have somebody write."""
        writer = BookingWriter(
            self.client,
            self.database,
            SystemClock(),
            zone=BERLIN,
            health=lambda state, reason: self.health.append((state, reason)),
            set_aside=self._told,
            settle_seconds=self.settle_seconds,
            first_wait=0.02,
        )
        self._writing = asyncio.create_task(writer.run(lambda: None))

    async def _told(self, _: object) -> None:
        self.set_aside += 1

    async def crash(self) -> None:
        """Whoever writes is gone, in the middle of whatever it was."""
        if self._writing is not None:
            self._writing.cancel()
            with suppress(asyncio.CancelledError):
                await self._writing
        self._writing = None

    async def book(self, customer: int, slot: Slot, key: str = "k1", within: timedelta = SOON) -> Booked:
        """Book a class."""
        return await self.bookings.book(member_id(customer), word(slot), key, within)

    async def states(self) -> list[str]:
        """Of the rows, oldest first."""
        rows = await self.database.read("SELECT state FROM outbox WHERE line = 'magicline' ORDER BY position")
        return [str(row["state"]) for row in rows]


@asynccontextmanager
async def booking_desk(
    path: Path, magicline: SimulatedMagicline, http: httpx.AsyncClient, *customers: int
) -> AsyncIterator[BookingDesk]:
    """A life on the database in a folder; somebody writes until it ends."""
    async with open_database(path / "arni.db") as database:
        await introduce(database, *customers)
        desk = BookingDesk(database, magicline.settings(), http)
        desk.start()
        try:
            yield desk
        finally:
            await desk.crash()


def tomorrow(magicline: SimulatedMagicline, hours: float = 24) -> datetime:
    """A time at which a class can be added."""
    return magicline.now().replace(microsecond=0) + timedelta(hours=hours)


async def _no_sleep(seconds: float) -> None:
    """Wait a little less long between repetitions of a read."""
    await asyncio.sleep(min(seconds, 0.02))
