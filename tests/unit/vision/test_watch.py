import asyncio
import socket
import threading
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
from arni_edge.vision.worker.backends import Tensor
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.layout import Shape
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.reader import CameraReader, Status, Taken
from arni_edge.vision.worker.watch import Lookout, Watch

CLOCK = SystemClock()
EVERYWHERE = [(0, 0), (1, 0), (1, 1), (0, 1)]


class SlowModel:
    """Sees one person, as soon as it is let."""

    name = "slow"

    def __init__(self) -> None:
        self.inputs: list[Shape] = [[1, 3, 64, 64]]
        self.outputs: list[Shape] = [[1, 5, 84]]
        self.free = threading.Event()
        self.free.set()
        self.runs = 0

    def run(self, _: Tensor) -> Tensor:
        self.runs += 1
        assert self.free.wait(20)
        output = np.zeros((1, 5, 84), np.float32)
        output[0, :, 0] = (32, 32, 16, 48, 0.9)
        return output


class Post:
    """One lookout without a camera: pictures are handed to its reader as the reading thread would."""

    def __init__(self) -> None:
        order = CameraOrder.model_validate(
            {
                "id": "door", "url": "rtsp://nowhere/1", "username": None, "password": None,
                "transport": "tcp", "connect_seconds": 1, "stall_seconds": 5,
                "zones": [{"id": "entrance", "polygon": EVERYWHERE}],
            }
        )  # fmt: skip
        session = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=CLOCK)
        self.pictures = asyncio.Event()
        self.publisher = Publisher("gym", session, CLOCK, fresh_seconds=3)
        self.reader = CameraReader(order, CLOCK, self.pictures.set)
        self.lookout = Lookout(order, self.reader, self.publisher, CLOCK)
        self.model = SlowModel()
        self.daemon, ours = socket.socketpair()
        self.ours = ours
        self.thread = ThreadPoolExecutor(1)

    async def watch(self) -> Watch:
        self.link = WorkerLink(*await asyncio.open_connection(sock=self.ours))
        detector = Detector(self.model, {"names": "{0: 'person'}"}, 0.35)
        self.model.runs = 0
        return Watch([self.lookout], detector, self.link, CLOCK, 50, self.pictures, self.thread)

    def picture(self) -> None:
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
        self.reader._offer(Taken(frame, CLOCK.monotonic()))

    def beats(self) -> int:
        """Heartbeats since the last call."""
        self.daemon.setblocking(False)
        try:
            return self.daemon.recv(1 << 16).count(b'"beat"')
        except BlockingIOError:
            return 0

    @property
    def figure(self) -> tuple[int | None, str]:
        figure = self.publisher._figures["entrance"]
        return figure.count, figure.reason

    async def look_until(self, true: Callable[[], bool]) -> None:
        def see() -> bool:
            self.picture()
            return true()

        await eventually(see)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    post = Post()
    watch = await post.watch()
    try:
        async with running(lambda _: watch.run()):
            yield post
    finally:
        post.model.free.set()
        post.thread.shutdown()
        post.link._writer.close()
        post.daemon.close()


async def test_pictures_become_a_steady_count(post: Post) -> None:
    assert post.figure == (None, "the camera is being connected")
    await post.look_until(lambda: post.figure == (1, ""))


async def test_a_camera_without_pictures_does_not_stop_the_heart(post: Post) -> None:
    await eventually(lambda: post.beats() > 0)
    await eventually(lambda: post.beats() > 0)


async def test_a_hung_detector_stops_the_heart(post: Post) -> None:
    post.model.free.clear()
    await post.look_until(lambda: post.model.runs == 1)
    post.beats()
    await asyncio.sleep(1.5)  # three beats of a healthy heart
    assert post.beats() == 0
    post.model.free.set()
    await eventually(lambda: post.beats() > 0)


async def test_a_camera_that_fails_makes_its_zone_unknown_with_the_reason(post: Post) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    post.reader._status = Status(CameraState.CORRUPT, "the stream cannot be decoded")
    await eventually(lambda: post.figure == (None, "the stream cannot be decoded"))


async def test_what_was_on_a_picture_of_a_camera_that_has_failed_since_does_not_count(post: Post) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    runs = post.model.runs
    post.model.free.clear()
    await post.look_until(lambda: post.model.runs > runs)
    post.reader._status = Status(CameraState.STALLED, "no picture came for 5 seconds")
    post.model.free.set()
    await eventually(lambda: post.figure == (None, "no picture came for 5 seconds"))
    await asyncio.sleep(0.2)
    assert post.figure[0] is None


async def test_after_an_absence_three_new_pictures_are_needed(post: Post) -> None:
    await post.look_until(lambda: post.figure == (1, ""))
    post.reader._status = Status(CameraState.STALLED, "away")
    await eventually(lambda: post.figure == (None, "away"))
    runs = post.model.runs
    await post.look_until(lambda: post.figure == (1, ""))
    assert post.model.runs - runs >= 3


async def test_only_the_newest_picture_waits() -> None:
    post = Post()
    for _ in range(5):
        post.picture()
    assert post.reader.dropped == 4
    assert post.reader.take() is not None
    assert post.reader.take() is None
    for side in (post.ours, post.daemon):
        side.close()
    post.thread.shutdown()


async def test_silence_of_the_reading_thread_itself_is_a_stall() -> None:
    post = Post()
    post.picture()
    assert post.reader.status().state is CameraState.OK
    post.reader._arrived_at -= 6
    assert post.reader.status() == Status(CameraState.STALLED, "no picture came for 5 seconds")
    for side in (post.ours, post.daemon):
        side.close()
    post.thread.shutdown()
