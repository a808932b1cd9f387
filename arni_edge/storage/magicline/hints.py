"""What webhooks say has changed: once per thing, until it was read anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Hint:
    """Something that is to be read anew.

    Attributes:
        entity: What kind of thing, for instance ``customer``.
        entity_id: Magicline's number; 0 where there is one of the kind, or all are read together.
        parent_id: The class of a slot, or None.
        urgent: Somebody may not come in any more.
    """

    entity: str
    entity_id: int
    parent_id: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hint that waits.

    Attributes:
        hint: What is to be read.
        revision: Counts how often it was hinted at.
        attempts: How often reading it has failed.
    """

    hint: Hint
    revision: int
    attempts: int


async def take_in(tx: Transaction, uuid: str, hints: Sequence[Hint], now: datetime) -> bool:
    """Note what a webhook hints at; returns False when the same webhook was taken in before."""
    new = await tx.execute(
        "INSERT INTO magicline_webhooks (uuid, at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (uuid, now.isoformat()),
    )
    if not new:
        return False
    for hint in hints:
        await add(tx, hint, now)
    return True


async def add(tx: Transaction, hint: Hint, now: datetime) -> None:
    """Have something read anew. What waits already waits once; what is just being read is read again."""
    await tx.execute(
        "INSERT INTO magicline_hints (entity, entity_id, parent_id, urgent, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (entity, entity_id) DO UPDATE SET revision = revision + 1,"
        " parent_id = coalesce(excluded.parent_id, parent_id), urgent = max(urgent, excluded.urgent),"
        " attempts = 0, not_before = NULL",
        (hint.entity, hint.entity_id, hint.parent_id, hint.urgent, now.isoformat()),
    )


async def next_due(database: Database, now: datetime) -> Waiting | None:
    """What is to be read next: what is urgent first, then in the order of the first hints; None: nothing."""
    rows = await database.read(
        "SELECT * FROM magicline_hints WHERE not_before IS NULL OR not_before <= ?"
        " ORDER BY urgent DESC, id LIMIT 1",
        (now.isoformat(),),
    )
    if not rows:
        return None
    row = rows[0]
    hint = Hint(row["entity"], row["entity_id"], row["parent_id"], bool(row["urgent"]))
    return Waiting(hint, row["revision"], row["attempts"])


async def done(tx: Transaction, waiting: Waiting) -> None:
    """It was read, in the transaction in which that is stored; what was hinted at meanwhile stays."""
    await tx.execute(
        "DELETE FROM magicline_hints WHERE entity = ? AND entity_id = ? AND revision = ?",
        (waiting.hint.entity, waiting.hint.entity_id, waiting.revision),
    )


async def later(tx: Transaction, waiting: Waiting, not_before: datetime, reason: str) -> None:
    """It could not be read now."""
    await tx.execute(
        "UPDATE magicline_hints SET attempts = attempts + 1, not_before = ?, reason = ?"
        " WHERE entity = ? AND entity_id = ? AND revision = ?",
        (not_before.isoformat(), reason, waiting.hint.entity, waiting.hint.entity_id, waiting.revision),
    )


async def count(database: Database) -> int:
    """How many wait."""
    (row,) = await database.read("SELECT count(*) AS number FROM magicline_hints")
    return int(row["number"])
