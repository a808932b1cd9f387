"""Classes of the simulated gym: their slots, who is booked, who waits, and who moves up."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from arni_edge.simulator.magicline.asking import ApiError, absent
from arni_edge.simulator.magicline.lessons import CANCEL_HOURS, ClassBooking, FitnessClass, Slot
from arni_edge.simulator.magicline.records import Member
from arni_edge.simulator.magicline.spelling import ZONE, at

if TYPE_CHECKING:
    from arni_edge.simulator.magicline.gym import Gym

AHEAD: Final = 14
BACK: Final = 1
"""Days that the lists show."""
MOST_BOOKINGS: Final = 10
"""That one customer may have in front of them."""


_CLASSES: Final = (
    FitnessClass(1_210_000_001, "Yoga", 60, "Körper & Geist"),
    FitnessClass(1_210_000_002, "Spinning", 45, "Ausdauer"),
    FitnessClass(1_210_000_003, "Bauch, Beine, Po", 45, "Kraft"),
    FitnessClass(1_210_000_004, "Rückenschule", 60, "Gesundheit"),
    FitnessClass(1_210_000_005, "Offener Abend", 120, "Treffen", bookable=False),
)
_PLAN: Final = (
    # class, hour, places, waiting room, trainer, room
    (0, 9, 12, 3, 101, 203),
    (1, 17, 8, 4, 102, 204),
    (2, 18, 15, 5, 103, 203),
    (3, 19, 10, 0, 102, 203),
    (4, 20, 30, 0, 101, 204),
)
FULL: Final = 1
"""Place in the plan of the class that is always full, with people waiting; the fourth is sometimes full."""


class Timetable:
    """Every slot that somebody could see, made when its day comes into sight."""

    def __init__(self, gym: "Gym") -> None:
        """No day is in sight yet.

        Args:
            gym: Whose members are booked.
        """
        self._gym = gym
        self.classes = {one.class_id: one for one in _CLASSES}
        self.bookings: dict[int, ClassBooking] = {}
        self.made: dict[tuple[int, int], int] = {}
        """How many bookings were ever made, by customer and slot."""
        self._of: dict[int, list[ClassBooking]] = {}
        self._slots: dict[int, Slot] = {}
        self._seen: set[date] = set()
        self._numbers = 7_000_000_000
        self._extra = 1_600_000_000

    def slots(self, *, first: date | None = None, days: int | None = None) -> list[Slot]:
        """Slots in order of their ids.

        Args:
            first: From this day; None: from yesterday.
            days: For so many days; None: to the end of what is shown.
        """
        today = self._gym.today()
        start = first or today - timedelta(days=BACK)
        end = start + timedelta(days=days) if days is not None else today + timedelta(days=AHEAD + 1)
        self._look(today)
        found = [one for one in self._slots.values() if start <= one.start.astimezone(ZONE).date() < end]
        return sorted(found, key=lambda one: one.slot_id)

    def slot(self, slot_id: int) -> Slot:
        """One that exists.

        Raises:
            ApiError: It does not.
        """
        self._look(self._gym.today())
        if slot_id not in self._slots:
            raise absent("The class slot")
        return self._slots[slot_id]

    def booking(self, booking_id: int) -> ClassBooking:
        """One that exists.

        Raises:
            ApiError: It does not.
        """
        if booking_id not in self.bookings:
            raise absent("The class booking")
        return self.bookings[booking_id]

    def of(self, customer_id: int) -> Iterator[ClassBooking]:
        """All bookings of a customer."""
        return iter(self._of.get(customer_id, ()))

    # --- what the desk does -----------------------------------------------------------------------------

    def add(self, start: datetime, *, places: int = 10, waiting_room: int = 3, taught: int = 0) -> Slot:
        """One more slot.

        Args:
            start: When.
            places: How many fit in.
            waiting_room: How many may wait.
            taught: Place of the class in the list.
        """
        self._extra += 1
        slot = Slot(self._extra, _CLASSES[taught], start.astimezone(ZONE), places, waiting_room, 101)
        self._slots[slot.slot_id] = slot
        return slot

    def cancel_slot(self, slot: Slot, *, told: bool = True) -> None:
        """It does not take place; the bookings stay."""
        slot.cancelled = True
        if told:
            self._gym.tell("CLASS_SLOT_CANCELLED", slot.slot_id, classId=slot.taught.class_id)

    def move_slot(self, slot: Slot, start: datetime, *, told: bool = True) -> None:
        """It takes place at another time."""
        slot.start = start.astimezone(ZONE)
        if told:
            self._gym.tell("CLASS_SLOT_UPDATED", slot.slot_id, classId=slot.taught.class_id)

    # --- booking ----------------------------------------------------------------------------------------

    def verdict(self, member: Member, slot: Slot) -> str:
        """The ``validationStatus`` of a wish: the first obstacle, or ``AVAILABLE``."""
        now, day, gym = self._gym.now(), slot.start.astimezone(ZONE).date(), self._gym
        holding = [one for one in self.of(member.member_id) if one.holds and not one.slot.cancelled]
        elsewhere = [one.slot for one in holding if one.slot is not slot]
        obstacles = {
            "DISPLAY_ONLY": not slot.taught.bookable,
            "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME": now >= slot.start,
            "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME": now < slot.earliest,
            "STUDIO_CLOSED": gym.closed(slot.start),
            "CUSTOMER_ALREADY_BOOKED": len(elsewhere) < len(holding) and not gym.quirks.allows_doubles,
            "CUSTOMER_IN_OTHER_BOOKING": any(o.start < slot.end and slot.start < o.end for o in elsewhere),
            "CUSTOMER_IDLE": member.paused(day),
            "NO_CONTINGENT": not member.may_train(day),
            "BOOKING_LIMIT_REACHED": sum(one.slot.end > now for one in holding) >= MOST_BOOKINGS,
            "NOT_AVAILABLE": slot.overrun,
        }
        if slot.cancelled:
            return "NOT_AVAILABLE"
        return next((word for word, holds in obstacles.items() if holds), "AVAILABLE")

    def book(self, member: Member, slot: Slot) -> ClassBooking:
        """Book, or put on the waiting list.

        Raises:
            ApiError: It cannot be.
        """
        verdict = self.verdict(member, slot)
        if verdict != "AVAILABLE":
            raise ApiError(
                400, f"The booking is not possible: {verdict}", code=f"errormessage.booking.{verdict.lower()}"
            )
        booking = self._enter(member.member_id, slot)
        self._gym.tell("CLASS_BOOKING_CREATED", booking.booking_id)
        return booking

    def cancel(self, booking: ClassBooking) -> None:
        """Cancel; who waits first moves up.

        Raises:
            ApiError: Too late, or it is cancelled already.
        """
        if not booking.holds:
            raise ApiError(400, "The booking is canceled already", code="errormessage.booking.canceled")
        if self._gym.now() > booking.slot.start - timedelta(hours=CANCEL_HOURS):
            raise ApiError(
                400, "The booking cannot be canceled any more", code="errormessage.booking.toolate"
            )
        booking.status = "CANCELED"
        self._gym.tell("CLASS_BOOKING_CANCELLED", booking.booking_id)
        if self._gym.quirks.promotes:
            self.promote(booking.slot)

    def promote(self, slot: Slot) -> ClassBooking | None:
        """Whoever waits first moves up, if there is room."""
        waiting = slot.having("WAITING_LIST")
        if slot.full or not waiting:
            return None
        waiting[0].status = "BOOKED"
        self._gym.tell("CLASS_BOOKING_UPDATED", waiting[0].booking_id)
        return waiting[0]

    def _enter(self, customer_id: int, slot: Slot) -> ClassBooking:
        self._numbers += 1
        status = "WAITING_LIST" if slot.full else "BOOKED"
        booking = ClassBooking(self._numbers, customer_id, slot, status)
        slot.bookings.append(booking)
        self.bookings[booking.booking_id] = booking
        self._of.setdefault(customer_id, []).append(booking)
        key = customer_id, slot.slot_id
        self.made[key] = self.made.get(key, 0) + 1
        return booking

    # --- a day comes into sight -------------------------------------------------------------------------

    def _look(self, today: date) -> None:
        for ahead in range(-BACK, AHEAD + 1):
            if (day := today + timedelta(days=ahead)) not in self._seen:
                self._see(day)

    def _see(self, day: date) -> None:
        self._seen.add(day)
        for place, (taught, hour, places, waiting_room, trainer, room) in enumerate(_PLAN):
            slot_id = 1_500_000_000 + (day.toordinal() - 700_000) * 10 + place
            slot = Slot(slot_id, _CLASSES[taught], at(day, hour), places, waiting_room, trainer, room)
            self._slots[slot_id] = slot
            if slot.taught.bookable:
                self._fill(slot, always=place == FULL)

    def _fill(self, slot: Slot, *, always: bool) -> None:
        """Members of the crowd are booked already; where they are too few, the staff has put others in."""
        gym, day = self._gym, slot.start.date()
        crowd = [
            customer_id
            for customer_id in gym.crowd
            if gym.members[customer_id].listed
            if not any(one.holds and one.slot.start.date() == day for one in self.of(customer_id))
        ]
        dice = gym.dice
        wanted = slot.places + slot.waiting_room // 2 if always else dice.randrange(slot.places + 1)
        coming = dice.sample(crowd, min(wanted, len(crowd)))
        if always:
            slot.additional = max(0, slot.places - len(coming))
        for customer_id in coming:
            self._enter(customer_id, slot)
