"""Units of work: what runs in the writer's thread, between savepoints of one transaction."""

import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import structlog

from arni_edge.storage.reserve import Reserve

_LOG = structlog.get_logger(__name__)

Row = sqlite3.Row
Parameters = Sequence[Any] | Mapping[str, Any]
T = TypeVar("T")


class Transaction:
    """What a unit of work may do, and all that it may await: everybody waits behind it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Parameters = ()) -> int:
        """Run one statement; returns the number of changed rows."""
        return self._connection.execute(sql, parameters).rowcount

    async def fetch(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run one query; returns all rows."""
        return self._connection.execute(sql, parameters).fetchall()


Unit = Callable[[Transaction], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class End:
    """What became of one unit."""

    result: Any = None
    error: Exception | None = None


def commit_together(
    connection: sqlite3.Connection, tasks: Sequence[tuple[Unit[Any], bool]], reserve: Reserve | None
) -> list[End]:
    """Commit units together; what is vital once more, alone, for as long as a full disk has a reserve for it.

    Args:
        connection: The writing one.
        tasks: The units, and whether each is vital.
        reserve: Of the disk, if there is one.

    Returns:
        What became of each.
    """
    ends = _try([unit for unit, _ in tasks], connection)
    again = [place for place, (_, vital) in enumerate(tasks) if vital]
    while again := [place for place in again if isinstance(ends[place].error, sqlite3.Error)]:
        if reserve is None or not _make_room(reserve, [ends[place].error for place in again]):
            break
        for place, end in zip(again, _try([tasks[place][0] for place in again], connection), strict=True):
            ends[place] = end
    return ends


def _try(units: Sequence[Unit[Any]], connection: sqlite3.Connection) -> list[End]:
    """Run every unit between savepoints and commit what did not raise; or nothing at all."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        ends = [_run_unit(connection, unit) for unit in units]
        connection.execute("COMMIT")
    except BaseException as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        if not isinstance(error, sqlite3.Error):
            raise
        _LOG.exception("commit_failed", units=len(units))
        return [End(error=error) for _ in units]
    return ends


def _make_room(reserve: Reserve, errors: Sequence[Exception | None]) -> bool:
    """Give up a piece of the reserve if want of room is why something could not be stored.

    SQLite does not always say so: of its index of the log, for one, it says "disk I/O error".
    """
    full = any(getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL for error in errors)
    return (full or reserve.disk_is_full()) and reserve.give_up()


def _run_unit(connection: sqlite3.Connection, unit: Unit[Any]) -> End:
    connection.execute("SAVEPOINT unit")
    try:
        end = End(_finish(unit(Transaction(connection))))
    except Exception as error:  # noqa: BLE001 - handed to the caller, who is told
        connection.execute("ROLLBACK TO unit")
        end = End(error=error)
    connection.execute("RELEASE unit")
    return end


def _finish(work: Awaitable[T]) -> T:
    """Run a unit to its end. Nothing that it may await ever waits, so one step does."""
    steps = cast("Coroutine[None, None, T]", work)
    try:
        steps.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    steps.close()
    raise RuntimeError("a unit of work awaited something else than its transaction")
