"""What staff were told lately, and who wants no notices now."""

from datetime import datetime

from arni_edge.storage import outbox
from arni_edge.storage.database import Transaction


async def told_between(tx: Transaction, beginning: str, since: datetime, until: datetime) -> bool:
    """Whether staff were told something whose key begins so, after one moment and not after the other.

    One of the future is from a clock that was wrong: it must not keep anybody silent until then.
    """
    if await outbox.queued_between(tx, beginning, since, until):
        return True
    rows = await tx.fetch(
        "SELECT 1 FROM staff_posts WHERE key >= :first AND key < :behind"
        " AND created_at > :since AND created_at <= :until LIMIT 1",
        {
            "first": beginning,
            "behind": f"{beginning}\U0010ffff",
            "since": since.isoformat(),
            "until": until.isoformat(),
        },
    )
    return bool(rows)


async def quiet(tx: Transaction, now: datetime) -> set[str]:
    """Ids of those who want no notices now."""
    rows = await tx.fetch("SELECT staff FROM staff_quiet WHERE until > ?", (now.isoformat(),))
    return {row["staff"] for row in rows}


async def posted_to(tx: Transaction, key: str) -> list[str]:
    """Who is shown the post with this key."""
    rows = await tx.fetch("SELECT contact FROM staff_posts WHERE key = ? ORDER BY contact", (key,))
    return [row["contact"] for row in rows]


async def be_quiet(tx: Transaction, staff: str, until: datetime | None) -> None:
    """Note that somebody wants no notices until a moment; None: they want them again."""
    await tx.execute("DELETE FROM staff_quiet WHERE staff = ?", (staff,))
    if until is not None:
        await tx.execute("INSERT INTO staff_quiet (staff, until) VALUES (?, ?)", (staff, until.isoformat()))
