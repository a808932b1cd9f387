"""The outbox as the sender of one line sees it.

A sender takes what is due (:meth:`Outbox.next_due`), commits that the request is about to leave
(:meth:`Outbox.mark_sending`), makes it, and commits what became of it. A row that is found under way at its
start is *uncertain*. ``sent`` and the other ends are never left again by a sender; a delivery report leads to
``sent`` from any state, so that a repetition that waits is called off. Therefore every ``mark_*`` changes a
row only if it is still in a state that the sender can believe it to be in.
"""

# ruff: noqa: S608 - statements are put together from pieces of this file, values are always bound

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Priority
from arni_edge.storage.database import Database, Row, Transaction
from arni_edge.storage.outbound import RANK, Entry, from_json, to_json
from arni_edge.storage.outbox import ENDS, FORGOTTEN

Also = Callable[[Transaction], Awaitable[object]]
"""What else is to be stored in the same commit, if the row was changed at all."""

OPEN: Final = "('queued', 'sending', 'retry', 'parked', 'uncertain')"
_UNDER_WAY: Final = (
    "SELECT order_key FROM outbox WHERE line = :line AND state = 'sending' AND carried_by IS NULL"
)
_AHEAD: Final = timedelta(minutes=1)
"""What was stored later than so far from now is from a clock that was wrong: so is when it is due."""
_UNTIL_ARRIVED: Final = timedelta(seconds=10)
"""The part before may arrive without a report; the rest of a text is not held back for longer."""


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One row that waits or is under way.

    Attributes:
        id: Travels with it as tracking id and comes back in reports.
        entry: What is to leave.
        attempts: How often ``mark_sending`` has taken it.
        faults: How often it was refused as malformed, or was under way when its sender crashed.
        queued_at: When it was put in (aware).
        position: Its place in the order.
        under_way: Whether its request was leaving when this was read.
        result: What the line has stored with it.
    """

    id: str
    entry: Entry
    attempts: int
    faults: int
    queued_at: datetime
    position: float
    under_way: bool
    result: Mapping[str, Any] = field(default_factory=dict)


class Outbox:
    """The rows of one line; every change is committed when its method returns.

    Attributes:
        database: Has the rows.
        clock: For when they changed.
        line: Whose rows.
    """

    def __init__(self, database: Database, clock: Clock, line: str) -> None:
        """Nothing is read before the first question.

        Args:
            database: Has the rows.
            clock: For when they changed.
            line: Whose rows.
        """
        self.database = database
        self.clock = clock
        self.line = line
        self._seen = -1

    async def wait(self) -> None:
        """Return when something was stored since the last return (or the start). Safe to cancel."""
        while self.database.commits == self._seen:
            await self.database.next_commit()
        self._seen = self.database.commits

    # --- what is due ----------------------------------------------------------------------------------------

    async def next_due(
        self,
        now: datetime,
        *,
        lowest: Priority = Priority.BACKGROUND,
        fresh: bool = False,
        spared: Collection[str] = (),
        without: Collection[str] = (),
    ) -> OutboxItem | None:
        """What may leave now: alarms first, then by age; never two under way with one order key.

        A row waits for an older one with the same priority and order key; only what is more urgent overtakes.
        An alarm waits for no chat, and for an older alarm only until that has been tried once: its time is
        worth more than the order.

        Args:
            now: The moment.
            lowest: Nothing less urgent.
            fresh: Only what has not been tried yet.
            spared: Order keys that get nothing now but alarms.
            without: Kinds that do not leave now, alarms excepted; nothing waits for them.
        """
        rows = await self.database.read(
            f"SELECT * FROM outbox WHERE line = :line AND state IN {OPEN} AND carried_by IS NULL"
            " AND (state = 'queued' OR (state IN ('retry', 'parked')"
            " AND (not_before <= :now OR updated_at > :ahead)))"
            " AND priority <= :lowest AND (NOT :fresh OR attempts = 0)"
            " AND (expires_at IS NULL OR expires_at > :now)"
            " AND (priority = :alarm OR (order_key NOT IN (SELECT value FROM json_each(:spared))"
            " AND kind NOT IN (SELECT value FROM json_each(:without))))"
            # Read once, and not for every row that waits: a backlog must not make each look at it slower.
            f" AND CASE WHEN priority = :alarm THEN order_key NOT IN ({_UNDER_WAY} AND priority = :alarm)"
            f" ELSE order_key NOT IN ({_UNDER_WAY}) END"
            # As the index outbox_waiting is sorted: the oldest of the same key comes first.
            f" AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.state IN {OPEN}"
            " AND other.line = outbox.line AND other.order_key = outbox.order_key"
            " AND other.priority = outbox.priority AND other.position < outbox.position"
            " AND other.carried_by IS NULL AND (other.state = 'queued' OR (outbox.priority != :alarm"
            " AND other.state IN ('retry', 'uncertain')))"
            " AND (outbox.priority = :alarm OR other.kind NOT IN (SELECT value FROM json_each(:without))))"
            " AND NOT EXISTS (SELECT 1 FROM outbox AS before WHERE before.tracking_id = outbox.after"
            " AND before.state = 'sent' AND coalesce(before.delivery, 'sent') = 'sent'"
            " AND before.updated_at > :arrived)"
            " ORDER BY priority, position LIMIT 1",
            {
                "line": self.line,
                "now": now.isoformat(),
                "lowest": RANK[lowest],
                "alarm": RANK[Priority.ALARM],
                "fresh": fresh,
                "spared": json.dumps(list(spared)),
                "without": json.dumps(list(without)),
                "arrived": (now - _UNTIL_ARRIVED).isoformat(),
                "ahead": (now + _AHEAD).isoformat(),
            },
        )
        return item_of(rows[0]) if rows else None

    async def uncertain(self) -> Sequence[OutboxItem]:
        """All rows in ``sending`` or ``uncertain``, oldest first."""
        rows = await self.database.read(
            f"SELECT * FROM outbox WHERE line = ? AND state IN {OPEN}"
            " AND state IN ('sending', 'uncertain') AND carried_by IS NULL ORDER BY position",
            (self.line,),
        )
        return [item_of(row) for row in rows]

    # --- what becomes of it -------------------------------------------------------------------------------

    async def mark_sending(self, item_id: str, result: Mapping[str, Any] | None = None) -> bool:
        """Note that the request is about to leave; False when it may no longer.

        Args:
            item_id: Which.
            result: What its line has to know should nobody learn what became of it (fit for JSON).
        """
        return await self._move(item_id, "sending", ("queued", "retry", "parked"), attempts=1, result=result)

    async def mark_sent(
        self,
        item_id: str,
        provider_id: str,
        result: Mapping[str, Any] | None = None,
        *,
        also: Also | None = None,
    ) -> None:
        """Note that the other side has it; of a row that is ``sent`` already, only its id there.

        Args:
            item_id: Which.
            provider_id: The other side's id of it.
            result: What it answered, for whoever waits (fit for JSON).
            also: Done in the same commit.
        """
        allowed = ("sending", "uncertain", "sent")
        await self._move(item_id, "sent", allowed, provider_id=provider_id, result=result, also=also)

    async def mark_retry(
        self,
        item_id: str,
        not_before: datetime,
        reason: str,
        *,
        kind: str | None = None,
        also: Also | None = None,
    ) -> None:
        """Put it back: it certainly did not leave.

        Args:
            item_id: Which.
            not_before: When it may be tried again.
            reason: Why it did not leave.
            kind: What it is from now on; None: what it was.
            also: In the same commit.
        """
        allowed = ("sending", "uncertain")
        await self._move(
            item_id, "retry", allowed, not_before=not_before, reason=reason, kind=kind, also=also
        )

    async def mark_parked(self, item_id: str, not_before: datetime, reason: str) -> None:
        """Put it back for long: what is younger does not wait for it."""
        await self._move(item_id, "parked", ("sending", "uncertain"), not_before=not_before, reason=reason)

    async def mark_failed(self, item_id: str, reason: str, *, also: Also | None = None) -> None:
        """Give it up: it never will be accepted."""
        await self._move(item_id, "failed", ("sending", "uncertain"), reason=reason, also=also)

    async def mark_expired(self, item_id: str, reason: str) -> None:
        """Give it up: nobody waits for it any more."""
        await self._move(item_id, "expired", ("sending", "uncertain"), reason=reason)

    async def mark_quarantined(self, item_id: str, reason: str, *, also: Also | None = None) -> None:
        """Set it aside until a person has looked at it; nothing waits behind it."""
        allowed = ("queued", "retry", "parked", "sending", "uncertain")
        await self._move(item_id, "quarantined", allowed, reason=reason, also=also)

    async def mark_uncertain(self, item_id: str) -> None:
        """Note that nobody knows whether the other side has it."""
        await self._move(item_id, "uncertain", ("sending",))

    async def count_fault(self, item_id: str) -> int:
        """Note that it harmed its sender, or was refused as malformed; returns how often by now."""

        async def store(tx: Transaction) -> int:
            rows = await tx.fetch(
                "UPDATE outbox SET faults = faults + 1 WHERE tracking_id = ? RETURNING faults", (item_id,)
            )
            return int(rows[0]["faults"]) if rows else 0

        return await self.database.write(store)

    async def expire(self) -> int:
        """End what nobody waits for any more and has certainly not left; returns how many rows that were."""
        now = self.clock.now().isoformat()
        due = (
            "line = :line AND state IN ('queued', 'retry', 'parked') AND (expires_at <= :now"
            " OR (carried_by IS NOT NULL AND NOT EXISTS (SELECT 1 FROM outbox AS carrier"
            f" WHERE carrier.tracking_id = outbox.carried_by AND carrier.state IN {OPEN})))"
        )
        values = {"line": self.line, "now": now, "forgotten": FORGOTTEN}
        open_ones = f"SELECT 1 FROM outbox WHERE state IN {OPEN} AND {due} LIMIT 1"
        if not await self.database.read(open_ones, values):
            return 0

        async def store(tx: Transaction) -> int:
            # What was to be said by one that has ended speaks for itself again.
            await tx.execute(f"UPDATE outbox SET carried_by = NULL WHERE {due}", values)
            return await tx.execute(
                "UPDATE outbox SET state = 'expired', reason = coalesce(reason, 'its time was over'),"
                " updated_at = :now, payload = CASE WHEN secret THEN :forgotten ELSE payload END"
                f" WHERE {due}",
                values,
            )

        return await self.database.write(store)

    async def _move(
        self,
        item_id: str,
        state: str,
        allowed: tuple[str, ...],
        *,
        attempts: int = 0,
        provider_id: str | None = None,
        result: Mapping[str, Any] | None = None,
        not_before: datetime | None = None,
        reason: str | None = None,
        kind: str | None = None,
        also: Also | None = None,
    ) -> bool:
        values = {
            "id": item_id,
            "state": state,
            "attempts": attempts,
            "not_before": not_before.isoformat() if not_before else None,
            "reason": reason,
            "kind": kind,
            "provider": provider_id,
            "result": None if result is None else to_json(result),
            "now": self.clock.now().isoformat(),
            "ends": state in ENDS,
            "allowed": json.dumps(allowed),
            "forgotten": FORGOTTEN,
        }

        async def store(tx: Transaction) -> int:
            changed = await tx.execute(
                "UPDATE outbox SET state = :state, attempts = attempts + :attempts, not_before = :not_before,"
                " reason = :reason, kind = coalesce(:kind, kind), updated_at = :now,"
                " provider_id = coalesce(:provider, provider_id), result = coalesce(:result, result),"
                " payload = CASE WHEN secret AND :ends THEN :forgotten ELSE payload END"
                " WHERE (tracking_id = :id OR carried_by = :id)"
                " AND state IN (SELECT value FROM json_each(:allowed))",
                values,
            )
            if changed and also is not None:
                await also(tx)
            return changed

        return await self.database.write(store) > 0


def item_of(row: Row) -> OutboxItem:
    """A row of the table; one that is damaged says nothing, so that whoever takes it sets it aside."""
    payload, result = from_json(row["payload"]), from_json(row["result"]) if row["result"] else {}
    priority = _PRIORITIES.get(row["priority"])
    expires_at, created = _moment(row["expires_at"]), _moment(row["created_at"])
    if priority is None or created is None or (expires_at is None and row["expires_at"] is not None):
        payload = {}
    entry = Entry(
        key=row["key"],
        line=row["line"],
        kind=row["kind"],
        order_key=row["order_key"],
        payload=payload,
        priority=priority or Priority.BACKGROUND,
        expires_at=expires_at,
        secret=bool(row["secret"]),
        member_id=row["member_id"],
    )
    return OutboxItem(
        row["tracking_id"],
        entry,
        row["attempts"],
        row["faults"],
        created or _LONG_AGO,
        row["position"],
        row["state"] == "sending",
        result,
    )


def _moment(text: str | None) -> datetime | None:
    """A moment as it was stored; None: there is none, or it is none."""
    try:
        moment = None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment is None or moment.tzinfo is None else moment


_PRIORITIES: Final = {rank: priority for priority, rank in RANK.items()}
_LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
