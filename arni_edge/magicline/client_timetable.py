"""Questions about classes and appointments, and bookings of both."""

from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any, Final

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.messages import Language
from arni_edge.magicline import operations as op
from arni_edge.magicline import timetable
from arni_edge.magicline.asking import Asking, number
from arni_edge.magicline.model import (
    Appointment,
    AppointmentSlot,
    Booking,
    FitnessClass,
    Page,
    Slot,
    Validation,
)
from arni_edge.magicline.scalars import Json

_MOST_DAYS_AHEAD: Final = 6
"""Of appointment slots; some studios take no more than 3 and answer 400: then ask for less."""


class TimetableQuestions:
    """What the client can ask about what takes place; see :mod:`arni_edge.magicline.client`."""

    _asking: Asking
    _zone: tzinfo

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
