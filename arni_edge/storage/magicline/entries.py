"""Who has come in by our own doors, and is to be checked in at Magicline."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arni_edge.storage.database import Database

LINE: Final = "checkins"
"""Rows of the outbox that check somebody in."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Somebody came in, and nothing was put into the outbox for it yet.

    Attributes:
        request_id: Of the door's request; unique.
        member_id: Who.
        customer_id: Magicline's number of them.
        at: When they asked for the door (aware).
    """

    request_id: str
    member_id: str
    customer_id: int
    at: datetime

    @property
    def key(self) -> str:
        """Of its row in the outbox."""
        return f"{LINE}/{self.request_id}"


async def unposted(database: Database, doors: Collection[str], since: datetime) -> list[NewEntry]:
    """Entries of Magicline's members for which there is no row yet, oldest first.

    Args:
        database: Has them.
        doors: Those that count.
        since: Older ones are not looked at (aware).
    """
    rows = await database.read(
        "SELECT request_id, member_id, customer_id, at FROM door_audit"
        " JOIN magicline_customers USING (member_id)"
        " WHERE at >= :since AND outcome = 'confirmed' AND door IN (SELECT value FROM json_each(:doors))"
        " AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.key = :line || '/' || request_id)"
        " ORDER BY door_audit.id",
        {"since": since.isoformat(), "doors": json.dumps(list(doors)), "line": LINE},
    )
    return [
        NewEntry(row["request_id"], row["member_id"], row["customer_id"], datetime.fromisoformat(row["at"]))
        for row in rows
    ]


async def ends(database: Database, since: datetime) -> dict[str, int]:
    """How many entries ended how: ``posted``, ``waiting``, or why they were not posted.

    Args:
        database: Has them.
        since: Only those that were put in from then on (aware).
    """
    rows = await database.read(
        "SELECT CASE WHEN state = 'sent' THEN CASE WHEN provider_id = '' THEN 'posted' ELSE provider_id END"
        " WHEN state = 'failed' THEN reason WHEN state IN ('expired', 'dropped', 'quarantined') THEN state"
        " ELSE 'waiting' END AS how, count(*) AS number"
        " FROM outbox WHERE line = ? AND created_at >= ? GROUP BY how ORDER BY how",
        (LINE, since.isoformat()),
    )
    return {row["how"]: int(row["number"]) for row in rows}
