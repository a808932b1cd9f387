"""``arni-edge bench vision``: pictures a second through the whole vision worker, beside the bare model.

The worker is the product's own: started and confined by the supervision, on real RTSP streams from loopback,
heard through a real Mosquitto. Streams are encoded once beforehand; they bring more pictures than the model
can take. *Bare* is the model alone, on as many threads, before and after. Then the same cameras show a still
scene, and at last Ultralytics' own tracking gets the same streams, where it is installed.
"""

import asyncio
import contextlib
import dataclasses
import json
import math
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arni_edge.broker.accounts import VISION
from arni_edge.broker.managed import ManagedMosquitto, broker_directory, plan_broker
from arni_edge.bus import Bus
from arni_edge.daemon.rights import house_rights
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.settings import Paths, Settings, load_settings, settings_path
from arni_edge.simulator.bench import looped, peer
from arni_edge.simulator.bench.clips import clip
from arni_edge.simulator.bench.load import Ear, Load, measure
from arni_edge.simulator.box import free_port
from arni_edge.supervision import HealthBoard, WorkerProcess
from arni_edge.vision.process import worker_spec
from arni_edge.vision.start import VisionStart

_SITE = "bench"
_CLIP_SECONDS = 8.0
_MOST_PICTURES = 320
# So much more than the model can take comes from the cameras.
_PRESSURE = 1.3
_FASTEST = 120
_STILL_RATE = 10
_UP_SECONDS = 60.0
# The worker's own rates look back for five seconds.
_WARM_UP_SECONDS = 6.0
# An idle camera gives up its other pictures ten seconds after the last motion.
_SETTLE_SECONDS = 18.0
_PEER_START_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be measured.

    Attributes:
        cameras: So many streams.
        model: The ONNX file.
        backend: As in the settings.
        threads: As in the settings.
        seconds: For each measurement.
        soak_minutes: So long the load goes on, to see whether memory grows; 0: not.
        idle: Measure the still scene too.
        peer: Python of an environment with Ultralytics; None: there is none.
        frames_per_second: What an owner wants of each camera.
    """

    cameras: int
    model: Path
    backend: str = "auto"
    threads: int = 1
    seconds: float = 20.0
    soak_minutes: float = 0.0
    idle: bool = True
    peer: Path | None = None
    frames_per_second: float = 5.0


def find_peer(config: Path | None) -> Path | None:
    """The Python of the tool environment in which Ultralytics is kept, if there is one.

    Args:
        config: The configuration file; None: the usual one.
    """
    states = [Paths().state]
    with contextlib.suppress(ArniError):
        states.insert(0, load_settings(settings_path(config)).paths.state)
    pythons = (state / "tools" / "ultralytics" / "bin" / "python" for state in states)
    return next((python for python in pythons if python.exists()), None)


def bench_vision(task: Task, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure in a folder that is removed.

    Args:
        task: What.
        tell: Takes what is going on, for people.

    Raises:
        Unavailable: Worker, broker or streams did not come up.
    """
    # Clips and sockets: in memory where /tmp is.
    with tempfile.TemporaryDirectory(prefix="arni-run-") as folder:
        return asyncio.run(_Bench(task, Path(folder), tell).run())


class _Bench:
    def __init__(self, task: Task, folder: Path, tell: Callable[[str], None]) -> None:
        self._task = task
        self._folder = folder
        self._tell = tell

    async def run(self) -> dict[str, Any]:
        task = self._task
        self._tell("the model alone")
        before = await self._bare()
        rate = min(_FASTEST, max(_STILL_RATE, math.ceil(_PRESSURE * before["fps"] / task.cameras)))
        self._tell(f"{before['fps']:.1f} pictures/s; encoding {task.cameras} streams of {rate} pictures/s")
        await self._encode("moving", rate, people=True)
        self._tell(f"the worker under load for {max(task.seconds, 60 * task.soak_minutes):.0f} s")
        async with self._streams("moving", rate) as urls:
            load = await self._work(
                urls, 1.1 * rate, max(task.seconds, 60 * task.soak_minutes), _WARM_UP_SECONDS
            )
            other = await self._peer(urls)
        self._tell("the model alone once more")
        after = await self._bare()
        idle = await self._idle() if task.idle else None
        return self._figures(load, idle, other, [before, after])

    def _figures(
        self, load: Load, idle: Load | None, other: dict[str, Any], bare: list[dict[str, float]]
    ) -> dict[str, Any]:
        task = self._task
        limit = statistics.fmean(one["fps"] for one in bare)
        possible = int(load.fps_inferred / task.frames_per_second)
        figures: dict[str, Any] = {
            "cameras": task.cameras,
            "threads": task.threads,
            "model": task.model.name,
            "fps_in": round(load.fps_in, 1),
            "fps_inferred": round(load.fps_inferred, 2),
            "inference_ms_p50": round(statistics.fmean(one["ms_p50"] for one in bare), 2),
            "cpu_cores": round(load.cores, 2),
            "rss_mb": round(max(load.rss), 1),
            "limit_fps": round(limit, 2),
            "limit_fps_before": round(bare[0]["fps"], 2),
            "limit_fps_after": round(bare[1]["fps"], 2),
            "ratio_to_limit": round(load.fps_inferred / limit, 3),
            "cameras_possible": possible,
            "idle_cpu_percent": None if idle is None else round(100 * idle.cores / task.cameras, 2),
            "peer": other or None,
        }
        if "fps" in other:
            figures["ratio_to_peer"] = round(load.fps_inferred / max(other["fps"], 0.01), 2)
        else:
            figures |= {"peer": None, "peer_reason": other.get("reason", "")}
        if task.soak_minutes:
            figures["rss_growth_mb"] = round(load.growth, 1)
        self._tell(_verdict(figures, task.frames_per_second))
        return figures

    # --- what is measured ---------------------------------------------------------------------------------

    async def _bare(self) -> dict[str, float]:
        task = self._task
        seconds = str(max(1.0, min(10.0, task.seconds / 2)))
        arguments = (str(task.model), task.backend, str(task.threads), seconds)
        code, output = await _output(sys.executable, "-m", "arni_edge.simulator.bench.bare", *arguments)
        if code != 0:
            raise Unavailable(f"the model cannot be run: {output[-300:]}")
        figures: dict[str, float] = json.loads(output.strip().splitlines()[-1])
        return figures

    async def _work(self, urls: list[str], per_second: float, seconds: float, warm_up: float) -> Load:
        """Run the worker and measure it for so many seconds."""
        settings = self._settings(urls)
        clock, bus = SystemClock(), Bus()
        mosquitto, plan = (
            ManagedMosquitto(broker_directory(settings)),
            plan_broker(settings, house_rights(settings)),
        )
        await mosquitto.reconfigure(plan)
        start = VisionStart.from_settings(settings, plan.address(VISION))
        detector = start.detector.model_copy(update={"frames_per_second": per_second})
        message = start.model_copy(update={"detector": detector}).as_message()
        spec = dataclasses.replace(worker_spec(settings, plan.address(VISION)), start=lambda: message)
        worker = WorkerProcess(spec, HealthBoard(bus, clock), clock)
        async with contextlib.AsyncExitStack() as running:
            await running.enter_async_context(_task(mosquitto.run(_nobody)))
            await _until(lambda: mosquitto.ready, "Mosquitto did not come up; is it installed?")
            ear = Ear({camera.id for camera in settings.cameras}, _SITE)
            await running.enter_async_context(_task(ear.listen(plan)))
            await running.enter_async_context(_task(worker.run(_nobody)))
            await _until(lambda: ear.all_see, "the worker does not see its cameras")
            await asyncio.sleep(warm_up)
            return await measure(worker, ear, seconds)

    async def _idle(self) -> Load:
        self._tell("the worker with nothing to see")
        await self._encode("still", _STILL_RATE, people=False)
        async with self._streams("still", _STILL_RATE) as urls:
            return await self._work(urls, self._task.frames_per_second, self._task.seconds, _SETTLE_SECONDS)

    async def _peer(self, urls: list[str]) -> dict[str, Any]:
        if self._task.peer is None:
            return {
                "reason": "Ultralytics is not installed in a tool environment; name its Python with --peer"
            }
        self._tell("Ultralytics on the same streams")
        streams = self._folder / "peer.streams"
        streams.write_text("".join(f"{url}\n" for url in urls))
        arguments = (str(self._task.model), str(streams), str(self._task.seconds))
        limit = _PEER_START_SECONDS + self._task.seconds
        code, output = await _output(
            str(self._task.peer), peer.__file__, *arguments, seconds=limit, cwd=self._folder
        )
        if code != 0:
            return {"reason": f"Ultralytics failed: {output.strip()[-200:]}"}
        return {"name": "ultralytics", **json.loads(output.strip().splitlines()[-1])}

    # --- what it is measured on ---------------------------------------------------------------------------

    async def _encode(self, name: str, rate: int, *, people: bool) -> None:
        (self._folder / name).mkdir()
        units = await asyncio.to_thread(clip, rate, min(_CLIP_SECONDS, _MOST_PICTURES / rate), people=people)
        await asyncio.to_thread(looped.write_clip, self._folder / name / name, units)

    @contextlib.asynccontextmanager
    async def _streams(self, name: str, rate: int) -> AsyncIterator[list[str]]:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "arni_edge.simulator.bench.looped", str(self._folder / name), str(rate)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert server.stdout is not None
        try:
            async with asyncio.timeout(_UP_SECONDS):
                port = int(await server.stdout.readline())
            yield [f"rtsp://127.0.0.1:{port}/{name}/{index}" for index in range(self._task.cameras)]
        finally:
            server.kill()
            await server.wait()

    def _settings(self, urls: list[str]) -> Settings:
        task = self._task
        everywhere = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
        zone = {"kind": "floor", "name": "Bench", "legal_basis": "nobody is real", "polygon": everywhere}
        return Settings.model_validate(
            {
                "site": {"id": _SITE, "name": "Bench", "capacity": 1000},
                "paths": {"state": self._folder / "state", "runtime": self._folder},
                "broker": {"listen_port": free_port()},
                "logging": {"level": "error"},
                "vision": {"model": task.model, "backend": task.backend, "threads": task.threads},
                "cameras": [
                    {
                        "id": f"camera-{index}",
                        "url": url,
                        "zones": [{"id": f"zone-{index}", **zone}],
                        "lines": [
                            {"id": f"line-{index}", "name": "Bench", "points": [(0.5, 0.2), (0.5, 0.9)]}
                        ],
                    }
                    for index, url in enumerate(urls)
                ],
            }
        )


def _verdict(figures: dict[str, Any], per_second: float) -> str:
    possible = figures["cameras_possible"]
    cameras = "not one camera" if possible == 0 else "1 camera" if possible == 1 else f"{possible} cameras"
    return (
        f"With this model this box takes {cameras} at {per_second:g} pictures/s while something moves before "
        "all of them; where little happens, several times as many."
    )


async def _output(*command: str, seconds: float = 120.0, cwd: Path | None = None) -> tuple[int, str]:
    """Run a command to its end; its exit code and what it said, complaints only when it failed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
    )
    try:
        async with asyncio.timeout(seconds):
            output, complaints = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, f"it took longer than {seconds:g} s"
    code = process.returncode or 0
    return code, (output if code == 0 else complaints).decode(errors="replace")


@contextlib.asynccontextmanager
async def _task(work: Any) -> AsyncIterator[None]:
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
