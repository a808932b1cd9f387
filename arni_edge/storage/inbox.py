"""Messages that came in: stored before they are acknowledged, handled exactly once."""

from datetime import datetime

from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.storage.database import Database, Row, Transaction


async def add(tx: Transaction, message: InboundMessage, now: datetime) -> bool:
    """Store a message; returns False when it was there already."""
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
