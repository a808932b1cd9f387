"""What takes place, who has booked it, who was there, and the studio itself."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from arni_edge.storage.database import Database, Row, Transaction
from arni_edge.storage.magicline.rows import Values, put, put_all


async def put_classes(tx: Transaction, rows: Iterable[Values]) -> int:
    """Store all classes that can be booked."""
    return await put_all(tx, "magicline_classes", ("class_id",), rows)


async def put_appointments(tx: Transaction, rows: Iterable[Values]) -> int:
    """Store all kinds of appointments."""
    return await put_all(tx, "magicline_appointments", ("appointment_id",), rows)


async def put_employees(tx: Transaction, rows: Iterable[Values]) -> int:
    """Store everybody who works there."""
    return await put_all(tx, "magicline_employees", ("employee_id",), rows)


async def put_slots(tx: Transaction, rows: Iterable[Values], first: str, last: str | None) -> int:
    """Store all slots of some days; those of these days that are not among them do not take place.

    Args:
        tx: The transaction.
        rows: The slots.
        first: Day, ``YYYY-MM-DD``.
        last: Day, or None for all that come.
    """
    return await put_all(
        tx,
        "magicline_slots",
        ("slot_id",),
        rows,
        only="(day IS NULL OR day >= :first AND day <= :last)",
        first=first,
        last=last or "9999-12-31",
    )


async def put_slot(tx: Transaction, values: Values) -> None:
    """Store one slot."""
    await put(tx, "magicline_slots", ("slot_id",), values)


async def remove_slot(tx: Transaction, slot_id: int) -> None:
    """A slot does not take place."""
    await tx.execute("DELETE FROM magicline_slots WHERE slot_id = ?", (slot_id,))


async def class_of(database: Database, slot_id: int) -> int | None:
    """The class of a slot that was seen before, or None."""
    rows = await database.read("SELECT class_id FROM magicline_slots WHERE slot_id = ?", (slot_id,))
    return rows[0]["class_id"] if rows else None


async def class_ids(database: Database) -> list[int]:
    """All classes by number."""
    rows = await database.read("SELECT class_id FROM magicline_classes ORDER BY class_id")
    return [int(row["class_id"]) for row in rows]


async def put_bookings(tx: Transaction, customer_id: int, kind: str, rows: Iterable[Values]) -> int:
    """Store all bookings of a kind that a customer has; those that are not among them go."""
    return await put_all(
        tx,
        "magicline_bookings",
        ("kind", "booking_id"),
        rows,
        only="customer_id = :customer AND kind = :kind",
        customer=customer_id,
        kind=kind,
    )


async def waiting(tx: Transaction, customer_id: int) -> set[int]:
    """Numbers of the class bookings with which a customer is on a waiting list."""
    rows = await tx.fetch(
        "SELECT booking_id FROM magicline_bookings WHERE customer_id = ? AND kind = 'class'"
        " AND status = 'WAITING_LIST'",
        (customer_id,),
    )
    return {int(row["booking_id"]) for row in rows}


async def slot(tx: Transaction, slot_id: int | None) -> Row | None:
    """One slot, or None when the mirror has none with this number."""
    rows = await tx.fetch("SELECT * FROM magicline_slots WHERE slot_id = ?", (slot_id,))
    return rows[0] if rows else None


async def put_booking(tx: Transaction, values: Values) -> None:
    """Store one booking."""
    await put(tx, "magicline_bookings", ("kind", "booking_id"), values)


async def remove_booking(tx: Transaction, kind: str, booking_id: int) -> None:
    """A booking is no more."""
    await tx.execute("DELETE FROM magicline_bookings WHERE kind = ? AND booking_id = ?", (kind, booking_id))


async def owner_of_booking(database: Database, kind: str, booking_id: int) -> int | None:
    """Whose a booking is, as far as the mirror knows it."""
    rows = await database.read(
        "SELECT customer_id FROM magicline_bookings WHERE kind = ? AND booking_id = ?", (kind, booking_id)
    )
    return int(rows[0]["customer_id"]) if rows else None


async def put_checkins(tx: Transaction, rows: Iterable[Values]) -> int:
    """Store visits; those before them stay."""
    number = 0
    for values in rows:
        await put(tx, "magicline_checkins", ("checkin_id",), values)
        number += 1
    return number


async def put_studio(tx: Transaction, facts: str, asked_at: datetime) -> None:
    """Store what members may know of the studio, as JSON."""
    await put(tx, "magicline_studio", ("id",), {"id": 1, "facts": facts, "read_at": asked_at.isoformat()})


async def country(tx: Transaction) -> str | None:
    """Where the studio is (ISO 3166-1 alpha-2), or None while Magicline has not said."""
    rows = await tx.fetch("SELECT facts ->> '$.country' AS country FROM magicline_studio")
    return rows[0]["country"] if rows else None


async def put_count(tx: Transaction, inside: int, capacity: int | None, asked_at: datetime) -> None:
    """Store how many are checked in."""
    values: dict[str, Any] = {"id": 1, "inside": inside, "capacity": capacity}
    await put(tx, "magicline_studio", ("id",), {**values, "counted_at": asked_at.isoformat()})
