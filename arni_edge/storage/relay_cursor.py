"""How far the box has read the log that the relay keeps for it. The number is the box's, not the relay's."""

from arni_edge.storage.database import Database, Transaction


async def position(database: Database, stream: str) -> int:
    """The sequence number of the last event that is done; 0 for a new stream."""
    rows = await database.read("SELECT sequence FROM relay_cursor WHERE stream = ?", (stream,))
    return int(rows[0]["sequence"]) if rows else 0


async def move(tx: Transaction, stream: str, sequence: int) -> None:
    """Note how far a stream has been read; it goes back only when the relay was set up anew."""
    await tx.execute(
        "INSERT INTO relay_cursor (stream, sequence) VALUES (?, ?)"
        " ON CONFLICT (stream) DO UPDATE SET sequence = excluded.sequence",
        (stream, sequence),
    )
