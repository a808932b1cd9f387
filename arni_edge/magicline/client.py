"""The gym's member management, asked one question at a time.

Every method makes one request, in its turn (:mod:`arni_edge.magicline.pace`) and within a deadline. Reads are
repeated when that can help, everything else never. What can go wrong is in :mod:`arni_edge.magicline.errors`:
every method may raise ``Away`` and ``Rejected`` (also as ``NotAllowed`` and ``Missing``), those that book and
cancel ``MaybeDone``, too.
"""

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.magicline import operations as op
from arni_edge.magicline import people, timetable, wire
from arni_edge.magicline.asking import Asking, number
from arni_edge.magicline.errors import Missing, NotAllowed
from arni_edge.magicline.model import (
    Appointment,
    AppointmentSlot,
    Booking,
    CheckIn,
    Contract,
    ContractStatus,
    Customer,
    CustomerStatus,
    Employee,
    FitnessClass,
    Page,
    Slot,
    Studio,
    Utilization,
    Validation,
)
from arni_edge.magicline.pace import Pace, Sleep
from arni_edge.magicline.scalars import Json
from arni_edge.magicline.transport import Door, Transport, open_http
from arni_edge.settings import Magicline

_BERLIN: Final = ZoneInfo("Europe/Berlin")
_MOST_DAYS_AHEAD: Final = 6
"""Of appointment slots; some studios take no more than 3 and answer 400: then ask for less."""
_MOST_CHECKIN_DAYS: Final = 365


class MagiclineClient:
    """Asks on behalf of one studio."""

    def __init__(
        self,
        settings: Magicline,
        clock: Clock,
        *,
        zone: tzinfo = _BERLIN,
        language: Language = Language.GERMAN,
        http: httpx.AsyncClient | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Nothing is asked yet.

        Args:
            settings: Address, key and pace.
            clock: Of the box.
            zone: The studio's, for times that Magicline writes without one.
            language: In which refusals are worded where a call does not say otherwise.
            http: The client of :func:`open_http`; without it one is opened, which :meth:`aclose` closes.
            sleep: How to wait.
        """
        self._http = http or open_http()
        self._owns_http = http is None
        door = Door(settings.url.rstrip("/"), "X-API-KEY", "", settings.api_key, "magicline_api_key")
        pace = Pace(settings.requests_per_minute, clock, sleep=sleep)
        self._asking = Asking(Transport(door, self._http, clock, pace, sleep), language)
        self._zone = zone

    @property
    def interactive(self) -> "MagiclineClient":
        """The same, for questions that somebody waits for: they go first, and fail soon rather than late."""
        other = copy.copy(self)
        other._asking = replace(self._asking, urgent=True)  # noqa: SLF001 - its own
        return other

    async def aclose(self) -> None:
        """Close the connections."""
        if self._owns_http:
            await self._http.aclose()

    # --- people ---------------------------------------------------------------------------------------------

    async def customers(
        self, status: CustomerStatus = CustomerStatus.MEMBER, offset: str | None = None
    ) -> Page[Customer]:
        """Up to 500 customers; former ones cannot be listed, and there is no "changed since".

        Args:
            status: ``MEMBER`` or ``PROSPECT``.
            offset: Of the page before, or None for the first.
        """
        params = {"customerStatus": status.value}
        return await self._asking.page(op.CUSTOMERS, self._customer, offset, params=params)

    async def customer(self, customer_id: int) -> Customer | None:
        """One customer, or None when this studio has none with this number (any more)."""
        return await self._asking.one(op.CUSTOMER, self._customer, customer_id)

    async def contracts(self, customer_id: int, status: ContractStatus | None = None) -> Page[Contract]:
        """All contracts of a customer, on one page.

        Args:
            customer_id: Whose.
            status: Only those that run, or only those that do not.
        """
        params = {"status": status.value} if status else {}
        return await self._asking.whole(op.CONTRACTS, people.read_contract, customer_id, params=params)

    async def checkins(
        self, customer_id: int, since: date, until: date, offset: str | None = None
    ) -> Page[CheckIn]:
        """Up to 50 visits of a customer.

        Args:
            customer_id: Whose.
            since: First day.
            until: Last day, at most 365 days later.
            offset: Of the page before, or None for the first.

        Raises:
            InvalidInput: That is more than Magicline answers.
        """
        if not timedelta(0) <= until - since <= timedelta(days=_MOST_CHECKIN_DAYS):
            raise InvalidInput(f"visits can be read for at most {_MOST_CHECKIN_DAYS} days at once")
        params = {"fromDate": since.isoformat(), "toDate": until.isoformat()}
        return await self._asking.page(op.CHECKINS, self._checkin, offset, customer_id, params=params)

    async def employees(self, offset: str | None = None) -> Page[Employee]:
        """Up to 100 people who work for the studio."""
        return await self._asking.page(op.EMPLOYEES, people.read_employee, offset)

    # --- classes --------------------------------------------------------------------------------------------

    async def classes(self, offset: str | None = None) -> Page[FitnessClass]:
        """Up to 100 classes: those bookable online with a slot from yesterday to in two weeks."""
        return await self._asking.page(op.CLASSES, timetable.read_class, offset)

    async def slots(self, class_id: int, offset: str | None = None) -> Page[Slot]:
        """Up to 100 slots of a class, from yesterday to in two weeks."""
        return await self._asking.page(op.SLOTS, self._slot_of(class_id), offset, class_id)

    async def all_slots(self, day: date, days: int, offset: str | None = None) -> Page[Slot]:
        """Up to 100 slots of all classes (since API 1.7; a tenant may not have it: ``Missing``).

        Args:
            day: The first.
            days: How many days ahead of it; the limit is not documented.
            offset: Of the page before, or None for the first.
        """
        params = {"slotWindowStartDate": day.isoformat(), "daysAhead": str(number(days))}
        return await self._asking.page(op.ALL_SLOTS, self._slot_of(None), offset, params=params)

    async def class_slot(self, class_id: int, slot_id: int) -> Slot | None:
        """One slot as it stands now, or None when there is none."""
        return await self._asking.one(op.CLASS_SLOT, self._slot_of(class_id), class_id, slot_id)

    async def class_bookings(self, customer_id: int) -> Page[Booking]:
        """A customer's bookings of classes, two weeks back and ahead, on one page."""
        params = {"customerId": str(number(customer_id))}
        return await self._asking.whole(op.CLASS_BOOKINGS, timetable.read_class_booking, params=params)

    async def class_booking(self, booking_id: int) -> Booking | None:
        """One booking of a class, or None when there is none."""
        return await self._asking.one(op.CLASS_BOOKING, timetable.read_class_booking, booking_id)

    async def validate_class(
        self, customer_id: int, slot_id: int, *, language: Language | None = None
    ) -> Validation:
        """What Magicline thinks of booking this; changes nothing."""
        body = _class_body(customer_id, slot_id)
        return await self._asking.done(op.VALIDATE_CLASS, timetable.read_validation, body, language)

    async def book_class(
        self, customer_id: int, slot_id: int, *, language: Language | None = None
    ) -> Booking:
        """Book a class, or get on its waiting list when it is full: read the status before saying "booked".

        Args:
            customer_id: Who.
            slot_id: What.
            language: In which a refusal is worded.

        Raises:
            MaybeDone: Read :meth:`class_bookings` before anything else.
        """
        body = _class_body(customer_id, slot_id)
        return await self._asking.done(op.BOOK_CLASS, timetable.read_class_booking, body, language)

    async def cancel_class(self, booking_id: int, *, language: Language | None = None) -> None:
        """Cancel a booking of a class.

        Raises:
            Missing: There is no such booking (any more).
            MaybeDone: Read :meth:`class_booking` before anything else.
        """
        await self._asking.send(op.CANCEL_CLASS, booking_id, language=language)

    # --- appointments ---------------------------------------------------------------------------------------

    async def appointments(self, offset: str | None = None) -> Page[Appointment]:
        """Up to 100 kinds of appointments that can be booked."""
        return await self._asking.page(op.APPOINTMENTS, timetable.read_appointment, offset)

    async def appointment_slots(
        self, appointment_id: int, customer_id: int | None, day: date, days: int
    ) -> Page[AppointmentSlot]:
        """When an appointment can be booked, on one page; none is a usual answer.

        Args:
            appointment_id: Which kind.
            customer_id: For whom, or None for anybody.
            day: The first.
            days: How many days ahead of it, 1 to 6; some studios refuse more than 3 (``Rejected``, 400).

        Raises:
            InvalidInput: Too many days.
        """
        if not 1 <= days <= _MOST_DAYS_AHEAD:
            raise InvalidInput(f"appointments can be looked for 1 to {_MOST_DAYS_AHEAD} days ahead")
        params = {"slotWindowStartDate": day.isoformat(), "daysAhead": str(days)}
        if customer_id is not None:
            params["customerId"] = str(number(customer_id))

        def read(item: Json) -> AppointmentSlot:
            return timetable.read_appointment_slot(item, self._zone)

        return await self._asking.whole(op.APPOINTMENT_SLOTS, read, appointment_id, params=params)

    async def appointment_bookings(self, customer_id: int) -> Page[Booking]:
        """A customer's appointments, two weeks back and ahead, on one page."""
        params = {"customerId": str(number(customer_id))}
        read = self._appointment_of(customer_id)
        return await self._asking.whole(op.APPOINTMENT_BOOKINGS, read, params=params)

    async def appointment_booking(self, booking_id: int) -> Booking | None:
        """One booked appointment, or None when there is none."""
        return await self._asking.one(op.APPOINTMENT_BOOKING, self._appointment_of(None), booking_id)

    async def validate_appointment(
        self,
        customer_id: int,
        appointment_id: int,
        slot: AppointmentSlot,
        *,
        language: Language | None = None,
    ) -> Validation:
        """What Magicline thinks of booking this; changes nothing."""
        body = _appointment_body(customer_id, appointment_id, slot)
        return await self._asking.done(op.VALIDATE_APPOINTMENT, timetable.read_validation, body, language)

    async def book_appointment(
        self,
        customer_id: int,
        appointment_id: int,
        slot: AppointmentSlot,
        *,
        language: Language | None = None,
    ) -> Booking:
        """Book an appointment at the times that a slot named, word for word.

        Args:
            customer_id: Who.
            appointment_id: Which kind.
            slot: When, and with whom.
            language: In which a refusal is worded.

        Raises:
            MaybeDone: Read :meth:`appointment_bookings` before anything else.
        """
        body = _appointment_body(customer_id, appointment_id, slot)
        return await self._asking.done(op.BOOK_APPOINTMENT, self._appointment_of(customer_id), body, language)

    async def cancel_appointment(self, booking_id: int, *, language: Language | None = None) -> None:
        """Cancel an appointment.

        Raises:
            Missing: There is no such booking (any more).
            MaybeDone: Read :meth:`appointment_booking` before anything else.
        """
        await self._asking.send(op.CANCEL_APPOINTMENT, booking_id, language=language)

    # --- the studio -----------------------------------------------------------------------------------------

    async def studio(self) -> Studio:
        """The studio that the key belongs to."""
        content = await self._asking.send(op.STUDIO)
        return wire.read_one(op.STUDIO, content, lambda item: people.read_studio(item, self._zone))

    async def utilization(self) -> Utilization:
        """How full it is by Magicline's count."""
        content = await self._asking.send(op.UTILIZATION)
        return wire.read_one(op.UTILIZATION, content, people.read_utilization)

    async def key_is_valid(self) -> bool:
        """Whether Magicline accepts the key, whatever its scopes; nothing is read and nothing is done."""
        try:
            await self._asking.send(op.KEY_PROBE)
        except NotAllowed as error:
            return error.status != 401
        except Missing:
            return True
        return True

    async def confirm_activation(self) -> None:
        """Say that we are there; needed once, else no webhooks are sent. Doing it again does no harm."""
        await self._asking.send(op.CONFIRM_ACTIVATION)

    # --- how ------------------------------------------------------------------------------------------------

    def _customer(self, item: Json) -> Customer:
        return people.read_customer(item, self._zone)

    def _checkin(self, item: Json) -> CheckIn:
        return people.read_checkin(item, self._zone)

    def _slot_of(self, class_id: int | None) -> Callable[[Json], Slot]:
        return lambda item: timetable.read_slot(item, self._zone, class_id)

    def _appointment_of(self, customer_id: int | None) -> Callable[[Json], Booking]:
        return lambda item: timetable.read_appointment_booking(item, self._zone, customer_id)


def _class_body(customer_id: int, slot_id: int) -> dict[str, Any]:
    return {"customerId": number(customer_id), "classSlotId": number(slot_id)}


def _appointment_body(customer_id: int, appointment_id: int, slot: AppointmentSlot) -> dict[str, Any]:
    body: dict[str, Any] = {
        "customerId": number(customer_id),
        "bookableAppointmentId": number(appointment_id),
        "startDateTime": slot.start_text,
        "endDateTime": slot.end_text,
    }
    if slot.instructors:
        body["instructorIds"] = [instructor.instructor_id for instructor in slot.instructors]
    return body
