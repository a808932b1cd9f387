"""The durable outbox: everything that is said to people leaves through here, once.

::

    queued ──► sending ──► sent
      ▲           ├──────► failed
      │           ├──────► retry ─────┐  (due again at not_before)
      │           └──────► uncertain ─┤  (nobody knows whether the other side has it)
      └───────────────────────────────┘

``sent`` and ``failed`` are never left again; a delivery report leads to them from any state, so that a
repetition that waits is called off. Therefore every ``mark_*`` changes a row only if it is still in a state
that the sender can believe it to be in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from arni_edge.domain.clock import Clock
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.storage.database import Database, Row, Transaction

RANK = {Priority.ALARM: 0, Priority.CHAT: 1}
"""How priorities are kept: the lower one goes first."""

_ENDS = frozenset({"sent", "failed"})
"""States that are never left: what was secret is not kept any longer."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One message that waits or is under way.

    Attributes:
        id: Travels with the message as tracking id and comes back in delivery reports.
        message: What is to be said.
        attempts: How often ``mark_sending`` has taken it.
        queued_at: When it was put in (aware).
    """

    id: str
    message: OutboundMessage
    attempts: int
    queued_at: datetime


async def add(tx: Transaction, message: OutboundMessage, now: datetime) -> bool:
    """Queue a message; returns False when one with this key was queued before."""
    last = (await tx.fetch("SELECT coalesce(max(position), 0) AS last FROM outbox"))[0]["last"]
    # A whole step, so that the parts of a long message find room behind it.
    return await _insert(tx, message, now, float(int(last)) + 1.0)


async def queued_between(tx: Transaction, beginning: str, since: datetime, until: datetime) -> bool:
    """Whether a message whose key begins so was put in after one moment and not after the other.

    One of the future is from a clock that was wrong: it must not keep anybody silent until then.
    """
    rows = await tx.fetch(
        "SELECT 1 FROM outbox WHERE key >= :first AND key < :behind"
        " AND created_at > :since AND created_at <= :until LIMIT 1",
        {
            "first": beginning,
            "behind": f"{beginning}\U0010ffff",
            "since": since.isoformat(),
            "until": until.isoformat(),
        },
    )
    return bool(rows)


async def note_delivery(tx: Transaction, item_id: str, status: str, provider_id: str, now: datetime) -> None:
    """Note a delivery report: it proves that the message was accepted, or that it failed for good.

    Reports come in any order; a later stage (``sent`` < ``delivered`` < ``read``) is never taken back.
    """
    await tx.execute(
        "UPDATE outbox SET updated_at = :now, provider_id = coalesce(provider_id, :provider),"
        " state = CASE WHEN state = 'failed' OR :status = 'failed' THEN 'failed' ELSE 'sent' END,"
        " text = CASE WHEN secret THEN '' ELSE text END,"
        " delivery = CASE WHEN delivery IN ('read', 'played')"
        " OR (delivery = 'delivered' AND :status = 'sent') THEN delivery ELSE :status END"
        " WHERE tracking_id = :id",
        {"now": now.isoformat(), "provider": provider_id, "status": status, "id": item_id},
    )


async def newest_of(database: Database, beginning: str) -> tuple[int, str, str]:
    """Of the messages whose key begins so: how many there are, and state and reason of the newest."""
    rows = await database.read(
        "SELECT state, reason FROM outbox WHERE key >= ? AND key < ? ORDER BY position DESC",
        (beginning, f"{beginning}\U0010ffff"),
    )
    return (len(rows), rows[0]["state"], rows[0]["reason"] or "") if rows else (0, "", "")


async def said(tx: Transaction, message: OutboundMessage, since: datetime) -> bool:
    """Whether these words were put in for the same recipient after a moment."""
    rows = await tx.fetch(
        "SELECT 1 FROM outbox WHERE channel = ? AND recipient = ? AND text = ? AND created_at > ? LIMIT 1",
        (message.channel, message.recipient, message.text, since.isoformat()),
    )
    return bool(rows)


async def withdraw(tx: Transaction, beginning: str, reason: str, now: datetime) -> int:
    """Take back what waits under keys that begin so; what may have left is let go. Returns how many."""
    return await tx.execute(
        "UPDATE outbox SET state = 'failed', reason = :reason, updated_at = :now"
        " WHERE key >= :first AND key < :behind AND state IN ('queued', 'retry')",
        {
            "reason": reason,
            "now": now.isoformat(),
            "first": beginning,
            "behind": f"{beginning}\U0010ffff",
        },
    )


async def summary(database: Database) -> dict[str, int]:
    """How many messages are in which state."""
    rows = await database.read("SELECT state, count(*) AS number FROM outbox GROUP BY state")
    return {str(row["state"]): int(row["number"]) for row in rows}


class Outbox:
    """The outbox as the sender of one channel sees it; every change is committed when its method returns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen = -1

    async def wait(self) -> None:
        """Return when something was stored since the last return (or the start). Safe to cancel."""
        while self._database.commits == self._seen:
            await self._database.next_commit()
        self._seen = self._database.commits

    async def next_due(self, channel: Channel, now: datetime) -> OutboxItem | None:
        """What may be sent now: alarms first, then by age; never two under way to one person.

        A message waits for an older one of the same priority to the same person; only an alarm overtakes.
        It overtakes another alarm, too, when that one's fate is open: its time is worth more than the order.
        """
        rows = await self._database.read(
            "SELECT * FROM outbox WHERE channel = :channel AND (state = 'queued' OR (state = 'retry'"
            " AND not_before <= :now)) AND NOT EXISTS (SELECT 1 FROM outbox AS other"
            " WHERE other.channel = outbox.channel AND other.recipient = outbox.recipient"
            " AND (other.state = 'sending' OR (other.priority = outbox.priority"
            " AND other.position < outbox.position"
            " AND ((other.state = 'uncertain' AND other.priority <> :alarm)"
            " OR (other.state = 'retry' AND other.not_before > :now)))))"
            " ORDER BY priority, position LIMIT 1",
            {"channel": channel, "now": now.isoformat(), "alarm": RANK[Priority.ALARM]},
        )
        return _item(rows[0]) if rows else None

    async def mark_sending(self, item_id: str) -> bool:
        """Note that the request is about to leave; False when it may no longer."""
        return await self._move(item_id, "sending", ("queued", "retry"), attempts=1)

    async def mark_sent(self, item_id: str, message_id: str) -> None:
        """Note that the other side has accepted it; of a row that is ``sent`` already, only its id there."""
        await self._move(item_id, "sent", ("sending", "uncertain", "sent"), provider_id=message_id)

    async def mark_retry(self, item_id: str, not_before: datetime, reason: str) -> None:
        """Put it back: it certainly was not accepted."""
        until = not_before.isoformat()
        await self._move(item_id, "retry", ("sending", "uncertain"), not_before=until, reason=reason)

    async def mark_failed(self, item_id: str, reason: str) -> None:
        """Give it up: it never will be accepted, or nobody waits for it any more."""
        await self._move(item_id, "failed", ("sending", "uncertain"), reason=reason)

    async def mark_uncertain(self, item_id: str) -> None:
        """Note that nobody knows whether the other side has it."""
        await self._move(item_id, "uncertain", ("sending",))

    async def uncertain(self, channel: Channel) -> Sequence[OutboxItem]:
        """All messages in ``sending`` or ``uncertain``, oldest first."""
        rows = await self._database.read(
            "SELECT * FROM outbox WHERE channel = ? AND state IN ('sending', 'uncertain') ORDER BY position",
            (channel,),
        )
        return [_item(row) for row in rows]

    async def split(self, item_id: str, texts: Sequence[str]) -> None:
        """Replace a waiting message by several, in its place in the order; only the first one quotes.

        The first part keeps the key; the others are ``<key>/2``, ``<key>/3`` …
        """
        now = self._clock.now()

        async def store(tx: Transaction) -> None:
            rows = await tx.fetch(
                "DELETE FROM outbox WHERE tracking_id = ? AND state IN ('queued', 'retry') RETURNING *",
                (item_id,),
            )
            for row in rows:
                whole = _item(row).message
                for number, text in enumerate(texts):
                    # The key stays taken, so that the whole cannot be queued a second time.
                    key = f"{whole.key}/{number + 1}" if number else whole.key
                    quote = None if number else whole.reply_to
                    part = replace(whole, key=key, text=text, reply_to=quote)
                    await _insert(tx, part, now, row["position"] + number / len(texts))

        await self._database.write(store)

    async def _move(
        self,
        item_id: str,
        state: str,
        allowed: tuple[str, ...],
        *,
        attempts: int = 0,
        provider_id: str | None = None,
        not_before: str | None = None,
        reason: str | None = None,
    ) -> bool:
        now = self._clock.now().isoformat()

        async def store(tx: Transaction) -> int:
            return await tx.execute(
                "UPDATE outbox SET state = ?, attempts = attempts + ?, not_before = ?, reason = ?,"
                " provider_id = coalesce(?, provider_id), updated_at = ?,"
                " text = CASE WHEN secret AND ? THEN '' ELSE text END"
                " WHERE tracking_id = ? AND instr(?, state) > 0",
                (
                    state,
                    attempts,
                    not_before,
                    reason,
                    provider_id,
                    now,
                    state in _ENDS,
                    item_id,
                    " ".join(allowed),
                ),
            )

        return await self._database.write(store) == 1


async def _insert(tx: Transaction, message: OutboundMessage, now: datetime, position: float) -> bool:
    changed = await tx.execute(
        "INSERT INTO outbox (key, channel, recipient, text, priority, position, template, reply_to,"
        " secret, tracking_id, state, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)"
        " ON CONFLICT (key) DO NOTHING",
        (
            message.key,
            message.channel,
            message.recipient,
            message.text,
            RANK[message.priority],
            position,
            message.template,
            message.reply_to,
            message.secret,
            new_id(),
            now.isoformat(),
            now.isoformat(),
        ),
    )
    return changed == 1


def _item(row: Row) -> OutboxItem:
    message = OutboundMessage(
        key=row["key"],
        channel=Channel(row["channel"]),
        recipient=row["recipient"],
        text=row["text"],
        priority=next(name for name, rank in RANK.items() if rank == row["priority"]),
        template=row["template"],
        reply_to=row["reply_to"],
        secret=bool(row["secret"]),
    )
    return OutboxItem(row["tracking_id"], message, row["attempts"], datetime.fromisoformat(row["created_at"]))
