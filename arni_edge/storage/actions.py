"""Actions on their way through the one-way door. Each change is one statement that names the old state."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Request:
    """What is put on file of a new action; see the columns of the table ``actions``."""

    action_id: str
    tool: str
    key: str | None
    arguments: str
    digest: str
    risk: str
    assurance: int
    conversation: str
    proposer_kind: str
    proposed_by: str
    proposer_assurance: int
    proposer_role: int | None
    language: str
    member_id: str | None
    consequence: dict[str, str]
    state: str
    expires_at: datetime


async def add(tx: Transaction, request: Request, now: datetime) -> None:
    """Put a new action on file.

    Args:
        tx: The transaction.
        request: What was asked for.
        now: When.
    """
    await tx.execute(
        "INSERT INTO actions (action_id, tool, key, arguments, digest, risk, assurance, conversation,"
        " proposer_kind, proposed_by, proposer_assurance, proposer_role, language, member_id, consequence,"
        " state, proposed_at, expires_at, runs) VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            request.action_id,
            request.tool,
            request.key,
            request.arguments,
            request.digest,
            request.risk,
            request.assurance,
            request.conversation,
            request.proposer_kind,
            request.proposed_by,
            request.proposer_assurance,
            request.proposer_role,
            request.language,
            request.member_id,
            json.dumps(request.consequence, ensure_ascii=False),
            request.state,
            now.isoformat(),
            request.expires_at.isoformat(),
            int(request.state == "executing"),
        ),
    )


async def get(tx: Transaction, action_id: str) -> Row | None:
    """An action by its id."""
    rows = await tx.fetch("SELECT * FROM actions WHERE action_id = ?", (action_id,))
    return rows[0] if rows else None


async def by_key(tx: Transaction, tool: str, conversation: str, key: str) -> Row | None:
    """The action that was asked for with a key before."""
    rows = await tx.fetch(
        "SELECT * FROM actions WHERE tool = ? AND conversation = ? AND key = ?", (tool, conversation, key)
    )
    return rows[0] if rows else None


async def open_in(tx: Transaction, conversation: str, proposed_by: str | None) -> list[Row]:
    """Open proposals of a conversation, oldest first; those of one proposer, or of all when it is None."""
    return await tx.fetch(
        "SELECT * FROM actions WHERE state = 'proposed' AND conversation = :conversation"
        " AND (:by IS NULL OR proposed_by = :by) ORDER BY action_id",
        {"conversation": conversation, "by": proposed_by},
    )


async def add_confirmation(
    tx: Transaction, action_id: str, who: str, how: str, assurance: int, now: datetime
) -> bool:
    """Note that somebody confirmed; returns False when they had already."""
    changed = await tx.execute(
        "INSERT INTO confirmations (action_id, who, how, assurance, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (action_id, who, how, assurance, now.isoformat()),
    )
    return changed == 1


async def confirm_again(tx: Transaction, action_id: str, who: str, now: datetime, before: datetime) -> bool:
    """Note that the same person said it again; returns False when they had, or not long enough ago.

    Args:
        tx: The transaction.
        action_id: Which.
        who: Who confirmed it the first time.
        now: The moment.
        before: They must have at this moment, or earlier.
    """
    changed = await tx.execute(
        "UPDATE confirmations SET again_at = ? WHERE action_id = ? AND who = ? AND again_at IS NULL"
        " AND at <= ?",
        (now.isoformat(), action_id, who, before.isoformat()),
    )
    return changed == 1


async def confirmed_at(tx: Transaction, action_id: str, who: str) -> datetime:
    """When somebody confirmed who did."""
    (row,) = await tx.fetch("SELECT at FROM confirmations WHERE action_id = ? AND who = ?", (action_id, who))
    return moment(row["at"])


async def confirmed_by(tx: Transaction, action_id: str) -> list[str]:
    """Who confirmed, in order."""
    rows = await tx.fetch(
        "SELECT who FROM confirmations WHERE action_id = ? ORDER BY at, rowid", (action_id,)
    )
    return [str(row["who"]) for row in rows]


async def confirm(tx: Transaction, action_id: str, digest: str, needed: int, now: datetime) -> bool:
    """Use the confirmations: of all who try, one gets True, and only once there are enough.

    One that was said twice counts twice; who may do that, :func:`confirm_again` is not asked.

    Args:
        tx: The transaction that noted the confirmation.
        action_id: Which.
        digest: What was confirmed.
        needed: So many there must be, each of a different person or of one who said it again.
        now: The moment; it must not be over.
    """
    changed = await tx.execute(
        "UPDATE actions SET state = 'confirmed', confirmed_at = :now WHERE action_id = :id"
        " AND state = 'proposed' AND digest = :digest AND expires_at > :now AND :needed > 0"
        " AND (SELECT count(*) + count(again_at) FROM confirmations WHERE confirmations.action_id = :id)"
        " >= :needed",
        {"id": action_id, "digest": digest, "needed": needed, "now": now.isoformat()},
    )
    return changed == 1


async def end_all_proposals(tx: Transaction, now: datetime) -> None:
    """Nobody can confirm any more what is proposed now; it expires like what nobody confirmed in time."""
    await tx.execute(
        "UPDATE actions SET expires_at = :now WHERE state = 'proposed' AND expires_at > :now",
        {"now": now.isoformat()},
    )


async def extend(tx: Transaction, action_id: str, expires_at: datetime) -> None:
    """Give an open proposal longer."""
    await tx.execute(
        "UPDATE actions SET expires_at = ? WHERE action_id = ? AND state = 'proposed'",
        (expires_at.isoformat(), action_id),
    )


async def begin(tx: Transaction, action_id: str) -> bool:
    """Begin the effect of what was confirmed; of all who try, one gets True."""
    changed = await tx.execute(
        "UPDATE actions SET state = 'executing', runs = 1 WHERE action_id = ? AND state = 'confirmed'",
        (action_id,),
    )
    return changed == 1


async def begin_again(tx: Transaction, action_id: str, runs: int) -> bool:
    """Begin the effect again after a crash; of all who saw so many runs, one gets True."""
    changed = await tx.execute(
        "UPDATE actions SET runs = runs + 1 WHERE action_id = ? AND state = 'executing' AND runs = ?",
        (action_id, runs),
    )
    return changed == 1


async def promise(tx: Transaction, action_id: str) -> bool:
    """Note that how it ends is owed to whoever asked; returns False when it is not under way."""
    changed = await tx.execute(
        "UPDATE actions SET promised = 1 WHERE action_id = ? AND state = 'executing'", (action_id,)
    )
    return changed == 1


async def end(
    tx: Transaction, action_id: str, before: str, state: str, outcome: str, result: str, now: datetime
) -> bool:
    """Bring an action to its end; returns False when it was no longer where it should be.

    Args:
        tx: The transaction.
        action_id: Which.
        before: The state that it must be in.
        state: ``done``, ``failed``, ``expired`` or ``denied``.
        outcome: One word for why.
        result: What the tool gave back, as JSON; empty when nothing.
        now: When.
    """
    changed = await tx.execute(
        "UPDATE actions SET state = ?, outcome = ?, result = ?, ended_at = ?"
        " WHERE action_id = ? AND state = ?",
        (state, outcome, result, now.isoformat(), action_id, before),
    )
    return changed == 1


async def free_key(tx: Transaction, action_id: str) -> None:
    """Let its key be used again."""
    await tx.execute("UPDATE actions SET key = NULL WHERE action_id = ?", (action_id,))


async def find(database: Database, action_id: str) -> Row | None:
    """An action by its id, outside of a transaction."""
    rows = await database.read("SELECT * FROM actions WHERE action_id = ?", (action_id,))
    return rows[0] if rows else None


async def that_made(tx: Transaction, tool: str, name: str, value: str) -> Row | None:
    """The newest action of a tool whose result has a value under a name, or None."""
    rows = await tx.fetch(
        "SELECT * FROM actions WHERE tool = ? AND state = 'done' AND json_valid(result)"
        " AND result ->> ? = ? ORDER BY action_id DESC LIMIT 1",
        (tool, f"$.{name}", value),
    )
    return rows[0] if rows else None


async def newest(database: Database, conversation: str) -> Row | None:
    """The action that was last proposed in a conversation, whatever became of it; nothing of type 1."""
    rows = await database.read(
        "SELECT * FROM actions WHERE conversation = ? AND risk IN ('irreversible', 'grave')"
        " ORDER BY action_id DESC LIMIT 1",
        (conversation,),
    )
    return rows[0] if rows else None


async def newest_open(database: Database, conversation: str, now: datetime) -> Row | None:
    """The proposal that waits in a conversation and is not over."""
    rows = await database.read(
        "SELECT * FROM actions WHERE state = 'proposed' AND conversation = ? AND expires_at > ?"
        " ORDER BY action_id DESC LIMIT 1",
        (conversation, now.isoformat()),
    )
    return rows[0] if rows else None


async def all_open(database: Database, now: datetime) -> list[Row]:
    """Every proposal that waits and is not over, oldest first."""
    return await database.read(
        "SELECT * FROM actions WHERE state = 'proposed' AND expires_at > ? ORDER BY action_id",
        (now.isoformat(),),
    )


async def over(database: Database, now: datetime) -> list[str]:
    """Ids of open proposals whose time is up, oldest first."""
    rows = await database.read(
        "SELECT action_id FROM actions WHERE state = 'proposed' AND expires_at <= ? ORDER BY action_id",
        (now.isoformat(),),
    )
    return [str(row["action_id"]) for row in rows]


async def under_way(database: Database) -> list[Row]:
    """What was confirmed or begun and has no end yet, oldest first."""
    return await database.read(
        "SELECT * FROM actions WHERE state IN ('confirmed', 'executing') ORDER BY action_id"
    )


def moment(value: Any) -> datetime:
    """A stored moment."""
    return datetime.fromisoformat(str(value))
