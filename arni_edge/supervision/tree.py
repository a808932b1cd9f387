"""The task tree: every part has an owner that sees it fail, waits a little and starts it again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.health import Progress, State
from arni_edge.supervision.board import HealthBoard
from arni_edge.supervision.restarts import RestartPolicy, Restarts

_LOG = structlog.get_logger(__name__)

SETTLED_SECONDS = 3.0
"""A part that failed is called ok again after so long: "down since 14:02" must not restart with every try."""

_TICK_SECONDS = 1.0
# A tick that is this late: the whole process stood still (SIGSTOP, a paused virtual machine).
_STOOD_STILL_SECONDS = 1.0
_STOP_SECONDS = 4.0
# When the time to stop is used up, the rest stops all at once, and this is what it gets.
_GRACE_SECONDS = 0.3


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
    """A child with its present task and its history. All times on the monotonic clock."""

    def __init__(self, child: Child, restarts: Restarts, now: float) -> None:
        self.child = child
        self.restarts = restarts
        self.task: asyncio.Task[None] | None = None
        self.started_at = now
        self.moved_at = now
        self.has_moved = False
        self.silenced_at: float | None = None

    @property
    def runs(self) -> bool:
        return self.task is not None and not self.task.done()

    def begin(self, now: float) -> None:
        self.started_at = now
        self.has_moved = False
        if self.silenced_at is None:
            self.moved_at = now
        # Otherwise the silence goes on: a restart alone is no sign of life.
        self.silenced_at = None

    def move(self, now: float) -> None:
        self.moved_at = now
        self.has_moved = True
        self.silenced_at = None

    def end(self, next_start: float) -> None:
        """It ended by itself, which is a movement too; it is not late while it waits for its next start."""
        if self.silenced_at is None:
            self.moved_at = next_start

    def silent_for(self, now: float) -> float:
        """Seconds since it last moved, was started, or was told to end."""
        return now - max(self.moved_at, self.started_at, self.silenced_at or 0.0)

    def forgive(self, seconds: float) -> None:
        self.started_at += seconds
        self.moved_at += seconds


class Supervisor:
    """Runs children, restarts those that fail, and knows whether all of them move."""

    def __init__(
        self,
        board: HealthBoard,
        clock: Clock,
        *,
        policy: RestartPolicy | None = None,
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        """Nothing runs before :meth:`run`.

        Args:
            board: Where the health of the children is told.
            clock: Time.
            policy: When a child is restarted; None: as the product does it.
            stop_seconds: So long may all children together take to end.
        """
        self._board = board
        self._clock = clock
        self._policy = policy or RestartPolicy()
        self._stop_seconds = stop_seconds
        self._kept: list[_Kept] = []
        self._keepers: list[asyncio.Task[None]] = []

    def add(self, child: Child) -> None:
        """Take a child on; it starts with :meth:`run`, in the order of adding."""
        self._kept.append(_Kept(child, Restarts(self._policy), self._clock.monotonic()))

    async def run(self) -> None:
        """Keep all children running until cancelled; then stop them in reverse order."""
        loop = asyncio.get_running_loop()
        self._keepers = [loop.create_task(self._keep(kept), name=kept.child.name) for kept in self._kept]
        watching = loop.create_task(self._watch(), name="watch")
        try:
            # None of them ends. If a bug in this file ends one, its part would stay dead: let systemd act.
            ended, _ = await asyncio.wait({watching, *self._keepers}, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            watching.cancel()
            await self._stop()

    @property
    def late(self) -> list[str]:
        """Names of the children that should have moved and have not; empty when all is alive.

        A child is called late only after a restart was tried and did not help: that is the moment to let
        systemd act. One that fails and is started again is not late, however often that happens.
        """
        now = self._clock.monotonic()
        return [
            kept.child.name
            for kept in self._kept
            if kept.child.silence_seconds and now - kept.moved_at > 2 * kept.child.silence_seconds
        ]

    # --- one child ----------------------------------------------------------------------------------------

    async def _keep(self, kept: _Kept) -> None:
        while True:
            kept.begin(self._clock.monotonic())
            reason = await self._run_once(kept)
            now = self._clock.monotonic()
            delay = kept.restarts.delay(started=kept.started_at, failed=now)
            kept.end(now + delay)
            self._board.report(kept.child.name, State.DOWN, reason)
            await asyncio.sleep(delay)

    async def _run_once(self, kept: _Kept) -> str:
        """Run a child until it ends; returns why it ended."""
        name = kept.child.name

        def progress() -> None:
            kept.move(self._clock.monotonic())
            if self._board.of(name) is None:
                self._board.report(name, State.OK)

        kept.task = asyncio.create_task(_live(kept.child, progress), name=f"{name} itself")
        try:
            await asyncio.wait({kept.task})
        except asyncio.CancelledError:
            kept.task.cancel()
            await asyncio.wait({kept.task})  # for as long as _stop lets us
            _log_failed_end(name, kept.task)
            raise
        return self._verdict(kept, kept.task)

    def _verdict(self, kept: _Kept, task: asyncio.Task[None]) -> str:
        name = kept.child.name
        if kept.silenced_at is not None:
            _log_failed_end(name, task)
            return f"made no progress for {kept.child.silence_seconds:g} s and was restarted"
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return "ended although it should run for ever"
        if isinstance(error, ArniError):
            self._log_once(name, str(error))
            return str(error)
        # A bug. The one place where every kind of exception is met, because here is somebody who can act.
        _LOG.error("part_crashed", part=name, exc_info=error)
        return f"crashed: {type(error).__name__}"

    def _log_once(self, part: str, reason: str) -> None:
        """What fails all night for one reason says so once."""
        known = self._board.of(part)
        if known is None or known.state is State.OK or known.reason != reason:
            _LOG.warning("part_failed", part=part, reason=reason)

    # --- all children -------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            expected = loop.time() + _TICK_SECONDS
            await asyncio.sleep(_TICK_SECONDS)
            self._forgive(loop.time() - expected)
            for kept in self._kept:
                if kept.runs:
                    self._end_if_silent(kept)
                    self._call_ok_if_settled(kept)

    def _forgive(self, lost: float) -> None:
        """When the process stood still, nobody could move: do not restart a healthy house for that."""
        if lost < _STOOD_STILL_SECONDS:
            return
        _LOG.warning("stood_still", seconds=round(lost, 1))
        for kept in self._kept:
            kept.forgive(lost)

    def _end_if_silent(self, kept: _Kept) -> None:
        now = self._clock.monotonic()
        limit = kept.child.silence_seconds
        if not limit or kept.silent_for(now) <= limit:
            return
        assert kept.task is not None
        seconds = round(now - kept.moved_at)
        _LOG.error("part_silent", part=kept.child.name, seconds=seconds)
        self._board.report(kept.child.name, State.DOWN, f"made no progress for {limit:g} s")
        kept.silenced_at = now
        kept.task.cancel()

    def _call_ok_if_settled(self, kept: _Kept) -> None:
        """A part that may be silent counts as moving; what says itself that it is degraded is left alone."""
        health = self._board.of(kept.child.name)
        if health is not None and health.state is not State.DOWN:
            return
        moves = kept.child.silence_seconds is None or kept.has_moved
        settled = self._clock.monotonic() - kept.started_at >= SETTLED_SECONDS
        if moves and settled and kept.silenced_at is None:
            self._board.report(kept.child.name, State.OK)

    async def _stop(self) -> None:
        """One after the other in reverse order; who refuses is left behind when the time is used up."""
        if not self._keepers:
            return
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._stop_seconds
        for keeper in reversed(self._keepers):
            keeper.cancel()
            await asyncio.wait({keeper}, timeout=max(0.0, deadline - loop.time()))
        _, left = await asyncio.wait(self._keepers, timeout=_GRACE_SECONDS)
        for keeper in left:
            _LOG.warning("part_did_not_stop", part=keeper.get_name())


async def _live(child: Child, progress: Progress) -> None:
    await child.run(progress)


def _log_failed_end(name: str, task: asyncio.Task[None]) -> None:
    """A child that was told to end and failed on the way."""
    error = None if task.cancelled() or not task.done() else task.exception()
    if error is not None:
        _LOG.error("part_failed_while_stopping", part=name, exc_info=error)
