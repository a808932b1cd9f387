"""What somebody wants and what waits until it is sure that it is them: on the disk, one per conversation."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from arni_edge.domain.messages import Channel, Language
from arni_edge.storage.database import Database, Transaction
from arni_edge.storage.identities import Address


@dataclass(frozen=True, slots=True)
class Errand:
    """What somebody wants, and waits until it is sure that it is them.

    Attributes:
        language: In which they were answered last.
        expires_at: Forgotten then (aware).
        claimed: Member number that they say is theirs; proves nothing.
        tool: Name of the tool, or None.
        arguments: What they said about it, without who they are.
    """

    language: Language
    expires_at: datetime
    claimed: str | None = None
    tool: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)


async def waiting(database: Database, address: Address, now: datetime) -> Errand | None:
    """What waits in a conversation, or None."""
    rows = await database.read(
        "SELECT * FROM errands WHERE channel = ? AND address = ? AND expires_at > ?",
        (*address, now.isoformat()),
    )
    if not rows:
        return None
    row = rows[0]
    return Errand(
        Language(row["language"]),
        datetime.fromisoformat(row["expires_at"]),
        row["claimed"],
        row["tool"],
        json.loads(row["arguments"]),
    )


async def everywhere(database: Database, now: datetime) -> list[tuple[Address, Language]]:
    """The conversations in which something waits, and the language of each."""
    rows = await database.read(
        "SELECT channel, address, language FROM errands WHERE expires_at > ?", (now.isoformat(),)
    )
    return [((Channel(row["channel"]), row["address"]), Language(row["language"])) for row in rows]


async def put(tx: Transaction, address: Address, errand: Errand, now: datetime) -> None:
    """Keep what somebody wants, instead of what they wanted before."""
    await tx.execute("DELETE FROM errands WHERE expires_at < ?", (now.isoformat(),))
    await tx.execute(
        "INSERT INTO errands (channel, address, language, claimed, tool, arguments, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, address) DO UPDATE SET"
        " language = excluded.language, claimed = excluded.claimed, tool = excluded.tool,"
        " arguments = excluded.arguments, expires_at = excluded.expires_at",
        (
            *address,
            errand.language,
            errand.claimed,
            errand.tool,
            json.dumps(dict(errand.arguments)),
            errand.expires_at.isoformat(),
        ),
    )


async def drop(tx: Transaction, address: Address) -> None:
    """It was taken up."""
    await tx.execute("DELETE FROM errands WHERE channel = ? AND address = ?", address)
