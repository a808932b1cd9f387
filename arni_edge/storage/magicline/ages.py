"""How old each part of the mirror is, and the reading of everything that is under way."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Part:
    """How old a part of the mirror is.

    Attributes:
        part: Which.
        full_at: When the last reading of all of it began (aware), or None.
        read_at: When any of it was read last (aware), or None.
        problem: Why it could not be read since, or empty.
    """

    part: str
    full_at: datetime | None
    read_at: datetime | None
    problem: str


@dataclass(frozen=True, slots=True)
class Pass:
    """A reading of everything.

    Attributes:
        pass_id: 1 and up.
        begun_at: When it began (aware).
        phase: What it reads.
        offset: Where in it; None at the beginning of the phase.
        found: How many customers it has seen.
        ended_at: When it ended (aware), or None.
    """

    pass_id: int
    begun_at: datetime
    phase: str
    offset: str | None
    found: int
    ended_at: datetime | None


async def note(tx: Transaction, part: str, at: datetime, *, full: bool) -> None:
    """A part was read.

    Args:
        tx: The transaction of what was read last.
        part: Which.
        at: When it was asked for; of a long reading, when that began.
        full: It was all of it.
    """
    await tx.execute(
        "INSERT INTO magicline_parts (part, full_at, read_at) VALUES (:part, :full, :at)"
        " ON CONFLICT (part) DO UPDATE SET full_at = coalesce(excluded.full_at, full_at),"
        " read_at = max(coalesce(read_at, ''), excluded.read_at), problem = ''",
        {"part": part, "full": at.isoformat() if full else None, "at": at.isoformat()},
    )


async def failed(tx: Transaction, part: str, problem: str) -> None:
    """A part could not be read."""
    await tx.execute(
        "INSERT INTO magicline_parts (part, problem) VALUES (?, ?)"
        " ON CONFLICT (part) DO UPDATE SET problem = excluded.problem",
        (part, problem),
    )


async def parts(database: Database) -> list[Part]:
    """All parts that were ever read or tried, by name."""
    return [
        Part(row["part"], _moment(row["full_at"]), _moment(row["read_at"]), row["problem"])
        for row in await database.read("SELECT * FROM magicline_parts ORDER BY part")
    ]


async def part(database: Database, name: str) -> Part | None:
    """One part, or None when it was never read."""
    return next((one for one in await parts(database) if one.part == name), None)


async def begin(tx: Transaction, phase: str, now: datetime) -> Pass:
    """Begin a pass; of those before only the last one stays on file."""
    rows = await tx.fetch(
        "INSERT INTO magicline_passes (pass_id, begun_at, phase)"
        " SELECT 1 + coalesce(max(pass_id), 0), ?, ? FROM magicline_passes RETURNING *",
        (now.isoformat(), phase),
    )
    begun = _pass(rows[0])
    await tx.execute("DELETE FROM magicline_passes WHERE pass_id < ?", (begun.pass_id - 1,))
    return begun


async def newest(database: Database) -> Pass | None:
    """The pass that is under way or was the last, or None."""
    rows = await database.read("SELECT * FROM magicline_passes ORDER BY pass_id DESC LIMIT 1")
    return _pass(rows[0]) if rows else None


async def move(tx: Transaction, pass_id: int, phase: str, offset: str | None, found: int = 0) -> None:
    """A pass has come so far, in the transaction of what it has read.

    Args:
        tx: The transaction.
        pass_id: Which.
        phase: What it reads next.
        offset: Where in it.
        found: How many more customers it has seen.
    """
    await tx.execute(
        "UPDATE magicline_passes SET phase = ?, page_offset = ?, found = found + ? WHERE pass_id = ?",
        (phase, offset, found, pass_id),
    )


async def end(tx: Transaction, pass_id: int, now: datetime) -> None:
    """A pass has read everything."""
    await tx.execute("UPDATE magicline_passes SET ended_at = ? WHERE pass_id = ?", (now.isoformat(), pass_id))


def _pass(row: Row) -> Pass:
    begun = datetime.fromisoformat(row["begun_at"])
    return Pass(
        row["pass_id"], begun, row["phase"], row["page_offset"], row["found"], _moment(row["ended_at"])
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
