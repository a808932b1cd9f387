"""What is or was wrong at doors, devices and cameras: begun, counted, ended, and by whom."""

from datetime import datetime
from typing import Literal

from arni_edge.storage.database import Database, Row, Transaction

Kind = Literal["door", "device", "camera"]
"""What an incident is about."""

_LONGEST_EVIDENCE = 500


async def begin(tx: Transaction, kind: Kind, name: str, incident: str, evidence: str, now: datetime) -> bool:
    """Store that something began; one that is open already is counted.

    Args:
        tx: The unit's transaction.
        kind: What it is about.
        name: Of the door, device or camera.
        incident: A word of the domain.
        evidence: What was seen; the newest is kept.
        now: When (aware).

    Returns:
        Whether it was not open yet.
    """
    moment, evidence = now.isoformat(), evidence[:_LONGEST_EVIDENCE]
    again = await tx.execute(
        "UPDATE incidents SET times = times + 1, last_at = ?, evidence = ?"
        " WHERE kind = ? AND name = ? AND incident = ? AND ended_at IS NULL",
        (moment, evidence, kind, name, incident),
    )
    if again:
        return False
    await tx.execute(
        "INSERT INTO incidents (kind, name, incident, evidence, at, last_at) VALUES (?, ?, ?, ?, ?, ?)",
        (kind, name, incident, evidence, moment, moment),
    )
    return True


async def end(
    tx: Transaction,
    kind: Kind,
    name: str,
    incident: str,
    evidence: str,
    now: datetime,
    *,
    by: str | None = None,
) -> bool:
    """Store that something is over.

    Args:
        tx: The unit's transaction.
        kind: What it is about.
        name: Of the door, device or camera.
        incident: A word of the domain.
        evidence: What showed it.
        now: When (aware).
        by: The person who cleared it; None when it ended by itself.

    Returns:
        Whether it was open.
    """
    changed = await tx.execute(
        "UPDATE incidents SET ended_at = ?, ended_by = ?, end_evidence = ?"
        " WHERE kind = ? AND name = ? AND incident = ? AND ended_at IS NULL",
        (now.isoformat(), by, evidence[:_LONGEST_EVIDENCE], kind, name, incident),
    )
    return changed == 1


async def still_open(database: Database) -> list[Row]:
    """Everything that is wrong now, oldest first."""
    return await database.read("SELECT * FROM incidents WHERE ended_at IS NULL ORDER BY id")


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest, newest first, open or over."""
    return await database.read("SELECT * FROM incidents ORDER BY id DESC LIMIT ?", (limit,))


async def newest_moment(database: Database) -> datetime | None:
    """The newest moment that this box has written down for what came in, what was tried and what was wrong.

    A wall clock before it is wrong, or this moment was.
    """
    rows = await database.read(
        "SELECT max(moment) AS moment FROM (SELECT max(at) AS moment FROM door_audit"
        " UNION ALL SELECT max(last_at) FROM incidents UNION ALL SELECT max(received_at) FROM inbound)"
    )
    return datetime.fromisoformat(rows[0]["moment"]) if rows and rows[0]["moment"] else None
