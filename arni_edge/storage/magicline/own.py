"""What members may know of themselves out of the mirror, and how old it is."""

from dataclasses import dataclass
from datetime import date, datetime

from arni_edge.storage.database import Database


@dataclass(frozen=True, slots=True)
class OwnPause:
    """A pause of a member.

    Attributes:
        start: First day, or None.
        end: Last day; None: it has none.
        keeps_out: Whether the doors stay shut meanwhile.
    """

    start: date | None
    end: date | None
    keeps_out: bool


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """A booking of a member.

    Attributes:
        title: Of what; empty where nobody said.
        start: When it begins (aware).
        waiting: Only on the waiting list.
    """

    title: str
    start: datetime
    waiting: bool


async def pause(database: Database, member_id: str, today: date) -> OwnPause | None:
    """The pause that holds today, else the next one; None: there is none, or Magicline does not keep them."""
    rows = await database.read(
        "SELECT pause.start_on, pause.end_on, unlimited, pause_refuses FROM magicline_pauses AS pause"
        " JOIN magicline_customers USING (customer_id)"
        " LEFT JOIN magicline_contracts USING (contract_id)"
        " WHERE member_id = :member AND (unlimited OR pause.end_on IS NULL OR pause.end_on >= :today)"
        " ORDER BY pause.start_on > :today, pause.start_on LIMIT 1",
        {"member": member_id, "today": today.isoformat()},
    )
    if not rows:
        return None
    row = rows[0]
    end = None if row["unlimited"] or row["end_on"] is None else date.fromisoformat(row["end_on"])
    return OwnPause(date.fromisoformat(row["start_on"]), end, keeps_out=row["pause_refuses"] != 0)


async def read_at(database: Database, member_id: str) -> datetime | None:
    """When Magicline was last asked for everything about them (aware); None: never.

    What a webhook has told since is newer; of what none has told, this is the age.
    """
    rows = await database.read(
        "SELECT contracts_read_at AS at FROM magicline_customers WHERE member_id = ?", (member_id,)
    )
    return datetime.fromisoformat(rows[0]["at"]) if rows and rows[0]["at"] else None


async def bookings(database: Database, member_id: str, now: datetime, limit: int) -> list[OwnBooking]:
    """What they have booked and is still to come, the next first."""
    rows = await database.read(
        "SELECT coalesce(nullif(booking.title, ''), magicline_slots.title, '') AS title,"
        " coalesce(booking.start_at, magicline_slots.start_at) AS begins, booking.status AS status"
        " FROM magicline_bookings AS booking JOIN magicline_customers USING (customer_id)"
        " LEFT JOIN magicline_slots USING (slot_id) WHERE member_id = ? AND booking.status != 'CANCELED'",
        (member_id,),
    )
    coming = [
        OwnBooking(row["title"], start, waiting=row["status"] == "WAITING_LIST")
        for row in rows
        if row["begins"] and (start := datetime.fromisoformat(row["begins"])) > now
    ]
    return sorted(coming, key=lambda one: one.start)[:limit]
