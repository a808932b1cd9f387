"""How far the box has read the log that the relay keeps for it; the cursor is the box's, not the relay's."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Transaction


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
