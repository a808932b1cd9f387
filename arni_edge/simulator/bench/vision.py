"""``arni-edge bench vision``: pictures a second through the whole vision worker, beside the bare model.

The worker is the product's own: started and confined by the supervision, on real RTSP streams from loopback,
heard through a real Mosquitto. Streams are encoded once beforehand; they bring more pictures than the model
can take. *Bare* is the model alone, in a process of its own, of the same backend, threads and priority.
Both take turns, several times: whatever else runs on the machine meets both alike. Then Ultralytics' own
tracking gets the same streams, where it is installed, and at last the worker gets cameras before which
nothing moves.
"""

import asyncio
import contextlib
import itertools
import json
import math
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arni_edge.domain.errors import ArniError
from arni_edge.settings import Paths, Settings, load_settings, settings_path
from arni_edge.simulator.bench import looped
from arni_edge.simulator.bench.clips import clip
from arni_edge.simulator.bench.house import bench_settings, watching
from arni_edge.simulator.bench.load import RATE_SECONDS, Load, cpu_seconds, measure
from arni_edge.simulator.bench.rival import rival
from arni_edge.simulator.bench.servants import Servant, servant

_CLIP_RATE, _CLIP_SECONDS = 25, (2.0, 6.0)
# So much more than the model can take comes from the cameras.
_PRESSURE = 1.2
_FASTEST = 120
_STILL_RATE = 10
# Three turns, when there is time for them: the worker's rates look back for seconds, and not into a pause.
_TURNS = 3
_SHORTEST_TURN = RATE_SECONDS + 2.5
_BARE_SECONDS = (0.5, 2.0)
_WARM_UP_SECONDS = 1.0
# An idle camera gives up its other pictures ten seconds after the last motion.
_SETTLE_SECONDS = 14.0
_IDLE_SECONDS = 8.0
# Memory is filled up at first: what grows later, grows for ever.
_SOAK_BEGINNING_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be measured.

    Attributes:
        cameras: So many streams.
        model: The ONNX file.
        backend: As in the settings.
        threads: As in the settings.
        seconds: Of the worker under load, in all turns together; with fewer than 12 there is one turn.
        soak_minutes: So long the load goes on afterwards, to see whether memory grows; 0: not.
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


@dataclass(slots=True)
class _Measured:
    """What came of it; ``bare`` before, between and after the turns."""

    bare: list[dict[str, float]] = field(default_factory=list)
    turns: list[Load] = field(default_factory=list)
    streams_cores: float = 0.0
    soak: Load | None = None
    peer: dict[str, Any] = field(default_factory=dict)
    idle: Load | None = None


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
        figures = asyncio.run(_Bench(task, Path(folder), tell).run())
    tell(_verdict(figures, task.frames_per_second))
    return figures


class _Bench:
    def __init__(self, task: Task, folder: Path, tell: Callable[[str], None]) -> None:
        self._task = task
        self._folder = folder
        self._tell = tell
        self._measured = _Measured()

    async def run(self) -> dict[str, Any]:
        task = self._task
        arguments = (str(task.model), task.backend, str(task.threads))
        self._tell("loading the model, encoding the streams")
        async with _module("bare", *arguments) as model:
            await asyncio.to_thread(self._encode)
            await model.answer()
            await self._bare(model)
            pressure = _PRESSURE * self._measured.bare[0]["fps"] / task.cameras
            rate = min(_FASTEST, max(_STILL_RATE, math.ceil(pressure)))
            async with self._streams("moving", rate) as (streams, urls):
                await self._load(model, streams, urls, 1.1 * rate)
                if task.peer is not None:
                    self._tell("Ultralytics on the same streams")
                seconds = task.seconds / _TURNS
                self._measured.peer = await rival(
                    task.peer, task.model, urls, seconds=seconds, folder=self._folder
                )
        if task.idle:
            async with self._streams("still", _STILL_RATE) as (_, urls):
                await self._idle(urls)
        return _figures(task, self._measured)

    # --- what is measured ---------------------------------------------------------------------------------

    async def _load(self, model: Servant, streams: Servant, urls: Sequence[str], per_second: float) -> None:
        task, measured = self._task, self._measured
        turns = _TURNS if task.seconds >= 4 * _TURNS else 1
        seconds, deaf = task.seconds, 0.0
        if turns > 1:
            seconds, deaf = max(_SHORTEST_TURN, task.seconds / turns), RATE_SECONDS
        async with watching(self._settings(urls), per_second) as (worker, ear):
            await asyncio.sleep(_WARM_UP_SECONDS)
            for turn in range(turns):
                self._tell(f"the worker with {task.cameras} cameras, turn {turn + 1} of {turns}")
                used = cpu_seconds(streams.pid)
                measured.turns.append(await measure(worker, ear, seconds, deaf=deaf))
                measured.streams_cores = (cpu_seconds(streams.pid) - used) / seconds
                await streams.ask("pause")
                await self._bare(model)
                await streams.ask("play")
            if task.soak_minutes:
                self._tell(f"the worker for {task.soak_minutes:g} minutes more")
                measured.soak = await measure(worker, ear, 60 * task.soak_minutes)

    async def _bare(self, model: Servant) -> None:
        least, most = _BARE_SECONDS
        answer = await model.ask(str(max(least, min(most, self._task.seconds / 10))))
        figures: dict[str, float] = json.loads(answer)
        self._measured.bare.append(figures)
        self._tell(f"the model alone: {figures['fps']:.1f} pictures/s")

    async def _idle(self, urls: Sequence[str]) -> None:
        self._tell("the worker with nothing to see")
        async with watching(self._settings(urls), self._task.frames_per_second) as (worker, ear):
            await asyncio.sleep(_SETTLE_SECONDS)
            self._measured.idle = await measure(worker, ear, max(_IDLE_SECONDS, self._task.seconds / 3))

    # --- what it is measured on ---------------------------------------------------------------------------

    def _encode(self) -> None:
        shortest, longest = _CLIP_SECONDS
        scenes = {"moving": True, "still": False} if self._task.idle else {"moving": True}
        for name, people in scenes.items():
            rate = _CLIP_RATE if people else _STILL_RATE
            seconds = min(longest, max(shortest, self._task.seconds))
            (self._folder / name).mkdir()
            looped.write_clip(self._folder / name / name, clip(rate, seconds, people=people))

    @contextlib.asynccontextmanager
    async def _streams(self, name: str, rate: int) -> AsyncIterator[tuple[Servant, list[str]]]:
        async with _module("looped", str(self._folder / name), str(rate)) as streams:
            port = await streams.answer()
            urls = [f"rtsp://127.0.0.1:{port}/{name}/{index}" for index in range(self._task.cameras)]
            yield streams, urls

    def _settings(self, urls: Sequence[str]) -> Settings:
        task = self._task
        vision = {"model": task.model, "backend": task.backend, "threads": task.threads}
        return bench_settings(self._folder, urls, vision)


def _module(name: str, *arguments: str) -> contextlib.AbstractAsyncContextManager[Servant]:
    return servant(sys.executable, "-m", f"arni_edge.simulator.bench.{name}", *arguments)


def _figures(task: Task, measured: _Measured) -> dict[str, Any]:
    bare, turns = measured.bare, measured.turns
    limits = [one["fps"] for one in bare]
    inferred = statistics.median(turn.fps_inferred for turn in turns)
    ratios = [
        turn.fps_inferred / statistics.fmean(around)
        for turn, around in zip(turns, itertools.pairwise(limits), strict=True)
    ]
    cores = statistics.fmean(turn.cores for turn in turns)
    figures: dict[str, Any] = {
        "cameras": task.cameras,
        "threads": task.threads,
        "model": task.model.name,
        "fps_in": round(statistics.fmean(turn.fps_in for turn in turns), 1),
        "fps_inferred": round(inferred, 2),
        "inference_ms_p50": round(statistics.median(one["ms_p50"] for one in bare), 2),
        "inference_cpu_ms": round(statistics.median(one["cpu_ms"] for one in bare), 2),
        "cpu_cores": round(cores, 2),
        "cpu_ms_per_look": round(1000 * cores / statistics.fmean(turn.fps_inferred for turn in turns), 2),
        "streams_cpu_cores": round(measured.streams_cores, 2),
        "rss_mb": round(max(max(turn.rss) for turn in turns), 1),
        "limit_fps": round(statistics.median(limits), 2),
        "limit_fps_turns": [round(limit, 1) for limit in limits],
        "fps_inferred_turns": [round(turn.fps_inferred, 1) for turn in turns],
        "ratio_to_limit": round(statistics.median(ratios), 3),
        "ratio_to_limit_turns": [round(ratio, 3) for ratio in ratios],
        "cameras_possible": int(inferred / task.frames_per_second),
        "idle_cpu_percent": None
        if measured.idle is None
        else round(100 * measured.idle.cores / task.cameras, 2),
    }
    figures |= measured.peer
    if figures["peer"] is not None:
        figures["ratio_to_peer"] = round(inferred / max(figures["peer"]["fps"], 0.01), 2)
    if measured.soak is not None:
        figures |= _soaked(measured.soak.rss)
    return figures


def _soaked(rss: Sequence[float]) -> dict[str, float]:
    """Whether memory grows, by a straight line through the samples of every second."""
    later = rss[_SOAK_BEGINNING_SECONDS:] if len(rss) > 2 * _SOAK_BEGINNING_SECONDS else rss
    minutes = [second / 60 for second in range(len(later))]
    slope = statistics.linear_regression(minutes, later).slope if len(later) > 1 else 0.0
    return {"soak_rss_mb": round(max(rss), 1), "rss_growth_mb_per_minute": round(slope, 3)}


def _verdict(figures: dict[str, Any], per_second: float) -> str:
    possible = figures["cameras_possible"]
    cameras = "not one camera" if possible == 0 else "1 camera" if possible == 1 else f"{possible} cameras"
    return (
        f"With this model this box takes {cameras} at {per_second:g} pictures/s while something moves before "
        "all of them; where little happens, several times as many."
    )
