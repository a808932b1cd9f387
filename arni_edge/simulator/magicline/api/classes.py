"""Classes, their slots, and bookings of them."""

from datetime import timedelta
from typing import Any, Final

from arni_edge.simulator.magicline.asking import SLICE, Ask, Operation, absent, sliced
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.lessons import FitnessClass, Slot, booking_as_json, slot_as_json
from arni_edge.simulator.magicline.records import Member
from arni_edge.simulator.magicline.spelling import ZONE

WEEKS: Final = timedelta(days=14)
"""Bookings so far before and after today are listed."""


def _class(gym: Gym, ask: Ask) -> FitnessClass:
    if (found := gym.timetable.classes.get(ask.id("classId"))) is None:
        raise absent("The class")
    return found


def _classes(gym: Gym, ask: Ask) -> Any:
    shown = {one.taught.class_id for one in gym.timetable.slots()}
    classes = [one for one in gym.timetable.classes.values() if one.class_id in shown and one.bookable]
    return sliced(ask, classes, FitnessClass.as_json, by=lambda one: one.class_id)


def _one_class(gym: Gym, ask: Ask) -> Any:
    return _class(gym, ask).as_json()


def _page(gym: Gym, ask: Ask, slots: list[Slot]) -> dict[str, Any]:
    return sliced(ask, slots, lambda one: slot_as_json(gym, one), by=lambda one: one.slot_id)


def _slots(gym: Gym, ask: Ask) -> Any:
    taught = _class(gym, ask)
    return _page(
        gym, ask, [one for one in gym.timetable.slots() if one.taught is taught and not one.cancelled]
    )


def _all_slots(gym: Gym, ask: Ask) -> Any:
    days = ask.within("daysAhead", 1, gym.quirks.class_days, 1)
    first = ask.day("slotWindowStartDate") or gym.today()
    if first.toordinal() + days > gym.today().toordinal() + 3650:
        return sliced(ask, [], FitnessClass.as_json)
    found = gym.timetable.slots(first=first, days=days)
    # By count here, unlike the slots of one class: whoever takes it for an id is wrong.
    taking_place = [one for one in found if not one.cancelled]
    return sliced(ask, taking_place, lambda one: slot_as_json(gym, one))


def _slot(gym: Gym, ask: Ask) -> Any:
    taught, slot = _class(gym, ask), gym.timetable.slot(ask.id("classSlotId"))
    if slot.taught is not taught:
        raise absent("The class slot")
    return slot_as_json(gym, slot)


def _wish(gym: Gym, ask: Ask) -> tuple[Member, Slot]:
    fields = ask.fields()
    customer_id, slot_id = fields.integer("customerId"), fields.integer("classSlotId")
    return gym.member(customer_id), gym.timetable.slot(slot_id)


def _validate(gym: Gym, ask: Ask) -> Any:
    return {"validationStatus": gym.timetable.verdict(*_wish(gym, ask))}


def _book(gym: Gym, ask: Ask) -> Any:
    return booking_as_json(gym, gym.timetable.book(*_wish(gym, ask)))


def _bookings(gym: Gym, ask: Ask) -> Any:
    member, today = gym.member(ask.query_id("customerId")), gym.today()
    return [
        booking_as_json(gym, one)
        for one in gym.timetable.of(member.member_id)
        if abs(one.slot.start.astimezone(ZONE).date() - today) <= WEEKS
        if one.holds or gym.quirks.lists_cancelled
    ]


def _booking(gym: Gym, ask: Ask) -> Any:
    return booking_as_json(gym, gym.timetable.booking(ask.id("bookingId")))


def _cancel(gym: Gym, ask: Ask) -> Any:
    gym.timetable.cancel(gym.timetable.booking(ask.id("bookingId")))


_READ, _WRITE = "CLASSES_READ", "CLASSES_WRITE"
_BOOKING: Final = "/v1/classes/booking"
OPERATIONS: Final = (
    Operation("getActiveClasses", "GET", "/v1/classes", _READ, _classes, SLICE),
    Operation(
        "getclassslotsformultipleclasses",
        "GET",
        "/v1/classes/slots",
        _READ,
        _all_slots,
        (*SLICE, "daysAhead", "slotWindowStartDate"),
    ),
    Operation("getClassBookingsByCustomerId", "GET", _BOOKING, _READ, _bookings, ("customerId",)),
    Operation("validateClassSlot", "POST", f"{_BOOKING}/validate", _READ, _validate),
    Operation("bookClassSlot", "POST", f"{_BOOKING}/book", _WRITE, _book),
    Operation("getClassBookingById", "GET", f"{_BOOKING}/{{bookingId}}", _READ, _booking),
    Operation("cancelClassSlotById", "DELETE", f"{_BOOKING}/{{bookingId}}", _WRITE, _cancel),
    Operation("getClassById", "GET", "/v1/classes/{classId}", _READ, _one_class),
    Operation("getClassSlots", "GET", "/v1/classes/{classId}/slots", _READ, _slots, SLICE),
    Operation("getClassSlotById", "GET", "/v1/classes/{classId}/slots/{classSlotId}", _READ, _slot),
)
