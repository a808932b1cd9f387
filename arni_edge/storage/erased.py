"""Who was erased, as digests, so that whatever still lists them does not bring them back."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from arni_edge.storage.database import Transaction

_SALT: Final = b"arni-edge erased member\0"


async def note(tx: Transaction, ids: Iterable[str], now: datetime) -> None:
    """Note that somebody was erased.

    Args:
        tx: The transaction in which their rows go.
        ids: All ids under which they may be listed again.
        now: The moment.
    """
    for one in ids:
        await tx.execute(
            "INSERT INTO erased_members (digest, seen_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (_digest(one), now.isoformat()),
        )


async def was_erased(tx: Transaction, ids: Iterable[str]) -> bool:
    """Whether one of these ids is of somebody who was erased."""
    for one in ids:
        if await tx.fetch("SELECT 1 FROM erased_members WHERE digest = ?", (_digest(one),)):
            return True
    return False


async def met_again(tx: Transaction, ids: Iterable[str], now: datetime) -> bool:
    """Somebody who was erased is still listed elsewhere; returns whether staff were not told yet."""
    untold = False
    for one in ids:
        digest = _digest(one)
        rows = await tx.fetch(
            "UPDATE erased_members SET seen_at = ? WHERE digest = ? RETURNING told", (now.isoformat(), digest)
        )
        if rows and not rows[0]["told"]:
            untold = True
            await tx.execute("UPDATE erased_members SET told = 1 WHERE digest = ?", (digest,))
    return untold


def _digest(member_id: str) -> str:
    return hashlib.sha256(_SALT + member_id.encode()).hexdigest()
