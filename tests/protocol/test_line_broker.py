"""The worker's publisher and the daemon's book over a real broker: crossings, outages, restarts of either."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Literal

from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually, eventually_is

from arni_edge.broker import BrokerSession, Will
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.events import LineCrossed
from arni_edge.storage import Database
from arni_edge.storage.occupancy import HeadcountStore
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.scene.report import Crossing
from arni_edge.vision.topics import online_topic
from arni_edge.vision.worker.publisher import Publisher

CLOCK = SystemClock()
WHEN = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)


class Worker:
    """One life of the worker."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        will = Will(online_topic("gym"), "false")
        self.session = BrokerSession(mosquitto.address("vision"), client_id="vision", clock=CLOCK, will=will)
        self.publisher = Publisher("gym", self.session, CLOCK, 60.0)
        self.publisher.line("door", "cam")

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[None]:
        async with running(lambda _: self.publisher.run()), connected(self.session):
            yield

    def sees(self, *directions: Literal["in", "out"]) -> None:
        for direction in directions:
            self.publisher.crossed(Crossing("door", direction, 0.0, 1, 1), WHEN)


class Daemon:
    """One life of the daemon's side."""

    def __init__(self, mosquitto: Mosquitto, database: Database) -> None:
        self.session = BrokerSession(mosquitto.address("arni-edge"), client_id="daemon", clock=CLOCK)
        bus = Bus()
        self.events = bus.subscribe(LineCrossed)
        self.keeper = HeadcountStore(database, CLOCK)
        plan = CountingPlan(lines={"door": "cam"})
        self.book = OccupancyBook("gym", {}, self.session, bus, CLOCK, plan=plan, keeper=self.keeper)

    @asynccontextmanager
    async def alive(self) -> AsyncIterator["Daemon"]:
        async with running(self.book.run), connected(self.session):
            yield self

    @property
    def count(self) -> int | None:
        return self.book.total().count

    @property
    def crossings(self) -> list[str]:
        return [event.direction for event in self.events._safety if isinstance(event, LineCrossed)]

    async def kept(self, inside: int) -> None:
        await eventually_is(self.keeper.load, lambda kept: kept is not None and kept[0].inside == inside)


async def _ready(daemon: Daemon) -> None:
    """The first count of all: somebody says that nobody is there."""
    await eventually(lambda: daemon.book._gym._early is None)
    daemon.book.told(0)


async def test_crossings_arrive_and_survive_the_end_of_the_daemon(
    mosquitto: Mosquitto, database: Database
) -> None:
    worker = Worker(mosquitto)
    async with worker.alive():
        async with Daemon(mosquitto, database).alive() as daemon:
            await _ready(daemon)
            await eventually(lambda: daemon.book._gym.totals)
            worker.sees("in", "in", "out")
            await eventually(lambda: daemon.crossings == ["in", "in", "out"])
            assert daemon.count == 1
            await daemon.kept(1)
        async with Device(mosquitto.address("spy"), "arni/gym/vision/line/door") as spy:
            worker.sees("in", "in")  # the daemon does not listen
            await eventually(lambda: any('"entries":4' in payload for _, payload in spy.got))
        async with Daemon(mosquitto, database).alive() as daemon:
            await eventually(lambda: daemon.count == 3)
            assert daemon.crossings == [], "nobody knows when it was"
            worker.sees("out")
            await eventually(lambda: daemon.count == 2)
            assert daemon.crossings == ["out"]


async def test_another_life_of_the_worker_counts_on(mosquitto: Mosquitto, database: Database) -> None:
    async with AsyncExitStack() as house:
        daemon = await house.enter_async_context(Daemon(mosquitto, database).alive())
        await _ready(daemon)
        for lives, _ in enumerate(range(3), start=1):
            worker = Worker(mosquitto)
            async with worker.alive():
                before = daemon.book.memory.entries
                epochs = {worker.publisher._epoch}
                await eventually(lambda: {one.epoch for one in daemon.book._gym.totals} == epochs)  # noqa: B023
                worker.sees("in", "in")
                await eventually(lambda: daemon.book.memory.entries == before + 2)  # noqa: B023
            assert daemon.count == 2 * lives


async def test_a_broker_that_dies_costs_no_crossing(mosquitto: Mosquitto, database: Database) -> None:
    worker = Worker(mosquitto)
    async with worker.alive(), Daemon(mosquitto, database).alive() as daemon:
        await _ready(daemon)
        await eventually(lambda: daemon.book._gym.totals)
        mosquitto.kill()
        await eventually(lambda: not worker.session.connected and not daemon.session.connected)
        worker.sees("in", "in", "in", "out")
        mosquitto.start()
        await eventually(lambda: daemon.count == 2)
        assert daemon.crossings == []
