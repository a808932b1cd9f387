"""The task tree: every part has an owner that sees it fail, waits a little and starts it again."""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.health import Progress, State
from arni_edge.supervision.board import HealthBoard

_LOG = structlog.get_logger(__name__)

_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_STABLE_AFTER = 30.0
# More than this many failures in a minute: something is broken rather than unlucky. Nobody is there at night
# to reset a counter, so the part is tried for ever, only seldom.
_INTENSITY = 10
_INTENSITY_WINDOW = 60.0
_INTENSITY_PAUSE = 30.0
_STOP_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Child:
    """One part that runs for as long as the daemon does.

    Attributes:
        name: Its name on the health board.
        run: Runs the part; gets a function to report progress; ends only by failing or cancellation.
        silence_seconds: So long may it report no progress before it is restarted; None: it may be silent.
    """

    name: str
    run: Callable[[Progress], Awaitable[None]]
    silence_seconds: float | None = 30.0


class _Kept:
    """A child with its present task and its history."""

    def __init__(self, child: Child, now: float) -> None:
        self.child = child
        self.task: asyncio.Task[None] | None = None
        self.moved_at = now
        self.failures: deque[float] = deque(maxlen=_INTENSITY + 1)
        self.streak = 0

    def delay(self, now: float, started: float) -> float:
        """Seconds until the next start: exponential with jitter, long when the intensity limit is hit."""
        self.streak = 1 if now - started > _STABLE_AFTER else self.streak + 1
        self.failures.append(now)
        if len(self.failures) > _INTENSITY and now - self.failures[0] < _INTENSITY_WINDOW:
            return _INTENSITY_PAUSE
        wait: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (self.streak - 1))
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 - spreads restarts, guards nothing


class Supervisor:
    """Runs children, restarts those that fail, and knows whether all of them move."""

    def __init__(self, board: HealthBoard, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._kept: list[_Kept] = []
        self._keepers: list[asyncio.Task[None]] = []

    def add(self, child: Child) -> None:
        """Take a child on; it starts with :meth:`run`, in the order of adding."""
        self._kept.append(_Kept(child, self._clock.monotonic()))

    async def run(self) -> None:
        """Keep all children running until cancelled; then stop them in reverse order."""
        loop = asyncio.get_running_loop()
        self._keepers = [loop.create_task(self._keep(kept), name=kept.child.name) for kept in self._kept]
        try:
            while True:
                self._restart_silent()
                await asyncio.sleep(1.0)
        finally:
            await self._stop()

    @property
    def late(self) -> list[str]:
        """Names of the children that should have moved and have not; empty when all is alive.

        A child is called late only after a restart was tried: that is the moment to let systemd act.
        """
        now = self._clock.monotonic()
        return [
            kept.child.name
            for kept in self._kept
            if kept.child.silence_seconds and now - kept.moved_at > 2 * kept.child.silence_seconds
        ]

    async def _keep(self, kept: _Kept) -> None:
        while True:
            started = kept.moved_at = self._clock.monotonic()
            reason = await self._run_once(kept)
            delay = kept.delay(self._clock.monotonic(), started)
            self._board.report(kept.child.name, State.DOWN, reason)
            kept.moved_at = self._clock.monotonic() + delay
            await asyncio.sleep(delay)

    async def _run_once(self, kept: _Kept) -> str:
        """Run a child until it ends; returns why it ended."""
        name = kept.child.name

        def progress() -> None:
            kept.moved_at = self._clock.monotonic()
            health = self._board.of(name)
            if health is None or health.state is State.DOWN:
                self._board.report(name, State.OK)

        kept.task = asyncio.ensure_future(kept.child.run(progress))
        try:
            await asyncio.wait({kept.task})
        except asyncio.CancelledError:
            kept.task.cancel()
            await asyncio.wait({kept.task}, timeout=_STOP_SECONDS)
            raise
        return self._verdict(name, kept.task)

    @staticmethod
    def _verdict(name: str, task: asyncio.Task[None]) -> str:
        if task.cancelled():
            return "made no progress and was restarted"
        error = task.exception()
        if error is None:
            return "ended although it should run for ever"
        if isinstance(error, ArniError):
            _LOG.warning("part_failed", part=name, reason=str(error))
            return str(error)
        # A bug. The one place where every kind of exception is met, because here is somebody who can act.
        _LOG.error("part_crashed", part=name, exc_info=error)
        return f"crashed: {type(error).__name__}"

    def _restart_silent(self) -> None:
        now = self._clock.monotonic()
        for kept in self._kept:
            limit = kept.child.silence_seconds
            if limit and kept.task is not None and not kept.task.done() and now - kept.moved_at > limit:
                _LOG.error("part_silent", part=kept.child.name, seconds=round(now - kept.moved_at, 1))
                kept.task.cancel()

    async def _stop(self) -> None:
        deadline = self._clock.monotonic() + _STOP_SECONDS
        for keeper in reversed(self._keepers):
            keeper.cancel()
            remaining = max(0.0, deadline - self._clock.monotonic())
            _, pending = await asyncio.wait({keeper}, timeout=remaining)
            if pending:
                _LOG.warning("part_did_not_stop", part=keeper.get_name())
