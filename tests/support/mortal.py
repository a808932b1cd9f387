"""Lives of the one-way door that end in the middle of anything: at a commit, or at an effect.

Death is played, not real (``tests/chaos/test_actions_crash.py`` kills for real): from one moment on nothing
is written any more and no effect is had, and everything that was in memory is thrown away.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast

from arni_edge.storage import Database
from support.actions import Door, build
from support.clock import ManualClock

T = TypeVar("T")


class Dead(Exception):
    """What was asked of somebody who died while doing it."""


class Mortality:
    """When a life ends.

    Attributes:
        left: So many moments at which it could end are left; None: it does not end.
        is_over: Nothing can be done any more.
    """

    def __init__(self) -> None:
        self.left: int | None = None
        self.is_over = False

    def pass_moment(self) -> None:
        """Live through one of these moments, or do not."""
        if self.left is not None:
            self.left -= 1
            self.is_over = self.is_over or self.left <= 0
        if self.is_over:
            raise sqlite3.OperationalError("dead")


class _Connection:
    def __init__(self, real: sqlite3.Connection, mortality: Mortality) -> None:
        self.real = real
        self._mortality = mortality

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if self._mortality.is_over:
            raise sqlite3.OperationalError("dead")
        if sql != "COMMIT":
            return self.real.execute(sql, parameters)
        self._mortality.pass_moment()
        end = self.real.execute(sql)
        self._mortality.pass_moment()
        return end


class Lives:
    """One life after the other on one database, in an event loop of its own.

    Attributes:
        door: Of the present life.
        crashes: So many lives were cut off.
    """

    door: Door

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.clock = ManualClock()
        self.crashes = 0
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(self._begin())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the present life.

        Raises:
            Dead: It ended in the middle of it; another one has begun, and has taken up what it found.
        """
        return self._loop.run_until_complete(self._do(work))

    def die_soon(self, moments: int) -> None:
        """End this life at the n-th commit or effect from now, right before or right after it."""
        self._mortality.left = moments

    def end(self) -> None:
        """End in peace."""
        self._mortality.left = None
        self._loop.run_until_complete(self._stop())
        self._loop.close()

    def restart(self) -> None:
        """End in peace, and live again."""
        self._mortality.left = None
        self._loop.run_until_complete(self._stop())
        self._loop.run_until_complete(self._begin())

    async def _do(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        while not task.done() and not self._mortality.is_over:
            await asyncio.wait({task}, timeout=0.001)
        if not self._mortality.is_over:
            return task.result()
        self.crashes += 1
        others = {task, *asyncio.all_tasks()} - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.wait(others)
        for other in others:
            if not other.cancelled():
                other.exception()
        await self._close()
        await self._begin()
        raise Dead

    async def _begin(self) -> None:
        database = await Database.open(self._folder / "arni.db")
        self._mortality = Mortality()
        line = database._writer
        line.connection = cast("sqlite3.Connection", _Connection(line.connection, self._mortality))
        self._writing = asyncio.ensure_future(database.run(lambda: None))
        self.door = build(database, self._folder, self.clock)
        self.door.effects.before = self.door.effects.after = lambda _: self._mortality.pass_moment()
        await self.door.executor.resume()
        await self.door.executor.idle()

    async def _stop(self) -> None:
        await self.door.executor.idle()
        self._writing.cancel()
        await asyncio.wait({self._writing})
        await self._close()

    async def _close(self) -> None:
        for line in (self.door.database._reader, self.door.database._writer):
            real = getattr(line.connection, "real", line.connection)
            await cast("Awaitable[None]", line.visit(real.close))
            line.thread.shutdown()
