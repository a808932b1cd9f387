"""Rows that are messages: cut where they are too long, and leaving together where they would be too many."""

# ruff: noqa: S608 - statements are put together from pieces of this package, values are always bound

import json
from collections.abc import Sequence
from dataclasses import replace

from arni_edge.storage.database import Transaction
from arni_edge.storage.outbound import RANK, to_json
from arni_edge.storage.outbox import insert
from arni_edge.storage.outbox_line import OPEN, Outbox, OutboxItem, item_of


class MessageOutbox(Outbox):
    """The rows of a channel."""

    async def behind(self, item: OutboxItem, limit: int) -> list[OutboxItem]:
        """What waits untried right behind a row: same order key and priority, nothing else in between."""
        rows = await self.database.read(
            f"SELECT * FROM outbox WHERE line = :line AND order_key = :key AND state IN {OPEN}"
            " AND priority = :priority AND position > :position ORDER BY position LIMIT :limit",
            {
                "line": self.line,
                "key": item.entry.order_key,
                "priority": RANK[item.entry.priority],
                "position": item.position,
                "limit": limit,
            },
        )
        untried: list[OutboxItem] = []
        for row in rows:
            if row["state"] != "queued" or row["carried_by"] is not None or row["after"] is not None:
                break
            untried.append(item_of(row))
        return untried

    async def carried(self, item_id: str) -> list[OutboxItem]:
        """The rows whose words this one says together with its own, in their order."""
        rows = await self.database.read(
            f"SELECT * FROM outbox WHERE carried_by = ? AND state IN {OPEN} ORDER BY position",
            (item_id,),
        )
        return [item_of(row) for row in rows]

    async def split(self, item: OutboxItem, texts: Sequence[str], *, last_is_plain: bool = False) -> None:
        """Replace a waiting message by several, in its place in the order; only the first one quotes.

        The first part keeps key and id; the others are ``<key>/2``, ``<key>/3`` … Each leaves when the one
        before it has arrived. What can be tapped stands below the last one.

        Args:
            item: The message.
            texts: Its parts, at least two.
            last_is_plain: What can be tapped is in the texts already.
        """
        now = self.clock.now()
        plain = {name: item.entry.payload[name] for name in ("language",) if name in item.entry.payload}
        quote = {name: item.entry.payload[name] for name in ("reply_to",) if name in item.entry.payload}
        whole = {name: one for name, one in item.entry.payload.items() if name not in {"text", "reply_to"}}

        async def store(tx: Transaction) -> None:
            first = {**plain, **quote, "text": texts[0]}
            if not await tx.execute(
                "UPDATE outbox SET payload = ?, updated_at = ? WHERE tracking_id = ?"
                " AND state IN ('queued', 'retry')",
                (to_json(first), now.isoformat(), item.id),
            ):
                return
            before = item.id
            for number, text in enumerate(texts[1:], start=2):
                more = whole if number == len(texts) and not last_is_plain else plain
                part = replace(item.entry, key=f"{item.entry.key}/{number}", payload={**more, "text": text})
                place = item.position + (number - 1) / len(texts)
                await insert(tx, part, now, place, after=before)
                rows = await tx.fetch("SELECT tracking_id FROM outbox WHERE key = ?", (part.key,))
                before = rows[0]["tracking_id"]

        await self.database.write(store)

    async def carry(self, item_id: str, others: Sequence[str]) -> None:
        """Have a waiting row say the words of others together with its own; they share its fate."""

        async def store(tx: Transaction) -> None:
            await tx.execute(
                "UPDATE outbox SET carried_by = ? WHERE state = 'queued' AND carried_by IS NULL"
                " AND tracking_id IN (SELECT value FROM json_each(?))",
                (item_id, json.dumps(list(others))),
            )

        await self.database.write(store)
