"""Walks the audit chain: finds what was changed, removed or moved since it was written.

It reads the file by itself, beside a running daemon or without one, and a copy from a backup as well.
"""

import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from arni_edge.domain.errors import Unavailable
from arni_edge.storage.audit import AuditLog

_MOST_PROBLEMS: Final = 100
"""After so many it is not worth looking any further: the key is another one, or all was written anew."""
_BUSY_SECONDS: Final = 10.0

_COLUMNS: Final = "number, at, actor, act, subject, detail, hash"


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold.

    Attributes:
        number: Of the row at which it shows; None for an end of the chain.
        what: A sentence.
    """

    number: int | None
    what: str


@dataclass(slots=True)
class Verdict:
    """What a check found.

    Attributes:
        rows: So many were read.
        problems: What does not hold, first row first.
    """

    rows: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every row is as it was written, and none is missing."""
        return not self.problems

    def add(self, number: int | None, what: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(number, what))


def verify(database: Path, key: bytes) -> Verdict:
    """Check the whole chain of a database file.

    Args:
        database: The file; it is only read.
        key: Of the chain.

    Raises:
        Unavailable: The file cannot be read.
    """
    log = AuditLog(key)
    with reading(database) as connection:
        verdict = Verdict()
        try:
            connection.execute("BEGIN")  # rows and ends of one moment
            _walk(connection, log, verdict)
        except sqlite3.DatabaseError as error:
            if not verdict.rows and not _has_chain(connection):
                raise Unavailable(f"{database} has no audit log, or cannot be read: {error}") from None
            verdict.add(None, f"the database is damaged and cannot be read any further: {error}")
    return verdict


def newest(database: Path, limit: int) -> list[dict[str, Any]]:
    """The newest rows, oldest of them first, as they stand there.

    Raises:
        Unavailable: The file cannot be read.
    """
    with reading(database) as connection:
        try:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM audit ORDER BY number DESC LIMIT ?",  # noqa: S608 - ours
                (limit,),
            ).fetchall()
        except sqlite3.DatabaseError as error:
            raise Unavailable(f"{database} has no audit log, or cannot be read: {error}") from None
    return [dict(row) for row in reversed(rows)]


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads, and leaves no file behind.

    Raises:
        Unavailable: There is no such file, or it cannot be opened.
    """
    if not database.is_file():
        raise Unavailable(f"{database}: there is no such database")
    # Without a log beside it nobody has the file open: nothing has to be locked, and nothing is created that
    # the daemon's user could not use afterwards.
    mode = "mode=ro" if Path(f"{database}-wal").exists() else "immutable=1"
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(database.absolute()))}?{mode}",
            uri=True,
            isolation_level=None,
            timeout=_BUSY_SECONDS,
        )
    except sqlite3.Error as error:
        raise Unavailable(f"{database} cannot be opened: {error}") from None
    connection.row_factory = sqlite3.Row
    # What is not UTF-8 was not written by us: it becomes a row whose hash is wrong, not an error.
    connection.text_factory = lambda data: data.decode(errors="replace")
    with closing(connection):
        yield connection


def _walk(connection: sqlite3.Connection, log: AuditLog, verdict: Verdict) -> None:
    ends = {row["which"]: row for row in connection.execute("SELECT * FROM audit_ends")}
    for which in ("first", "last"):
        end = ends.get(which)
        if end is not None and not hmac.compare_digest(
            str(end["mac"]).encode(), log.mac_of(which, end["number"], end["hash"]).encode()
        ):
            verdict.add(None, f"the signature of the chain's {which} end is wrong")
    first, last = ends.get("first"), ends.get("last")
    expected: int | None = first["number"] if first else None
    before: str | None = first["hash"] if first else None
    for row in connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY number"):  # noqa: S608 - ours
        verdict.rows += 1
        number = row["number"]
        if expected is not None and number != expected:
            verdict.add(number, _gap(expected, number))
            before = None  # what stood before it is not known
        whole = (number, row["at"], row["actor"], row["act"], row["subject"], row["detail"])
        if before is not None and not hmac.compare_digest(
            str(row["hash"]).encode(), log.hash_of(before, whole).encode()
        ):
            verdict.add(number, "the row is not as it was written, or does not belong here")
        expected, before = number + 1, row["hash"]
        if len(verdict.problems) >= _MOST_PROBLEMS:
            verdict.add(None, "there is more; or this is not the key of this chain")
            return
    _check_end(connection, last, expected, before, verdict)


def _check_end(
    connection: sqlite3.Connection,
    last: sqlite3.Row | None,
    expected: int | None,
    before: str | None,
    verdict: Verdict,
) -> None:
    """Whether the chain ends where it was signed to end, or whether there never was one."""
    if last is None or expected is None:
        if verdict.rows or last is not None:
            verdict.add(None, "an end of the chain is missing")
        elif connection.execute("SELECT 1 FROM actions LIMIT 1").fetchone():
            verdict.add(None, "the log is empty, but there are actions that it should tell of")
        return
    if last["number"] >= expected:
        verdict.add(last["number"], _gap(expected, last["number"] + 1))
    elif last["number"] != expected - 1 or last["hash"] != before:
        verdict.add(expected - 1, "the chain does not end here")


def _gap(expected: int, found: int) -> str:
    if found < expected:
        return f"the chain begins at {expected}, but this row stands before it"
    if found == expected + 1:
        return f"row {expected} is missing"
    return f"rows {expected} to {found - 1} are missing"


def _has_chain(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'audit'").fetchone())
    except sqlite3.DatabaseError:
        return False
