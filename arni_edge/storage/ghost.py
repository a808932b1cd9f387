"""Chats as staff see them: handles, who reads along, who has taken one over."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arni_edge.domain.messages import Channel
from arni_edge.domain.people import Member
from arni_edge.storage import members
from arni_edge.storage.database import Parameters, Row, Transaction

Fetch = Callable[[str, Parameters], Awaitable[list[Row]]]
"""Reads: ``Database.read``, or ``Transaction.fetch`` inside a unit of work."""

EVERY_CHAT: Final = "*"
"""Stands where a handle stands, for all chats at once."""

SAID_BY_STAFF: Final = "ghost:say:"
"""How the key of a message begins that staff wrote to a member."""

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_HANDLE_LETTERS: Final = 4
# Recent chats are those of the newest messages; more are not looked at.
_RECENT_MESSAGES: Final = 300


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation with the gym.

    Attributes:
        channel: Where.
        address: The other side; personal, never shown to anybody, never logged.
        handle: What staff call it; empty while it has none.
        human: Whether a person writes for the gym.
        taken_by: Who: id of staff, or None when the gym does not know.
        taken_until: When it comes back by itself (aware), or None: never.
        acknowledged: Whether the member was told that a person writes.
        disclosed: Whether the member was ever told that an AI is speaking.
    """

    channel: Channel
    address: str
    handle: str
    human: bool
    taken_by: str | None
    taken_until: datetime | None
    acknowledged: bool
    disclosed: bool


@dataclass(frozen=True, slots=True)
class Face:
    """Who is on the other side, as far as it is known.

    Attributes:
        member: On file exactly once under this number or address; None for everybody else.
        digits: Last three digits of the number, or None.
    """

    member: Member | None
    digits: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said in a chat.

    Attributes:
        at: When (aware).
        who: ``member``, ``bot`` or ``staff``.
        text: What; personal.
        kind: The channel's kind of message.
    """

    at: datetime
    who: str
    text: str
    kind: str = "text"


# --- which chat -------------------------------------------------------------------------------------------


async def by_handle(fetch: Fetch, handle: str) -> Chat | None:
    """The chat that staff call so."""
    rows = await fetch("SELECT * FROM conversations WHERE handle = ?", (handle,))
    return _chat(rows[0]) if rows else None


async def by_address(fetch: Fetch, channel: Channel, address: str) -> Chat | None:
    """The chat with an address, or None while nothing is kept about it."""
    rows = await fetch("SELECT * FROM conversations WHERE channel = ? AND address = ?", (channel, address))
    return _chat(rows[0]) if rows else None


async def name(tx: Transaction, channel: Channel, address: str) -> Chat:
    """The chat with an address; it has a handle from now on."""
    await tx.execute(
        "INSERT INTO conversations (channel, address) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (channel, address),
    )
    while True:
        rows = await tx.fetch(
            "SELECT * FROM conversations WHERE channel = ? AND address = ?", (channel, address)
        )
        if rows[0]["handle"] is not None:
            return _chat(rows[0])
        handle = "".join(secrets.choice(_LETTERS) for _ in range(_HANDLE_LETTERS))
        await tx.execute(
            "UPDATE OR IGNORE conversations SET handle = ? WHERE channel = ? AND address = ?",
            (handle, channel, address),
        )


async def recent(fetch: Fetch, since: datetime, limit: int) -> list[tuple[Channel, str, datetime]]:
    """Chats that were written in lately: channel, address and moment of the last message, newest first."""
    rows = await fetch(
        "SELECT channel, conversation, max(received_at) AS at, max(id) AS newest FROM inbound"
        " WHERE id > (SELECT coalesce(max(id), 0) FROM inbound) - ? AND received_at >= ?"
        " GROUP BY channel, conversation ORDER BY newest DESC LIMIT ?",
        (_RECENT_MESSAGES, since.isoformat(), limit),
    )
    return [(Channel(row["channel"]), row["conversation"], datetime.fromisoformat(row["at"])) for row in rows]


async def face(fetch: Fetch, channel: Channel, address: str) -> Face:
    """Who is on the other side; a number that two members share is nobody's."""
    rows = await fetch(
        "SELECT phone FROM inbound WHERE channel = ? AND conversation = ? AND phone IS NOT NULL"
        " ORDER BY id DESC LIMIT 1",
        (channel, address),
    )
    phone = str(rows[0]["phone"]) if rows else None
    found = await fetch(
        "SELECT members.* FROM identities JOIN members USING (member_id) WHERE channel = ? AND address = ?",
        (channel, address),
    )
    if not found and phone is not None:
        found = await fetch(members.WITH_PHONE, {"phone": phone})
    return Face(members.from_row(found[0]) if len(found) == 1 else None, phone and phone[-3:])


async def lines(fetch: Fetch, chat: Chat, limit: int) -> list[Line]:
    """What was said last, oldest first."""
    heard = await fetch(
        "SELECT received_at, text, kind FROM inbound WHERE channel = ? AND conversation = ?"
        " ORDER BY id DESC LIMIT ?",
        (chat.channel, chat.address, limit),
    )
    said = await fetch(
        # A code that was sent is nobody's business but the member's.
        "SELECT created_at, key, CASE WHEN secret THEN '•••' ELSE text END AS text FROM outbox"
        " WHERE line = ? AND order_key = ? AND template IS NULL ORDER BY position DESC LIMIT ?",
        (chat.channel, chat.address, limit),
    )
    found = [
        Line(datetime.fromisoformat(row["received_at"]), "member", row["text"], row["kind"]) for row in heard
    ]
    for row in said:
        who = "staff" if str(row["key"]).startswith(SAID_BY_STAFF) else "bot"
        found.append(Line(datetime.fromisoformat(row["created_at"]), who, row["text"]))
    # Said after heard where a clock cannot tell them apart: an answer stands below its question.
    return sorted(found, key=lambda line: (line.at, line.who != "member"))[-limit:]


# --- who reads along --------------------------------------------------------------------------------------


async def read_along(tx: Transaction, staff: str, handle: str, mode: str, now: datetime) -> None:
    """Show somebody a chat from now on; ``mode`` is ``read`` or ``hold``."""
    await tx.execute(
        "INSERT INTO ghost_readers (staff, handle, mode, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (staff, handle) DO UPDATE SET mode = excluded.mode, at = excluded.at",
        (staff, handle, mode, now.isoformat()),
    )


async def look_away(tx: Transaction, staff: str, handle: str) -> bool:
    """Show it to them no longer; False when they did not read along."""
    changed = await tx.execute(
        "DELETE FROM ghost_readers WHERE staff = ? AND (handle = ? OR ? = ?)",
        (staff, handle, handle, EVERY_CHAT),
    )
    return changed > 0


async def readers(fetch: Fetch, handle: str) -> dict[str, str]:
    """Who reads a chat along, and how: id of staff to ``read`` or ``hold``, whichever is stronger."""
    rows = await fetch(
        "SELECT staff, min(mode) AS mode FROM ghost_readers WHERE handle IN (?, ?) GROUP BY staff",
        (handle, EVERY_CHAT),
    )
    return {row["staff"]: row["mode"] for row in rows}  # "hold" < "read"


async def read_handles(fetch: Fetch) -> set[str]:
    """Handles of all chats that somebody reads along; :data:`EVERY_CHAT` may be among them."""
    return {row["handle"] for row in await fetch("SELECT DISTINCT handle FROM ghost_readers", ())}


# --- who writes for the gym -------------------------------------------------------------------------------


async def take(tx: Transaction, chat: Chat, staff: str, until: datetime) -> bool:
    """Give a chat to somebody of staff; False when somebody else has it."""
    changed = await tx.execute(
        "UPDATE conversations SET mode = 'human', taken_by = :staff, taken_until = :until,"
        " human_acknowledged_at = CASE mode WHEN 'human' THEN human_acknowledged_at END"
        " WHERE channel = :channel AND address = :address"
        " AND (mode = 'bot' OR taken_by IS NULL OR taken_by = :staff)",
        {
            "staff": staff,
            "until": until.isoformat(),
            "channel": chat.channel,
            "address": chat.address,
        },
    )
    return changed == 1


async def give_back(tx: Transaction, chat: Chat, *, overdue_at: datetime | None = None) -> bool:
    """Give a chat back to the assistant; False when it has it already.

    Args:
        tx: The transaction.
        chat: Which.
        overdue_at: Only if its time was over at this moment; None: in any case.
    """
    changed = await tx.execute(
        "UPDATE conversations SET mode = 'bot', taken_by = NULL, taken_until = NULL,"
        " human_acknowledged_at = NULL WHERE channel = ? AND address = ? AND mode = 'human'"
        " AND (? IS NULL OR taken_until <= ?)",
        (
            chat.channel,
            chat.address,
            overdue_at and overdue_at.isoformat(),
            overdue_at and overdue_at.isoformat(),
        ),
    )
    return changed == 1


async def overdue(fetch: Fetch, now: datetime) -> list[Chat]:
    """Chats that come back to the assistant because their time is over."""
    rows = await fetch(
        "SELECT * FROM conversations WHERE mode = 'human' AND taken_until <= ?", (now.isoformat(),)
    )
    return [_chat(row) for row in rows]


async def shown_to(fetch: Fetch, key: str) -> list[tuple[str, str]]:
    """Who of staff is shown a post, or one whose key goes on behind it with a slash: person and whole key."""
    rows = await fetch(
        "SELECT contact, key FROM staff_posts WHERE key = ? OR (key >= ? AND key < ?) ORDER BY contact, key",
        (key, f"{key}/", f"{key}0"),
    )
    return [(row["contact"], row["key"]) for row in rows]


def _chat(row: Row) -> Chat:
    until = row["taken_until"]
    return Chat(
        channel=Channel(row["channel"]),
        address=row["address"],
        handle=row["handle"] or "",
        human=row["mode"] == "human",
        taken_by=row["taken_by"],
        taken_until=datetime.fromisoformat(until) if until else None,
        acknowledged=row["human_acknowledged_at"] is not None,
        disclosed=row["disclosed_at"] is not None,
    )
