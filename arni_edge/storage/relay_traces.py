"""Which events of the relay's log speak of whom, and which of them the relay is still to erase."""

import json
from collections.abc import Sequence

from arni_edge.storage.database import Database, Transaction


async def note(tx: Transaction, messages: Sequence[str], sequence: int) -> None:
    """Note that an event speaks of messages.

    Args:
        tx: A transaction before or in which they are stored.
        messages: Their keys.
        sequence: Of the event.
    """
    await tx.execute(
        "INSERT INTO relay_traces (message, sequence) SELECT value, ? FROM json_each(?) WHERE true"
        " ON CONFLICT DO NOTHING",
        (sequence, json.dumps(list(messages))),
    )


async def erase(tx: Transaction, messages: Sequence[str]) -> int:
    """Have the relay asked to erase all events that speak of messages; returns how many.

    Args:
        tx: The transaction in which the messages go.
        messages: Their keys.
    """
    keys = json.dumps(list(messages))
    await tx.execute(
        "INSERT INTO relay_erasures (sequence) SELECT DISTINCT sequence FROM relay_traces"
        " WHERE message IN (SELECT value FROM json_each(?)) ON CONFLICT DO NOTHING",
        (keys,),
    )
    rows = await tx.fetch(
        "DELETE FROM relay_traces WHERE message IN (SELECT value FROM json_each(?)) RETURNING sequence",
        (keys,),
    )
    return len({row["sequence"] for row in rows})


async def to_erase(database: Database, up_to: int, limit: int) -> list[int]:
    """Some of the events that the relay is still to erase.

    Args:
        database: Has them.
        up_to: The cursor: what is behind it is still needed.
        limit: At most so many.
    """
    rows = await database.read(
        "SELECT sequence FROM relay_erasures WHERE sequence <= ? ORDER BY sequence LIMIT ?", (up_to, limit)
    )
    return [int(row["sequence"]) for row in rows]


async def waiting(database: Database) -> int:
    """How many events the relay is still to erase."""
    (row,) = await database.read("SELECT count(*) AS number FROM relay_erasures")
    return int(row["number"])


async def erased(tx: Transaction, sequences: Sequence[int]) -> None:
    """The relay has erased these."""
    await tx.execute(
        "DELETE FROM relay_erasures WHERE sequence IN (SELECT value FROM json_each(?))",
        (json.dumps(list(sequences)),),
    )


async def forget_before(tx: Transaction, oldest: int) -> None:
    """The relay keeps nothing before a number any more."""
    await tx.execute("DELETE FROM relay_traces WHERE sequence < ?", (oldest,))
    await tx.execute("DELETE FROM relay_erasures WHERE sequence < ?", (oldest,))


async def start_again(tx: Transaction) -> None:
    """The numbers mean other events now; what the new log holds of whom is met when it is read."""
    await tx.execute("DELETE FROM relay_traces")
    await tx.execute("DELETE FROM relay_erasures")
