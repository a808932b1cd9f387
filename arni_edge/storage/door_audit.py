"""Every attempt to come in, allowed or not, with what became of it."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.doors import (
    Allow,
    AskStaff,
    Credential,
    Decision,
    EntryRequest,
    Outcome,
    UnlatchResult,
)
from arni_edge.domain.events import LockUsed
from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Remarks:
    """What else belongs into the audit.

    Attributes:
        staff: Who opened from afar.
        reason: Why they did.
        evidence: What there is to say about a refusal, for instance how many others were not written down.
    """

    staff: str | None = None
    reason: str | None = None
    evidence: str | None = None


async def record(
    tx: Transaction,
    request: EntryRequest,
    credential: Credential | None,
    member_id: str | None,
    decision: Decision,
    now: datetime,
    remarks: Remarks | None = None,
) -> bool:
    """Store a decision before anything acts on it; returns False when this request was decided before.

    Args:
        tx: The transaction.
        request: Who wanted what.
        credential: What was shown; None when it could not be read. Its kind and id are kept, nothing else.
        member_id: Who it is, or None.
        decision: What the policy says.
        now: The present.
        remarks: What else there is to say.
    """
    remarks = remarks or Remarks()
    changed = await tx.execute(
        "INSERT INTO door_audit (request_id, door, source, member_id, at, state, rule, evidence, via,"
        " credential_id, staff, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            request.request_id,
            request.door,
            request.source,
            member_id,
            now.isoformat(),
            _state(decision),
            decision.rule if isinstance(decision, Allow) else decision.reason,
            remarks.evidence,
            credential.via if credential else None,
            credential.credential_id if credential else None,
            remarks.staff,
            remarks.reason,
        ),
    )
    return changed == 1


async def observe(tx: Transaction, request_id: str, use: LockUsed, remark: str | None) -> None:
    """Store what somebody did at the lock itself.

    Args:
        tx: The transaction.
        request_id: Of the row.
        use: What; the lock knows people by the numbers that it gave them.
        remark: What else there is to say.
    """
    await tx.execute(
        "INSERT INTO door_audit (request_id, door, source, at, state, rule, evidence, via, credential_id)"
        " VALUES (?, ?, 'lock', ?, 'observed', ?, ?, ?, ?)",
        (
            request_id,
            use.door,
            use.at.isoformat(),
            use.action,
            remark,
            use.source or "lock",
            f"auth {use.auth_id}, code {use.code_id}" if use.auth_id or use.code_id else None,
        ),
    )


def _state(decision: Decision) -> str:
    if isinstance(decision, Allow):
        return "commanded"
    return "asked" if isinstance(decision, AskStaff) else "denied"


async def end(tx: Transaction, request_id: str, result: UnlatchResult, now: datetime) -> None:
    """Store what became of a command."""
    await tx.execute(
        "UPDATE door_audit SET state = 'ended', outcome = ?, evidence = ?, seconds = ?, ended_at = ?"
        " WHERE request_id = ? AND state = 'commanded'",
        (result.outcome, result.evidence, result.seconds, now.isoformat(), request_id),
    )


async def abandon(tx: Transaction, now: datetime) -> list[Row]:
    """Close the commands that a crash interrupted: their outcome is unknown and they are never sent again.

    Returns:
        ``request_id`` and ``door`` of each.
    """
    return await tx.fetch(
        "UPDATE door_audit SET state = 'ended', outcome = ?, evidence = 'the daemon was restarted',"
        " ended_at = ? WHERE state = 'commanded' RETURNING request_id, door",
        (Outcome.UNKNOWN, now.isoformat()),
    )


async def find(database: Database, request_id: str) -> Row | None:
    """The audit row of a request, or None."""
    rows = await database.read("SELECT * FROM door_audit WHERE request_id = ?", (request_id,))
    return rows[0] if rows else None


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest rows, newest first."""
    return await database.read("SELECT * FROM door_audit ORDER BY id DESC LIMIT ?", (limit,))
