"""Options that were offered as numbered lines, as the outbox knows them; and who has answered."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.messages import InboundMessage, Option
from arni_edge.storage.database import Database, Transaction
from arni_edge.storage.outbound import from_json

NUMBERED = "numbered"
"""Stands in the result of a row: its options were sent as numbered lines, not as something to tap."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Options that somebody can answer with a number.

    Attributes:
        key: Of the message.
        options: In the order of their numbers.
        at: When it was said (aware).
        taken_by: Key of the message that has answered, or None.
    """

    key: str
    options: tuple[Option, ...]
    at: datetime
    taken_by: str | None


async def last(database: Database, message: InboundMessage) -> Offer | None:
    """What the last message to somebody offers, or the one that they quote; None when it offers nothing."""
    rows = await database.read(
        "SELECT key, payload, result, created_at FROM outbox WHERE line = ? AND order_key = ?"
        " AND state IN ('sending', 'uncertain', 'sent') AND (? IS NULL OR provider_id = ?)"
        " ORDER BY position DESC LIMIT 1",
        (message.channel, message.conversation, message.refers_to, message.refers_to),
    )
    if not rows or not rows[0]["result"]:
        return None
    row = rows[0]
    choice, result = from_json(row["payload"]).get("choice"), from_json(row["result"])
    if not choice or not result.get(NUMBERED):
        return None
    options = tuple(Option(**one) for one in choice["options"])
    return Offer(row["key"], options, datetime.fromisoformat(row["created_at"]), result.get("taken_by"))


async def take(tx: Transaction, key: str, message: InboundMessage) -> None:
    """Note that a message has answered an offer: no other one does."""
    await tx.execute(
        "UPDATE outbox SET result = json_set(coalesce(result, '{}'), '$.taken_by', ?) WHERE key = ?",
        (message.key, key),
    )
