"""Erasures on their way, and what the search after them found."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Ordered:
    """An erasure that has not come to its end.

    Attributes:
        erasure_id: Its id.
        member_id: Whom it is about.
        due_at: It begins then (aware).
        known: What was known of them, as :meth:`Person.to_json` keeps it.
    """

    erasure_id: str
    member_id: str
    due_at: datetime
    known: str


async def order(tx: Transaction, new: Ordered, ordered_by: str, now: datetime) -> str:
    """Note that somebody is to be erased; returns the erasure's id, an older one if there is one."""
    rows = await tx.fetch("SELECT erasure_id, due_at FROM erasing WHERE member_id = ?", (new.member_id,))
    if rows:
        await tx.execute(
            "UPDATE erasing SET due_at = min(due_at, ?) WHERE member_id = ?",
            (new.due_at.isoformat(), new.member_id),
        )
        return str(rows[0]["erasure_id"])
    await tx.execute(
        "INSERT INTO erasures (erasure_id, at, ordered_by, removed, searched, found, state)"
        " VALUES (?, ?, ?, '{}', '{}', 0, 'begun')",
        (new.erasure_id, now.isoformat(), ordered_by),
    )
    await tx.execute(
        "INSERT INTO erasing (member_id, erasure_id, due_at, known) VALUES (?, ?, ?, ?)",
        (new.member_id, new.erasure_id, new.due_at.isoformat(), new.known),
    )
    return new.erasure_id


async def waiting(database: Database) -> list[Ordered]:
    """All that have not come to their end, oldest first."""
    rows = await database.read("SELECT * FROM erasing ORDER BY erasure_id")
    return [
        Ordered(row["erasure_id"], row["member_id"], datetime.fromisoformat(row["due_at"]), row["known"])
        for row in rows
    ]


async def keep_known(tx: Transaction, erasure_id: str, known: str) -> None:
    """Keep what is known of somebody until it is searched for."""
    await tx.execute("UPDATE erasing SET known = ? WHERE erasure_id = ?", (known, erasure_id))


async def forget_whom(tx: Transaction, erasure_id: str, removed: Mapping[str, int]) -> None:
    """Note what was removed, and forget whom it was about."""
    await tx.execute("DELETE FROM erasing WHERE erasure_id = ?", (erasure_id,))
    await tx.execute(
        "UPDATE erasures SET removed = ? WHERE erasure_id = ?", (json.dumps(dict(removed)), erasure_id)
    )


async def end(
    tx: Transaction, erasure_id: str, *, searched: Mapping[str, Any], found: int, state: str
) -> None:
    """Note what the search found."""
    await tx.execute(
        "UPDATE erasures SET searched = ?, found = ?, state = ? WHERE erasure_id = ?",
        (json.dumps(dict(searched), ensure_ascii=False), found, state, erasure_id),
    )


async def interrupted(database: Database) -> list[str]:
    """Ids of those whose rows were removed, but that a crash kept from being searched for."""
    rows = await database.read(
        "SELECT erasure_id FROM erasures WHERE state = 'begun'"
        " AND erasure_id NOT IN (SELECT erasure_id FROM erasing)"
    )
    return [str(row["erasure_id"]) for row in rows]


async def get(database: Database, erasure_id: str) -> Row | None:
    """One erasure, or None."""
    rows = await database.read("SELECT * FROM erasures WHERE erasure_id = ?", (erasure_id,))
    return rows[0] if rows else None


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest, newest first."""
    return await database.read("SELECT * FROM erasures ORDER BY erasure_id DESC LIMIT ?", (limit,))
