"""What is kept about a conversation apart from its messages."""

from datetime import datetime

from arni_edge.domain.messages import InboundMessage
from arni_edge.storage.database import Database, Row, Transaction


async def find(database: Database, message: InboundMessage) -> Row | None:
    """The conversation of a message, or None when this is its first."""
    rows = await database.read(
        "SELECT * FROM conversations WHERE channel = ? AND address = ?",
        (message.channel, message.conversation),
    )
    return rows[0] if rows else None


async def touch(tx: Transaction, message: InboundMessage) -> None:
    """Make sure that the conversation is on file."""
    await tx.execute(
        "INSERT INTO conversations (channel, address) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (message.channel, message.conversation),
    )


async def note_disclosure(tx: Transaction, message: InboundMessage, now: datetime) -> None:
    """Note that this person was told that they talk to an AI."""
    await _note(tx, message, "disclosed_at", now)


async def note_human_acknowledged(tx: Transaction, message: InboundMessage, now: datetime) -> None:
    """Note that this person was told once that a human has taken over."""
    await _note(tx, message, "human_acknowledged_at", now)


async def set_mode(tx: Transaction, message: InboundMessage, mode: str) -> None:
    """Hand a conversation to a human (``human``) or back (``bot``)."""
    await touch(tx, message)
    await tx.execute(
        "UPDATE conversations SET mode = ?, human_acknowledged_at = NULL WHERE channel = ? AND address = ?",
        (mode, message.channel, message.conversation),
    )


async def _note(tx: Transaction, message: InboundMessage, column: str, now: datetime) -> None:
    await touch(tx, message)
    await tx.execute(
        f"UPDATE conversations SET {column} = ? WHERE channel = ? AND address = ?",  # noqa: S608 - ours
        (now.isoformat(), message.channel, message.conversation),
    )
