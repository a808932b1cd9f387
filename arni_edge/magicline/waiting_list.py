"""Waiting lists: whoever moves up is told, once; who waits is known as soon as we have put them there."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from arni_edge.domain.bookings import Session
from arni_edge.magicline import copies
from arni_edge.magicline.booking_ids import booking_id
from arni_edge.magicline.model import Booking, BookingKind, BookingStatus
from arni_edge.storage import Transaction
from arni_edge.storage.magicline import hints, people, timetable
from arni_edge.storage.magicline.hints import Hint


class MovedUp(Protocol):
    """Tells members that they have a place now."""

    async def moved_up(
        self, tx: Transaction, member_id: str, booking: str, session: Session | None, now: datetime
    ) -> None:
        """Tell it, in a transaction; once per booking.

        Args:
            tx: The transaction.
            member_id: Who.
            booking: The word for the booking.
            session: Of what; None: nobody knows.
            now: The moment.
        """
        ...


async def tell_moved_up(
    tx: Transaction,
    customer_id: int,
    waited: set[int],
    found: Iterable[Booking],
    told: MovedUp,
    now: datetime,
) -> None:
    """Tell of every place that somebody has got who waited for it; what has begun is not told any more.

    Args:
        tx: The transaction in which what was read is stored.
        customer_id: Who.
        waited: Numbers of the class bookings with which they were on a waiting list until now.
        found: Their bookings as they are now.
        told: Tells it.
        now: The moment.
    """
    for one in found:
        if one.kind is not BookingKind.CLASS or one.status is not BookingStatus.BOOKED:
            continue
        row = await people.customer(tx, customer_id) if one.booking_id in waited else None
        if row is None:
            continue
        slot = await timetable.slot(tx, one.slot_id)
        session = None
        if slot is not None and slot["start_at"] is not None:
            session = Session(slot["title"], datetime.fromisoformat(slot["start_at"]))
            if session.start <= now:
                continue
        await told.moved_up(tx, row["member_id"], booking_id(one.kind, one.booking_id), session, now)


async def note_change(tx: Transaction, kind: BookingKind, number: int, now: datetime) -> None:
    """We have booked or cancelled it: the mirror reads it anew, also where no webhook tells."""
    await hints.add(tx, Hint(f"{kind.value}_booking", number), now)


async def note_waiting(
    tx: Transaction, customer_id: int, number: int, class_id: int, slot_id: int, now: datetime
) -> None:
    """We have put somebody on a waiting list: that they wait is known before they can have moved up."""
    if await people.customer(tx, customer_id) is None:
        return
    waits = Booking(
        BookingKind.CLASS,
        number,
        BookingStatus.WAITING_LIST,
        customer_id=customer_id,
        class_id=class_id,
        slot_id=slot_id,
    )
    await timetable.put_booking(tx, copies.booking_row(waits, customer_id, now))
