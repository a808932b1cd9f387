"""When somebody was last heard."""

from datetime import datetime
from typing import Final

from arni_edge.domain.messages import Channel
from arni_edge.storage.database import Database

_SILENT_KINDS: Final = "('reaction', 'revoke', 'edit', 'system')"
"""Of these nobody says that they open a window."""


async def wrote_since(database: Database, channel: Channel, address: str, since: datetime) -> bool:
    """Whether a message was sent by somebody after a moment.

    Args:
        database: Has what came in.
        channel: Where.
        address: Their conversation, or their number with or without ``+``.
        since: The moment (aware), by the channel's clock.

    Raises:
        Unavailable: It cannot be read now.
    """
    digits = address.removeprefix("+")
    values = {
        "channel": channel,
        "address": address,
        "digits": digits,
        "phone": f"+{digits}" if digits.isdigit() else None,
        "since": since.isoformat(),
    }
    for who in ("conversation IN (:address, :digits)", "phone = :phone"):
        rows = await database.read(
            f"SELECT 1 FROM inbound WHERE channel = :channel AND {who} AND sent_at > :since"  # noqa: S608 - ours
            f" AND kind NOT IN {_SILENT_KINDS} LIMIT 1",
            values,
        )
        if rows:
            return True
    return False
