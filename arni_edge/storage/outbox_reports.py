"""What the other side of a line reports later about what it has taken."""

from datetime import datetime

from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Priority
from arni_edge.storage.database import Transaction
from arni_edge.storage.outbound import RANK
from arni_edge.storage.outbox import FORGOTTEN


async def note_delivery(
    tx: Transaction, item_id: str, status: str, provider_id: str, now: datetime, *, reason: str | None = None
) -> bool:
    """Note a delivery report: it proves that the message was accepted, or that it failed for good.

    Reports come in any order; a later stage (``sent`` < ``delivered`` < ``read``) is never taken back.

    Args:
        tx: The transaction.
        item_id: Tracking id.
        status: ``sent``, ``delivered``, ``read``, ``played`` or ``failed``.
        provider_id: The other side's id of it.
        now: The moment.
        reason: Why it failed.

    Returns:
        Whether it has failed now and had not before.
    """
    values = {
        "now": now.isoformat(),
        "provider": provider_id,
        "status": status,
        "id": item_id,
        "reason": reason,
        "forgotten": FORGOTTEN,
    }
    fresh = await tx.fetch("SELECT 1 FROM outbox WHERE tracking_id = :id AND state != 'failed'", values)
    changed = await tx.execute(
        "UPDATE outbox SET updated_at = :now, provider_id = coalesce(provider_id, :provider),"
        " state = CASE WHEN state = 'failed' OR :status = 'failed' THEN 'failed' ELSE 'sent' END,"
        " reason = CASE WHEN :status = 'failed' THEN coalesce(:reason, reason)"
        " WHEN state = 'failed' THEN reason END,"
        " payload = CASE WHEN secret THEN :forgotten ELSE payload END,"
        " delivery = CASE WHEN delivery IN ('read', 'played')"
        " OR (delivery = 'delivered' AND :status = 'sent') THEN delivery ELSE :status END"
        " WHERE tracking_id = :id OR carried_by = :id",
        values,
    )
    return bool(fresh and changed and status == "failed")


async def doubt(tx: Transaction, line: str, now: datetime) -> None:
    """Nobody knows whether what waits has left: this database is a backup.

    The reports that are read again settle it, or their silence; alarms do not wait for that. A secret is not
    sent a second time, however it was the first time.

    Args:
        tx: The transaction.
        line: Whose rows.
        now: The moment.
    """
    values = {"line": line, "now": now.isoformat(), "alarm": RANK[Priority.ALARM], "forgotten": FORGOTTEN}
    await tx.execute(
        "UPDATE outbox SET state = 'failed', reason = 'a backup was restored', updated_at = :now,"
        " payload = :forgotten WHERE line = :line AND state IN ('queued', 'retry', 'parked') AND secret",
        values,
    )
    await tx.execute(
        "UPDATE outbox SET state = 'uncertain', updated_at = :now WHERE line = :line"
        " AND state IN ('queued', 'retry', 'parked') AND priority != :alarm",
        values,
    )


async def bring_back(
    tx: Transaction,
    item_id: str,
    not_before: datetime,
    reason: str,
    now: datetime,
    *,
    most_attempts: int,
    kind: str | None = None,
) -> bool:
    """Have a message leave again that the other side took and then certainly did not deliver.

    It gets another tracking id: reports come more than once, and those of the first must not end the second.

    Args:
        tx: The transaction.
        item_id: Tracking id.
        not_before: When.
        reason: Why it did not arrive.
        now: The moment.
        most_attempts: Not if it has left so often.
        kind: What it is from now on; None: what it was. As a template only what names one.

    Returns:
        Whether it will: not when its time is over by then, or its words are forgotten.
    """
    fresh = new_id()
    changed = await tx.execute(
        "UPDATE outbox SET state = 'retry', not_before = :at, reason = :reason, updated_at = :now,"
        " provider_id = NULL, delivery = NULL, tracking_id = :fresh, kind = coalesce(:kind, kind)"
        " WHERE tracking_id = :id AND state = 'failed' AND NOT secret AND expires_at > :at"
        " AND attempts < :most AND (:kind IS NULL OR (template IS NOT NULL AND kind != :kind))",
        {
            "at": not_before.isoformat(),
            "reason": reason,
            "now": now.isoformat(),
            "fresh": fresh,
            "id": item_id,
            "kind": kind,
            "most": most_attempts,
        },
    )
    if changed:
        await tx.execute(
            "UPDATE outbox SET state = 'retry', carried_by = :fresh, not_before = :at, provider_id = NULL,"
            " delivery = NULL WHERE carried_by = :id AND state = 'failed'",
            {"fresh": fresh, "id": item_id, "at": not_before.isoformat()},
        )
    return bool(changed)
