"""Reads things at Magicline, one at a time, and puts them into the mirror.

What is asked for and what is stored belong together: two readings of the same kind of thing never overlap, so
an older answer never overwrites a newer one.
"""

import asyncio
from collections.abc import Callable, Collection
from datetime import date, datetime, tzinfo
from typing import Final, Protocol

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.people import Member
from arni_edge.magicline import copies
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.diary_mirror import Bookings, DiaryMirror
from arni_edge.magicline.dossier import read_dossier
from arni_edge.magicline.errors import Missing, Rejected
from arni_edge.magicline.model import Customer, CustomerStatus, Page
from arni_edge.magicline.standing import standing
from arni_edge.magicline.studio_mirror import StudioMirror
from arni_edge.magicline.waiting_list import MovedUp
from arni_edge.storage import Database, Transaction, erased, members
from arni_edge.storage.magicline import ages, people, timetable
from arni_edge.storage.magicline.rows import Settle, done

_LOG = structlog.get_logger(__name__)

_PER_COMMIT: Final = 50
"""Customers; whoever stands at the door does not wait for more than these."""
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
        diary: Fills bookings and visits.
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
        told: MovedUp | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            client: Asks.
            database: Has the mirror.
            clock: Of the box.
            zone: The studio's.
            country: Of numbers without one, while the studio has not said where it is.
            plans: Ids of the plans in the settings.
            notices: Tells staff; None: nobody is told.
            told: Tells members that they have moved up from a waiting list; None: nobody is told.
        """
        self._client = client
        self._database = database
        self._clock = clock
        self._zone = zone
        self._country = country
        self._plans = tuple(plans)
        self._notices = notices
        self._one_by_one = asyncio.Lock()
        self.studio = StudioMirror(client, database, clock, zone)
        self.diary = DiaryMirror(
            client, database, clock, zone, introduce=self.customer, show=self.studio.slot, told=told
        )

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
        async with self._one_by_one:
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
        async with self._one_by_one:
            if await self._erased(customer_id):
                await self._settle(settle)
                return False
            asked_at = self._clock.now()
            customer = await self._client.customer(customer_id)
            dossier = None
            if customer is not None and customer.status is not CustomerStatus.PROSPECT:
                resting = copies.resting(customer.pauses, self.today())
                dossier = await read_dossier(self._client, customer_id, resting, asked_at)

            async def unit(tx: Transaction) -> bool:
                found = customer is not None and await self._put(tx, customer, asked_at)
                if customer is None:
                    await self._gone(tx, customer_id, asked_at)
                elif found and dossier is not None:
                    await dossier.put(tx, customer_id)
                    await self._derive(tx, customer_id)
                await done(tx, settle)
                return found

            return await self._database.write(unit)

    async def details(self, customer_id: int, settle: Settle) -> None:
        """Read contracts, debts and bookings of somebody in the mirror; what the key allows of it."""
        async with self._one_by_one, self.diary.one:
            asked_at = self._clock.now()
            rests = await people.resting(self._database, customer_id, self.today().isoformat())
            dossier = await read_dossier(self._client, customer_id, rests, asked_at)
            bookings, problem = Bookings(), ""
            try:
                bookings = await self.diary.read(customer_id)
            except Rejected as error:
                if isinstance(error, Missing) or error.status == _WRONG_KEY:
                    raise
                problem = str(error)

            async def unit(tx: Transaction) -> None:
                await settle(tx)
                if await people.customer(tx, customer_id) is None:
                    return
                await dossier.put(tx, customer_id)
                await self._derive(tx, customer_id)
                await self.diary.put(tx, customer_id, bookings, asked_at)
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

    # --- how ------------------------------------------------------------------------------------------------

    async def _put(
        self, tx: Transaction, customer: Customer, asked_at: datetime, pass_id: int | None = None
    ) -> bool:
        """Store a customer; returns False for somebody who was erased here."""
        country = await timetable.country(tx) or self._country
        phones = copies.phones_of(customer, country)
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
        kept = await people.contracts(tx, customer_id)
        contracts = [copies.contract_of(one) for one in kept]
        stands = standing(
            CustomerStatus(row["status"]),
            access_refused=bool(row["access_refused"]),
            restrictions=copies.restrictions_of(row),
            pauses=[copies.pause_of(one) for one in await people.pauses(tx, customer_id)],
            contracts=contracts if read else None,
            lenient=[one["contract_id"] for one in kept if one["pause_refuses"] == 0],
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
        await members.put_by_sync(tx, member, phones, dunned=bool(row["dunned"]))

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

    async def _settle(self, settle: Settle | None) -> None:
        await self._database.write(lambda tx: done(tx, settle))
