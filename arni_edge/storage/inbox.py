"""Messages that came in: stored before they are acknowledged, handled exactly once."""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from arni_edge.domain.messages import Channel, InboundMessage, Media, Place, message_key
from arni_edge.storage import relay_traces
from arni_edge.storage.database import Database, Row, Transaction

_DETAILS: Final = ("user_id", "refers_to", "media", "place", "shared_phone", "successor", "again")
"""What few messages have; kept together."""
_CHANGED: Final = "edit"
"""A message that puts other words in the place of an older one's."""

LATE: Final = "late"
"""Why a message had no answer: it came so late that nobody can be answered any more."""
AGAIN: Final = "again"
"""Or: it was taken in before, in a life that this database knows nothing of."""
_EMERGENCY: Final = "emergency"
_UNTOLD: Final = "unsaid IS NOT NULL AND unsaid_told_at IS NULL"


async def add(tx: Transaction, message: InboundMessage, now: datetime) -> bool:
    """Store a message; returns False when it was there already, or was forgotten with who wrote it."""
    if await is_forgotten(tx, message):
        await relay_traces.erase(tx, [message.key])
        return False
    changed = await tx.execute(
        "INSERT INTO inbound (channel, message_id, conversation, phone, kind, text, payload, details,"
        " sent_at, received_at, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'received')"
        " ON CONFLICT DO NOTHING",
        (
            message.channel,
            message.message_id,
            message.conversation,
            message.phone,
            message.kind,
            message.text,
            message.payload,
            _details(message),
            message.sent_at.isoformat(),
            now.isoformat(),
        ),
    )
    return changed == 1


async def is_forgotten(tx: Transaction, message: InboundMessage) -> bool:
    """Whether a message, or the one that it changes, was erased or taken back: nothing of it is kept."""
    about = [message.message_id]
    if message.kind == _CHANGED and message.refers_to is not None:
        about.append(message.refers_to)
    digests = json.dumps([_digest(message.channel, one) for one in about])
    return bool(
        await tx.fetch(
            "SELECT 1 FROM forgotten_messages WHERE digest IN (SELECT value FROM json_each(?))", (digests,)
        )
    )


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where a message was put when it came first.

    Attributes:
        conversation: Its conversation; personal, never logged.
        phone: The number that was known of it, or None; personal, never logged.
    """

    conversation: str
    phone: str | None


async def delivered(tx: Transaction, message: InboundMessage) -> Delivered | None:
    """Where a message is that was delivered before; None for a new one."""
    rows = await tx.fetch(
        "SELECT conversation, phone FROM inbound WHERE channel = ? AND message_id = ?",
        (message.channel, message.message_id),
    )
    return Delivered(rows[0]["conversation"], rows[0]["phone"]) if rows else None


async def came_before(database: Database, message: InboundMessage, action_id: str) -> bool:
    """Whether a message was here before an action was proposed: it can be no answer to the question."""
    rows = await database.read(
        "SELECT 1 FROM inbound JOIN actions ON inbound.received_at < actions.proposed_at"
        " WHERE channel = ? AND message_id = ? AND action_id = ?",
        (message.channel, message.message_id, action_id),
    )
    return bool(rows)


async def finish(
    tx: Transaction, message: InboundMessage, now: datetime, *, trace: list[str], intent: str | None = None
) -> bool:
    """Mark a message as handled; returns False when it was handled before."""
    changed = await tx.execute(
        "UPDATE inbound SET state = 'handled', handled_at = ?, trace = ?, intent = ?"
        " WHERE channel = ? AND message_id = ? AND state = 'received'",
        (now.isoformat(), " ".join(trace), intent, message.channel, message.message_id),
    )
    return changed == 1


# --- what nobody was told of --------------------------------------------------------------------------------


async def note_unsaid(tx: Transaction, message: InboundMessage, why: str) -> None:
    """Note that a message had no answer, or not all that it is owed: staff are to be told of it."""
    await tx.execute(
        "UPDATE inbound SET unsaid = ? WHERE channel = ? AND message_id = ? AND unsaid IS NULL",
        (why, message.channel, message.message_id),
    )


async def note_late_emergency(
    tx: Transaction, message: InboundMessage, cause: str, *, answered: bool
) -> None:
    """Note an emergency that came too late for an alarm, and whether its sender hears of that."""
    await note_unsaid(tx, message, f"{_EMERGENCY}:{cause}:{'told' if answered else 'untold'}")


async def leave_open_ones(tx: Transaction, kinds: Collection[str], now: datetime) -> int:
    """Answer nothing that waits, but what is of these kinds: it was answered in a life that is forgotten."""
    return await tx.execute(
        "UPDATE inbound SET state = 'handled', handled_at = ?, unsaid = coalesce(unsaid, ?)"
        " WHERE state = 'received' AND kind NOT IN (SELECT value FROM json_each(?))",
        (now.isoformat(), AGAIN, json.dumps(list(kinds))),
    )


async def anything_unsaid(database: Database) -> bool:
    """Whether there is anything that staff are to be told of."""
    rows = await database.read(
        f"SELECT 1 FROM inbound WHERE {_UNTOLD}"  # noqa: S608 - ours
        " UNION ALL SELECT 1 FROM relay_rereads WHERE told_at IS NULL LIMIT 1"
    )
    return bool(rows)


async def unsaid_between(tx: Transaction) -> tuple[datetime | None, datetime | None]:
    """When the first and the last of what staff are to be told of were handled."""
    (row,) = await tx.fetch(
        f"SELECT min(handled_at) AS first, max(handled_at) AS last FROM inbound WHERE {_UNTOLD}"  # noqa: S608
    )
    first, last = (
        None if row[one] is None else datetime.fromisoformat(row[one]) for one in ("first", "last")
    )
    return first, last


async def late_emergencies(tx: Transaction) -> list[Row]:
    """Emergencies that came too late and staff do not know of, oldest first."""
    return await tx.fetch(
        f"SELECT phone, text, sent_at, unsaid, details FROM inbound WHERE {_UNTOLD}"  # noqa: S608 - ours
        " AND unsaid GLOB ? ORDER BY sent_at, id",
        (f"{_EMERGENCY}:*",),
    )


async def count_unsaid(tx: Transaction) -> dict[str, int]:
    """How many other messages staff are to be told of, by the reason."""
    rows = await tx.fetch(
        f"SELECT unsaid, count(*) AS number FROM inbound WHERE {_UNTOLD}"  # noqa: S608 - ours
        " AND unsaid IN (?, ?) GROUP BY unsaid",
        (LATE, AGAIN),
    )
    return {str(row["unsaid"]): int(row["number"]) for row in rows}


async def told_of_unsaid(tx: Transaction, now: datetime) -> None:
    """Staff were told of all of it."""
    await tx.execute(f"UPDATE inbound SET unsaid_told_at = ? WHERE {_UNTOLD}", (now.isoformat(),))  # noqa: S608


async def told_in_vain(tx: Transaction, notices: str, before: datetime) -> int:
    """Note that staff are still to be told of emergencies whose notice has reached none of them.

    Args:
        tx: The transaction.
        notices: How the keys of such notices begin.
        before: What was put in later may still be on its way.

    Returns:
        How many emergencies those are.
    """
    return await tx.execute(
        "UPDATE inbound SET unsaid_told_at = NULL WHERE unsaid GLOB :emergency AND unsaid_told_at IN ("
        "SELECT at FROM (SELECT created_at AS at, state NOT IN ('failed', 'expired', 'quarantined') AS good"
        " FROM outbox WHERE key GLOB :notices"
        " UNION ALL SELECT created_at, state != 'failed' FROM staff_posts WHERE key GLOB :notices)"
        " WHERE at <= :before GROUP BY at HAVING NOT max(good))",
        {"emergency": f"{_EMERGENCY}:*", "notices": f"{notices}*", "before": before.isoformat()},
    )


async def forget(tx: Transaction, ids: Sequence[int], now: datetime) -> int:
    """Delete messages for good: delivered again, they are not stored again. Returns how many.

    Args:
        tx: The transaction.
        ids: Numbers of their rows.
        now: The moment.
    """
    rows = await tx.fetch(
        "DELETE FROM inbound WHERE id IN (SELECT value FROM json_each(?)) RETURNING channel, message_id",
        (json.dumps(list(ids)),),
    )
    for row in rows:
        await _note_forgotten(tx, row["channel"], row["message_id"], now)
    return len(rows)


async def take_back(tx: Transaction, message: InboundMessage, now: datetime) -> None:
    """Forget the words of the message that its own sender takes back, and all their changes; no more answers.

    What has not come yet does not come in later: a channel keeps no order.
    """
    if message.refers_to is None:
        return
    rows = await tx.fetch(
        "UPDATE inbound SET text = '', payload = NULL, details = '{}', intent = NULL,"
        " handled_at = coalesce(handled_at, :now),"
        " state = CASE WHEN state = 'received' THEN 'handled' ELSE state END"
        " WHERE channel = :channel AND conversation = :conversation AND (message_id = :id"
        " OR (kind = :changed AND json_extract(details, '$.refers_to') = :id)) RETURNING message_id",
        {
            "now": now.isoformat(),
            "channel": message.channel,
            "id": message.refers_to,
            "conversation": message.conversation,
            "changed": _CHANGED,
        },
    )
    taken = [row["message_id"] for row in rows]
    await relay_traces.erase(tx, [message_key(message.channel, one) for one in taken])
    if message.refers_to in taken or not await _is_there(tx, message.channel, message.refers_to):
        await _note_forgotten(tx, message.channel, message.refers_to, now)


async def change(tx: Transaction, message: InboundMessage) -> None:
    """Put the new words in the place of the old ones; what was answered already stays answered."""
    await tx.execute(
        "UPDATE inbound SET text = ? WHERE channel = ? AND message_id = ? AND conversation = ?",
        (message.text, message.channel, message.refers_to, message.conversation),
    )


async def hear(tx: Transaction, message: InboundMessage, words: str) -> bool:
    """Keep what was said in a recording; False when it was taken back, erased or answered in the meantime."""
    changed = await tx.execute(
        "UPDATE inbound SET text = ? WHERE channel = ? AND message_id = ? AND state = 'received'",
        (words, message.channel, message.message_id),
    )
    return changed == 1


async def redact(tx: Transaction, message: InboundMessage, text: str) -> None:
    """Keep something else instead of what was written: it held a code. What was taken back stays empty."""
    about = [message.message_id, *([message.refers_to] if message.kind == _CHANGED else [])]
    await tx.execute(
        "UPDATE inbound SET text = ? WHERE channel = ? AND conversation = ?"
        " AND message_id IN (SELECT value FROM json_each(?)) AND text != ''",
        (text, message.channel, message.conversation, json.dumps(about)),
    )


async def count_attempt(tx: Transaction, message: InboundMessage) -> int | None:
    """Note that handling begins; returns how often it has begun, this time included. None: it was erased."""
    rows = await tx.fetch(
        "UPDATE inbound SET attempts = attempts + 1 WHERE channel = ? AND message_id = ? RETURNING attempts",
        (message.channel, message.message_id),
    )
    return int(rows[0]["attempts"]) if rows else None


async def give_up(tx: Transaction, message: InboundMessage, now: datetime) -> None:
    """Set a message aside that cannot be handled, so that it does not hold up its conversation."""
    await tx.execute(
        "UPDATE inbound SET state = 'failed', handled_at = ? WHERE channel = ? AND message_id = ?",
        (now.isoformat(), message.channel, message.message_id),
    )


async def waiting(database: Database, limit: int) -> list[InboundMessage]:
    """Messages that wait to be handled, oldest first, at most one per conversation."""
    rows = await database.read(
        "SELECT *, min(id) FROM inbound WHERE state = 'received' GROUP BY channel, conversation"
        " ORDER BY min(id) LIMIT ?",
        (limit,),
    )
    return [_message(row) for row in rows]


async def _note_forgotten(tx: Transaction, channel: str, message_id: str, now: datetime) -> None:
    await tx.execute(
        "INSERT INTO forgotten_messages (digest, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (_digest(channel, message_id), now.isoformat()),
    )


async def _is_there(tx: Transaction, channel: str, message_id: str) -> bool:
    return bool(
        await tx.fetch("SELECT 1 FROM inbound WHERE channel = ? AND message_id = ?", (channel, message_id))
    )


def _details(message: InboundMessage) -> str:
    values = asdict(message)
    return json.dumps(
        {name: values[name] for name in _DETAILS if values[name] not in (None, False)}, ensure_ascii=False
    )


def _message(row: Row) -> InboundMessage:
    details: dict[str, Any] = json.loads(row["details"])
    media, place = details.pop("media", None), details.pop("place", None)
    return InboundMessage(
        channel=Channel(row["channel"]),
        message_id=row["message_id"],
        conversation=row["conversation"],
        text=row["text"],
        sent_at=datetime.fromisoformat(row["sent_at"]),
        phone=row["phone"],
        kind=row["kind"],
        payload=row["payload"],
        media=None if media is None else Media(**media),
        place=None if place is None else Place(**place),
        **details,
    )


def _digest(channel: str, message_id: str) -> str:
    return hashlib.sha256(f"{channel}:{message_id}".encode()).hexdigest()
