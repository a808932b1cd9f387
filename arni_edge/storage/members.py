"""The local mirror of members, and its age."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from arni_edge.domain.people import Member, MemberState
from arni_edge.storage.database import Database, Row, Transaction

_PART = "members"

WITH_PHONE: Final = (
    "SELECT * FROM members WHERE :phone != '' AND gone_at IS NULL AND (phone = :phone"
    " OR member_id IN (SELECT member_id FROM member_phones WHERE phone = :phone)) LIMIT 2"
)
"""Who has a number, by whichever of theirs it is; two of them are enough to know that it is ambiguous."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """How true the mirror is.

    Attributes:
        kept_by_hand: The owner keeps it; it is true until they change it.
        refreshed_at: When a full synchronisation, or the owner, last touched it (aware).
    """

    kept_by_hand: bool
    refreshed_at: datetime


async def put_by_hand(tx: Transaction, members: Iterable[Member], now: datetime) -> None:
    """Store members as the owner gives them, replacing what was known of each.

    A mirror that is synchronised stays one: the owner's correction does not make the rest of it fresh.
    """
    for member in members:
        await tx.execute(
            "INSERT INTO members (member_id, name, phone, state, valid_from, valid_until, plan, groups,"
            " arrears, paused_from, paused_until, barred) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, phone = excluded.phone,"
            " state = excluded.state, valid_from = excluded.valid_from, valid_until = excluded.valid_until,"
            " plan = excluded.plan, groups = excluded.groups, arrears = excluded.arrears,"
            " paused_from = excluded.paused_from, paused_until = excluded.paused_until,"
            " barred = excluded.barred",
            (
                *_facts(member),
                json.dumps(member.groups),
                member.arrears,
                _text(member.paused_from),
                _text(member.paused_until),
                member.state is MemberState.BANNED,
            ),
        )
    await tx.execute(
        "INSERT INTO mirror (part, kept_by, refreshed_at) VALUES (?, 'hand', ?)"
        " ON CONFLICT (part) DO UPDATE SET refreshed_at = excluded.refreshed_at WHERE kept_by = 'hand'",
        (_PART, now.isoformat()),
    )


async def put_by_sync(
    tx: Transaction, member: Member, phones: Sequence[str], *, dunned: bool = False
) -> None:
    """Store a member as Magicline has them. Groups, a ban and what the gym says of debts stay.

    Args:
        tx: The transaction.
        member: Who; ``phone`` is empty where they have none.
        phones: All their numbers, E.164; ``member.phone`` may be among them.
        dunned: Magicline asks them for money that they owe.
    """
    await tx.execute(
        "INSERT INTO members (member_id, name, phone, state, valid_from, valid_until, plan, paused_from,"
        " paused_until, dunned, kept_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'sync')"
        " ON CONFLICT (member_id) DO UPDATE SET name = excluded.name, phone = excluded.phone,"
        " state = CASE WHEN barred THEN 'banned' ELSE excluded.state END,"
        " valid_from = excluded.valid_from, valid_until = excluded.valid_until, plan = excluded.plan,"
        " paused_from = excluded.paused_from, paused_until = excluded.paused_until, kept_by = 'sync',"
        " dunned = excluded.dunned, gone_at = NULL",
        (*_facts(member), _text(member.paused_from), _text(member.paused_until), dunned),
    )
    await tx.execute("DELETE FROM member_phones WHERE member_id = ?", (member.member_id,))
    for phone in dict.fromkeys(phones):
        if phone != member.phone:
            await tx.execute("INSERT INTO member_phones VALUES (?, ?)", (member.member_id, phone))


async def shut_out(tx: Transaction, member_id: str, gone_at: datetime | None = None) -> None:
    """Magicline does not know them any more, or says so: no door opens for them by their contract.

    Args:
        tx: The transaction.
        member_id: Who; a row that the owner keeps stays as it is.
        gone_at: When that was certain; then their number is nobody's, and the row goes in time.
    """
    await tx.execute(
        "UPDATE members SET state = CASE WHEN barred THEN 'banned' ELSE 'ended' END,"
        " gone_at = coalesce(gone_at, ?) WHERE member_id = ? AND kept_by = 'sync'",
        (gone_at and gone_at.isoformat(), member_id),
    )


async def refresh(tx: Transaction, at: datetime) -> None:
    """The mirror of members was wholly read; it is true as of a moment, and no longer the owner's alone."""
    await tx.execute(
        "INSERT INTO mirror (part, kept_by, refreshed_at) VALUES (?, 'sync', ?)"
        " ON CONFLICT (part) DO UPDATE SET kept_by = 'sync', refreshed_at = excluded.refreshed_at",
        (_PART, at.isoformat()),
    )


async def mirror(database: Database) -> Mirror | None:
    """How true the mirror of members is, or None when it never was filled."""
    rows = await database.read("SELECT kept_by, refreshed_at FROM mirror WHERE part = ?", (_PART,))
    if not rows:
        return None
    return Mirror(rows[0]["kept_by"] == "hand", datetime.fromisoformat(rows[0]["refreshed_at"]))


async def by_phone(database: Database, phone: str) -> Member | None:
    """The member with this number; None also when two have it: an ambiguous match is no match."""
    found = await with_phone(database, phone)
    return found[0] if len(found) == 1 else None


async def with_phone(database: Database, phone: str) -> list[Member]:
    """Members with this number, at most two: more than one is ambiguous, however many they are."""
    return [from_row(row) for row in await database.read(WITH_PHONE, {"phone": phone})]


async def all_with_phone(tx: Transaction, phone: str) -> list[Member]:
    """The same, in a transaction."""
    return [from_row(row) for row in await tx.fetch(WITH_PHONE, {"phone": phone})]


async def find(tx: Transaction, member_id: str) -> Member | None:
    """The member with this id."""
    rows = await tx.fetch("SELECT * FROM members WHERE member_id = ?", (member_id,))
    return from_row(rows[0]) if rows else None


async def by_id(database: Database, member_id: str) -> Member | None:
    """The same, as committed."""
    rows = await database.read("SELECT * FROM members WHERE member_id = ?", (member_id,))
    return from_row(rows[0]) if rows else None


async def ban(tx: Transaction, member_id: str) -> bool:
    """The doors stay shut for them; returns False when nobody has this id."""
    changed = await tx.execute(
        "UPDATE members SET state = ?, barred = 1 WHERE member_id = ?", (MemberState.BANNED, member_id)
    )
    return changed == 1


async def everybody(database: Database) -> list[Member]:
    """All members, by id."""
    return [from_row(row) for row in await database.read("SELECT * FROM members ORDER BY member_id")]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the mirror and the audit know of somebody at a door.

    Attributes:
        member: The member, or None.
        mirror: How true the mirror is, or None when it never was filled.
        last_entry: When they last came in by this door (aware), or None. A command under way counts.
    """

    member: Member | None
    mirror: Mirror | None
    last_entry: datetime | None


async def standing(tx: Transaction, member_id: str | None, door: str) -> Standing:
    """Everything that a decision needs to know of a member, in one query: somebody waits at the door."""
    (row,) = await tx.fetch(
        "SELECT members.*, mirror.kept_by AS mirror_kept_by, mirror.refreshed_at,"
        " (SELECT max(at) FROM door_audit WHERE member_id = :member AND door = :door"
        "   AND (outcome = 'confirmed' OR state = 'commanded')) AS last_entry"
        " FROM (SELECT 1) LEFT JOIN mirror ON mirror.part = :part"
        " LEFT JOIN members ON members.member_id = :member",
        {"member": member_id, "door": door, "part": _PART},
    )
    return Standing(
        None if row["member_id"] is None else from_row(row),
        None
        if row["mirror_kept_by"] is None
        else Mirror(row["mirror_kept_by"] == "hand", datetime.fromisoformat(row["refreshed_at"])),
        None if row["last_entry"] is None else datetime.fromisoformat(row["last_entry"]),
    )


def _facts(member: Member) -> tuple[str | None, ...]:
    """Up to the plan, in the order of the statements above."""
    return (
        member.member_id,
        member.name,
        member.phone,
        member.state,
        _text(member.valid_from),
        _text(member.valid_until),
        member.plan,
    )


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def from_row(row: Row) -> Member:
    """A member as a row of the table has them."""
    return Member(
        member_id=row["member_id"],
        name=row["name"],
        phone=row["phone"],
        state=MemberState(row["state"]),
        valid_from=_day(row["valid_from"]),
        valid_until=_day(row["valid_until"]),
        plan=row["plan"],
        groups=tuple(json.loads(row["groups"])),
        arrears=bool(row["arrears"] or row["dunned"]),
        paused_from=_day(row["paused_from"]),
        paused_until=_day(row["paused_until"]),
    )
