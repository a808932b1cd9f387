"""Messages that came in: stored before they are acknowledged, handled exactly once."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.storage.database import Database, Row, Transaction


async def add(tx: Transaction, message: InboundMessage, now: datetime) -> bool:
    """Store a message; returns False when it was there already, or was forgotten with who wrote it."""
    if await tx.fetch(
        "SELECT 1 FROM forgotten_messages WHERE digest = ?",
        (_digest(message.channel, message.message_id),),
    ):
        return False
    changed = await tx.execute(
        "INSERT INTO inbound (channel, message_id, conversation, phone, kind, text, payload, sent_at,"
        " received_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'received') ON CONFLICT DO NOTHING",
        (
            message.channel,
            message.message_id,
            message.conversation,
            message.phone,
            message.kind,
            message.text,
            message.payload,
            message.sent_at.isoformat(),
            now.isoformat(),
        ),
    )
    return changed == 1


async def came_before(database: Database, message: InboundMessage, action_id: str) -> bool:
    """Whether a message was here before an action was proposed: it can be no answer to the question."""
    rows = await database.read(
        "SELECT 1 FROM inbound JOIN actions ON inbound.received_at < actions.proposed_at"
        " WHERE channel = ? AND message_id = ? AND action_id = ?",
        (message.channel, message.message_id, action_id),
    )
    return bool(rows)


async def finish(
    tx: Transaction, message: InboundMessage, now: datetime, *, trace: list[str], intent: str | None = None
) -> bool:
    """Mark a message as handled; returns False when it was handled before."""
    changed = await tx.execute(
        "UPDATE inbound SET state = 'handled', handled_at = ?, trace = ?, intent = ?"
        " WHERE channel = ? AND message_id = ? AND state = 'received'",
        (now.isoformat(), " ".join(trace), intent, message.channel, message.message_id),
    )
    return changed == 1


async def forget(tx: Transaction, ids: Sequence[int], now: datetime) -> int:
    """Delete messages for good: delivered again, they are not stored again. Returns how many.

    Args:
        tx: The transaction.
        ids: Numbers of their rows.
        now: The moment.
    """
    rows = await tx.fetch(
        "DELETE FROM inbound WHERE id IN (SELECT value FROM json_each(?)) RETURNING channel, message_id",
        (json.dumps(list(ids)),),
    )
    for row in rows:
        await tx.execute(
            "INSERT INTO forgotten_messages (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (_digest(row["channel"], row["message_id"]), now.isoformat()),
        )
    return len(rows)


async def redact(tx: Transaction, message: InboundMessage, text: str) -> None:
    """Keep something else instead of what was written: it held a code."""
    await tx.execute(
        "UPDATE inbound SET text = ? WHERE channel = ? AND message_id = ?",
        (text, message.channel, message.message_id),
    )


async def count_attempt(tx: Transaction, message: InboundMessage) -> int:
    """Note that handling begins; returns how often it has begun, this time included."""
    rows = await tx.fetch(
        "UPDATE inbound SET attempts = attempts + 1 WHERE channel = ? AND message_id = ? RETURNING attempts",
        (message.channel, message.message_id),
    )
    return int(rows[0]["attempts"])


async def give_up(tx: Transaction, message: InboundMessage, now: datetime) -> None:
    """Set a message aside that cannot be handled, so that it does not hold up its conversation."""
    await tx.execute(
        "UPDATE inbound SET state = 'failed', handled_at = ? WHERE channel = ? AND message_id = ?",
        (now.isoformat(), message.channel, message.message_id),
    )


async def waiting(database: Database, limit: int) -> list[InboundMessage]:
    """Messages that wait to be handled, oldest first, at most one per conversation."""
    rows = await database.read(
        "SELECT *, min(id) FROM inbound WHERE state = 'received' GROUP BY channel, conversation"
        " ORDER BY min(id) LIMIT ?",
        (limit,),
    )
    return [_message(row) for row in rows]


def _message(row: Row) -> InboundMessage:
    return InboundMessage(
        channel=Channel(row["channel"]),
        message_id=row["message_id"],
        conversation=row["conversation"],
        text=row["text"],
        sent_at=datetime.fromisoformat(row["sent_at"]),
        phone=row["phone"],
        kind=row["kind"],
        payload=row["payload"],
    )


def _digest(channel: str, message_id: str) -> str:
    return hashlib.sha256(f"{channel}:{message_id}".encode()).hexdigest()
