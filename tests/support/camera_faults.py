"""A camera whose pictures tell when they were drawn, and a reader that is watched for serving old ones."""

import asyncio
import contextlib
import copy
import functools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.rtsp import CameraServer, Film
from arni_edge.simulator.rtsp_wire import Wire
from arni_edge.simulator.world import World
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.reader import CameraReader
from arni_edge.vision.worker.stream import pixels
from support.waiting import eventually

FPS = 5
BITS = 16
TICK = 0.01  # seconds per step of the code
STALL_SECONDS = 1.5
RETURN_SECONDS = 40.0
"""A stream that is back must be seen within so long."""

_PLAN = default_plan()


@functools.cache
def _renderer() -> Renderer:
    return Renderer(_PLAN.camera("door"), _PLAN)


def write_time(picture: Any) -> None:
    """Draw the time into the picture: bars at the top, and their opposite at the bottom."""
    height, width = picture.shape[:2]
    code = int(time.monotonic() / TICK) % (1 << BITS)
    rows, bar = height // 12, width // BITS
    for bit in range(BITS):
        lit = bool(code >> bit & 1)
        columns = slice(bit * bar, (bit + 1) * bar)
        picture[:rows, columns] = 235 if lit else 20
        picture[-rows:, columns] = 20 if lit else 235


def read_time(picture: Any) -> float | None:
    """When it was drawn, on the monotonic clock; None for a picture that is sheared or smeared."""
    height, width = picture.shape[:2]
    row, bar = height // 24, width // BITS
    columns = [bit * bar + bar // 2 for bit in range(BITS)]
    top, bottom = (picture[y, columns].mean(axis=1) > 128 for y in (row, height - 1 - row))
    if (top == bottom).any():
        return None
    code = sum(int(lit) << bit for bit, lit in enumerate(top))
    now = time.monotonic()
    return now - ((int(now / TICK) - code) % (1 << BITS)) * TICK


@dataclass(frozen=True, slots=True)
class Served:
    """A picture that the reader gave away: when, when it was drawn (None: damaged), and its size."""

    at: float
    drawn: float | None
    size: tuple[int, int]


class ShiftedClock(SystemClock):
    """The clock of the box, set to another hour."""

    def __init__(self, to: datetime) -> None:
        self.shift: timedelta = to - SystemClock().now()

    def now(self) -> datetime:
        return super().now() + self.shift


class WatchedCamera:
    """Camera, wire and reader.

    Attributes:
        camera: The simulated one.
        wire: Between the two.
        served: All that the reader has given away.
        states: Each state that the reader was in, in order, with the time.
    """

    def __init__(self, name: str, *, film: Film | None = None, fps: int = FPS, **order: Any) -> None:
        self.name = name
        self._world = World(_PLAN, SystemClock(), seed=3)
        self._world.place("a")
        self._order = order
        view = _PLAN.camera("door")
        self.camera = CameraServer(
            view, _PLAN, lambda: self._world.scene, user="arni", password="geh:eim@1",
            fps=fps, film=film, overlay=write_time,
        )  # fmt: skip
        # To paint the hall takes most of a second, and all these cameras hang in one place.
        self.camera._renderer = copy.copy(_renderer())
        self.served: list[Served] = []
        self.states: list[tuple[float, CameraState]] = []
        self.wire: Wire
        self.reader: CameraReader

    @contextlib.asynccontextmanager
    async def watched(self, clock: Clock | None = None) -> AsyncIterator["WatchedCamera"]:
        """All of it runs; all of it is gone afterwards."""
        async with self.camera, Wire(self.camera.port) as self.wire:
            order = {
                "username": "arni", "password": "geh:eim@1", "stall_seconds": STALL_SECONDS,
                "connect_seconds": 20.0, **self._order,
            }  # fmt: skip
            self.reader = CameraReader(
                CameraOrder(id=self.name, url=f"rtsp://127.0.0.1:{self.wire.port}/door", **order),
                clock or SystemClock(),
                lambda: None,
            )
            self.reader.start()
            task = asyncio.ensure_future(self._take())
            try:
                yield self
            finally:
                self.reader.stop()
                task.cancel()
                await asyncio.wait({task})
                await eventually(lambda: not self.reader._thread.is_alive(), within=25)

    async def _take(self) -> None:
        """Be the worker: look at each new picture at once."""
        while True:
            state = self.reader.status().state
            if not self.states or self.states[-1][1] is not state:
                self.states.append((time.monotonic(), state))
            taken = self.reader.take()
            picture = None if taken is None else pixels(taken.frame)
            if picture is not None:
                size = (picture.shape[1], picture.shape[0])
                self.served.append(Served(time.monotonic(), read_time(np.asarray(picture)), size))
            await asyncio.sleep(0.02)

    # --- what a test asks ---------------------------------------------------------------------------------

    @property
    def state(self) -> CameraState:
        return self.reader.status().state

    async def until(self, *states: CameraState, within: float) -> None:
        """Wait for one of the states."""
        await eventually(
            lambda: self.state in states,
            within=within,
            otherwise=f"{self.name}: {self.reader.status()}, not {states} in {within:g} s: {self.states}",
        )

    async def until_served(self, after: float, *, within: float = RETURN_SECONDS) -> Served:
        """Wait for a good picture that was drawn after a moment."""

        def one() -> list[Served]:
            return [picture for picture in self.served if picture.drawn is not None and picture.drawn > after]

        await eventually(
            one, within=within, otherwise=f"{self.name}: no picture within {within:g} s: {self.states}"
        )
        assert self.state is CameraState.OK, self.states
        return one()[0]

    def assert_nothing_old_was_served(self, *, limit: float = 2.5) -> None:
        """No picture is damaged, and none is older than it takes to draw, send and decode one."""
        assert self.served
        broken = [picture for picture in self.served if picture.drawn is None]
        assert not broken, f"{self.name}: {len(broken)} of {len(self.served)} pictures are damaged"
        oldest = max(picture.at - (picture.drawn or 0.0) for picture in self.served)
        assert oldest < limit, f"{self.name}: a picture was served {oldest:.1f} s after it was drawn"

    def assert_nothing_from_before(self, fault: float, back: float) -> None:
        """After the return of the stream no picture was served that was drawn before the fault."""
        old = [one for one in self.served if one.at > back and (one.drawn or 0.0) < fault]
        assert not old, f"{self.name}: {len(old)} pictures from before the fault"
