"""Suspicions that somebody was followed in: by the member's id, for as many days as the owner wants."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Noted:
    """A suspicion as it is kept.

    Attributes:
        request_id: Of the opening.
        door: Where.
        member_id: Who was let in; None when nobody known was, or when it may have been somebody else.
        entries: So many went in.
        together: So many were at the line at once.
        certainty: A word of the rule.
        weight: What it counts.
    """

    request_id: str
    door: str
    member_id: str | None
    entries: int
    together: int
    certainty: str
    weight: float


async def note(tx: Transaction, noted: Noted, now: datetime, since: datetime) -> float:
    """Keep a suspicion; the same opening is kept once.

    Args:
        tx: The unit's transaction.
        noted: What is suspected.
        now: When (aware).
        since: Older ones do not count any more (aware).

    Returns:
        The weight of all that are kept of this member since then, this one included; 0 with no member.
    """
    await tx.execute(
        "INSERT INTO tailgating (request_id, door, member_id, at, entries, together, certainty, weight)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            noted.request_id,
            noted.door,
            noted.member_id,
            now.isoformat(),
            noted.entries,
            noted.together,
            noted.certainty,
            noted.weight,
        ),
    )
    if noted.member_id is None:
        return 0.0
    (row,) = await tx.fetch(
        "SELECT total(weight) AS weight FROM tailgating WHERE member_id = ? AND at >= ?",
        (noted.member_id, since.isoformat()),
    )
    return float(row["weight"])


async def let_in_by(database: Database, request_id: str) -> Row | None:
    """Who was let in by an opening: ``via``, ``member_id``, ``groups`` (JSON); None without an audit row."""
    rows = await database.read(
        "SELECT door_audit.via, door_audit.member_id, members.groups FROM door_audit"
        " LEFT JOIN members ON members.member_id = door_audit.member_id WHERE request_id = ?",
        (request_id,),
    )
    return rows[0] if rows else None


async def under_way(database: Database, door: str) -> bool:
    """Whether the lock of a door is being commanded now, as far as the audit knows."""
    return bool(
        await database.read(
            "SELECT 1 FROM door_audit WHERE state = 'commanded' AND door = ? LIMIT 1", (door,)
        )
    )
