"""What can be booked and what is booked, as the rest of the house calls it: one word that says everything.

Magicline's slots of appointments have no number: their times, word for word, are what is booked. So the word
for one carries them. Pure; what comes in is hostile.
"""

import re
from datetime import tzinfo
from typing import Final

from arni_edge.domain.bookings import NotBooked, Obstacle
from arni_edge.magicline.model import AppointmentSlot, BookingKind, Instructor
from arni_edge.magicline.times import read_moment

LONGEST: Final = 400
"""Characters of the word for a slot."""

_LARGEST: Final = 2**63 - 1
_NUMBER: Final = r"[0-9]{1,19}"
_CLASS: Final = re.compile(rf"class/({_NUMBER})/({_NUMBER})", re.ASCII)
_APPOINTMENT: Final = re.compile(
    rf"appointment/({_NUMBER})/([^|\s]{{10,80}})\|([^|\s]{{10,80}})\|((?:{_NUMBER}(?:,{_NUMBER}){{0,9}})?)",
    re.ASCII,
)
_BOOKING: Final = re.compile(rf"(class|appointment)/({_NUMBER})", re.ASCII)


def class_slot_id(class_id: int, slot_id: int) -> str:
    """The word for one time of a class."""
    return f"class/{class_id}/{slot_id}"


def appointment_slot_id(appointment_id: int, slot: AppointmentSlot) -> str:
    """The word for one time of an appointment."""
    who = ",".join(str(one.instructor_id) for one in slot.instructors)
    return f"appointment/{appointment_id}/{slot.start_text}|{slot.end_text}|{who}"


def booking_id(kind: BookingKind, number: int) -> str:
    """The word for a booking: classes and appointments count apart."""
    return f"{kind}/{number}"


def read_class_slot(word: str) -> tuple[int, int] | None:
    """Class and slot; None when it is no word for one."""
    match = _CLASS.fullmatch(word)
    return None if match is None else (_number(match[1]), _number(match[2]))


def read_appointment_slot(word: str, zone: tzinfo) -> tuple[int, AppointmentSlot]:
    """Which appointment, and when.

    Args:
        word: Of a slot; hostile.
        zone: The studio's, for times that name none.

    Raises:
        NotBooked: It is no such word.
    """
    match = _APPOINTMENT.fullmatch(word) if len(word) <= LONGEST else None
    start, end = (read_moment(match[n], zone) if match else None for n in (2, 3))
    if match is None or start is None or end is None:
        raise NotBooked(Obstacle.GONE)
    who = tuple(Instructor(_number(one)) for one in match[4].split(",") if one)
    return _number(match[1]), AppointmentSlot(start, end, match[2], match[3], who)


def read_booking(word: str) -> tuple[BookingKind, int]:
    """Kind and number of a booking.

    Raises:
        NotBooked: It is no such word.
    """
    match = _BOOKING.fullmatch(word)
    if match is None:
        raise NotBooked(Obstacle.GONE)
    return BookingKind(match[1]), _number(match[2])


def _number(digits: str) -> int:
    number = int(digits)
    if number > _LARGEST:
        raise NotBooked(Obstacle.GONE)
    return number
