"""Members' bookings, kept at Magicline: what the tools of the house ask for.

Whatever changes something is put into the outbox and done by :mod:`arni_edge.magicline.booking_writer`; here
somebody waits for it. Who stops waiting has stopped nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.bookings import Booked, FateUnknown, NotBooked, Obstacle, Session
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.magicline import booking_ids
from arni_edge.magicline.booking_acts import LEFT
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import NotAllowed, Rejected
from arni_edge.magicline.model import Booking, BookingKind
from arni_edge.magicline.paging import every_page
from arni_edge.magicline.wishes import (
    KIND,
    LINE,
    Act,
    BookAppointment,
    BookClass,
    Cancel,
    TakeBack,
    booked_of,
    session_of,
    to_payload,
)
from arni_edge.storage import Database, Transaction, outbox
from arni_edge.storage.magicline import people
from arni_edge.storage.outbox import End, Entry

_LOG = structlog.get_logger(__name__)

T = TypeVar("T")

_AGAIN_SECONDS: Final = 60.0
_UNWANTED: Final = "nobody waited for it any longer"


class MagiclineBookings:
    """Bookings of one studio; see the port :class:`~arni_edge.actions.tools.bookings.Bookings`."""

    def __init__(self, client: MagiclineClient, database: Database, clock: Clock, *, zone: tzinfo) -> None:
        """Nothing is asked yet.

        Args:
            client: Of the studio.
            database: The outbox, and who is whom at Magicline.
            clock: Of the box.
            zone: The studio's.
        """
        self._client = client.interactive
        self._database = database
        self._clock = clock
        self._zone = zone

    # --- what there is --------------------------------------------------------------------------------------

    async def booked(self, booking_id: str, member_id: str) -> Session:
        """A booking of this member that stands."""
        booking = await self._booking(booking_id, await self._customer(member_id))
        if not booking.stands:
            raise NotBooked(Obstacle.GONE)
        return await self._session_of(booking)

    async def offered(self, slot_id: str) -> Session:
        """Something that could be booked, if there is room."""
        of_class = booking_ids.read_class_slot(slot_id)
        if of_class is not None:
            return await self._class_session(*of_class)
        appointment, slot = booking_ids.read_appointment_slot(slot_id, self._zone)
        return Session(await self._title(appointment), slot.start)

    # --- what is changed ------------------------------------------------------------------------------------

    async def book(self, member_id: str, slot_id: str, key: str, within: timedelta) -> Booked:
        """Book it, or get on its waiting list."""
        customer = await self._customer(member_id)
        of_class = booking_ids.read_class_slot(slot_id)
        act: Act
        if of_class is not None:
            act = BookClass(customer, *of_class)
        else:
            act = BookAppointment(customer, *booking_ids.read_appointment_slot(slot_id, self._zone))
        await self._put(_entry(_book_key(key), act, member_id, self._clock.now() + within))
        return booked_of(await self._end(_book_key(key), within))

    async def withdraw(self, member_id: str, key: str) -> None:
        """Take back whatever was booked with this key."""
        customer, now = await self._customer(member_id), self._clock.now()
        back = _entry(f"{LINE}-back/{key}", TakeBack(customer, _book_key(key)), member_id, None)

        async def unit(tx: Transaction) -> None:
            # In one commit, whether the other row is there or not: one that still comes would be let go.
            await outbox.withdraw(tx, _book_key(key), _UNWANTED, now)
            # Behind the other one in the order of this customer, and so never before its end.
            await outbox.put(tx, back, now)

        await _insist(lambda: self._database.write(unit))
        await self._end(back.key, None)

    async def cancel(self, member_id: str, booking_id: str, key: str, within: timedelta) -> Session:
        """Cancel a booking."""
        customer, mine = await self._customer(member_id), f"{LINE}-cancel/{key}"
        if not await outbox.with_key(self._database, mine):
            booking = await self._booking(booking_id, customer)
            act = Cancel(customer, booking.kind, booking.booking_id, await self._session_of(booking))
            await self._put(_entry(mine, act, member_id, self._clock.now() + within))
        return session_of(await self._end(mine, within))

    # --- the outbox -----------------------------------------------------------------------------------------

    async def _put(self, entry: Entry) -> None:
        now = self._clock.now()
        await _insist(lambda: self._database.write(lambda tx: outbox.put(tx, entry, now)))

    async def _call_off(self, key: str) -> None:
        """End a row that has certainly not left; one whose fate is open goes on."""
        now = self._clock.now()
        await _insist(lambda: self._database.write(lambda tx: outbox.withdraw(tx, key, _UNWANTED, now)))

    async def _end(self, key: str, within: timedelta | None) -> Mapping[str, Any]:
        """Wait until a row has ended.

        Args:
            key: Its.
            within: After so long it is called off if it has not left; None: never.

        Returns:
            What was stored of it.
        """
        seconds = _AGAIN_SECONDS if within is None else within.total_seconds()
        while (end := await _insist(partial(outbox.ended, self._database, key, within=seconds))) is None:
            seconds = _AGAIN_SECONDS
            if within is not None:
                await self._call_off(key)
            if not await _insist(partial(outbox.with_key, self._database, key)):
                raise FateUnknown("the wish was erased while it was under way")
        return _result(end)

    # --- reading --------------------------------------------------------------------------------------------

    async def _customer(self, member_id: str) -> int:
        customer = await people.customer_of(self._database, member_id)
        if customer is None:
            raise NotBooked(Obstacle.OTHER)
        return customer

    async def _booking(self, booking_id: str, customer: int) -> Booking:
        """A booking of this customer, cancelled or not."""
        kind, number = booking_ids.read_booking(booking_id)
        if kind is BookingKind.CLASS:
            booking = await _plainly(self._client.class_booking(number))
        else:
            booking = await _plainly(self._client.appointment_booking(number))
        if booking is None or booking.customer_id != customer:
            raise NotBooked(Obstacle.GONE)
        return booking

    async def _session_of(self, booking: Booking) -> Session:
        if booking.start is not None:
            return Session(booking.title, booking.start)
        return await self._class_session(booking.class_id or 0, booking.slot_id or 0)

    async def _class_session(self, class_id: int, slot_id: int) -> Session:
        slot = await _plainly(self._client.class_slot(class_id, slot_id))
        if slot is None or slot.start is None:
            raise NotBooked(Obstacle.GONE)
        return Session(slot.title, slot.start)

    async def _title(self, appointment: int) -> str:
        pages = every_page(self._client.appointments)
        while (page := await _plainly(anext(pages, None))) is not None:
            for one in page.items:
                if one.appointment_id == appointment:
                    return one.title
        raise NotBooked(Obstacle.GONE)


async def _insist(work: Callable[[], Awaitable[T]]) -> T:
    """Have the disk do something, however long it takes: what is under way may be had all the same.

    Whoever asked limits how long.
    """
    waits = Backoff(first=0.2, longest=10.0)
    while True:
        try:
            return await work()
        except Unavailable as error:
            _LOG.warning("booking_not_stored", reason=str(error))
            await asyncio.sleep(waits.next())


async def _plainly(asked: Awaitable[T]) -> T:
    """An answer; Magicline's refusals in words that are fit for everybody.

    Raises:
        NotBooked: It refuses.
    """
    try:
        return await asked
    except NotAllowed:
        raise NotBooked(Obstacle.FORBIDDEN) from None
    except Rejected:
        raise NotBooked(Obstacle.OTHER) from None


def _entry(key: str, act: Act, member_id: str, expires_at: datetime | None) -> Entry:
    return Entry(
        key, LINE, KIND, str(act.customer), to_payload(act), expires_at=expires_at, member_id=member_id
    )


def _book_key(key: str) -> str:
    return f"{LINE}-book/{key}"


def _result(end: End) -> Mapping[str, Any]:
    """What was stored of something that was done.

    Raises:
        NotBooked: It was refused.
        Unavailable: It certainly was not done.
        FateUnknown: Nobody knows.
    """
    if end.ok:
        return end.result
    if end.state == "failed" and end.reason in set(Obstacle):
        raise NotBooked(Obstacle(end.reason))
    if end.state in {"dropped", "quarantined"} and end.result.get(LEFT):
        raise FateUnknown("a request of it had left when it was set aside")
    raise Unavailable("it was not done in time")
