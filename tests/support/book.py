"""The daemon's book without a broker, and with a database where a test wants it to outlive a daemon."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.events import (
    CameraChanged,
    Event,
    LineCrossed,
    PeopleCounted,
    PersonDown,
    ZoneCrowded,
)
from arni_edge.storage import Database
from arni_edge.storage.occupancy import HeadcountStore
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.occupancy import OccupancyBook
from support.clock import ManualClock
from support.database import open_database
from support.waiting import eventually, eventually_is

PLAN = CountingPlan(zones=("floor",), lines={"door": "cam"})


class Desk:
    """A book without a broker: messages are handed to it as the broker's session would."""

    def __init__(
        self, database: Database | None = None, clock: ManualClock | None = None, plan: CountingPlan = PLAN
    ) -> None:
        self.clock = clock or ManualClock()
        bus = Bus()
        self.heard = bus.subscribe(LineCrossed, PersonDown, CameraChanged, ZoneCrowded, PeopleCounted)
        broker = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=self.clock)
        self.store = None if database is None else HeadcountStore(database, self.clock)
        self.book = OccupancyBook(
            "gym", {"floor": "Fläche"}, broker, bus, self.clock, plan=plan, keeper=self.store
        )
        if database is None:
            self.book.told(0)
        self.told()

    def told(self, *kinds: type) -> list[Event]:
        """Events since the last call."""
        found: list[Event] = [*self.heard._safety, *self.heard._telemetry.values()]
        self.heard._safety.clear()
        self.heard._telemetry.clear()
        return [event for event in found if not kinds or isinstance(event, kinds)]

    def crossings(self) -> list[tuple[str, int]]:
        """Crossings since the last call: where to, and how many were at the line."""
        return [(event.direction, event.together) for event in self.told() if isinstance(event, LineCrossed)]

    async def kept(self, inside: int) -> None:
        """Wait until this count is on the disk."""
        assert self.store is not None
        await eventually_is(self.store.load, lambda kept: kept is not None and kept[0].inside == inside)


@asynccontextmanager
async def living(path: Path, clock: ManualClock, plan: CountingPlan = PLAN) -> AsyncIterator[Desk]:
    """A daemon's life: what it has in memory is gone with it, what it kept is in the file."""
    async with open_database(path) as database:
        desk = Desk(database, clock, plan)
        running = asyncio.create_task(desk.book.run(lambda: None))
        try:
            await eventually(lambda: database.commits)
            yield desk
        finally:
            running.cancel()
            await asyncio.wait({running})
