"""Appointments: what can be booked, when, and bookings of them."""

from datetime import timedelta
from typing import Any, Final

from arni_edge.simulator.magicline.api.classes import WEEKS
from arni_edge.simulator.magicline.asking import SLICE, Ask, Operation, sliced
from arni_edge.simulator.magicline.diary import Bookable, Wish, appointment_as_json
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.records import Member
from arni_edge.simulator.magicline.spelling import ZONE, zoned

_MOST_DAYS: Final = 6


def _bookables(gym: Gym, ask: Ask) -> Any:
    return sliced(ask, list(gym.diary.bookables.values()), Bookable.as_json)


def _bookable(gym: Gym, ask: Ask) -> Any:
    return gym.diary.bookable(ask.id("bookableAppointmentId")).as_json()


def _slots(gym: Gym, ask: Ask) -> Any:
    bookable = gym.diary.bookable(ask.id("bookableAppointmentId"))
    days = ask.within("daysAhead", 1, min(_MOST_DAYS, gym.quirks.appointment_days), 1)
    if "customerId" in ask.query:
        gym.member(ask.query_id("customerId"))
    first = ask.day("slotWindowStartDate") or gym.today()
    if not 0 <= first.toordinal() + days - gym.today().toordinal() < 366:
        return []
    return [
        {
            "startDateTime": zoned(start),
            "endDateTime": zoned(start + timedelta(minutes=bookable.minutes)),
            "instructors": [gym.employees[one].as_instructor() for one in free],
        }
        for start, free in gym.diary.slots(bookable, first, days)
    ]


def _wish(gym: Gym, ask: Ask) -> tuple[Member, Wish]:
    fields = ask.fields()
    customer_id, bookable_id = fields.integer("customerId"), fields.integer("bookableAppointmentId")
    start, end = fields.moment("startDateTime"), fields.moment("endDateTime")
    trainers = tuple(fields.ids("instructorIds"))
    return gym.member(customer_id), Wish(gym.diary.bookable(bookable_id), start, end, trainers)


def _validate(gym: Gym, ask: Ask) -> Any:
    return {"validationStatus": gym.diary.verdict(*_wish(gym, ask))}


def _book(gym: Gym, ask: Ask) -> Any:
    return appointment_as_json(gym, gym.diary.book(*_wish(gym, ask)))


def _bookings(gym: Gym, ask: Ask) -> Any:
    member, today = gym.member(ask.query_id("customerId")), gym.today()
    return [
        appointment_as_json(gym, one)
        for one in gym.diary.of(member.member_id)
        if abs(one.start.astimezone(ZONE).date() - today) <= WEEKS
        if one.status == "BOOKED" or gym.quirks.lists_cancelled
    ]


def _booking(gym: Gym, ask: Ask) -> Any:
    booking = gym.diary.booking(ask.id("bookingId"))
    return appointment_as_json(gym, booking) | {"customerId": booking.customer_id}


def _cancel(gym: Gym, ask: Ask) -> Any:
    gym.diary.cancel(gym.diary.booking(ask.id("bookingId")))
    return {"success": "true"}


_AT: Final = "/v1/appointments"
_BOOKABLE: Final = f"{_AT}/bookable/{{bookableAppointmentId}}"
_LOOK: Final = "BOOKABLE_APPOINTMENTS_READ"
_READ, _WRITE = "APPOINTMENTS_READ", "APPOINTMENTS_WRITE"
OPERATIONS: Final = (
    Operation("getBookableAppointments", "GET", f"{_AT}/bookable", _LOOK, _bookables, SLICE),
    Operation("validateForAppointmentBooking", "POST", f"{_AT}/bookable/validate", _LOOK, _validate),
    Operation("getBookableAppointment", "GET", _BOOKABLE, _LOOK, _bookable),
    Operation(
        "getBookableAppointmentSlots",
        "GET",
        f"{_BOOKABLE}/slots",
        _LOOK,
        _slots,
        ("customerId", "daysAhead", "slotWindowStartDate"),
    ),
    Operation("getAppointmentBookings", "GET", f"{_AT}/booking", _READ, _bookings, ("customerId",)),
    Operation("bookAppointmentBooking", "POST", f"{_AT}/booking/book", _WRITE, _book),
    Operation("getAppointmentBooking", "GET", f"{_AT}/booking/{{bookingId}}", _READ, _booking),
    Operation("deleteAppointmentBooking", "DELETE", f"{_AT}/booking/{{bookingId}}", _WRITE, _cancel),
)
