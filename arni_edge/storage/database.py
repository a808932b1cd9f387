"""SQLite with exactly one writing connection in the whole product, and group commit.

WAL and ``synchronous=FULL``: what was acknowledged survives a power cut. A commit costs milliseconds, so
everything that gathered while the last one was under way is committed together.
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite
import structlog

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.storage.migrate import migrate

_LOG = structlog.get_logger(__name__)

Row = sqlite3.Row
Parameters = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")

# A unit is a handful of rows; more than this waiting means that the disk hangs, and callers must hear of it.
_WAITING_UNITS = 1000
_UNITS_PER_COMMIT = 200
_PROGRESS_SECONDS = 5.0


class Transaction:
    """What a unit of work may do. It must await nothing else: everybody waits behind it."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; returns the number of changed rows."""
        async with self._connection.execute(sql, parameters) as cursor:
            return cursor.rowcount

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run one query; returns all rows."""
        return list(await self._connection.execute_fetchall(sql, parameters))


Unit = Callable[[Transaction], Awaitable[T]]


@dataclass(slots=True)
class _Waiting:
    unit: Unit[Any]
    done: asyncio.Future[Any]


class Database:
    """The database of the box."""

    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        # A deque and an event, not asyncio.Queue: a cancelled wait_for(queue.get()) loses what it had taken.
        self._gathered: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._committed = asyncio.Event()
        self.commits = 0

    @classmethod
    async def open(cls, path: Path) -> "Database":
        """Open the file, bring it to the present schema, and keep one writer and one reader.

        Raises:
            ConfigurationError: The database is newer than this code, or is not ours.
            Unavailable: The file cannot be opened.
        """
        try:
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True, mode=0o700)
            writer = await _connect(path)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the database {path} cannot be opened: {error}") from error
        try:
            await asyncio.to_thread(path.chmod, 0o600)
            await migrate(writer, path)
            await writer.execute("PRAGMA journal_mode=WAL")
            await writer.execute("PRAGMA synchronous=FULL")
            await writer.execute("PRAGMA secure_delete=ON")
            reader = await _connect(path)
        except BaseException:
            await writer.close()
            raise
        await reader.execute("PRAGMA query_only=ON")
        await reader.execute("PRAGMA wal_autocheckpoint=0")
        return cls(writer, reader)

    async def close(self) -> None:
        """Fold the log into the file and close; also correct when it never happens."""
        self._turn_away()
        await self._reader.close()
        try:
            await self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            await self._writer.close()

    async def read(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Query what is committed."""
        return list(await self._reader.execute_fetchall(sql, parameters))

    async def write(self, unit: Unit[T], *, deadline: float = 15.0) -> T:
        """Run a unit of work and return its result once it is on the disk.

        Args:
            unit: Runs inside a transaction of its own; raising undoes it and nothing else.
            deadline: Seconds to wait for it.

        Raises:
            Unavailable: It could not be stored (disk full, queue full, stopping). Nothing of it is kept;
                only after a missed deadline it may have been.
        """
        if len(self._gathered) >= _WAITING_UNITS:
            raise Unavailable("the database does not keep up: is the disk failing?")
        waiting = _Waiting(unit, asyncio.get_running_loop().create_future())
        self._gathered.append(waiting)
        self._arrived.set()
        try:
            async with asyncio.timeout(deadline):
                return cast("T", await waiting.done)
        except TimeoutError:
            raise Unavailable(
                f"the database did not answer within {deadline:g} s: is the disk failing?"
            ) from None

    async def next_commit(self) -> None:
        """Return at the next commit: something may have changed."""
        await self._committed.wait()

    async def run(self, progress: Progress) -> None:
        """Commit what gathers, until cancelled."""
        try:
            while True:
                progress()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_PROGRESS_SECONDS):
                        await self._arrived.wait()
                self._arrived.clear()
                while self._gathered:
                    taken = range(min(len(self._gathered), _UNITS_PER_COMMIT))
                    await _uninterrupted(self._commit([self._gathered.popleft() for _ in taken]))
        finally:
            self._turn_away()

    def _turn_away(self) -> None:
        """Tell those who still wait that nothing of theirs was stored."""
        while self._gathered:
            _settle(self._gathered.popleft(), error=Unavailable("the database is being closed"))

    async def _commit(self, batch: list[_Waiting]) -> None:
        """Run units and commit them together; whatever happens, every caller hears what became of theirs."""
        try:
            await self._writer.execute("BEGIN IMMEDIATE")
            finished = [(waiting, await self._run_unit(waiting)) for waiting in batch]
            await self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            _LOG.exception("commit_failed", units=len(batch))
            if self._writer.in_transaction:
                await self._writer.execute("ROLLBACK")
            for waiting in batch:
                _settle(waiting, error=_translate(error))
        except asyncio.CancelledError:
            for waiting in batch:
                _settle(waiting, error=Unavailable("the database is being closed"))
            raise
        else:
            for waiting, result in finished:
                _settle(waiting, result=result)
            # Wakes those who wait now; who comes later waits for the next commit.
            self.commits += 1
            self._committed.set()
            self._committed = asyncio.Event()

    async def _run_unit(self, waiting: _Waiting) -> Any:
        """Run one unit between savepoints; one that raises is undone, and its caller told at once."""
        if waiting.done.done():  # its caller gave up waiting before it had begun
            return None
        await self._writer.execute("SAVEPOINT unit")
        result = None
        try:
            result = await waiting.unit(Transaction(self._writer))
        except Exception as error:  # noqa: BLE001 - handed to the caller, who is told
            await self._writer.execute("ROLLBACK TO unit")
            _settle(waiting, error=_translate(error))
        await self._writer.execute("RELEASE unit")
        return result


async def _connect(path: Path) -> aiosqlite.Connection:
    connection = await aiosqlite.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        await connection.execute("PRAGMA busy_timeout=5000")
        await connection.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        await connection.close()  # its thread would outlive us
        raise
    return connection


async def _uninterrupted(work: Awaitable[None]) -> None:
    """Finish a commit even when the writer is being stopped: its callers must hear what became of it."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def _settle(waiting: _Waiting, *, result: object = None, error: BaseException | None = None) -> None:
    if waiting.done.done():  # the caller gave up waiting
        return
    if error is None:
        waiting.done.set_result(result)
    else:
        waiting.done.set_exception(error)


def _translate(error: Exception) -> Exception:
    # Everything but a statement of ours that is wrong: disk full, disk failing, file damaged.
    if isinstance(error, sqlite3.Error) and not isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return Unavailable(f"the database could not store this: {error}")
    return error
