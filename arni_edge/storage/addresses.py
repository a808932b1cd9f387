"""Which ids and numbers the other side of a conversation has, and has had."""

from dataclasses import dataclass
from datetime import datetime

from arni_edge.domain.messages import Channel
from arni_edge.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Link:
    """What belongs together now.

    Attributes:
        address: The conversation; personal, never logged.
        user_id: The channel's id of the person, or None while it has shown only a number.
        number: E.164, or None when the channel has never shown it.
    """

    address: str
    user_id: str | None
    number: str | None


async def of_user(tx: Transaction, channel: Channel, user_id: str) -> Link | None:
    """Whose id this is now."""
    return _one(
        await tx.fetch(
            "SELECT * FROM addresses WHERE channel = ? AND user_id = ? AND until IS NULL", (channel, user_id)
        )
    )


async def of_number(tx: Transaction, channel: Channel, number: str) -> Link | None:
    """Whose number this is now."""
    return _one(
        await tx.fetch(
            "SELECT * FROM addresses WHERE channel = ? AND number = ? AND until IS NULL", (channel, number)
        )
    )


async def is_known(tx: Transaction, channel: Channel, address: str) -> bool:
    """Whether there is a conversation at this address, also one from before anything was linked."""
    return bool(
        await tx.fetch("SELECT 1 FROM conversations WHERE channel = ? AND address = ?", (channel, address))
    )


async def users_of(tx: Transaction, channel: Channel, address: str) -> set[str | None]:
    """Whose conversation this is and has been: ids, and None for times when only a number was shown."""
    rows = await tx.fetch(
        "SELECT DISTINCT user_id FROM addresses WHERE channel = ? AND address = ?", (channel, address)
    )
    return {row["user_id"] for row in rows}


async def put(tx: Transaction, channel: Channel, link: Link, now: datetime) -> None:
    """This belongs together from now on; whatever one of the two belonged to before is history."""
    for column, value in (("user_id", link.user_id), ("number", link.number)):
        if value is not None:
            await tx.execute(
                f"UPDATE addresses SET until = ? WHERE channel = ? AND {column} = ? AND until IS NULL",  # noqa: S608 - ours
                (now.isoformat(), channel, value),
            )
    await tx.execute(
        "INSERT INTO addresses (channel, address, user_id, number, since) VALUES (?, ?, ?, ?, ?)",
        (channel, link.address, link.user_id, link.number, now.isoformat()),
    )


async def end(tx: Transaction, channel: Channel, address: str, now: datetime) -> None:
    """What was known of this conversation holds no longer."""
    await tx.execute(
        "UPDATE addresses SET until = ? WHERE channel = ? AND address = ? AND until IS NULL",
        (now.isoformat(), channel, address),
    )


def _one(rows: list[Row]) -> Link | None:
    return Link(rows[0]["address"], rows[0]["user_id"], rows[0]["number"]) if rows else None
