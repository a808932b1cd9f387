"""How far the box has read the log that the relay keeps for it; the cursor is the box's, not the relay's."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Position:
    """How far a log has been read.

    Attributes:
        log: Which; None: the relay has not said yet.
        sequence: The number of the last event that is done; 0 before the first.
    """

    log: str | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that the relay no longer had when the box came for them.

    Attributes:
        at: When it was noticed (aware).
        after: They come after this number.
        oldest: And before this one; None: the log was set up anew, and the end of the one before is unknown.
    """

    at: datetime
    after: int
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Reread:
    """Events that were read before by a life, or another box, of which this database knows nothing.

    Attributes:
        at: When it was noticed (aware).
        after: They come after this number.
        until: The last of them.
        restored: This database has read a part of the log: it is a backup. Otherwise the box is new.
    """

    at: datetime
    after: int
    until: int
    restored: bool


async def position(database: Database, stream: str) -> Position:
    """How far a stream has been read."""
    rows = await database.read(
        "SELECT log, sequence FROM relay_cursor LEFT JOIN relay_logs USING (stream) WHERE stream = ?",
        (stream,),
    )
    return Position(rows[0]["log"], int(rows[0]["sequence"])) if rows else Position()


async def move(tx: Transaction, stream: str, to: Position) -> None:
    """Note how far a stream has been read."""
    await tx.execute(
        "INSERT INTO relay_cursor (stream, sequence) VALUES (?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence",
        (stream, to.sequence),
    )
    await tx.execute(
        "INSERT INTO relay_logs (stream, log) VALUES (?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET log = excluded.log WHERE log != excluded.log",
        (stream, to.log),
    )


async def note_loss(tx: Transaction, loss: Loss) -> None:
    """Note what is lost."""
    await tx.execute(
        "INSERT INTO relay_losses (at, after, oldest) VALUES (?, ?, ?)",
        (loss.at.isoformat(), loss.after, loss.oldest),
    )


async def losses(database: Database, limit: int) -> list[Loss]:
    """What is lost, newest first."""
    rows = await database.read("SELECT * FROM relay_losses ORDER BY id DESC LIMIT ?", (limit,))
    return [Loss(datetime.fromisoformat(row["at"]), row["after"], row["oldest"]) for row in rows]


async def note_reread(tx: Transaction, stream: str, log: str, reread: Reread) -> None:
    """Note what is read again, and of which log."""
    await tx.execute(
        "INSERT INTO relay_rereads (stream, log, at, after, until, restored) VALUES (?, ?, ?, ?, ?, ?)",
        (stream, log, reread.at.isoformat(), reread.after, reread.until, reread.restored),
    )


async def reread_until(database: Database, stream: str) -> int:
    """The last event of the present log that was read before; 0: none was."""
    rows = await database.read(
        "SELECT coalesce(max(until), 0) AS until FROM relay_rereads JOIN relay_logs USING (stream, log)"
        " WHERE stream = ? AND after < until",
        (stream,),
    )
    return int(rows[0]["until"])


async def note_known(tx: Transaction, stream: str, read: Position, now: datetime) -> None:
    """Note how far this database has read a log that it begins again: of that it has forgotten nothing.

    A reread of nothing: it goes from the last event to the last event, and nobody has to be told.
    """
    await tx.execute(
        "INSERT INTO relay_rereads (stream, log, at, after, until, restored, told_at)"
        " VALUES (:stream, :log, :now, :last, :last, 0, :now)",
        {"stream": stream, "log": read.log, "last": read.sequence, "now": now.isoformat()},
    )


async def known_until(database: Database, stream: str) -> int:
    """How far the present log is known to have been read: by this database, or before it."""
    rows = await database.read(
        "SELECT coalesce(max(until), 0) AS until FROM relay_rereads JOIN relay_logs USING (stream, log)"
        " WHERE stream = ?",
        (stream,),
    )
    return int(rows[0]["until"])


async def untold_rereads(tx: Transaction) -> list[Row]:
    """What was read again and staff do not know of: at, restored, and whether it is ``done``."""
    return await tx.fetch(
        "SELECT relay_rereads.*,"
        " coalesce(sequence >= until OR relay_logs.log != relay_rereads.log, 0) AS done"
        " FROM relay_rereads LEFT JOIN relay_cursor USING (stream) LEFT JOIN relay_logs USING (stream)"
        " WHERE told_at IS NULL ORDER BY id"
    )


async def rereads_told(tx: Transaction, ids: Sequence[int], now: datetime) -> None:
    """Staff were told of these."""
    await tx.execute(
        "UPDATE relay_rereads SET told_at = ? WHERE id IN (SELECT value FROM json_each(?))",
        (now.isoformat(), json.dumps(list(ids))),
    )
