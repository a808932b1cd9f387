"""A small gym that is seen: simulated cameras, the real worker process, and the book that hears it."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Self

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Health
from arni_edge.settings import Settings
from arni_edge.simulator.plan import CameraView, default_plan
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.world import World
from arni_edge.supervision import HealthBoard, WorkerProcess
from arni_edge.vision.occupancy import OccupancyBook
from arni_edge.vision.process import worker_spec
from support.mosquitto import Mosquitto
from support.waiting import eventually

MODEL = Path(__file__).parents[2] / "models" / "sim-person-yolov8.onnx"
USER = "arni"
PASSWORD = "s3cr:t/@ä%"
"""With every character that an address could stumble over."""

STALL_SECONDS = 2.0
BEAT_SECONDS = 4.0


class SeenGym:
    """Cameras and worker of one test, all started by :meth:`watched`.

    Attributes:
        world: Who is where; steps by itself.
        cameras: The simulated cameras by name.
        book: What the daemon knows.
        board: How the daemon says that its parts are.
        worker: The worker process.
        copies: So often is every camera configured, under other ids.
    """

    def __init__(self, mosquitto: Mosquitto) -> None:
        self.clock = SystemClock()
        self.plan = default_plan()
        self.world = World(self.plan, self.clock, seed=5)
        self.cameras = {
            view.name: CameraServer(view, self.plan, lambda: self.world.scene, user=USER, password=PASSWORD)
            for view in self.plan.cameras
        }
        self.password = PASSWORD
        # The one that is loaded sooner; tests of the other one name it.
        self.vision: dict[str, Any] = {"model": MODEL, "backend": "onnxruntime"}
        self.urls: dict[str, str] = {}
        self.copies = 1
        self._worker_address = mosquitto.address("vision")
        self._daemon_address = mosquitto.address("arni-edge")

    @contextlib.asynccontextmanager
    async def watched(self, *names: str) -> AsyncIterator[Self]:
        """Start the named cameras, and worker and book; all is gone after the block."""
        async with contextlib.AsyncExitStack() as stack:
            for name in names:
                await stack.enter_async_context(self.cameras[name])
            self._compose(names)
            for run in (self._live, lambda: self._session.run(_no_progress), self._keep_worker):
                await stack.enter_async_context(_task(run))
            yield self

    def settings(self, names: tuple[str, ...]) -> Settings:
        """As an owner would have written them."""
        return Settings.model_validate(
            {
                "site": {"id": "gym", "name": "Gym", "capacity": 40},
                "vision": self.vision,
                "cameras": [
                    self._camera(self.cameras[name].view, suffix)
                    for name in names
                    for suffix in ("", *(f"-{i}" for i in range(1, self.copies)))
                ],
            }
        )

    def _camera(self, view: CameraView, suffix: str) -> dict[str, Any]:
        return {
            "id": view.name + suffix,
            "url": self.urls.get(view.name, f"rtsp://127.0.0.1:{self.cameras[view.name].port}/{view.name}"),
            "username": USER,
            "password": self.password,
            "connect_seconds": 10.0,
            "stall_seconds": STALL_SECONDS,
            "zones": [
                {
                    "id": name + suffix,
                    "name": name,
                    "kind": "floor",
                    "legal_basis": "a test",
                    "polygon": _inside(zone),
                }
                for name, zone in view.zones.items()
            ],
        }

    def _compose(self, names: tuple[str, ...]) -> None:
        settings = self.settings(names)
        self.bus = Bus()
        self.board = HealthBoard(self.bus, self.clock)
        self._session = BrokerSession(self._daemon_address, client_id="daemon", clock=self.clock)
        zones = {zone.id: zone.name for camera in settings.cameras for zone in camera.zones}
        self.book = OccupancyBook("gym", zones, self._session, self.bus, self.clock)
        spec = dataclasses.replace(worker_spec(settings, self._worker_address), beat_seconds=BEAT_SECONDS)
        self.worker = WorkerProcess(spec, self.board, self.clock)
        self.deaths: list[str] = []

    async def _live(self) -> None:
        while True:
            self.world.advance()
            await asyncio.sleep(0.05)

    async def _keep_worker(self) -> None:
        """Start it again when it dies, as the supervisor does."""
        while True:
            try:
                await self.worker.run(_no_progress)
            except Unavailable as death:
                self.deaths.append(str(death))
            await asyncio.sleep(0.1)

    # --- what a test asks ---------------------------------------------------------------------------------

    def count(self, zone: str) -> int | None:
        """What the daemon knows of a zone."""
        return self.book.zone(zone).count

    def truth(self, zone: str) -> int:
        """What is so."""
        return self.world.truth().counts[zone]

    def health(self, part: str) -> Health | None:
        """How the daemon says that a part is."""
        return self.board.of(part)

    async def until_right(self, *zones: str, within: float = 30.0) -> None:
        """Wait until count and truth agree."""
        await eventually(
            lambda: all(self.count(zone) == self.truth(zone) for zone in zones),
            within=within,
            otherwise=f"counts stay wrong: {[(zone, self.count(zone), self.truth(zone)) for zone in zones]}",
        )

    async def until_unknown(self, zone: str, *, within: float) -> None:
        """Wait until the daemon knows that it does not know."""
        await eventually(lambda: self.count(zone) is None, within=within)


@contextlib.asynccontextmanager
async def _task(run: Callable[[], Any]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.done(), "it did not stop when cancelled"
    if not task.cancelled():
        task.result()


def _no_progress() -> None:
    """Nobody watches over a test."""


def _inside(polygon: tuple[tuple[float, float], ...]) -> list[tuple[float, float]]:
    return [(min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) for x, y in polygon]
