"""The durable outbox: everything that leaves the house leaves through here, once, in its order.

::

    queued ──► sending ──► sent
      ▲           ├──────► failed
      │           ├──────► quarantined     (it harms its sender, or nobody can understand it)
      │           ├──────► retry ──────┐   (due again at not_before)
      │           ├──────► parked ─────┤   (likewise, and nothing waits behind it)
      │           └──────► uncertain ──┤   (nobody knows whether the other side has it)
      └────────────────────────────────┘
    queued, retry, parked, uncertain ──► expired   (nobody waits for it any more)
    whatever is not under way        ──► dropped   (a person says so)

A row belongs to a *line*: the sender that alone takes its rows (:mod:`~arni_edge.storage.outbox_line`).
Rows of a line with the same *order key* leave one after the other. Messages to people are the rows of the
lines that are channels; whatever else has to leave is put in with :func:`put`, with the same guarantees.

This module is what is done in the transaction of something else, and what people look at.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import OutboundMessage
from arni_edge.storage.database import Database, Row, Transaction
from arni_edge.storage.outbound import RANK, Entry, entry_of, from_json, to_json

__all__ = ["ENDS", "RANK", "End", "Entry", "add", "ended", "put"]

ENDS: Final = ("sent", "failed", "expired", "quarantined", "dropped")
"""States in which nothing happens by itself any more: what was secret is not kept any longer."""

WAITING: Final = ("queued", "retry", "parked")
"""States in which a row certainly has not left, and may."""

FORGOTTEN: Final = '{"text":""}'
"""Stands in the place of what was secret."""


@dataclass(frozen=True, slots=True)
class End:
    """What became of a row.

    Attributes:
        state: One of :data:`ENDS`.
        reason: Why it did not leave; empty when it did.
        provider_id: The other side's id of it, or None.
        result: What the other side answered, where its line keeps that.
    """

    state: str
    reason: str
    provider_id: str | None
    result: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the other side has it."""
        return self.state == "sent"


# --- putting in -------------------------------------------------------------------------------------------


async def add(tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
    """Queue a message; returns False when one with this key was queued before."""
    return await put(tx, entry_of(message, now), now)


async def put(tx: Transaction, entry: Entry, now: datetime) -> bool:
    """Queue anything; returns False when something with this key was queued before."""
    last = (await tx.fetch("SELECT coalesce(max(position), 0) AS last FROM outbox"))[0]["last"]
    # A whole step, so that the parts of a long message find room behind it.
    return await insert(tx, entry, now, float(int(last)) + 1.0)


async def insert(
    tx: Transaction, entry: Entry, now: datetime, position: float, *, after: str | None = None
) -> bool:
    """Queue something at a place in the order.

    Args:
        tx: The transaction.
        entry: What.
        now: The moment.
        position: Its place.
        after: Tracking id of the row that has to arrive first.

    Returns:
        Whether nothing with this key was queued before.
    """
    changed = await tx.execute(
        "INSERT INTO outbox (key, line, kind, order_key, payload, priority, position, secret, member_id,"
        " expires_at, after, tracking_id, state, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT (key) DO NOTHING",
        (
            entry.key,
            entry.line,
            entry.kind,
            entry.order_key,
            to_json(entry.payload),
            RANK[entry.priority],
            position,
            entry.secret,
            entry.member_id,
            entry.expires_at.isoformat() if entry.expires_at else None,
            after,
            new_id(),
            now.isoformat(),
            now.isoformat(),
        ),
    )
    return changed == 1


async def withdraw(tx: Transaction, beginning: str, reason: str, now: datetime) -> int:
    """Take back what waits under keys that begin so; what may have left is let go. Returns how many."""
    return await tx.execute(
        "UPDATE outbox SET state = 'failed', reason = :reason, updated_at = :now, carried_by = NULL,"
        " payload = CASE WHEN secret THEN :forgotten ELSE payload END"
        " WHERE key >= :first AND key < :behind AND state IN ('queued', 'retry', 'parked')",
        {"reason": reason, "now": now.isoformat(), "forgotten": FORGOTTEN, **_keys(beginning)},
    )


# --- what is known of rows ----------------------------------------------------------------------------------


async def queued_between(tx: Transaction, beginning: str, since: datetime, until: datetime) -> bool:
    """Whether a message whose key begins so was put in after one moment and not after the other.

    One of the future is from a clock that was wrong: it must not keep anybody silent until then.
    """
    rows = await tx.fetch(
        "SELECT 1 FROM outbox WHERE key >= :first AND key < :behind"
        " AND created_at > :since AND created_at <= :until LIMIT 1",
        {"since": since.isoformat(), "until": until.isoformat(), **_keys(beginning)},
    )
    return bool(rows)


async def newest_of(database: Database, beginning: str) -> tuple[int, str, str]:
    """Of the messages whose key begins so: how many there are, and state and reason of the newest."""
    rows = await database.read(
        "SELECT state, reason FROM outbox WHERE key >= :first AND key < :behind ORDER BY position DESC",
        _keys(beginning),
    )
    return (len(rows), rows[0]["state"], rows[0]["reason"] or "") if rows else (0, "", "")


async def said(tx: Transaction, message: OutboundMessage, since: datetime) -> bool:
    """Whether these words were put in for the same recipient after a moment."""
    rows = await tx.fetch(
        "SELECT 1 FROM outbox WHERE line = ? AND order_key = ? AND text = ? AND created_at > ? LIMIT 1",
        (message.channel, message.recipient, message.text, since.isoformat()),
    )
    return bool(rows)


async def ended(database: Database, key: str, *, within: float) -> End | None:
    """Wait until a row has come to its end. Safe to cancel.

    Args:
        database: Has it.
        key: Its idempotency key.
        within: Seconds to wait at most.

    Returns:
        How it ended; None when it has not in time, or there is none: it may still end any way.

    Raises:
        Unavailable: It cannot be read now.
    """
    try:
        async with asyncio.timeout(within):
            while True:
                seen = database.commits
                rows = await database.read("SELECT * FROM outbox WHERE key = ?", (key,))
                if rows and rows[0]["state"] in ENDS:
                    return end_of(rows[0])
                while database.commits == seen:
                    await database.next_commit()
    except TimeoutError:
        return None


def end_of(row: Row) -> End:
    """How a row that has ended did."""
    result = dict(from_json(row["result"])) if row["result"] else {}
    return End(row["state"], row["reason"] or "", row["provider_id"], result)


async def summary(database: Database) -> dict[str, int]:
    """How many rows are in which state."""
    rows = await database.read("SELECT state, count(*) AS number FROM outbox GROUP BY state")
    return {str(row["state"]): int(row["number"]) for row in rows}


async def lines(database: Database) -> dict[str, dict[str, int]]:
    """How many rows of each line are in which state."""
    found: dict[str, dict[str, int]] = {}
    for row in await database.read("SELECT line, state, count(*) AS number FROM outbox GROUP BY line, state"):
        found.setdefault(str(row["line"]), {})[str(row["state"])] = int(row["number"])
    return found


async def listed(
    database: Database, *, states: Sequence[str] = (), line: str | None = None, limit: int
) -> list[Row]:
    """Rows, newest first; without what they say.

    Args:
        database: Has them.
        states: Only these; empty: all.
        line: Only this one; None: all.
        limit: Most rows.
    """
    wanted = f" AND state IN ({', '.join('?' * len(states))})" if states else ""
    return await database.read(
        f"SELECT {_SHOWN} FROM outbox WHERE (? IS NULL OR line = ?){wanted}"  # noqa: S608 - placeholders
        " ORDER BY position DESC LIMIT ?",
        (line, line, *states, limit),
    )


async def with_key(database: Database, key: str) -> list[Row]:
    """The row with a key, or none; without what it says."""
    return await database.read(f"SELECT {_SHOWN} FROM outbox WHERE key = ?", (key,))  # noqa: S608 - ours


async def ending_with(database: Database, ending: str) -> list[Row]:
    """Rows whose tracking id ends so, at most two; without what they say."""
    return await database.read(
        f"SELECT {_SHOWN} FROM outbox WHERE substr(tracking_id, -length(?)) = ? LIMIT 2",  # noqa: S608 - ours
        (ending, ending),
    )


# --- what a person decides --------------------------------------------------------------------------------


async def again(tx: Transaction, tracking_id: str, now: datetime, until: datetime | None) -> bool:
    """Queue a row again that waits or has ended without leaving; returns whether it could be.

    Not one that may have left, and not one whose secret is forgotten.

    Args:
        tx: The transaction.
        tracking_id: Its.
        now: The moment.
        until: When it expires, if its time is over.
    """
    return bool(
        await tx.execute(
            "UPDATE outbox SET state = 'queued', not_before = NULL, faults = 0, attempts = 0, reason = NULL,"
            " carried_by = NULL, after = NULL, updated_at = :now, provider_id = NULL, delivery = NULL,"
            # Reports of what failed before must not be taken for reports of what leaves now.
            " tracking_id = CASE WHEN provider_id IS NULL THEN tracking_id ELSE :fresh END,"
            " expires_at = CASE WHEN expires_at <= :now THEN :until ELSE expires_at END"
            " WHERE tracking_id = :id AND (state IN ('retry', 'parked')"
            " OR (state IN ('failed', 'expired', 'quarantined', 'dropped') AND NOT secret))",
            {
                "id": tracking_id,
                "fresh": new_id(),
                "now": now.isoformat(),
                "until": until.isoformat() if until else None,
            },
        )
    )


async def drop(tx: Transaction, tracking_id: str, reason: str, now: datetime) -> bool:
    """End a row because a person says so; returns whether it was open, and not under way."""
    return bool(
        await tx.execute(
            "UPDATE outbox SET state = 'dropped', reason = :reason, updated_at = :now, carried_by = NULL,"
            " payload = CASE WHEN secret THEN :forgotten ELSE payload END"
            " WHERE (tracking_id = :id OR carried_by = :id)"
            " AND state IN ('queued', 'retry', 'parked', 'uncertain', 'quarantined')",
            {"id": tracking_id, "reason": reason, "now": now.isoformat(), "forgotten": FORGOTTEN},
        )
    )


_SHOWN: Final = (
    "tracking_id, key, line, kind, substr(order_key, -3) AS ending, priority, state, attempts, faults,"
    " not_before, expires_at, delivery, reason, created_at, updated_at"
)


def _keys(beginning: str) -> dict[str, str]:
    return {"first": beginning, "behind": f"{beginning}\U0010ffff"}
