"""What is kept about a conversation apart from its messages."""

from datetime import datetime

from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.storage.database import Database, Row, Transaction


async def find(database: Database, message: InboundMessage) -> Row | None:
    """The conversation of a message, or None when this is its first."""
    rows = await database.read(
        "SELECT * FROM conversations WHERE channel = ? AND address = ?",
        (message.channel, message.conversation),
    )
    return rows[0] if rows else None


async def note_disclosure(tx: Transaction, channel: Channel, address: str, now: datetime) -> None:
    """Note that this person was told that they talk to an AI."""
    await _note(tx, "disclosed_at", channel, address, now)


async def note_human_acknowledged(tx: Transaction, channel: Channel, address: str, now: datetime) -> None:
    """Note that this person was told once that a human has taken over."""
    await _note(tx, "human_acknowledged_at", channel, address, now)


async def note_told_late(tx: Transaction, channel: Channel, address: str, now: datetime) -> None:
    """Note that this person was told that a message came too late to be answered."""
    await _note(tx, "told_late_at", channel, address, now)


async def _note(tx: Transaction, column: str, channel: Channel, address: str, now: datetime) -> None:
    await tx.execute(
        f"INSERT INTO conversations (channel, address, {column}) VALUES (?, ?, ?)"  # noqa: S608 - ours
        f" ON CONFLICT (channel, address) DO UPDATE SET {column} = excluded.{column}",
        (channel, address, now.isoformat()),
    )
