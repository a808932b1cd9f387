import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import av
import numpy as np
import pytest
from support.mqtt import running
from support.waiting import eventually

from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.domain.clock import SystemClock
from arni_edge.supervision.link import WorkerLink
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker import lookout as lookout_module
from arni_edge.vision.worker.backends import Device, Tensor
from arni_edge.vision.worker.bell import Bell
from arni_edge.vision.worker.decoding import Taken
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.layout import Shape
from arni_edge.vision.worker.lookout import Lookout
from arni_edge.vision.worker.post import Post
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.reader import CameraReader, Status
from arni_edge.vision.worker.watch import Watch

CLOCK = SystemClock()
EVERYWHERE = [(0, 0), (1, 0), (1, 1), (0, 1)]
ROOM = np.kron(np.random.default_rng(1).integers(40, 200, (9, 16, 3)), np.ones((20, 20, 1))).astype(np.uint8)


class SlowModel:
    """Sees one person in the middle, as soon as it is let."""

    name = "slow"
    device: Device = "cpu"
    notice = ""

    def __init__(self, batch: int = 1) -> None:
        self.inputs: list[Shape] = [["n", 3, 64, 64]]
        self.outputs: list[Shape] = [["n", 5, 84]]
        self.batch = batch
        self.free = threading.Event()
        self.free.set()
        self.runs = 0
        self.sizes: list[int] = []
        self.seconds = 0.0

    def run(self, blob: Tensor) -> Tensor:
        self.runs += 1
        self.sizes.append(len(blob))
        assert self.free.wait(20)
        time.sleep(self.seconds)
        output = np.zeros((len(blob), 5, 84), np.float32)
        output[:, :, 0] = (32, 32, 16, 48, 0.9)
        return output


class Gym:
    """Lookouts without cameras: pictures are handed to their readers as the reading threads would."""

    def __init__(self, *cameras: str, per_second: float = 50, batch: int = 1) -> None:
        session = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=CLOCK)
        self.pictures = Bell()
        self.publisher = Publisher("gym", session, CLOCK, fresh_seconds=3)
        self.per_second = per_second
        orders = [_order(camera) for camera in cameras]
        self.lookouts = {
            order.id: Lookout(order, CameraReader(order, CLOCK, self.pictures.ring), self.publisher, CLOCK)
            for order in orders
        }
        self.orders = {order.id: order for order in orders}
        self.model = SlowModel(batch)
        self.daemon, self.ours = socket.socketpair()
        self.eye, self.thread = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self.shown = 0
        self.link: WorkerLink | None = None

    async def watch(self) -> Watch:
        self.link = WorkerLink(*await asyncio.open_connection(sock=self.ours))
        detector = Detector(self.model, {"names": "{0: 'person'}", "batch": str(self.model.batch)}, 0.35)
        self.model.runs = 0
        for camera, lookout in self.lookouts.items():
            lookout.begin(
                Post(
                    self.orders[camera],
                    detector,
                    person_down_seconds=15,
                    confidence=0.35,
                    frames_per_second=self.per_second,
                )
            )
        return Watch(
            list(self.lookouts.values()),
            detector,
            self.link,
            CLOCK,
            self.per_second,
            self.pictures,
            self.eye,
            self.thread,
        )

    @property
    def reader(self) -> CameraReader:
        return self.lookouts["door"].reader

    def picture(self, camera: str = "door", *, moving: bool = True) -> None:
        """A new picture: of somebody who walks, or of an empty room."""
        self.shown += 1
        pixels = ROOM.copy()
        if moving:
            x = 20 + self.shown * 7 % 250
            pixels[60:160, x : x + 40] = 255
        frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
        self.lookouts[camera].reader._offer(Taken(frame, CLOCK.monotonic()))

    def beats(self) -> int:
        """Heartbeats since the last call."""
        self.daemon.setblocking(False)
        try:
            return self.daemon.recv(1 << 16).count(b'"beat"')
        except BlockingIOError:
            return 0

    @property
    def figure(self) -> tuple[int | None, str]:
        figure = self.publisher._figures["entrance-door"]
        return (None if figure.view is None else figure.view.count), figure.reason

    async def look_until(self, true: Callable[[], bool]) -> None:
        def see() -> bool:
            self.picture()
            return true()

        await eventually(see)

    def close(self) -> None:
        self.model.free.set()
        for thread in (self.eye, self.thread):
            thread.shutdown()
        if self.link is not None:
            self.link._writer.close()
        self.ours.close()
        self.daemon.close()


def _order(camera: str) -> CameraOrder:
    return CameraOrder.model_validate(
        {
            "id": camera, "url": "rtsp://nowhere/1", "username": None, "password": None,
            "transport": "tcp", "connect_seconds": 1, "stall_seconds": 5,
            "zones": [{"id": f"entrance-{camera}", "polygon": EVERYWHERE}],
        }
    )  # fmt: skip


@contextlib.asynccontextmanager
async def watched(gym: Gym) -> AsyncIterator[Gym]:
    watch = await gym.watch()
    try:
        async with running(lambda _: watch.run()):
            yield gym
    finally:
        gym.close()


@pytest.fixture
async def post() -> AsyncIterator[Gym]:
    async with watched(Gym("door")) as gym:
        yield gym


async def test_pictures_become_a_steady_count(post: Gym) -> None:
    assert post.figure == (None, "the camera is being connected")
    await post.look_until(lambda: post.figure == (1, ""))


async def test_a_camera_without_pictures_does_not_stop_the_heart(post: Gym) -> None:
    await eventually(lambda: post.beats() > 0)
    await eventually(lambda: post.beats() > 0)


async def test_a_hung_detector_stops_the_heart(post: Gym) -> None:
    post.model.free.clear()
    await post.look_until(lambda: post.model.runs == 1)
    post.beats()
    await asyncio.sleep(1.5)  # three beats of a healthy heart
    assert post.beats() == 0
    post.model.free.set()
    await eventually(lambda: post.beats() > 0)


async def test_a_camera_that_fails_makes_its_zone_unknown_with_the_reason(post: Gym) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    post.reader._status = Status(CameraState.CORRUPT, "the stream cannot be decoded")
    await eventually(lambda: post.figure == (None, "the stream cannot be decoded"))


async def test_what_was_on_a_picture_of_a_camera_that_has_failed_since_does_not_count(post: Gym) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    runs = post.model.runs
    post.model.free.clear()
    await post.look_until(lambda: post.model.runs > runs)
    post.reader._status = Status(CameraState.STALLED, "no picture came for 5 seconds")
    post.model.free.set()
    await eventually(lambda: post.figure == (None, "no picture came for 5 seconds"))
    await asyncio.sleep(0.2)
    assert post.figure[0] is None


async def test_after_an_absence_three_new_pictures_are_needed(post: Gym) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    post.reader._status = Status(CameraState.STALLED, "away")
    await eventually(lambda: post.figure == (None, "away"))
    runs = post.model.runs
    await post.look_until(lambda: post.figure == (1, ""))
    assert post.model.runs - runs >= 3


async def test_only_the_newest_picture_waits() -> None:
    gym = Gym("door")
    for _ in range(5):
        gym.picture()
    assert gym.reader.dropped == 4
    assert gym.reader.take() is not None
    assert gym.reader.take() is None
    gym.close()


async def test_silence_of_the_reading_thread_itself_is_a_stall() -> None:
    gym = Gym("door")
    gym.picture()
    assert gym.reader.status().state is CameraState.OK
    gym.reader._heard_at -= 6
    assert gym.reader.status() == Status(CameraState.STALLED, "no picture came for 5 seconds")
    gym.close()


async def test_while_one_picture_is_looked_at_the_next_one_is_made_ready() -> None:
    async with watched(Gym("a", "b", "c", "d")) as gym:
        gym.model.seconds = 0.03

        async def show(seconds: float) -> None:
            until = CLOCK.monotonic() + seconds
            while CLOCK.monotonic() < until:
                for camera in gym.lookouts:
                    gym.picture(camera)
                await asyncio.sleep(0.01)

        await show(0.5)
        before, began = gym.model.runs, CLOCK.monotonic()
        await show(1.5)
        rate = (gym.model.runs - before) / (CLOCK.monotonic() - began)
        assert rate > 0.7 / 0.03, "the model waits for pictures"


async def test_a_device_that_likes_batches_gets_them() -> None:
    async with watched(Gym("a", "b", "c", "d", batch=4)) as gym:
        gym.model.seconds = 0.03

        def show() -> bool:
            for camera in gym.lookouts:
                gym.picture(camera)
            return max(gym.model.sizes) >= 2

        await eventually(show)
        assert max(gym.model.sizes) <= 4


async def test_a_camera_on_which_nothing_moves_leaves_the_detector_to_the_others() -> None:
    async with watched(Gym("busy", "empty")) as gym:
        gym.model.seconds = 0.02
        for _ in range(300):
            gym.picture("busy")
            gym.picture("empty", moving=False)
            await asyncio.sleep(0.01)
        looks = {camera: len(lookout._looked) for camera, lookout in gym.lookouts.items()}
        assert looks["busy"] > looks["empty"] > 0


async def test_a_camera_before_which_nothing_happens_is_told_that_key_frames_will_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookout_module, "_IDLE_SECONDS", 0.3)
    async with watched(Gym("door")) as gym:
        told: list[bool] = []
        monkeypatch.setattr(gym.reader, "idle", told.append)
        gym.model.free.set()
        # The model of this test sees somebody everywhere: a gate that finds nothing asks it, and is told so.
        monkeypatch.setattr(gym.model, "run", lambda blob: np.zeros((len(blob), 5, 84), np.float32))
        gym.lookouts["door"]._post._detector._run = gym.model.run  # type: ignore[union-attr]

        def nothing() -> bool:
            gym.picture(moving=False)
            return told == [True]

        await eventually(nothing)
        await gym.look_until(lambda: told == [True, False])


async def test_a_covered_camera_makes_its_zone_unknown_although_pictures_come(post: Gym) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    black = av.VideoFrame.from_ndarray(np.zeros((180, 320, 3), np.uint8), format="bgr24")
    at = CLOCK.monotonic()

    def cover() -> bool:
        nonlocal at
        at += 0.5  # the pictures say when they came: nobody has to wait
        post.reader._offer(Taken(black, at))
        return post.figure[0] is None

    await eventually(cover)
    assert post.lookouts["door"].status.state in {CameraState.DARK, CameraState.COVERED}


async def test_a_detector_that_fails_ends_the_watch_instead_of_being_waited_for_for_ever() -> None:
    gym = Gym("door")
    watch = await gym.watch()

    def broken(_: Tensor) -> Tensor:
        raise RuntimeError("the device is gone")

    gym.lookouts["door"]._post._detector._run = broken  # type: ignore[union-attr]
    try:
        gym.picture()
        with pytest.raises(ExceptionGroup) as failure:
            async with asyncio.timeout(10):
                await watch.run()
        assert failure.group_contains(RuntimeError, match="the device is gone")
    finally:
        gym.close()


async def test_a_picture_that_comes_just_before_the_rest_is_not_overslept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gym = Gym("door")
    watch = await gym.watch()
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(gym.pictures, "wait", rest)
    await watch._rest()
    assert len(rests) == 1
    gym.picture()
    await watch._rest()
    assert len(rests) == 1
    gym.close()


async def test_a_picture_that_was_just_glanced_at_is_not_glanced_at_again_and_an_old_one_is_exchanged() -> (
    None
):
    gym = Gym("door")
    await gym.watch()
    lookout = gym.lookouts["door"]
    gym.picture()
    glimpse = lookout.glance()
    assert glimpse is not None
    gym.picture()
    newer, ready = lookout.prepare()
    assert newer is None
    assert ready is not None
    assert ready.glance is glimpse.glance
    assert lookout.reader.has_picture, "the newer one is for the next glance"

    glimpse = lookout.glance()
    await asyncio.sleep(0.06)
    gym.picture()
    newer, ready = lookout.prepare()
    assert newer is not None
    assert ready is not None
    assert ready.glance is newer.glance
    gym.close()
