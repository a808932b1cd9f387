"""Consent as it was given and taken back; the newest row of a person and purpose is the one that counts."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Consenter:
    """Whose consent it is.

    Attributes:
        channel: Where they said so.
        address: The channel's address of them; personal, never logged.
        member_id: Their id when it is known who they are, or None.
    """

    channel: str
    address: str
    member_id: str | None = None


async def add(
    tx: Transaction, who: Consenter, purpose: str, *, granted: bool, text_version: str, now: datetime
) -> int:
    """Note that somebody agreed, or took it back; returns the row's id."""
    rows = await tx.fetch(
        "INSERT INTO consents (channel, address, member_id, purpose, granted, text_version, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (who.channel, who.address, who.member_id, purpose, granted, text_version, now.isoformat()),
    )
    return int(rows[0]["id"])


async def newest(database: Database, who: Consenter) -> list[Row]:
    """The newest row of every purpose: of this address, or of the member who stands behind it.

    Where nobody says who that is, it is whoever answered from this address before: what a member has taken
    back elsewhere is taken back here, too.
    """
    return await database.read(
        "SELECT *, max(id) FROM consents WHERE (channel = :channel AND address = :address)"
        " OR member_id = coalesce(:member, (SELECT member_id FROM consents WHERE channel = :channel"
        " AND address = :address AND member_id IS NOT NULL ORDER BY id DESC LIMIT 1)) GROUP BY purpose",
        {"channel": who.channel, "address": who.address, "member": who.member_id},
    )


async def of_member(database: Database, member_id: str) -> list[Row]:
    """The newest row of every purpose of a member."""
    return await database.read(
        "SELECT *, max(id) FROM consents WHERE member_id = ? GROUP BY purpose", (member_id,)
    )


async def unforgotten(database: Database) -> list[Row]:
    """What was taken back while what rests on it may still be there, oldest first."""
    return await database.read(
        "SELECT * FROM consents WHERE granted = 0 AND forgotten_at IS NULL ORDER BY id"
    )


async def note_forgotten(tx: Transaction, row_id: int, now: datetime) -> None:
    """Note that what rested on a consent is gone."""
    await tx.execute("UPDATE consents SET forgotten_at = ? WHERE id = ?", (now.isoformat(), row_id))
