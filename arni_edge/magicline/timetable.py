"""Classes, appointments, their slots and bookings, as Magicline writes them."""

from datetime import tzinfo
from typing import Final

from arni_edge.magicline.model import (
    Appointment,
    AppointmentSlot,
    Booking,
    BookingKind,
    BookingStatus,
    ClassKind,
    FitnessClass,
    Instructor,
    Participation,
    Slot,
    TakesPlace,
    Term,
    Validation,
)
from arni_edge.magicline.scalars import (
    Json,
    Unreadable,
    choice,
    each,
    flag,
    identity,
    inner,
    line,
    prose,
    whole,
)
from arni_edge.magicline.times import read_moment

_UNITS: Final = frozenset({"MINUTES", "HOURS", "DAY", "WEEK", "MONTH", "YEAR"})


def read_class(item: Json) -> FitnessClass:
    """One class.

    Raises:
        Unreadable: It has no number.
    """
    condition = inner(item.get("cancelCondition"))
    return FitnessClass(
        class_id=identity(item, "id"),
        title=prose(item.get("title")),
        kind=choice(ClassKind, item.get("type")),
        duration_minutes=whole(item.get("duration")),
        category=prose(item.get("category")),
        description=prose(item.get("description")),
        bookable=flag(item.get("bookable")) is True,
        cancel_until=_term(inner(condition.get("latestCancelTerm"))),
        late_cancel=flag(condition.get("cancelationAfterLatestPossible")),
    )


def read_slot(item: Json, studio: tzinfo, class_id: int | None = None) -> Slot:
    """One time of a class.

    Args:
        item: As Magicline wrote it.
        studio: The studio's zone.
        class_id: Of which class, where only the question knows it (before API 1.11).

    Raises:
        Unreadable: It has no number.
    """
    own_class = inner(item.get("classInformation"))
    named = whole(own_class.get("id"))
    start, end = (read_moment(item.get(key), studio) for key in ("startDateTime", "endDateTime"))
    return Slot(
        slot_id=identity(item, "id"),
        class_id=class_id if named is None else named,
        title=prose(own_class.get("title")),
        start=start,
        end=end,
        start_text=str(item["startDateTime"]) if start else "",
        end_text=str(item["endDateTime"]) if end else "",
        instructors=each(item.get("instructors"), _instructor),
        location=line(inner(item.get("location")).get("name")),
        bookable_from=read_moment(item.get("earliestBookingDateTime"), studio),
        bookable_until=read_moment(item.get("latestBookingDateTime"), studio),
        places=whole(item.get("maxParticipants")),
        booked=whole(item.get("bookedParticipants")) or 0,
        added=whole(item.get("additionalParticipants")) or 0,
        waiting=whole(item.get("waitingListParticipants")) or 0,
        waiting_places=whole(item.get("maxWaitingListParticipants")) or 0,
    )


def read_appointment(item: Json) -> Appointment:
    """Something that can be booked with a member of staff.

    Raises:
        Unreadable: It has no number.
    """
    return Appointment(
        appointment_id=identity(item, "id"),
        title=prose(item.get("title")),
        duration_minutes=whole(item.get("duration")),
        category=prose(item.get("category")),
        description=prose(item.get("description")),
    )


def read_appointment_slot(item: Json, studio: tzinfo) -> AppointmentSlot:
    """One time of an appointment.

    Raises:
        Unreadable: It has no times: then there is nothing that could be booked.
    """
    start, end = (read_moment(item.get(key), studio) for key in ("startDateTime", "endDateTime"))
    if start is None or end is None:
        raise Unreadable("no startDateTime or no endDateTime")
    # Verbatim: what is sent back must be what came.
    texts = str(item["startDateTime"]), str(item["endDateTime"])
    return AppointmentSlot(start, end, *texts, instructors=each(item.get("instructors"), _instructor))


def read_class_booking(item: Json) -> Booking:
    """A booking of a class.

    Raises:
        Unreadable: It has no number.
    """
    return Booking(
        kind=BookingKind.CLASS,
        booking_id=identity(item, "bookingId"),
        status=choice(BookingStatus, item.get("bookingStatus")),
        customer_id=whole(item.get("customerId")),
        slot_id=whole(item.get("classSlotId")),
        class_id=whole(item.get("classId")),
        takes_place=choice(TakesPlace, item.get("classSlotStatus")),
        participation=choice(Participation, item.get("participantStatus")),
    )


def read_appointment_booking(item: Json, studio: tzinfo, customer_id: int | None = None) -> Booking:
    """A booking of an appointment.

    Args:
        item: As Magicline wrote it.
        studio: The studio's zone.
        customer_id: Whose, where only the question knows it.

    Raises:
        Unreadable: It has no number.
    """
    named = whole(item.get("customerId"))
    return Booking(
        kind=BookingKind.APPOINTMENT,
        booking_id=identity(item, "bookingId"),
        status=choice(BookingStatus, item.get("bookingStatus")),
        customer_id=customer_id if named is None else named,
        start=read_moment(item.get("startDateTime"), studio),
        end=read_moment(item.get("endDateTime"), studio),
        title=prose(item.get("title")),
        takes_place=choice(TakesPlace, item.get("appointmentStatus")),
        participation=choice(Participation, item.get("participantStatus")),
    )


def read_validation(item: Json) -> Validation:
    """What Magicline thinks of a booking; ``UNKNOWN`` for an opinion that is newer than this code.

    Raises:
        Unreadable: It gave none.
    """
    if not isinstance(item.get("validationStatus"), str):
        raise Unreadable("no validationStatus")
    return choice(Validation, item["validationStatus"])


def _instructor(item: Json) -> Instructor | None:
    number = whole(item.get("id"))
    if number is None:
        return None
    full = f"{line(item.get('firstName'))} {line(item.get('lastName'))}".strip()
    return Instructor(number, line(item.get("publicName")) or full)


def _term(item: Json) -> Term | None:
    value, unit = whole(item.get("value")), line(item.get("unit"))
    return None if value is None or unit not in _UNITS else Term(value, unit)
