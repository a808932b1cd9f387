"""A class of the simulated gym, one hour of it, and who is in it; as Magicline writes them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from arni_edge.simulator.magicline.spelling import zoned

if TYPE_CHECKING:
    from arni_edge.simulator.magicline.gym import Gym

CANCEL_HOURS: Final = 2
"""Until then whoever is booked can cancel."""

_BOOKABLE_BEFORE: Final = timedelta(days=7)
_ROOMS: Final = {203: ("Raum 1", "hinter der Theke"), 204: ("Raum 2", "im Keller")}


@dataclass(slots=True)
class FitnessClass:
    """What is taught. One that is not bookable is only shown."""

    class_id: int
    title: str
    minutes: int
    category: str
    bookable: bool = True

    def as_json(self) -> dict[str, Any]:
        """The ``Class``."""
        return {
            "id": self.class_id,
            "title": self.title,
            "type": "STUDIO",
            "duration": self.minutes,
            "category": self.category,
            "description": f"{self.title}, {self.minutes} Minuten",
            "imgUrl": None,
            "bookable": self.bookable,
            "cancelCondition": {
                "cancelationAfterLatestPossible": False,
                "latestCancelTerm": {"value": CANCEL_HOURS, "unit": "HOURS"},
            },
        }


@dataclass(slots=True)
class ClassBooking:
    """Somebody in a slot: ``BOOKED``, ``WAITING_LIST`` or ``CANCELED``."""

    booking_id: int
    customer_id: int
    slot: "Slot"
    status: str

    @property
    def holds(self) -> bool:
        """Whether it is not cancelled."""
        return self.status != "CANCELED"


@dataclass(slots=True)
class Slot:
    """One hour of a class.

    Attributes:
        slot_id: Its id.
        taught: Of which class.
        start: When.
        places: How many fit in.
        waiting_room: How many may wait.
        trainer_id: Who teaches.
        room_id: Where.
        additional: Participants whom the staff put in without a booking.
        cancelled: It does not take place.
        bookings: In order, the cancelled ones too.
    """

    slot_id: int
    taught: FitnessClass
    start: datetime
    places: int
    waiting_room: int
    trainer_id: int
    room_id: int = 203
    additional: int = 0
    cancelled: bool = False
    bookings: list[ClassBooking] = field(default_factory=list)

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(minutes=self.taught.minutes)

    @property
    def earliest(self) -> datetime:
        """From when it can be booked."""
        return self.start - _BOOKABLE_BEFORE

    def having(self, status: str) -> list[ClassBooking]:
        """The bookings with a status, first come first."""
        return [one for one in self.bookings if one.status == status]

    @property
    def full(self) -> bool:
        """Whether nobody else fits in."""
        return len(self.having("BOOKED")) + self.additional >= self.places

    @property
    def overrun(self) -> bool:
        """Whether nobody else may even wait."""
        return self.full and len(self.having("WAITING_LIST")) >= self.waiting_room


def slot_as_json(gym: "Gym", slot: Slot) -> dict[str, Any]:
    """The ``ClassSlot``."""
    name, description = _ROOMS[slot.room_id]
    return {
        "id": slot.slot_id,
        "startDateTime": zoned(slot.start),
        "endDateTime": zoned(slot.end),
        "classInformation": {"id": slot.taught.class_id, "title": slot.taught.title},
        "instructors": [gym.employees[slot.trainer_id].as_instructor()]
        if slot.trainer_id in gym.employees
        else [],
        "location": {"id": slot.room_id, "name": name, "description": description},
        "earliestBookingDateTime": zoned(slot.earliest),
        "latestBookingDateTime": zoned(slot.start),
        "maxParticipants": slot.places,
        "maxWaitingListParticipants": slot.waiting_room,
        "bookedParticipants": len(slot.having("BOOKED")),
        "additionalParticipants": slot.additional,
        "waitingListParticipants": len(slot.having("WAITING_LIST")),
    }


def booking_as_json(gym: "Gym", booking: ClassBooking) -> dict[str, Any]:
    """The ``ClassSlotBookingResult``: neither title nor time."""
    slot, over = booking.slot, gym.now() >= booking.slot.end
    return {
        "bookingId": booking.booking_id,
        "bookingStatus": booking.status,
        "classSlotId": slot.slot_id,
        "classId": slot.taught.class_id,
        "customerId": booking.customer_id,
        "classSlotStatus": "CANCELED" if slot.cancelled else "COMPLETED" if over else "PLANNED",
        "participantStatus": "PARTICIPATING" if over and booking.status == "BOOKED" else "UNSET",
    }
