"""Reads what members have booked, and when they were there, and puts it into the mirror."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.magicline import copies
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Missing
from arni_edge.magicline.model import Booking, BookingKind, Page
from arni_edge.magicline.paging import every_page
from arni_edge.magicline.waiting_list import MovedUp, tell_moved_up
from arni_edge.storage import Database, Transaction
from arni_edge.storage.magicline import ages, people, timetable
from arni_edge.storage.magicline.rows import Settle, Values, done

_CHECKIN_DAYS: Final = 2

Bookings = dict[BookingKind, Page[Booking]]


class DiaryMirror:
    """Fills the part of the mirror that is about people's days.

    Attributes:
        one: Held while bookings are read and stored.
    """

    def __init__(
        self,
        client: MagiclineClient,
        database: Database,
        clock: Clock,
        zone: tzinfo,
        *,
        introduce: Callable[[int], Awaitable[object]],
        show: Callable[[int, int | None], Awaitable[object]],
        told: MovedUp | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            client: Asks.
            database: Has the mirror.
            clock: Of the box.
            zone: The studio's.
            introduce: Reads somebody who has booked and is not in the mirror yet.
            show: Reads a slot that is booked and not in the mirror yet, by its number and that of its class.
            told: Tells members that they have moved up from a waiting list; None: nobody is told.
        """
        self._client = client
        self._database = database
        self._clock = clock
        self._zone = zone
        self._introduce = introduce
        self._show = show
        self._told = told
        self.one = asyncio.Lock()
        self._visits_one_by_one = asyncio.Lock()

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()

    # --- visits ---------------------------------------------------------------------------------------------

    async def checkins(self, customer_id: int, settle: Settle | None = None) -> None:
        """Read somebody's visits of yesterday and today."""
        async with self._visits_one_by_one:
            if not await people.known(self._database, customer_id):
                await self._database.write(lambda tx: done(tx, settle))
                return
            asked_at, today = self._clock.now(), self._today()
            since = today - timedelta(days=_CHECKIN_DAYS - 1)
            rows: list[Values] = []
            try:
                async for page in every_page(
                    lambda offset: self._client.checkins(customer_id, since, today, offset)
                ):
                    rows += [copies.checkin_row(one, customer_id, asked_at) for one in page.items]
            except Missing:
                rows = []

            async def unit(tx: Transaction) -> None:
                if await people.customer(tx, customer_id) is not None:
                    await timetable.put_checkins(tx, rows)
                    await ages.note(tx, "checkins", asked_at, full=False)
                await done(tx, settle)

            await self._database.write(unit)

    # --- bookings -------------------------------------------------------------------------------------------

    async def bookings_of(self, customer_id: int) -> None:
        """Read all that somebody has booked, two weeks back and ahead."""
        async with self.one:
            asked_at = self._clock.now()
            found = await self.read(customer_id)

            async def unit(tx: Transaction) -> None:
                if await people.customer(tx, customer_id) is not None:
                    await self.put(tx, customer_id, found, asked_at)

            await self._database.write(unit)

    async def read(self, customer_id: int) -> Bookings:
        """All that somebody has booked; to be put while :attr:`one` is still held."""
        return {
            BookingKind.CLASS: await self._client.class_bookings(customer_id),
            BookingKind.APPOINTMENT: await self._client.appointment_bookings(customer_id),
        }

    async def put(self, tx: Transaction, customer_id: int, found: Bookings, asked_at: datetime) -> None:
        """Store all that somebody has booked.

        Args:
            tx: The transaction.
            customer_id: Whose.
            found: What was read.
            asked_at: When it was asked for.
        """
        waited = await timetable.waiting(tx, customer_id)
        for kind, page in found.items():
            rows = [copies.booking_row(one, customer_id, asked_at) for one in page.items]
            await timetable.put_bookings(tx, customer_id, kind.value, rows)
            await self._tell(tx, customer_id, waited, page.items)
        if found:
            await ages.note(tx, "bookings", asked_at, full=False)

    async def booking(self, kind: BookingKind, booking_id: int, settle: Settle | None = None) -> None:
        """Read a booking anew; one that is no more goes."""
        of_class = kind is BookingKind.CLASS
        async with self.one:
            asked_at = self._clock.now()
            read = self._client.class_booking if of_class else self._client.appointment_booking
            booking = await read(booking_id)
            owner = booking.customer_id if booking is not None else None
            if owner is None:
                owner = await timetable.owner_of_booking(self._database, kind.value, booking_id)
            if booking is not None and owner is not None and not await people.known(self._database, owner):
                await self._introduce(owner)
            slot_id = booking.slot_id if booking is not None and booking.stands else None
            if slot_id is not None and await timetable.class_of(self._database, slot_id) is None:
                await self._show(slot_id, booking.class_id if booking is not None else None)

            async def unit(tx: Transaction) -> None:
                await self._put_booking(tx, kind, booking_id, booking, owner, asked_at)
                await ages.note(tx, "bookings", asked_at, full=False)
                await done(tx, settle)

            await self._database.write(unit)

    async def _put_booking(
        self,
        tx: Transaction,
        kind: BookingKind,
        booking_id: int,
        booking: Booking | None,
        owner: int | None,
        asked_at: datetime,
    ) -> None:
        if booking is None:
            await timetable.remove_booking(tx, kind.value, booking_id)
        elif owner is not None and await people.customer(tx, owner) is not None:
            waited = await timetable.waiting(tx, owner)
            await timetable.put_booking(tx, copies.booking_row(booking, owner, asked_at))
            await self._tell(tx, owner, waited, [booking])
        # Else nobody knows whose it is, or they were erased: it is nothing to keep.

    async def _tell(
        self, tx: Transaction, customer_id: int, waited: set[int], found: Iterable[Booking]
    ) -> None:
        if self._told is not None and waited:
            await tell_moved_up(tx, customer_id, waited, found, self._told, self._clock.now())
