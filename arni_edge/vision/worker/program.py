"""Composes the vision worker: link, broker, detector, cameras, watch."""

import asyncio
import faulthandler
import sys
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import cv2
import structlog

from arni_edge.broker import BrokerSession, Will
from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.health import State
from arni_edge.logs import configure_logging
from arni_edge.supervision.link import WorkerLink
from arni_edge.vision.orders import CameraOrder, DetectorOrder
from arni_edge.vision.process import WORKER
from arni_edge.vision.start import VisionStart
from arni_edge.vision.topics import online_topic
from arni_edge.vision.worker.bell import Bell
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector
from arni_edge.vision.worker.lookout import Lookout
from arni_edge.vision.worker.post import Post
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.qr import QrEye
from arni_edge.vision.worker.reader import CameraReader
from arni_edge.vision.worker.watch import Watch

_LOG = structlog.get_logger(__name__)

_MODEL_PART = "vision/model"
_MODEL_RETRY_SECONDS = 10
_SWITCH_SECONDS = 0.0005
# A count is repeated for at most three looks, and three seconds at least.
_FRESH_LOOKS = 3


def run() -> int:
    """Run the worker to its end; returns the exit code."""
    faulthandler.enable()
    configure_logging("info", component=WORKER)
    try:
        asyncio.run(_serve())
    except ArniError as error:
        _LOG.error("worker_failed", reason=str(error))
        return 1
    except Exception:  # noqa: BLE001 - the boundary of the process; the daemon restarts us
        _LOG.exception("worker_crashed")
        return 1
    finally:
        sys.stderr.flush()
    return 0


async def _serve() -> None:
    link = await WorkerLink.open(WORKER)
    start = VisionStart.from_message(link.start)
    configure_logging(start.log_level, component=WORKER)
    cv2.setNumThreads(1)
    # Several threads take turns here, each for parts of a millisecond: Python's five would make them wait.
    sys.setswitchinterval(_SWITCH_SECONDS)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(_work(start, link, SystemClock()), name="work")
        await link.closed()
        work.cancel()


async def _work(start: VisionStart, link: WorkerLink, clock: Clock) -> None:
    """Everything that goes on until the daemon asks to stop."""
    will = Will(online_topic(start.site_id), "false")
    broker = BrokerSession(
        start.broker.address(), client_id=f"arni-{start.site_id}-vision", clock=clock, will=will
    )
    fresh_seconds = max(3.0, _FRESH_LOOKS / start.detector.frames_per_second)
    publisher = Publisher(start.site_id, broker, clock, fresh_seconds)
    pictures = Bell()
    lookouts = _lookouts(start, publisher, clock, pictures)
    eye = ThreadPoolExecutor(max_workers=1, thread_name_prefix="eye")
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detector")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(broker.run(lambda: None), name="broker")
            group.create_task(publisher.run(), name="publisher")
            detector = await _detector(start.detector, link, lookouts, thread)
            for lookout, camera in zip(lookouts, start.cameras, strict=True):
                lookout.begin(_post(camera, start, detector, publisher))
                lookout.reader.start()
            _LOG.info("vision_watching", cameras=len(lookouts), backend=detector.backend)
            per_second = start.detector.frames_per_second
            await Watch(lookouts, detector, link, clock, per_second, pictures, eye, thread).run()
    finally:
        for lookout in lookouts:
            lookout.reader.stop()
        for one in (eye, thread):
            one.shutdown(wait=False, cancel_futures=True)  # a hung detector does not hold up the end


def _lookouts(start: VisionStart, publisher: Publisher, clock: Clock, pictures: Bell) -> list[Lookout]:
    return [
        Lookout(
            order,
            CameraReader(order, clock, pictures.ring, timezone=start.timezone),
            publisher,
            clock,
            person_down_seconds=start.person_down_seconds,
        )
        for order in start.cameras
    ]


def _post(camera: CameraOrder, start: VisionStart, detector: Detector, publisher: Publisher) -> Post:
    loop = asyncio.get_running_loop()

    def on_code(door: str, text: str) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(publisher.shown, door, text)

    return Post(
        camera,
        detector,
        person_down_seconds=start.person_down_seconds,
        confidence=start.detector.confidence,
        frames_per_second=start.detector.frames_per_second,
        codes=None if camera.qr is None else QrEye(camera.qr, on_code).look,
    )


async def _detector(
    order: DetectorOrder, link: WorkerLink, lookouts: Sequence[Lookout], thread: Executor
) -> Detector:
    """Load the model; with one that cannot be used, say so and try again: the owner may put another there."""
    loop = asyncio.get_running_loop()
    ready = False
    detector: Detector | None
    while True:
        try:
            detector = await loop.run_in_executor(thread, load_detector, order)
            link.health(_MODEL_PART, State.DEGRADED if detector.notice else State.OK, detector.notice)
        except ArniError as error:
            detector = None
            _LOG.error("model_not_usable", reason=str(error))
            link.health(_MODEL_PART, State.DOWN, str(error))
            for lookout in lookouts:
                lookout.blind("the model cannot be used")
        if not ready:
            link.ready()  # also without a model: it is not the process that is broken
            ready = True
        if detector is not None:
            return detector
        await _until_another(order.model, link)


async def _until_another(model: Path, link: WorkerLink) -> None:
    """Until there is another file; at most for some seconds: it may be something else that is missing."""
    before = _identity(model)
    for _ in range(_MODEL_RETRY_SECONDS):
        link.beat()
        await asyncio.sleep(1.0)
        if _identity(model) != before:
            return


def _identity(model: Path) -> tuple[int, int, int] | None:
    try:
        facts = model.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns
