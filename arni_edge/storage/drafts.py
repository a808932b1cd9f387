"""Answers that wait for the eyes of staff. What leaves here goes into the outbox in the same transaction."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.messages import Channel
from arni_edge.domain.risk import Risk
from arni_edge.storage.database import Row, Transaction
from arni_edge.storage.ghost import Fetch


@dataclass(frozen=True, slots=True)
class Draft:
    """One answer.

    Attributes:
        id: Its own.
        channel: Where it will be said.
        address: To whom; personal.
        message_id: What it answers, by the channel's id.
        key: Its key in the outbox.
        greeting: Said before the text if this person was never told that an AI is speaking.
        text: What is said; personal.
        risk: Why it is held.
        state: ``held``, ``sent``, ``edited`` (sent in the words of staff) or ``withdrawn``.
        release_at: When it leaves by itself (aware).
        ended_by: Id of staff who ended it; empty: its time did; None while it is held.
    """

    id: str
    channel: Channel
    address: str
    message_id: str
    key: str
    greeting: str
    text: str
    risk: Risk
    release_at: datetime
    state: str = "held"
    ended_by: str | None = None


async def add(tx: Transaction, draft: Draft, now: datetime) -> bool:
    """Store a draft; False when this message has one already."""
    ended = None if draft.state == "held" else now.isoformat()
    changed = await tx.execute(
        "INSERT INTO drafts (draft_id, channel, address, message_id, key, greeting, text, risk, state,"
        " created_at, release_at, ended_at, ended_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            draft.id,
            draft.channel,
            draft.address,
            draft.message_id,
            draft.key,
            draft.greeting,
            draft.text,
            draft.risk,
            draft.state,
            now.isoformat(),
            draft.release_at.isoformat(),
            ended,
            draft.ended_by,
        ),
    )
    return changed == 1


async def end(
    tx: Transaction, draft_id: str, state: str, by: str, now: datetime, *, text: str | None = None
) -> Draft | None:
    """End a held draft; returns it as it is then, or None when it was ended before: who comes first decides.

    Args:
        tx: The transaction in which what follows from it is done, too.
        draft_id: Which.
        state: ``sent``, ``edited`` or ``withdrawn``.
        by: Id of staff; empty: its time was over.
        now: The moment.
        text: New words, or None: its own.
    """
    rows = await tx.fetch(
        "UPDATE drafts SET state = ?, ended_at = ?, ended_by = ?, text = coalesce(?, text)"
        " WHERE draft_id = ? AND state = 'held' RETURNING *",
        (state, now.isoformat(), by, text, draft_id),
    )
    return _draft(rows[0]) if rows else None


async def find(fetch: Fetch, draft_id: str) -> Draft | None:
    """One draft by its id."""
    rows = await fetch("SELECT * FROM drafts WHERE draft_id = ?", (draft_id,))
    return _draft(rows[0]) if rows else None


async def hides(fetch: Fetch, action_id: str) -> bool:
    """Whether the question about an action never left: staff hold it, or have withdrawn it."""
    rows = await fetch(
        "SELECT 1 FROM actions JOIN drafts ON drafts.key = actions.key || ':answer'"
        " WHERE actions.action_id = ? AND drafts.state IN ('held', 'withdrawn') LIMIT 1",
        (action_id,),
    )
    return bool(rows)


async def asks(fetch: Fetch, draft_id: str) -> bool:
    """Whether a draft is the question about an action that waits for its confirmation."""
    rows = await fetch(
        "SELECT 1 FROM drafts JOIN actions ON drafts.key = actions.key || ':answer'"
        " WHERE drafts.draft_id = ? AND actions.state = 'proposed' LIMIT 1",
        (draft_id,),
    )
    return bool(rows)


async def due(fetch: Fetch, now: datetime) -> list[Draft]:
    """Held drafts whose time is over, oldest first."""
    rows = await fetch(
        "SELECT * FROM drafts WHERE state = 'held' AND release_at <= ? ORDER BY release_at, draft_id",
        (now.isoformat(),),
    )
    return [_draft(row) for row in rows]


async def held(fetch: Fetch, channel: Channel, address: str) -> list[Draft]:
    """What is held in one chat, oldest first."""
    rows = await fetch(
        "SELECT * FROM drafts WHERE state = 'held' AND channel = ? AND address = ? ORDER BY draft_id",
        (channel, address),
    )
    return [_draft(row) for row in rows]


def _draft(row: Row) -> Draft:
    return Draft(
        id=row["draft_id"],
        channel=Channel(row["channel"]),
        address=row["address"],
        message_id=row["message_id"],
        key=row["key"],
        greeting=row["greeting"],
        text=row["text"],
        risk=Risk(row["risk"]),
        release_at=datetime.fromisoformat(row["release_at"]),
        state=row["state"],
        ended_by=row["ended_by"],
    )
