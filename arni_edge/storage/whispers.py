"""What staff whispered to the assistant for its next answer."""

from datetime import datetime

from arni_edge.domain.messages import Channel
from arni_edge.storage.database import Row, Transaction
from arni_edge.storage.ghost import Chat, Fetch


async def add(tx: Transaction, chat: Chat, staff: str, text: str, now: datetime) -> None:
    """Keep a hint for the next answer."""
    await tx.execute(
        "INSERT INTO whispers (channel, address, staff, text, at) VALUES (?, ?, ?, ?, ?)",
        (chat.channel, chat.address, staff, text, now.isoformat()),
    )


async def waiting(fetch: Fetch, channel: Channel, address: str, since: datetime) -> list[str]:
    """Hints that wait for the next answer, oldest first."""
    rows = await fetch(
        "SELECT text FROM whispers WHERE channel = ? AND address = ? AND used_at IS NULL AND at >= ?"
        " ORDER BY id",
        (channel, address, since.isoformat()),
    )
    return [row["text"] for row in rows]


async def use(tx: Transaction, channel: Channel, address: str, now: datetime, *, heard: bool) -> list[str]:
    """Note that the next answer was given; returns who had whispered."""
    rows = await tx.fetch(
        "UPDATE whispers SET used_at = ?, heard = ? WHERE channel = ? AND address = ? AND used_at IS NULL"
        " RETURNING staff",
        (now.isoformat(), heard, channel, address),
    )
    return sorted({row["staff"] for row in rows})


async def last(fetch: Fetch, chat: Chat) -> Row | None:
    """The newest hint of a chat (``staff``, ``at``, ``used_at``, ``heard``), or None."""
    rows = await fetch(
        "SELECT staff, at, used_at, heard FROM whispers WHERE channel = ? AND address = ?"
        " ORDER BY id DESC LIMIT 1",
        (chat.channel, chat.address),
    )
    return rows[0] if rows else None
