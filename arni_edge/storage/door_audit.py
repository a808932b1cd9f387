"""Every attempt to come in, allowed or not, with what became of it."""

from datetime import datetime

from arni_edge.domain.doors import Allow, Decision, EntryRequest, Outcome, UnlatchResult
from arni_edge.storage.database import Database, Row, Transaction


async def record(
    tx: Transaction, request: EntryRequest, member_id: str | None, decision: Decision, now: datetime
) -> bool:
    """Store a decision before anything acts on it; returns False when this request was decided before."""
    allowed = isinstance(decision, Allow)
    changed = await tx.execute(
        "INSERT INTO door_audit (request_id, door, source, member_id, at, state, rule)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            request.request_id,
            request.door,
            request.source,
            member_id,
            now.isoformat(),
            "commanded" if allowed else "denied",
            decision.rule if isinstance(decision, Allow) else decision.reason,
        ),
    )
    return changed == 1


async def end(tx: Transaction, request_id: str, result: UnlatchResult, now: datetime) -> None:
    """Store what became of a command."""
    await tx.execute(
        "UPDATE door_audit SET state = 'ended', outcome = ?, evidence = ?, seconds = ?, ended_at = ?"
        " WHERE request_id = ? AND state = 'commanded'",
        (result.outcome, result.evidence, result.seconds, now.isoformat(), request_id),
    )


async def abandon(tx: Transaction, now: datetime) -> list[str]:
    """Close the commands that a crash interrupted: their outcome is unknown and they are never sent again.

    Returns:
        The request ids, for the journal.
    """
    rows = await tx.fetch(
        "UPDATE door_audit SET state = 'ended', outcome = ?, evidence = 'the daemon was restarted',"
        " ended_at = ? WHERE state = 'commanded' RETURNING request_id",
        (Outcome.UNKNOWN, now.isoformat()),
    )
    return [str(row["request_id"]) for row in rows]


async def find(database: Database, request_id: str) -> Row | None:
    """The audit row of a request, or None."""
    rows = await database.read("SELECT * FROM door_audit WHERE request_id = ?", (request_id,))
    return rows[0] if rows else None


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest rows, newest first."""
    return await database.read("SELECT * FROM door_audit ORDER BY id DESC LIMIT ?", (limit,))
