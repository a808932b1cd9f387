"""Publisher and book over a real broker: history never counts, and nothing old is repeated as true."""

import asyncio
from collections.abc import Callable

import aiomqtt
import pytest
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession, Will
from arni_edge.broker.accounts import AclRule
from arni_edge.broker.config import render_acl
from arni_edge.bus import Bus
from arni_edge.daemon.rights import vision_rights
from arni_edge.domain.clock import SystemClock
from arni_edge.settings import Settings
from arni_edge.vision.messages import CameraMessage, CameraState, DownMessage, LineMessage, ZoneMessage
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Crossing, Direction, Down, ZoneView
from arni_edge.vision.topics import online_topic
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.reader import Status
from arni_edge.vision.worker.words import CameraFigures, Figure

CLOCK = SystemClock()

_WITH_A_CODE_CAMERA = {
    "site": {"id": "gym", "name": "Gym", "capacity": 40},
    "doors": [
        {"id": one, "name": one, "lock": {"nuki_id": nuki}} for one, nuki in (("front", "1"), ("back", "2"))
    ],
    "vision": {"enabled": False},
    "cameras": [
        {
            "id": "cam",
            "url": "rtsp://10.0.0.9/1",
            "qr": {"door": "front", "region": [[0.2, 0.2], [0.8, 0.2], [0.5, 0.8]]},
        }
    ],
}


class Worker:
    """The worker's half: its session, its will and its publisher."""

    def __init__(self, mosquitto: Mosquitto, fresh_seconds: float = 60.0) -> None:
        will = Will(online_topic("gym"), "false")
        address = mosquitto.address("vision")
        self.session = BrokerSession(address, client_id="vision", clock=CLOCK, will=will)
        self.publisher = Publisher("gym", self.session, CLOCK, fresh_seconds)

    def see(self, count: int | None, reason: str = "") -> None:
        view = None if count is None else ZoneView(count)
        self.publisher.camera("cam", Status(CameraState.OK), CameraFigures)
        self.publisher.zone(Figure("floor", "cam", view, reason, CLOCK.monotonic(), CLOCK.now()))


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


async def test_a_change_arrives_at_once(
    worker: Worker, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "arni_edge.vision.worker.publisher.HEARTBEAT_SECONDS", 3600.0
    )  # not with the next one
    async with (
        connected(daemon.session),
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(3)
        await eventually(lambda: daemon.count == 3)
        worker.see(4)
        await eventually(lambda: daemon.count == 4)
        worker.see(None, "the camera is away")
        await eventually(lambda: daemon.count is None)


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
        await eventually(lambda: daemon.count is None)


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
        await eventually(lambda: daemon.count is None)


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


def crossing(direction: Direction, at: float = 1.0, together: int = 1) -> Crossing:
    return Crossing("entry", direction, at, track=1, together=together)


def lines_of(spy: Device) -> list[LineMessage]:
    return [LineMessage.parse(payload.encode()) for _, payload in spy.got]


def downs_of(spy: Device) -> list[DownMessage]:
    return [DownMessage.parse(payload.encode()) for _, payload in spy.got]


async def test_every_crossing_is_told_at_once_and_the_totals_with_every_heartbeat(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    worker.publisher.line("entry", "cam")
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/line/entry") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        await eventually(lambda: spy.got)
        for direction in ("in", "in", "out"):
            worker.publisher.crossed(crossing(direction, together=2), CLOCK.now())
        # What has a direction is told when it happens; a heartbeat has none.
        await eventually(lambda: sum(word.direction is not None for word in lines_of(spy)) == 3)
        told = [word for word in lines_of(spy) if word.direction is not None]
        assert [(word.direction, word.entries, word.exits, word.together) for word in told] == [
            ("in", 1, 0, 2),
            ("in", 2, 0, 2),
            ("out", 2, 1, 2),
        ]
        await eventually(lambda: lines_of(spy)[-1].direction is None)
        assert (lines_of(spy)[-1].entries, lines_of(spy)[-1].exits, lines_of(spy)[-1].together) == (2, 1, 0)
        assert len({word.epoch for word in lines_of(spy)}) == 1


async def epoch_of(worker: Worker, mosquitto: Mosquitto) -> str:
    worker.publisher.line("entry", "cam")
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/line/entry") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        await eventually(lambda: any(not message.retain for message in spy.raw))
        return lines_of(spy)[-1].epoch


async def test_another_life_of_the_worker_counts_under_another_name(mosquitto: Mosquitto) -> None:
    epochs = [await epoch_of(Worker(mosquitto), mosquitto) for _ in range(2)]
    assert len(set(epochs)) == 2


async def test_totals_of_a_line_survive_a_broker_that_is_away(mosquitto: Mosquitto, worker: Worker) -> None:
    worker.publisher.line("entry", "cam")
    async with running(lambda _: worker.publisher.run()), connected(worker.session):
        mosquitto.kill()
        await eventually(lambda: not worker.session.connected)
        worker.publisher.crossed(crossing("in"), CLOCK.now())
        mosquitto.start()
        await eventually(lambda: worker.session.connected)
        async with Device(mosquitto.address("spy"), "arni/gym/vision/line/entry") as spy:
            await eventually(lambda: spy.got)
            word = LineMessage.parse(spy.got[-1][1].encode())
            assert (word.entries, word.direction) == (1, None), "what was told to nobody is no news now"


async def test_a_count_that_changes_with_every_picture_is_told_a_few_times_a_second(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/zone/floor") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        began = CLOCK.monotonic()
        for index in range(100):
            worker.see(index)
            await asyncio.sleep(0.01)
        await eventually(lambda: '"count":99' in spy.got[-1][1])
        seconds = CLOCK.monotonic() - began
        assert len(spy.got) <= 3 + 4 * seconds
        worker.see(None, "the camera is away")
        await eventually(lambda: '"count":null' in spy.got[-1][1])


async def test_a_zone_tells_how_many_are_certain_how_long_they_stay_and_whether_it_is_crowded(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/zone/floor") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        view = ZoneView(count=7, confirmed=6, dwell_seconds=61.26, crowded=True)
        worker.publisher.zone(Figure("floor", "cam", view, "", CLOCK.monotonic(), CLOCK.now()))
        await eventually(lambda: spy.got)
        word = ZoneMessage.parse(spy.got[-1][1].encode())
        assert (word.count, word.confirmed, word.dwell_seconds, word.crowded) == (7, 6, 61.3, True)


async def test_somebody_who_is_down_is_told_at_once_again_and_again_and_when_it_is_over(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    down = Down(1, Box(0.4, 0.8, 0.6, 0.9, 0.5), since=CLOCK.monotonic() - 20, evidence="lying", zone="floor")
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/person_down/cam") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.publisher.down("cam", (down,), CLOCK.monotonic())
        await eventually(lambda: downs_of(spy))
        word = downs_of(spy)[0]
        assert (word.down, word.zone, word.evidence) == (1, "floor", "lying")
        assert 20 <= word.seconds < 30
        await eventually(lambda: len(downs_of(spy)) >= 2)
        worker.publisher.down("cam", (), CLOCK.monotonic())
        await eventually(lambda: downs_of(spy)[-1].down == 0)
        told = len(downs_of(spy))
        worker.publisher.down("cam", (), CLOCK.monotonic())
        await asyncio.sleep(0.3)
        assert len(downs_of(spy)) == told


async def test_a_camera_that_fails_takes_back_nothing_of_somebody_who_is_down(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    down = Down(1, Box(0.4, 0.8, 0.6, 0.9, 0.5), since=CLOCK.monotonic(), evidence="vanished")
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/person_down/cam") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.publisher.down("cam", (down,), CLOCK.monotonic())
        await eventually(lambda: spy.got)
        worker.publisher.unknown_down("cam")
        told = len(spy.got)
        await asyncio.sleep(2.5)  # a heartbeat and more
        assert len(spy.got) == told
        assert DownMessage.parse(spy.got[-1][1].encode()).down == 1


async def test_a_camera_tells_what_comes_from_it(mosquitto: Mosquitto, worker: Worker) -> None:
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/camera/cam") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        figures = CameraFigures(0.123, 9.96, 4.04, 3)
        worker.publisher.camera("cam", Status(CameraState.OK), lambda: figures)
        await eventually(lambda: spy.got)
        word = CameraMessage.parse(spy.got[-1][1].encode())
        assert (word.age_seconds, word.pictures_per_second, word.looks_per_second, word.people) == (
            0.1,
            10.0,
            4.0,
            3,
        )


async def test_totals_of_a_line_stay_on_the_broker_and_figures_do_not(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    worker.publisher.line("entry", "cam")
    async with running(lambda _: worker.publisher.run()), connected(worker.session):
        worker.see(3)
        async with Device(
            mosquitto.address("spy"), "arni/gym/vision/+/+", protocol=aiomqtt.ProtocolVersion.V5
        ) as spy:
            await eventually(lambda: len({topic for topic, _ in spy.got}) == 3)
            worker.publisher.crossed(crossing("in"), CLOCK.now())
            await eventually(lambda: any('"direction":"in"' in text for _, text in spy.got))
            expiry = {(one.topic.value, _expiry(one)) for one in spy.raw}
    lines = {seconds for topic, seconds in expiry if topic == "arni/gym/vision/line/entry"}
    assert lines == {0}, "they are what bridges an outage, however long"
    figures = {seconds for topic, seconds in expiry if topic != "arni/gym/vision/line/entry"}
    assert 0 < min(figures) <= max(figures) <= 10


def _expiry(message: aiomqtt.Message) -> int:
    """Seconds until the broker forgets it; 0: never."""
    seconds: int = getattr(message.properties, "MessageExpiryInterval", 0)
    return seconds


async def test_that_nobody_is_down_is_said_too_so_that_what_an_earlier_life_told_comes_to_an_end(
    mosquitto: Mosquitto, worker: Worker
) -> None:
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/person_down/cam") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.publisher.down("cam", (), CLOCK.monotonic())
        await eventually(lambda: downs_of(spy))
        # And to a daemon that comes later, with a heartbeat.
        await eventually(lambda: len(downs_of(spy)) >= 2)
        assert {word.down for word in downs_of(spy)} == {0}


async def test_that_nobody_is_down_is_not_repeated_while_nobody_looks(mosquitto: Mosquitto) -> None:
    worker = Worker(mosquitto, fresh_seconds=0.5)
    async with (
        Device(mosquitto.address("spy"), "arni/gym/vision/#") as spy,
        running(lambda _: worker.publisher.run()),
        connected(worker.session),
    ):
        worker.see(0)
        worker.publisher.down("cam", (), CLOCK.monotonic())
        # The heartbeat after it says that the zone cannot be seen; of people who are down it says nothing.
        await eventually(lambda: any('"no picture was looked at"' in text for _, text in spy.got))
        await eventually(lambda: sum(topic.endswith("camera/cam") for topic, _ in spy.got) >= 2)
        assert sum(topic.endswith("person_down/cam") for topic, _ in spy.got) == 1


async def test_a_code_that_is_held_up_goes_to_its_door_once_and_is_not_kept(
    start_mosquitto: Callable[..., Mosquitto],
) -> None:
    settings = Settings.model_validate(_WITH_A_CODE_CAMERA)
    mosquitto = start_mosquitto(
        acl=render_acl({"vision": vision_rights(settings), "spy": (AclRule("read", "#"),)})
    )
    worker, topic = Worker(mosquitto), "arni/gym/reader/front"
    async with (
        Device(mosquitto.address("spy"), "arni/gym/reader/#", protocol=aiomqtt.ProtocolVersion.V5) as spy,
        running(lambda _: worker.publisher.run()),
    ):
        worker.publisher.shown("front", "held up while nobody listens")
        async with connected(worker.session):
            worker.publisher.shown(
                "back", "another door"
            )  # which this camera does not see: the broker refuses
            worker.publisher.shown("front", "ARNI:abc")
            await eventually(lambda: spy.got == [(topic, "ARNI:abc")])
            (message,) = spy.raw
            assert not message.retain
            assert 0 < message.properties.MessageExpiryInterval <= 5  # type: ignore[union-attr]
    async with Device(mosquitto.address("spy"), "arni/gym/#") as later:
        await eventually(lambda: later.got)
        assert not [one for one, _ in later.got if "reader" in one]
