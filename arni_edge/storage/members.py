"""The local mirror of members, and its age."""

from collections.abc import Iterable
from datetime import date, datetime

from arni_edge.domain.people import Member, MemberState
from arni_edge.storage.database import Database, Row, Transaction

PART = "members"


async def put(tx: Transaction, members: Iterable[Member], now: datetime) -> None:
    """Store members, replacing what was known of each, and note that the mirror is fresh."""
    for member in members:
        await tx.execute(
            "INSERT INTO members (member_id, name, phone, state, valid_from, valid_until)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (member_id) DO UPDATE SET name = excluded.name,"
            " phone = excluded.phone, state = excluded.state, valid_from = excluded.valid_from,"
            " valid_until = excluded.valid_until",
            (
                member.member_id,
                member.name,
                member.phone,
                member.state,
                _text(member.valid_from),
                _text(member.valid_until),
            ),
        )
    await tx.execute(
        "INSERT INTO mirror (part, refreshed_at) VALUES (?, ?)"
        " ON CONFLICT (part) DO UPDATE SET refreshed_at = excluded.refreshed_at",
        (PART, now.isoformat()),
    )


async def by_phone(database: Database, phone: str) -> Member | None:
    """The member with this number; None also when two have it: an ambiguous match is no match."""
    rows = await database.read("SELECT * FROM members WHERE phone = ? LIMIT 2", (phone,))
    return _member(rows[0]) if len(rows) == 1 else None


async def everybody(database: Database) -> list[Member]:
    """All members, by id."""
    return [_member(row) for row in await database.read("SELECT * FROM members ORDER BY member_id")]


async def refreshed_at(database: Database) -> datetime | None:
    """When the mirror was last known to be true, or None when it never was filled."""
    rows = await database.read("SELECT refreshed_at FROM mirror WHERE part = ?", (PART,))
    return datetime.fromisoformat(rows[0]["refreshed_at"]) if rows else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _member(row: Row) -> Member:
    return Member(
        member_id=row["member_id"],
        name=row["name"],
        phone=row["phone"],
        state=MemberState(row["state"]),
        valid_from=_day(row["valid_from"]),
        valid_until=_day(row["valid_until"]),
    )
