"""The durable outbox: everything that is said to people leaves through here, once.

States: ``queued`` → ``sending`` (committed before the request leaves) → ``sent`` or ``failed``; ``uncertain``
when nobody knows whether the other side has it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.clock import Clock
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.storage.database import Database, Row, Transaction

_RANK = {Priority.ALARM: 0, Priority.CHAT: 1}


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message that waits or is under way.

    Attributes:
        item_id: Row id; later rows to the same recipient never overtake earlier ones of the same priority.
        tracking_id: Travels with the message and comes back in delivery reports.
        message: What is to be said.
        attempts: How often it has been tried.
    """

    item_id: int
    tracking_id: str
    message: OutboundMessage
    attempts: int


async def add(tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
    """Queue a message; returns False when one with this key was queued before."""
    changed = await tx.execute(
        "INSERT INTO outbox (key, channel, recipient, text, priority, template, reply_to, tracking_id, state,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)"
        " ON CONFLICT (key) DO NOTHING",
        (
            message.key,
            message.channel,
            message.recipient,
            message.text,
            _RANK[message.priority],
            message.template,
            message.reply_to,
            new_id(),
            now.isoformat(),
            now.isoformat(),
        ),
    )
    return changed == 1


async def note_delivery(tx: Transaction, tracking_id: str, delivery: str, now: datetime) -> None:
    """Note a delivery report: it proves that an uncertain message was accepted."""
    await tx.execute(
        "UPDATE outbox SET delivery = ?, updated_at = ?,"
        " state = CASE WHEN state IN ('sending', 'uncertain') THEN 'sent' ELSE state END"
        " WHERE tracking_id = ?",
        (delivery, now.isoformat(), tracking_id),
    )


class Outbox:
    """The outbox as a sender sees it; every change is committed when its method returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen = -1

    async def wait(self, seconds: float) -> None:
        """Return when something changed since :meth:`due` looked, at the latest after ``seconds``."""
        if self._database.commits != self._seen:
            return
        try:
            await asyncio.wait_for(self._database.next_commit(), seconds)
        except TimeoutError:
            return

    async def due(self, channel: Channel, limit: int) -> list[OutboxItem]:
        """What may be sent now: alarms first, then by age, one per recipient, none past one under way."""
        self._seen = self._database.commits
        rows = await self._database.read(
            "SELECT *, min(priority * 1000000000 + id) AS turn FROM outbox"
            " WHERE channel = ? AND state = 'queued' AND (not_before IS NULL OR not_before <= ?)"
            " AND NOT EXISTS (SELECT 1 FROM outbox AS busy WHERE busy.channel = outbox.channel"
            " AND busy.recipient = outbox.recipient AND busy.state = 'sending')"
            " GROUP BY recipient ORDER BY turn LIMIT ?",
            (channel, self._clock.now().isoformat(), limit),
        )
        return [_item(row) for row in rows]

    async def begin(self, item: OutboxItem) -> None:
        """Note that the request is about to leave."""
        await self._set([item], "sending", attempt=True)

    async def sent(self, item: OutboxItem, provider_id: str) -> None:
        """Note that the other side has accepted it."""
        await self._set([item], "sent", provider_id=provider_id)

    async def retry(self, item: OutboxItem, not_before: datetime, reason: str) -> None:
        """Put it back: it certainly was not accepted."""
        await self._set([item], "queued", not_before=not_before, reason=reason)

    async def failed(self, item: OutboxItem, reason: str) -> None:
        """Give it up: it certainly was not accepted and never will be."""
        await self._set([item], "failed", reason=reason)

    async def uncertain(self, items: Iterable[OutboxItem], reason: str) -> None:
        """Note that nobody knows whether the other side has it."""
        await self._set(items, "uncertain", reason=reason)

    async def in_state(self, channel: Channel, state: str) -> list[OutboxItem]:
        """All messages in a state, oldest first."""
        rows = await self._database.read(
            "SELECT * FROM outbox WHERE channel = ? AND state = ? ORDER BY id", (channel, state)
        )
        return [_item(row) for row in rows]

    async def _set(
        self,
        items: Iterable[OutboxItem],
        state: str,
        *,
        attempt: bool = False,
        provider_id: str | None = None,
        not_before: datetime | None = None,
        reason: str | None = None,
    ) -> None:
        now = self._clock.now().isoformat()
        until = not_before.isoformat() if not_before else None
        ids = [item.item_id for item in items]

        async def store(tx: Transaction) -> None:
            for item_id in ids:
                # A delivery report may have settled it in the meantime: 'sent' is never undone.
                await tx.execute(
                    "UPDATE outbox SET state = ?, attempts = attempts + ?,"
                    " provider_id = coalesce(?, provider_id), not_before = ?, reason = ?, updated_at = ?"
                    " WHERE id = ? AND (state <> 'sent' OR ? = 'sent')",
                    (state, int(attempt), provider_id, until, reason, now, item_id, state),
                )

        await self._database.write(store)


async def summary(database: Database) -> dict[str, int]:
    """How many messages are in which state."""
    rows = await database.read("SELECT state, count(*) AS number FROM outbox GROUP BY state")
    return {str(row["state"]): int(row["number"]) for row in rows}


def _item(row: Row) -> OutboxItem:
    message = OutboundMessage(
        key=row["key"],
        channel=Channel(row["channel"]),
        recipient=row["recipient"],
        text=row["text"],
        priority=next(name for name, rank in _RANK.items() if rank == row["priority"]),
        template=row["template"],
        reply_to=row["reply_to"],
    )
    return OutboxItem(row["id"], row["tracking_id"], message, row["attempts"])
