"""Publisher and book over a real broker: history never counts, and nothing old is repeated as true."""

import asyncio

import pytest
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession, Will
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.vision.messages import CameraState
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.topics import online_topic
from arni_edge.vision.worker.publisher import Figure, Publisher
from arni_edge.vision.worker.reader import Status

CLOCK = SystemClock()


class Worker:
    """The worker's half: its session, its will and its publisher."""

    def __init__(self, mosquitto: Mosquitto, fresh_seconds: float = 60.0) -> None:
        will = Will(online_topic("gym"), "false")
        address = mosquitto.address("vision")
        self.session = BrokerSession(address, client_id="vision", clock=CLOCK, will=will)
        self.publisher = Publisher("gym", self.session, CLOCK, fresh_seconds)

    def see(self, count: int | None, reason: str = "") -> None:
        self.publisher.camera("cam", Status(CameraState.OK))
        self.publisher.zone(Figure("floor", "cam", count, reason, CLOCK.monotonic(), CLOCK.now()))


class Daemon:
    """The daemon's half: its session and its book."""

    def __init__(self, mosquitto: Mosquitto) -> None:
        self.session = BrokerSession(mosquitto.address("arni-edge"), client_id="daemon", clock=CLOCK)
        self.book = OccupancyBook("gym", {"floor": "Fläche"}, self.session, Bus(), CLOCK)

    @property
    def count(self) -> int | None:
        return self.book.zone("floor").count


@pytest.fixture
def worker(mosquitto: Mosquitto) -> Worker:
    return Worker(mosquitto)


@pytest.fixture
def daemon(mosquitto: Mosquitto) -> Daemon:
    return Daemon(mosquitto)


async def test_a_change_arrives_at_once(worker: Worker, daemon: Daemon) -> None:
    async with (
        connected(daemon.session),
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(3)
        await eventually(lambda: daemon.count == 3, within=1)
        worker.see(4)
        await eventually(lambda: daemon.count == 4, within=1)
        worker.see(None, "the camera is away")
        await eventually(lambda: daemon.count is None, within=1)


async def test_what_the_broker_kept_from_before_is_unknown(
    mosquitto: Mosquitto, worker: Worker, daemon: Daemon
) -> None:
    async with running(lambda _: worker.publisher.run()), connected(worker.session):
        worker.see(3)
        async with Device(mosquitto.address("spy"), "arni/gym/vision/zone/floor") as spy:
            await eventually(lambda: spy.got)
    async with connected(daemon.session), Device(mosquitto.address("spy"), "arni/gym/vision/#") as spy:
        await eventually(lambda: any(message.retain for message in spy.raw))
        await asyncio.sleep(0.3)
        assert daemon.count is None


async def test_a_new_connection_of_the_daemon_makes_all_unknown_until_it_is_heard_again(
    mosquitto: Mosquitto, worker: Worker, daemon: Daemon
) -> None:
    async with (
        connected(daemon.session),
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(3)
        await eventually(lambda: daemon.count == 3)
        mosquitto.kill()
        await eventually(lambda: daemon.count is None)
        mosquitto.start()
        await eventually(lambda: daemon.count == 3)


async def test_the_end_of_the_worker_is_heard_by_its_will(worker: Worker, daemon: Daemon) -> None:
    async with connected(daemon.session):
        async with running(lambda _: worker.publisher.run()), connected(worker.session):
            worker.see(3)
            await eventually(lambda: daemon.count == 3)
        await eventually(lambda: daemon.count is None, within=2)


async def test_a_figure_that_is_not_renewed_is_not_repeated_as_if_it_were_true(
    mosquitto: Mosquitto, daemon: Daemon
) -> None:
    worker = Worker(mosquitto, fresh_seconds=0.5)
    async with (
        connected(daemon.session),
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(3)
        await eventually(lambda: daemon.count == 3)
        # The next heartbeat, two seconds later, says that nobody has looked since.
        await eventually(lambda: daemon.count is None, within=4)


async def test_an_unchanged_figure_is_repeated_as_a_sign_of_life(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    topic = "arni/gym/vision/zone/floor"
    async with (
        Device(mosquitto.address("spy"), topic) as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(3)
        await eventually(lambda: len(spy.got) >= 3, within=10)
        assert all('"count":3' in payload for _, payload in spy.got)
