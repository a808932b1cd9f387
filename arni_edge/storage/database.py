"""SQLite with exactly one writing connection in the whole product, and group commit.

WAL and ``synchronous=FULL``: what was acknowledged survives a power cut. A commit costs milliseconds on
flash, so everything that gathered while the last one was under way is committed together, in one visit to the
writing connection's thread: at the door every visit would be felt (see decision 0009).
"""

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import structlog

from arni_edge import files
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.storage.migrate import BOX, Schema, migrate
from arni_edge.storage.reserve import Reserve
from arni_edge.storage.units import Parameters, Row, Transaction, Unit, commit_together

__all__ = ["Database", "Parameters", "Row", "Transaction", "Unit"]

_LOG = structlog.get_logger(__name__)

T = TypeVar("T")

# A unit is a handful of rows; more than this waiting means that the disk hangs, and callers must hear of it.
_WAITING_UNITS = 1000
_UNITS_PER_COMMIT = 200
_PROGRESS_SECONDS = 5.0
_READ_SECONDS = 15.0
_COMPACT_SECONDS = 300.0
_READ_ONLY = "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0;"

Guard = Callable[[], contextlib.AbstractContextManager[object]]
"""Held around every visit to the writing connection, where another process has one of its own."""


@dataclass(slots=True)
class _Waiting:
    unit: Unit[Any]
    done: asyncio.Future[Any]
    vital: bool


class _Line:
    """One connection and the thread that alone uses it."""

    def __init__(self, path: Path, name: str, guard: Guard = contextlib.nullcontext) -> None:
        self._guard = guard
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        self.connection.row_factory = sqlite3.Row
        try:
            self.connection.execute("PRAGMA foreign_keys=ON")
        except BaseException:
            self.connection.close()
            raise

    async def visit(self, work: Callable[..., T], *arguments: object) -> T:
        """Have the thread do something with the connection."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, self._guarded, work, *arguments)

    def _guarded(self, work: Callable[..., T], *arguments: object) -> T:
        with self._guard():
            return work(*arguments)

    async def close(self) -> None:
        """After everything that waits for the thread has been done."""
        await self.visit(self.connection.close)
        self.thread.shutdown(wait=False)


class Database:
    """The database of the box."""

    def __init__(self, writer: _Line, reader: _Line, reserve: Reserve | None) -> None:
        self._writer = writer
        self._reader = reader
        self._reserve = reserve
        # A deque and an event, not asyncio.Queue: a cancelled wait_for(queue.get()) loses what it had taken.
        self._gathered: deque[_Waiting] = deque()
        self._arrived = asyncio.Event()
        self._committed = asyncio.Event()
        self._compactions: list[asyncio.Future[None]] = []
        self.commits = 0

    @classmethod
    async def open(
        cls,
        path: Path,
        reserve: Reserve | None = None,
        *,
        schema: Schema = BOX,
        guard: Guard = contextlib.nullcontext,
    ) -> "Database":
        """Open the file, bring it to the present schema, and keep one writer and one reader.

        Args:
            path: The file.
            reserve: Room on its disk for what is vital; None: there is none.
            schema: Whose tables it has.
            guard: Held while the writing connection is used.

        Raises:
            ConfigurationError: The database is newer than this code, or is not ours.
            Unavailable: The file cannot be opened.
        """
        try:
            await asyncio.to_thread(files.make_folder, path.parent, mode=0o700)
            writer = await asyncio.to_thread(_Line, path, "writer", guard)
        except (OSError, sqlite3.Error) as error:
            raise Unavailable(f"the database {path} cannot be opened: {error}") from error
        try:
            await asyncio.to_thread(path.chmod, 0o600)
            await writer.visit(_prepare, writer.connection, path, reserve, schema)
            reader = await asyncio.to_thread(_Line, path, "reader")
        except BaseException:
            await writer.close()
            raise
        await reader.visit(reader.connection.executescript, _READ_ONLY)
        return cls(writer, reader, reserve)

    async def close(self) -> None:
        """Fold the log into the file and close; also correct when it never happens."""
        self._turn_away()
        await self._reader.close()
        try:
            await self._writer.visit(self._writer.connection.execute, "PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            _LOG.warning("log_not_folded", reason=str(error))  # the next life reads it as it is
        finally:
            await self._writer.close()

    async def read(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Query what is committed.

        Raises:
            Unavailable: It could not be read (disk failing, file damaged), or not in time.
        """
        try:
            async with asyncio.timeout(_READ_SECONDS):
                return await self._reader.visit(_query, self._reader.connection, sql, parameters)
        except TimeoutError:
            raise Unavailable(
                f"the database did not answer within {_READ_SECONDS:g} s: is the disk failing?"
            ) from None
        except sqlite3.Error as error:
            raise _translate(error) from error

    async def write(self, unit: Unit[T], *, deadline: float = 15.0, vital: bool = False) -> T:
        """Run a unit of work and return its result once it is on the disk.

        Args:
            unit: Runs inside a transaction of its own, in the writer's thread; it awaits nothing but the
                transaction. Raising undoes it and nothing else.
            deadline: Seconds to wait for it.
            vital: Of an alarm: on a full disk the reserve is given up for it. It may run several times.

        Raises:
            Unavailable: It could not be stored (disk full, queue full, stopping). Nothing of it is kept;
                only after a missed deadline it may have been.
        """
        if len(self._gathered) >= _WAITING_UNITS:
            raise Unavailable("the database does not keep up: is the disk failing?")
        waiting = _Waiting(unit, asyncio.get_running_loop().create_future(), vital)
        self._gathered.append(waiting)
        self._arrived.set()
        try:
            async with asyncio.timeout(deadline):
                return cast("T", await waiting.done)
        except TimeoutError:
            raise Unavailable(
                f"the database did not answer within {deadline:g} s: is the disk failing?"
            ) from None

    async def compact(self, *, deadline: float = _COMPACT_SECONDS) -> None:
        """Rewrite the file without the room of what was deleted, and empty its log.

        Nothing that was deleted before is in either of them afterwards. Units wait meanwhile, readers do not.

        Args:
            deadline: Seconds to wait for it.

        Raises:
            Unavailable: It could not be done (disk full, stopping), or not in time.
        """
        done = asyncio.get_running_loop().create_future()
        self._compactions.append(done)
        self._arrived.set()
        try:
            async with asyncio.timeout(deadline):
                await done
        except TimeoutError:
            raise Unavailable(f"the database was not compact within {deadline:g} s") from None

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
                if self._compactions:
                    await _uninterrupted(self._compact(), progress)
        finally:
            self._turn_away()

    def _turn_away(self) -> None:
        """Tell those who still wait that nothing of theirs was stored."""
        while self._gathered:
            _settle(self._gathered.popleft().done, error=Unavailable("the database is being closed"))
        while self._compactions:
            _settle(self._compactions.pop(), error=Unavailable("the database is being closed"))

    async def _compact(self) -> None:
        asked, self._compactions = self._compactions, []
        error: Exception | None = None
        try:
            await self._writer.visit(_compact, self._writer.connection)
        except (sqlite3.Error, Unavailable) as problem:
            _LOG.warning("database_not_compact", reason=str(problem))
            error = _translate(problem)
        for done in asked:
            _settle(done, error=error)

    async def _commit(self, batch: list[_Waiting]) -> None:
        """Run units and commit them together; whatever happens, every caller hears what became of theirs."""
        batch = [waiting for waiting in batch if not waiting.done.done()]  # some gave up before it began
        if not batch:
            return
        tasks = [(waiting.unit, waiting.vital) for waiting in batch]
        try:
            ends = await self._writer.visit(commit_together, self._writer.connection, tasks, self._reserve)
        except asyncio.CancelledError:
            for waiting in batch:
                _settle(waiting.done, error=Unavailable("the database is being closed"))
            raise
        for waiting, end in zip(batch, ends, strict=True):
            _settle(waiting.done, result=end.result, error=end.error and _translate(end.error))
        if any(end.error is None for end in ends):
            # Wakes those who wait now; who comes later waits for the next commit.
            self.commits += 1
            self._committed.set()
            self._committed = asyncio.Event()


# --- in the threads -----------------------------------------------------------------------------------------


def _prepare(connection: sqlite3.Connection, path: Path, reserve: Reserve | None, schema: Schema) -> None:
    """Bring it up, with a piece of the reserve if need be: a box that does not start raises no alarm.

    Raises:
        ConfigurationError: The database is newer than this code, or is not ours.
        Unavailable: The disk does not let us.
    """
    while True:
        try:
            return _bring_up(connection, path, schema)
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if reserve is None or not reserve.disk_is_full() or not reserve.give_up():
                raise Unavailable(f"the database {path} cannot be opened: {error}") from error


def _bring_up(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    migrate(connection, path, schema)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # After a migration that dropped a table, a checkpoint is refused ("table is locked", SQLite 3.40.1) until
    # the new schema has been read once: a daemon that is stopped before its first commit could not close.
    connection.execute("SELECT count(*) FROM sqlite_master").fetchall()


def _query(connection: sqlite3.Connection, sql: str, parameters: Parameters) -> list[Row]:
    return connection.execute(sql, parameters).fetchall()


def _compact(connection: sqlite3.Connection) -> None:
    """Rewrite the file and empty its log.

    Raises:
        Unavailable: Somebody reads the log and does not end.
        sqlite3.Error: It cannot be written.
    """
    # Its scratch file would lie in a folder that is not ours. A gym's database is some ten megabytes.
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("VACUUM")
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise Unavailable("the log of the database is being read and could not be emptied")
    # SQLite does not sync that: after a power cut the log would be there again, with what was deleted.
    log = Path(f"{connection.execute('PRAGMA database_list').fetchone()['file']}-wal")
    try:
        files.sync(log)
    except OSError as error:
        raise Unavailable(f"{log} could not be emptied for certain: {error.strerror}") from error


async def _uninterrupted(work: Awaitable[None], progress: Progress = lambda: None) -> None:
    """Finish a commit even when the writer is being stopped: its callers must hear what became of it."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            progress()
            await asyncio.wait({task}, timeout=_PROGRESS_SECONDS)
    except asyncio.CancelledError:
        await task
        raise
    await task


def _settle(done: asyncio.Future[Any], *, result: object = None, error: BaseException | None = None) -> None:
    if done.done():  # the caller gave up waiting
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)


def _translate(error: Exception) -> Exception:
    # Everything but a statement of ours that is wrong: disk full, disk failing, file damaged.
    if isinstance(error, sqlite3.Error) and not isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError
    ):
        return Unavailable(f"the database cannot do this: {error}")
    return error
