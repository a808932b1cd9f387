"""Reads what takes place, who works there and the studio itself, and puts it into the mirror."""

import asyncio
from datetime import date, timedelta, tzinfo

from arni_edge.domain.clock import Clock
from arni_edge.magicline import copies
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Missing, Rejected
from arni_edge.magicline.model import Slot
from arni_edge.magicline.paging import every_page
from arni_edge.storage import Database, Transaction
from arni_edge.storage.magicline import ages, timetable
from arni_edge.storage.magicline.rows import Settle, Values, done


class StudioMirror:
    """Fills the part of the mirror that is about nobody in particular."""

    def __init__(self, client: MagiclineClient, database: Database, clock: Clock, zone: tzinfo) -> None:
        """Nothing is read yet.

        Args:
            client: Asks.
            database: Has the mirror.
            clock: Of the box.
            zone: The studio's.
        """
        self._client = client
        self._database = database
        self._clock = clock
        self._zone = zone
        self._slots_one_by_one = asyncio.Lock()

    def today(self) -> date:
        """The studio's day."""
        return self._clock.now().astimezone(self._zone).date()

    # --- what takes place -----------------------------------------------------------------------------------

    async def classes(self) -> int:
        """Read all classes; returns how many there are."""
        asked_at, rows = self._clock.now(), list[Values]()
        async for page in every_page(self._client.classes):
            rows += [copies.class_row(one, asked_at) for one in page.items]

        async def unit(tx: Transaction) -> int:
            await ages.note(tx, "classes", asked_at, full=True)
            return await timetable.put_classes(tx, rows)

        return await self._database.write(unit)

    async def slots(self, settle: Settle | None = None) -> int:
        """Read all slots of the classes that are known, from yesterday to in two weeks."""
        async with self._slots_one_by_one:
            asked_at, first = self._clock.now(), self.today() - timedelta(days=1)
            found: list[Slot] = []
            for class_id in await timetable.class_ids(self._database):
                found += await self._slots_of(class_id)
            rows = [copies.slot_row(one, self._zone, asked_at) for one in found]

            async def unit(tx: Transaction) -> int:
                await ages.note(tx, "slots", asked_at, full=True)
                number = await timetable.put_slots(tx, rows, first.isoformat(), None)
                await done(tx, settle)
                return number

            return await self._database.write(unit)

    async def slots_soon(self) -> int:
        """Read the slots of today and tomorrow; where a studio cannot say all at once, all of them."""
        async with self._slots_one_by_one:
            asked_at, today = self._clock.now(), self.today()
            # The list of all slots has those of classes, too, that nobody can book online.
            classes = set(await timetable.class_ids(self._database))
            found: list[Slot] = []
            try:
                async for page in every_page(lambda offset: self._client.all_slots(today, 2, offset)):
                    found += page.items
            except Rejected:
                found = []
            else:
                last = today + timedelta(days=1)
                days = {today, last}
                rows = [
                    copies.slot_row(one, self._zone, asked_at)
                    for one in found
                    if one.class_id in classes
                    and one.start is not None
                    and one.start.astimezone(self._zone).date() in days
                ]

                async def unit(tx: Transaction) -> int:
                    await ages.note(tx, "slots", asked_at, full=False)
                    return await timetable.put_slots(tx, rows, today.isoformat(), last.isoformat())

                return await self._database.write(unit)
        return await self.slots()

    async def slot(self, slot_id: int, class_id: int | None, settle: Settle | None = None) -> None:
        """Read a slot anew; one that is no more does not take place."""
        class_id = class_id or await timetable.class_of(self._database, slot_id)
        if class_id is None:
            await self.slots(settle)
            return
        async with self._slots_one_by_one:
            asked_at = self._clock.now()
            slot = await self._client.class_slot(class_id, slot_id)
            # A slot by its number says nowhere that it is cancelled: the list of its class leaves it out.
            listed = slot is not None and any(
                one.slot_id == slot_id for one in await self._slots_of(class_id)
            )

            async def unit(tx: Transaction) -> None:
                if slot is not None and listed:
                    await timetable.put_slot(tx, copies.slot_row(slot, self._zone, asked_at))
                else:
                    await timetable.remove_slot(tx, slot_id)
                await ages.note(tx, "slots", asked_at, full=False)
                await done(tx, settle)

            await self._database.write(unit)

    async def _slots_of(self, class_id: int) -> list[Slot]:
        found: list[Slot] = []
        try:
            async for page in every_page(lambda offset: self._client.slots(class_id, offset)):
                found += page.items
        except Missing:
            return []
        return found

    # --- the studio -----------------------------------------------------------------------------------------

    async def appointments(self) -> int:
        """Read all kinds of appointments."""
        asked_at, rows = self._clock.now(), list[Values]()
        async for page in every_page(self._client.appointments):
            rows += [copies.appointment_row(one, asked_at) for one in page.items]

        async def unit(tx: Transaction) -> int:
            await ages.note(tx, "appointments", asked_at, full=True)
            return await timetable.put_appointments(tx, rows)

        return await self._database.write(unit)

    async def employees(self, settle: Settle | None = None) -> int:
        """Read everybody who works there."""
        asked_at, rows = self._clock.now(), list[Values]()
        async for page in every_page(self._client.employees):
            rows += [copies.employee_row(one, asked_at) for one in page.items]

        async def unit(tx: Transaction) -> int:
            await ages.note(tx, "employees", asked_at, full=True)
            number = await timetable.put_employees(tx, rows)
            await done(tx, settle)
            return number

        return await self._database.write(unit)

    async def studio(self, settle: Settle | None = None) -> int:
        """Read what is known of the studio."""
        asked_at = self._clock.now()
        facts = copies.studio_facts(await self._client.studio())

        async def unit(tx: Transaction) -> int:
            await timetable.put_studio(tx, facts, asked_at)
            await ages.note(tx, "studio", asked_at, full=True)
            await done(tx, settle)
            return 1

        return await self._database.write(unit)

    async def utilization(self) -> int:
        """Read how many are in by Magicline's count."""
        asked_at = self._clock.now()
        count = await self._client.utilization()

        async def unit(tx: Transaction) -> int:
            await timetable.put_count(tx, count.count, count.capacity, asked_at)
            await ages.note(tx, "utilization", asked_at, full=True)
            return 1

        return await self._database.write(unit)
