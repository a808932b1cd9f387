"""What the box remembers of Telegram: updates, chats, bound people, open questions.

The table of updates is the queue between the poller and the desk: an update is confirmed to Telegram when it
stands here, and its payload goes when it was acted on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Transaction

CHANNEL = "telegram"

# --- updates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoredUpdate:
    """Something that staff did and that has not been acted on.

    Attributes:
        update_id: Telegram's.
        person: Telegram's id of who did it.
        payload: What, as the channel wrote it.
        attempts: How often it was begun.
    """

    update_id: int
    person: int
    payload: str
    attempts: int


async def cursor(database: Database) -> tuple[int, datetime] | None:
    """The last update that was taken in, and when; None before the first."""
    rows = await database.read("SELECT update_id, at FROM telegram_cursor")
    return (int(rows[0]["update_id"]), datetime.fromisoformat(rows[0]["at"])) if rows else None


async def put_cursor(tx: Transaction, update_id: int, now: datetime) -> None:
    """Note how far everything was taken in."""
    await tx.execute(
        "INSERT INTO telegram_cursor (id, update_id, at) VALUES (1, :update, :now)"
        " ON CONFLICT (id) DO UPDATE SET update_id = :update, at = :now",
        {"update": update_id, "now": now.isoformat()},
    )


async def add_update(tx: Transaction, update_id: int, person: int, payload: str, now: datetime) -> bool:
    """Queue an update; False when it is known."""
    changed = await tx.execute(
        "INSERT INTO telegram_updates (update_id, person, payload, at) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (update_id) DO NOTHING",
        (update_id, person, payload, now.isoformat()),
    )
    return changed == 1


async def open_updates(database: Database) -> list[StoredUpdate]:
    """What is to be acted on, in the order in which it came."""
    rows = await database.read(
        "SELECT update_id, person, payload, attempts FROM telegram_updates WHERE payload IS NOT NULL"
        " ORDER BY at, update_id LIMIT 500"
    )
    return [StoredUpdate(*row) for row in rows]


async def begin_update(database: Database, update_id: int) -> None:
    """Note that it is being acted on: what ends the process every time must not do so for ever."""

    async def store(tx: Transaction) -> None:
        await tx.execute(
            "UPDATE telegram_updates SET attempts = attempts + 1 WHERE update_id = ?", (update_id,)
        )

    await database.write(store, vital=True)


async def end_update(tx: Transaction, update_id: int) -> None:
    """Note that it was acted on; what was written is forgotten."""
    await tx.execute("UPDATE telegram_updates SET payload = NULL WHERE update_id = ?", (update_id,))


# --- chats --------------------------------------------------------------------------------------------------


async def moves(database: Database) -> dict[int, int]:
    """Chats that have another id now."""
    rows = await database.read("SELECT chat, moved_to FROM telegram_moves")
    return {int(row["chat"]): int(row["moved_to"]) for row in rows}


async def note_move(tx: Transaction, chat: int, moved_to: int) -> None:
    """A group became a supergroup."""
    await tx.execute(
        "INSERT INTO telegram_moves (chat, moved_to) VALUES (:chat, :to)"
        " ON CONFLICT (chat) DO UPDATE SET moved_to = :to",
        {"chat": chat, "to": moved_to},
    )


async def unreachable(database: Database) -> dict[int, str]:
    """Chats that take nothing from us, and why."""
    rows = await database.read("SELECT chat, reason FROM telegram_unreachable")
    return {int(row["chat"]): str(row["reason"]) for row in rows}


async def note_unreachable(tx: Transaction, chat: int, reason: str, now: datetime) -> None:
    """A chat takes nothing from us."""
    await tx.execute(
        "INSERT INTO telegram_unreachable (chat, reason, at) VALUES (?, ?, ?) ON CONFLICT (chat) DO NOTHING",
        (chat, reason, now.isoformat()),
    )


async def note_reachable(tx: Transaction, chat: int) -> bool:
    """A chat takes something from us again; False when it always did."""
    return await tx.execute("DELETE FROM telegram_unreachable WHERE chat = ?", (chat,)) == 1


# --- people -------------------------------------------------------------------------------------------------


async def bindings(database: Database) -> dict[int, str]:
    """Who was bound by a code: ids of staff by Telegram's ids of people."""
    rows = await database.read("SELECT address, staff FROM staff_channels WHERE channel = ?", (CHANNEL,))
    return {int(row["address"]): str(row["staff"]) for row in rows}


async def add_invite(tx: Transaction, digest: str, staff: str, expires_at: datetime) -> None:
    """Keep an invitation; the ones before it that the same person did not use are void."""
    await tx.execute("DELETE FROM staff_invites WHERE staff = ? AND used_at IS NULL", (staff,))
    await tx.execute(
        "INSERT INTO staff_invites (digest, staff, expires_at) VALUES (?, ?, ?)",
        (digest, staff, expires_at.isoformat()),
    )


async def open_invite(database: Database, digest: str, now: datetime) -> bool:
    """Whether there is such an invitation."""
    rows = await database.read(
        "SELECT 1 FROM staff_invites WHERE digest = ? AND used_at IS NULL AND expires_at > ?",
        (digest, now.isoformat()),
    )
    return bool(rows)


async def use_invite(tx: Transaction, digest: str, person: int, now: datetime) -> str | None:
    """Bind somebody; each invitation works once, and each of staff has one account.

    Returns:
        The id of staff, or None when there is no such invitation (any more).
    """
    rows = await tx.fetch(
        "UPDATE staff_invites SET used_at = :now WHERE digest = :digest AND used_at IS NULL"
        " AND expires_at > :now RETURNING staff",
        {"digest": digest, "now": now.isoformat()},
    )
    if not rows:
        return None
    staff = str(rows[0]["staff"])
    await tx.execute(
        "DELETE FROM staff_channels WHERE channel = ? AND (staff = ? OR address = ?)",
        (CHANNEL, staff, str(person)),
    )
    await tx.execute(
        "INSERT INTO staff_channels (channel, address, staff, bound_at) VALUES (?, ?, ?, ?)",
        (CHANNEL, str(person), staff, now.isoformat()),
    )
    return staff


# --- questions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Question:
    """A question that waits for a text.

    Attributes:
        contact: Where it was asked: id of the person, or ``chat:<id>``.
        key: Of the post that asks.
        act: What the text is for: name of a staff act.
        argument: What the act is about.
    """

    contact: str
    key: str
    act: str
    argument: str


async def ask(tx: Transaction, question: Question, staff: str, now: datetime) -> None:
    """Keep a question to one of staff."""
    await tx.execute(
        "INSERT INTO staff_questions (contact, key, staff, act, argument, at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (contact, key) DO NOTHING",
        (question.contact, question.key, staff, question.act, question.argument, now.isoformat()),
    )


async def asked_by_message(database: Database, staff: str, chat: int, message_id: int) -> Question | None:
    """The question that a message asks, if it was put to this one of staff."""
    rows = await database.read(
        "SELECT q.contact, q.key, q.act, q.argument FROM staff_questions AS q"
        " JOIN staff_posts AS p ON p.contact = q.contact AND p.key = q.key"
        " WHERE q.staff = ? AND p.chat = ? AND p.message_id = ?",
        (staff, chat, message_id),
    )
    return Question(*rows[0]) if rows else None


async def chat_in_message(database: Database, contact: str, chat: int, message_id: int) -> Question | None:
    """A reply to a message that shows a chat is said in that chat; None: it shows none."""
    rows = await database.read(
        "SELECT key FROM staff_posts WHERE contact = ? AND chat = ? AND message_id = ?"
        " AND key GLOB 'ghost/*'",
        (contact, chat, message_id),
    )
    if not rows:
        return None
    key = str(rows[0]["key"])
    return Question(contact, key, "ghost.say", key.removeprefix("ghost/"))


async def asked_lately(database: Database, staff: str, contact: str, since: datetime) -> Question | None:
    """The newest question to one of staff in a place, if it is not older."""
    rows = await database.read(
        "SELECT contact, key, act, argument FROM staff_questions WHERE staff = ? AND contact = ? AND at >= ?"
        " ORDER BY at DESC, key DESC LIMIT 1",
        (staff, contact, since.isoformat()),
    )
    return Question(*rows[0]) if rows else None


async def end_question(tx: Transaction, question: Question) -> None:
    """It was answered."""
    await tx.execute(
        "DELETE FROM staff_questions WHERE contact = ? AND key = ?", (question.contact, question.key)
    )


async def end_questions(tx: Transaction, staff: str, contact: str) -> int:
    """Nothing is asked of them in this place any more; returns how many questions there were."""
    return await tx.execute("DELETE FROM staff_questions WHERE staff = ? AND contact = ?", (staff, contact))


# --- tidying ----------------------------------------------------------------------------------------------


async def keep_bindings_of(tx: Transaction, staff: Sequence[str]) -> int:
    """Unbind everybody who is not of staff any more; returns how many."""
    rows = await tx.fetch("SELECT DISTINCT staff FROM staff_channels WHERE channel = ?", (CHANNEL,))
    gone = [str(row["staff"]) for row in rows if row["staff"] not in staff]
    for one in gone:
        await tx.execute("DELETE FROM staff_channels WHERE channel = ? AND staff = ?", (CHANNEL, one))
        await tx.execute("DELETE FROM staff_invites WHERE staff = ?", (one,))
        await tx.execute("DELETE FROM staff_questions WHERE staff = ?", (one,))
    return len(gone)
