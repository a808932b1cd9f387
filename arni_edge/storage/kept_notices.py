"""Notices that nobody of the staff could be told; they wait for the first who can."""

import json
from collections.abc import Mapping
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


async def keep(tx: Transaction, what: str, words: Mapping[str, str], now: datetime, *, most: int) -> int:
    """Keep a notice; one of the same is replaced.

    Args:
        tx: The transaction.
        what: What a repetition is recognised by.
        words: By language; nothing personal.
        now: When it was.
        most: So many are kept; the oldest give way.

    Returns:
        How many had to give way.
    """
    await tx.execute("DELETE FROM kept_notices WHERE what = ?", (what,))
    await tx.execute(
        "INSERT INTO kept_notices (what, at, words) VALUES (?, ?, ?)",
        (what, now.isoformat(), json.dumps(dict(words))),
    )
    return await tx.execute(
        "DELETE FROM kept_notices WHERE id NOT IN (SELECT id FROM kept_notices ORDER BY id DESC LIMIT ?)",
        (most,),
    )


async def waiting(tx: Transaction) -> list[Row]:
    """All that wait, oldest first: id, what, at, words (JSON by language)."""
    return await tx.fetch("SELECT * FROM kept_notices ORDER BY id")


async def count(database: Database) -> int:
    """How many wait."""
    rows = await database.read("SELECT count(*) AS number FROM kept_notices")
    return int(rows[0]["number"])


async def told(tx: Transaction, notice: int) -> None:
    """One of them was told."""
    await tx.execute("DELETE FROM kept_notices WHERE id = ?", (notice,))
