"""The product's own vision worker for a benchmark: started, confined and heard as in a house."""

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from arni_edge.broker.accounts import VISION
from arni_edge.broker.managed import ManagedMosquitto, broker_directory, plan_broker
from arni_edge.bus import Bus
from arni_edge.daemon.rights import house_rights
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.settings import Settings
from arni_edge.simulator.bench.load import Ear
from arni_edge.simulator.box import free_port
from arni_edge.supervision import HealthBoard, WorkerProcess
from arni_edge.vision.process import worker_spec
from arni_edge.vision.start import VisionStart

_SITE = "bench"
_UP_SECONDS = 60.0
# The benchmark holds cameras up in between, which is no fault of theirs.
_STALL_SECONDS = 60.0
_EVERYWHERE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def bench_settings(folder: Path, urls: Sequence[str], vision: dict[str, Any]) -> Settings:
    """A gym with these cameras, a zone and a line before each.

    Args:
        folder: For sockets and the broker.
        urls: Of the cameras.
        vision: The section of the settings.
    """
    zone = {"kind": "floor", "name": "Bench", "legal_basis": "nobody is real", "polygon": _EVERYWHERE}
    return Settings.model_validate(
        {
            "site": {"id": _SITE, "name": "Bench", "capacity": 1000},
            "paths": {"state": folder / "state", "runtime": folder},
            "broker": {"listen_port": free_port()},
            "logging": {"level": "error"},
            "vision": vision,
            "cameras": [
                {
                    "id": f"camera-{index}",
                    "url": url,
                    "stall_seconds": _STALL_SECONDS,
                    "zones": [{"id": f"zone-{index}", **zone}],
                    "lines": [{"id": f"line-{index}", "name": "Bench", "points": [(0.5, 0.2), (0.5, 0.9)]}],
                }
                for index, url in enumerate(urls)
            ],
        }
    )


@contextlib.asynccontextmanager
async def watching(settings: Settings, per_second: float) -> AsyncIterator[tuple[WorkerProcess, Ear]]:
    """Run broker and worker; inside the block all cameras see.

    Args:
        settings: Of the gym.
        per_second: Looks per camera, at most; more than settings allow, so that only the model is the limit.

    Raises:
        Unavailable: Worker or broker did not come up, or failed.
    """
    clock, bus = SystemClock(), Bus()
    mosquitto = ManagedMosquitto(broker_directory(settings))
    plan = plan_broker(settings, house_rights(settings))
    await mosquitto.reconfigure(plan)
    start = VisionStart.from_settings(settings, plan.address(VISION))
    detector = start.detector.model_copy(update={"frames_per_second": per_second})
    message = start.model_copy(update={"detector": detector}).as_message()
    spec = dataclasses.replace(worker_spec(settings, plan.address(VISION)), start=lambda: message)
    worker = WorkerProcess(spec, HealthBoard(bus, clock), clock)
    async with contextlib.AsyncExitStack() as running:
        await running.enter_async_context(_beside(mosquitto.run(_nobody)))
        await _until(lambda: mosquitto.ready, "Mosquitto did not come up; is it installed?")
        ear = Ear({camera.id for camera in settings.cameras}, _SITE)
        await running.enter_async_context(_beside(ear.listen(plan)))
        await running.enter_async_context(_beside(worker.run(_nobody)))
        await _until(lambda: ear.all_see, "the worker does not see its cameras")
        yield worker, ear


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and isinstance(error := task.exception(), ArniError):
            raise error


async def _until(true: Callable[[], bool], otherwise: str) -> None:
    try:
        async with asyncio.timeout(_UP_SECONDS):
            while not true():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise Unavailable(otherwise) from None


def _nobody() -> None:
    """Nobody watches over a benchmark."""
