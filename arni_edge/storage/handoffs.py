"""Wishes to talk to a person: asked, late, taken, ended. One open wish per chat."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.messages import Channel, Language
from arni_edge.storage.database import Row, Transaction
from arni_edge.storage.ghost import Fetch


@dataclass(frozen=True, slots=True)
class Handoff:
    """One wish.

    Attributes:
        id: Its own.
        channel: Where.
        address: Of whom; personal.
        reason: Why, a word of :class:`~arni_edge.domain.handoff.HandoffReason`.
        language: Of the member.
        state: ``asked``, ``late``, ``taken`` or ``ended``.
        asked_at: When (aware).
        due_at: When somebody should have taken it (aware).
        step: How often it was late.
        taken_by: Id of staff, or None.
    """

    id: str
    channel: Channel
    address: str
    reason: str
    language: Language
    state: str
    asked_at: datetime
    due_at: datetime
    step: int
    taken_by: str | None


async def ask(
    tx: Transaction,
    handoff_id: str,
    channel: Channel,
    address: str,
    *,
    reason: str,
    language: Language,
    now: datetime,
    due_at: datetime,
) -> tuple[Handoff, bool]:
    """Store a wish. Returns the chat's open one, and whether it is new."""
    fresh = await tx.execute(
        "INSERT INTO handoffs (handoff_id, channel, address, reason, language, state, asked_at, due_at)"
        " VALUES (?, ?, ?, ?, ?, 'asked', ?, ?) ON CONFLICT DO NOTHING",
        (handoff_id, channel, address, reason, language, now.isoformat(), due_at.isoformat()),
    )
    if not fresh:
        await tx.execute(
            "UPDATE handoffs SET again = 1 WHERE channel = ? AND address = ? AND state != 'ended'",
            (channel, address),
        )
    found = await of_chat(tx.fetch, channel, address)
    assert found is not None
    return found, fresh == 1


async def of_chat(fetch: Fetch, channel: Channel, address: str) -> Handoff | None:
    """The open wish of a chat, or None."""
    rows = await fetch(
        "SELECT * FROM handoffs WHERE channel = ? AND address = ? AND state != 'ended'", (channel, address)
    )
    return _handoff(rows[0]) if rows else None


async def find(fetch: Fetch, handoff_id: str) -> Handoff | None:
    """One wish by its id."""
    rows = await fetch("SELECT * FROM handoffs WHERE handoff_id = ?", (handoff_id,))
    return _handoff(rows[0]) if rows else None


async def due(fetch: Fetch, now: datetime, calls: int) -> list[Handoff]:
    """Wishes that nobody has taken in time, and of which staff are to be told anew.

    Args:
        fetch: Reads.
        now: The moment.
        calls: So often staff are told anew by itself; after that, when the member asks again.
    """
    rows = await fetch(
        "SELECT * FROM handoffs WHERE state IN ('asked', 'late') AND due_at <= ? AND (step < ? OR again)"
        " ORDER BY handoff_id",
        (now.isoformat(), calls),
    )
    return [_handoff(row) for row in rows]


async def postpone(tx: Transaction, handoff: Handoff, due_at: datetime) -> bool:
    """Note that nobody took it in time; False when that was noted, or somebody took it."""
    changed = await tx.execute(
        "UPDATE handoffs SET state = 'late', step = step + 1, again = 0, due_at = ?"
        " WHERE handoff_id = ? AND step = ? AND state IN ('asked', 'late')",
        (due_at.isoformat(), handoff.id, handoff.step),
    )
    return changed == 1


async def take(tx: Transaction, channel: Channel, address: str, staff: str, now: datetime) -> Handoff | None:
    """Note that somebody has taken the chat; returns its wish if one was open and nobody's."""
    rows = await tx.fetch(
        "UPDATE handoffs SET state = 'taken', taken_by = ?, taken_at = ?"
        " WHERE channel = ? AND address = ? AND state IN ('asked', 'late') RETURNING *",
        (staff, now.isoformat(), channel, address),
    )
    return _handoff(rows[0]) if rows else None


async def end(tx: Transaction, channel: Channel, address: str, now: datetime) -> Handoff | None:
    """Note that the chat was given back; returns its wish if one was taken."""
    rows = await tx.fetch(
        "UPDATE handoffs SET state = 'ended', ended_at = ? WHERE channel = ? AND address = ?"
        " AND state = 'taken' RETURNING *",
        (now.isoformat(), channel, address),
    )
    return _handoff(rows[0]) if rows else None


async def reopen(
    tx: Transaction, channel: Channel, address: str, said_by_staff: str, now: datetime
) -> Handoff | None:
    """Note that whoever took a chat has let it go without a word; returns its wish, which is late now.

    Args:
        tx: The transaction in which the chat is given back.
        channel: Where.
        address: Of whom.
        said_by_staff: How the keys of what staff write in this chat begin.
        now: The moment: somebody should have answered by then.
    """
    rows = await tx.fetch(
        "UPDATE handoffs SET state = 'late', taken_by = NULL, taken_at = NULL, again = 1, due_at = :now"
        " WHERE channel = :channel AND address = :address AND state = 'taken' AND NOT EXISTS ("
        "SELECT 1 FROM outbox WHERE key >= :first AND key < :behind AND created_at >= taken_at) RETURNING *",
        {
            "now": now.isoformat(),
            "channel": channel,
            "address": address,
            "first": said_by_staff,
            "behind": f"{said_by_staff}\U0010ffff",
        },
    )
    return _handoff(rows[0]) if rows else None


def _handoff(row: Row) -> Handoff:
    return Handoff(
        id=row["handoff_id"],
        channel=Channel(row["channel"]),
        address=row["address"],
        reason=row["reason"],
        language=Language(row["language"]),
        state=row["state"],
        asked_at=datetime.fromisoformat(row["asked_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        step=row["step"],
        taken_by=row["taken_by"],
    )
