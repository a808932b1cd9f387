"""Reads things at Magicline, one at a time, and puts them into the mirror.

What is asked for and what is stored belong together: two readings of the same kind of thing never overlap, so
an older answer never overwrites a newer one.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, Protocol

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.people import Member
from arni_edge.magicline import copies
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Missing, Rejected
from arni_edge.magicline.model import Booking, BookingKind, Customer, CustomerStatus, Page
from arni_edge.magicline.paging import every_page
from arni_edge.magicline.standing import standing
from arni_edge.magicline.studio_mirror import StudioMirror
from arni_edge.storage import Database, Transaction, erased, members
from arni_edge.storage.magicline import ages, people, timetable
from arni_edge.storage.magicline.rows import Settle, Values, done

_LOG = structlog.get_logger(__name__)

_PER_COMMIT: Final = 50
"""Customers; whoever stands at the door does not wait for more than these."""
_CHECKIN_DAYS: Final = 2
_WRONG_KEY: Final = 401


class Notices(Protocol):
    """Tells staff what is wrong."""

    async def tell(self, tx: Transaction, line: str, trouble: str, now: datetime) -> None:
        """Tell it, in a transaction.

        Args:
            tx: The transaction.
            line: ``magicline``.
            trouble: What, as the catalogue names it.
            now: The moment.
        """
        ...


class Mirror:
    """Fills the mirror.

    Attributes:
        studio: Fills the part of it that is about nobody in particular.
    """

    def __init__(
        self,
        client: MagiclineClient,
        database: Database,
        clock: Clock,
        *,
        zone: tzinfo,
        country: str = "DE",
        plans: Collection[str] = (),
        notices: Notices | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            client: Asks.
            database: Has the mirror.
            clock: Of the box.
            zone: The studio's.
            country: The studio's, for numbers without one.
            plans: Ids of the plans in the settings.
            notices: Tells staff; None: nobody is told.
        """
        self._client = client
        self._database = database
        self._clock = clock
        self._zone = zone
        self._country = country
        self._plans = tuple(plans)
        self._notices = notices
        self._one: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.studio = StudioMirror(client, database, clock, zone)

    def today(self) -> date:
        """The studio's day."""
        return self.studio.today()

    # --- people ---------------------------------------------------------------------------------------------

    async def customers_page(
        self, status: CustomerStatus, offset: str | None, pass_id: int, then: Callable[[str | None], str]
    ) -> Page[Customer]:
        """Read a page of a pass and store it, with how far the pass has come.

        Args:
            status: Which list.
            offset: Of the page before, or None.
            pass_id: Of the pass.
            then: The phase that follows, by the offset of the next page.
        """
        async with self._one["people"]:
            asked_at = self._clock.now()
            page = await self._client.customers(status, offset)
            items = page.items
            for at in range(0, max(len(items), 1), _PER_COMMIT):
                some, last = items[at : at + _PER_COMMIT], at + _PER_COMMIT >= len(items)

                async def unit(tx: Transaction, some: tuple[Customer, ...] = some, last: bool = last) -> None:
                    for customer in some:
                        await self._put(tx, customer, asked_at, pass_id)
                    if last:
                        await ages.move(tx, pass_id, then(page.offset), page.offset, len(items))

                await self._database.write(unit)
        return page

    async def customer(self, customer_id: int, settle: Settle | None = None) -> bool:
        """Read a customer and their contracts anew; whoever is no more is forgotten.

        Args:
            customer_id: Who.
            settle: Done in the commit that stores them.

        Returns:
            Whether there is such a customer, and they were not erased here.
        """
        async with self._one["people"]:
            if await self._erased(customer_id):
                await self._settle(settle)
                return False
            asked_at = self._clock.now()
            customer = await self._client.customer(customer_id)
            contracts = None
            if customer is not None and customer.status is not CustomerStatus.PROSPECT:
                contracts = (await self._client.contracts(customer_id)).items

            async def unit(tx: Transaction) -> bool:
                found = customer is not None and await self._put(tx, customer, asked_at)
                if customer is None:
                    await self._gone(tx, customer_id, asked_at)
                elif found and contracts is not None:
                    rows = [copies.contract_row(one, customer_id, asked_at) for one in contracts]
                    await people.put_contracts(tx, customer_id, rows, asked_at)
                    await self._derive(tx, customer_id)
                await done(tx, settle)
                return found

            return await self._database.write(unit)

    async def details(self, customer_id: int, settle: Settle) -> None:
        """Read contracts and bookings of somebody in the mirror; bookings only if the key allows it."""
        async with self._one["people"], self._one["bookings"]:
            asked_at = self._clock.now()
            contracts = (await self._client.contracts(customer_id)).items
            bookings, problem = dict[BookingKind, Page[Booking]](), ""
            try:
                bookings = await self._read_bookings(customer_id)
            except Rejected as error:
                if isinstance(error, Missing) or error.status == _WRONG_KEY:
                    raise
                problem = str(error)

            async def unit(tx: Transaction) -> None:
                await settle(tx)
                if await people.customer(tx, customer_id) is None:
                    return
                rows = [copies.contract_row(one, customer_id, asked_at) for one in contracts]
                await people.put_contracts(tx, customer_id, rows, asked_at)
                await self._derive(tx, customer_id)
                await self._put_bookings(tx, customer_id, bookings, asked_at)
                if problem:
                    await ages.failed(tx, "bookings", problem)

            await self._database.write(unit)

    async def derive_all(self) -> None:
        """Say of everybody anew how they stand: the day, or the plans of the settings, have changed."""
        after = 0
        while some := await people.everybody(self._database, after, _PER_COMMIT):

            async def unit(tx: Transaction, some: list[int] = some) -> None:
                for customer_id in some:
                    await self._derive(tx, customer_id)

            await self._database.write(unit)
            after = some[-1]

    async def checkins(self, customer_id: int, settle: Settle | None = None) -> None:
        """Read somebody's visits of yesterday and today."""
        async with self._one["visits"]:
            if not await self._known(customer_id):
                await self._settle(settle)
                return
            asked_at, today = self._clock.now(), self.today()
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
        async with self._one["bookings"]:
            asked_at = self._clock.now()
            found = await self._read_bookings(customer_id)

            async def unit(tx: Transaction) -> None:
                if await people.customer(tx, customer_id) is not None:
                    await self._put_bookings(tx, customer_id, found, asked_at)

            await self._database.write(unit)

    async def _read_bookings(self, customer_id: int) -> dict[BookingKind, Page[Booking]]:
        return {
            BookingKind.CLASS: await self._client.class_bookings(customer_id),
            BookingKind.APPOINTMENT: await self._client.appointment_bookings(customer_id),
        }

    async def _put_bookings(
        self, tx: Transaction, customer_id: int, found: dict[BookingKind, Page[Booking]], asked_at: datetime
    ) -> None:
        for kind, page in found.items():
            rows = [copies.booking_row(one, customer_id, asked_at) for one in page.items]
            await timetable.put_bookings(tx, customer_id, kind.value, rows)
        if found:
            await ages.note(tx, "bookings", asked_at, full=False)

    async def booking(self, kind: BookingKind, booking_id: int, settle: Settle | None = None) -> None:
        """Read a booking anew; one that is no more goes."""
        of_class = kind is BookingKind.CLASS
        async with self._one["bookings"]:
            asked_at = self._clock.now()
            read = self._client.class_booking if of_class else self._client.appointment_booking
            booking = await read(booking_id)
            owner = booking.customer_id if booking is not None else None
            if owner is None:
                owner = await timetable.owner_of_booking(self._database, kind.value, booking_id)
            if booking is not None and owner is not None and not await self._known(owner):
                await self.customer(owner)

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
            await timetable.put_booking(tx, copies.booking_row(booking, owner, asked_at))
        # Else nobody knows whose it is, or they were erased: it is nothing to keep.

    # --- how ------------------------------------------------------------------------------------------------

    async def _put(
        self, tx: Transaction, customer: Customer, asked_at: datetime, pass_id: int | None = None
    ) -> bool:
        """Store a customer; returns False for somebody who was erased here."""
        phones = copies.phones_of(customer, self._country)
        name = copies.full_name(customer.first_name, customer.last_name)
        customer_id, number = customer.customer_id, customer.number
        member_id = await people.member_of(tx, customer_id, number, name, phones)
        if member_id is None:
            await self._still_there(tx, customer_id, number)
            return False
        row = copies.customer_row(customer, member_id, phones, asked_at)
        await people.put_customer(tx, row if pass_id is None else {**row, "seen_in": pass_id})
        await people.put_pauses(tx, customer_id, copies.pause_rows(customer, asked_at))
        await self._derive(tx, customer_id)
        return True

    async def _still_there(self, tx: Transaction, customer_id: int, number: str) -> None:
        now = self._clock.now()
        untold = await erased.met_again(tx, people.ids_of(customer_id, number), now)
        if untold and self._notices is not None:
            await self._notices.tell(tx, "magicline", "erased_still_there", now)

    async def _derive(self, tx: Transaction, customer_id: int) -> None:
        """Bring what the mirror says of somebody to what the door asks."""
        row = await people.customer(tx, customer_id)
        if row is None:
            return
        read = row["contracts_read_at"] is not None
        contracts = [copies.contract_of(one) for one in await people.contracts(tx, customer_id)]
        stands = standing(
            CustomerStatus(row["status"]),
            access_refused=bool(row["access_refused"]),
            restrictions=copies.restrictions_of(row),
            pauses=[copies.pause_of(one) for one in await people.pauses(tx, customer_id)],
            contracts=contracts if read else None,
            today=self.today(),
            plans=self._plans,
        )
        if stands is None:
            return
        phones = copies.stored_phones(row)
        member = Member(
            member_id=row["member_id"],
            name=copies.full_name(row["first_name"], row["last_name"]),
            phone=phones[0] if phones else "",
            state=stands.state,
            valid_from=stands.valid_from,
            valid_until=stands.valid_until,
            plan=stands.plan,
            paused_from=stands.paused_from,
            paused_until=stands.paused_until,
        )
        await members.put_by_sync(tx, member, phones)

    async def _gone(self, tx: Transaction, customer_id: int, at: datetime) -> None:
        member_id = await people.remove(tx, customer_id)
        if member_id is not None:
            _LOG.info("magicline_customer_gone")
            await members.shut_out(tx, member_id, at)

    async def _erased(self, customer_id: int) -> bool:
        """Whether somebody was erased here, told without asking Magicline for them."""

        async def unit(tx: Transaction) -> bool:
            if not await erased.was_erased(tx, people.ids_of(customer_id, "")):
                return False
            await self._still_there(tx, customer_id, "")
            return True

        return await self._database.write(unit)

    async def _known(self, customer_id: int) -> bool:
        return await people.known(self._database, customer_id)

    async def _settle(self, settle: Settle | None) -> None:
        await self._database.write(lambda tx: done(tx, settle))
