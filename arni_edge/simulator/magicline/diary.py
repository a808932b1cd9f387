"""Appointments of the simulated gym: what can be booked with whom, and when somebody is free."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from arni_edge.simulator.magicline.asking import ApiError, absent
from arni_edge.simulator.magicline.records import Member
from arni_edge.simulator.magicline.spelling import ZONE, at, zoned

if TYPE_CHECKING:
    from arni_edge.simulator.magicline.gym import Gym

_OPENS, _CLOSES = 9, 20
_FORESIGHT: Final = timedelta(days=60)
_BUSY: Final = 0.3
"""How likely a trainer has something else to do."""


@dataclass(frozen=True, slots=True)
class Bookable:
    """What an appointment can be about."""

    bookable_id: int
    title: str
    minutes: int
    category: str
    trainers: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """The ``BookableAppointment``."""
        return {
            "id": self.bookable_id,
            "title": self.title,
            "duration": self.minutes,
            "category": self.category,
            "description": f"{self.title}, {self.minutes} Minuten",
            "imgUrl": None,
        }


@dataclass(slots=True)
class AppointmentBooking:
    """Somebody's appointment: ``BOOKED`` or ``CANCELED``."""

    booking_id: int
    customer_id: int
    bookable: Bookable
    start: datetime
    trainer_id: int
    status: str = "BOOKED"

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + timedelta(minutes=self.bookable.minutes)

    def meets(self, start: datetime, end: datetime) -> bool:
        """Whether it takes place, and in that time."""
        return self.status == "BOOKED" and self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class Wish:
    """What an ``AppointmentBookingRequest`` asks for."""

    bookable: Bookable
    start: datetime
    end: datetime
    trainers: tuple[int, ...] = ()


_BOOKABLES: Final = (
    Bookable(20_334, "Probetraining", 60, "Beratung", (102, 103, 104)),
    Bookable(20_335, "Geräteeinweisung", 30, "Beratung", (102, 103)),
    Bookable(20_336, "Körperanalyse", 30, "Gesundheit", (104,)),
)


class Diary:
    """Who is free, and who has an appointment."""

    def __init__(self, gym: "Gym") -> None:
        """Nobody has one yet.

        Args:
            gym: Whose trainers.
        """
        self._gym = gym
        self._seed = gym.dice.getrandbits(32)
        self._numbers = 7_500_000_000
        self.bookables = {one.bookable_id: one for one in _BOOKABLES}
        self.bookings: dict[int, AppointmentBooking] = {}
        self.made: dict[tuple[int, datetime], int] = {}
        """How many bookings were ever made, by customer and start."""

    def bookable(self, bookable_id: int) -> Bookable:
        """One that exists.

        Raises:
            ApiError: It does not.
        """
        if bookable_id not in self.bookables:
            raise absent("The bookable appointment")
        return self.bookables[bookable_id]

    def booking(self, booking_id: int) -> AppointmentBooking:
        """One that exists.

        Raises:
            ApiError: It does not.
        """
        if booking_id not in self.bookings:
            raise absent("The appointment booking")
        return self.bookings[booking_id]

    def of(self, customer_id: int) -> Iterator[AppointmentBooking]:
        """All appointments of a customer."""
        return (one for one in self.bookings.values() if one.customer_id == customer_id)

    def slots(self, bookable: Bookable, first: date, days: int) -> list[tuple[datetime, list[int]]]:
        """When it can be booked, with whom; in order."""
        found = []
        for day in range(days):
            start = at(first + timedelta(days=day), _OPENS)
            while start + timedelta(minutes=bookable.minutes) <= at(first + timedelta(days=day), _CLOSES):
                free = self._free(bookable, start)
                if free and start > self._gym.now() and not self._gym.closed(start):
                    found.append((start, free))
                start += timedelta(minutes=bookable.minutes)
        return found

    def _free(self, bookable: Bookable, start: datetime) -> list[int]:
        end = start + timedelta(minutes=bookable.minutes)
        taken = {one.trainer_id for one in self.bookings.values() if one.meets(start, end)}
        return [
            trainer
            for trainer in bookable.trainers
            if trainer not in taken and trainer in self._gym.employees
            if Random(f"{self._seed} {trainer} {start.astimezone(ZONE):%Y-%m-%d %H}").random() >= _BUSY
        ]

    def verdict(self, member: Member, wish: Wish) -> str:
        """The ``validationStatus`` of a wish."""
        gym, start, end = self._gym, wish.start, wish.end
        day = start.date()
        if start <= gym.now():
            return "PAST_START_DATE_TIME"
        if end <= start:
            return "END_DATE_TIME_NOT_AFTER_START_DATE_TIME"
        if end - start != timedelta(minutes=wish.bookable.minutes):
            return "PERIOD_DOES_NOT_MATCH"
        if start > gym.now() + _FORESIGHT:
            return "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
        if gym.closed(start):
            return "STUDIO_CLOSED"
        if not gym.quirks.allows_doubles and self._engaged(member, start, end):
            return "CUSTOMER_IN_OTHER_BOOKING"
        if member.paused(day):
            return "CUSTOMER_IDLE"
        if not member.may_train(day) and member.status != "PROSPECT":
            return "NO_CONTINGENT"
        return "AVAILABLE" if self._trainer(wish) is not None else "RESOURCE_NOT_AVAILABLE"

    def _engaged(self, member: Member, start: datetime, end: datetime) -> bool:
        classes = self._gym.timetable.of(member.member_id)
        return any(one.meets(start, end) for one in self.of(member.member_id)) or any(
            one.holds and one.slot.start < end and start < one.slot.end for one in classes
        )

    def _trainer(self, wish: Wish) -> int | None:
        day = wish.start.date()
        free = dict(self.slots(wish.bookable, day, 1)).get(wish.start, [])
        if not set(wish.trainers) <= set(free):
            return None
        return next(iter(wish.trainers or free), None)

    def book(self, member: Member, wish: Wish) -> AppointmentBooking:
        """Book.

        Raises:
            ApiError: It cannot be.
        """
        verdict = self.verdict(member, wish)
        trainer = self._trainer(wish)
        if verdict != "AVAILABLE" or trainer is None:
            raise ApiError(
                400, f"The booking is not possible: {verdict}", code=f"errormessage.booking.{verdict.lower()}"
            )
        self._numbers += 1
        booking = AppointmentBooking(self._numbers, member.member_id, wish.bookable, wish.start, trainer)
        self.bookings[booking.booking_id] = booking
        key = member.member_id, wish.start
        self.made[key] = self.made.get(key, 0) + 1
        self._gym.tell("APPOINTMENT_BOOKING_CREATED", booking.booking_id)
        return booking

    def cancel(self, booking: AppointmentBooking) -> None:
        """Cancel.

        Raises:
            ApiError: It is over, or cancelled already.
        """
        if booking.status != "BOOKED":
            raise ApiError(400, "The booking is canceled already", code="errormessage.booking.canceled")
        if self._gym.now() >= booking.start:
            raise ApiError(
                400, "The booking cannot be canceled any more", code="errormessage.booking.toolate"
            )
        booking.status = "CANCELED"
        self._gym.tell("APPOINTMENT_BOOKING_CANCELLED", booking.booking_id)

    def move(self, booking: AppointmentBooking, start: datetime) -> None:
        """The desk moves an appointment."""
        booking.start = start.astimezone(ZONE)
        self._gym.tell("APPOINTMENT_BOOKING_UPDATED", booking.booking_id)


def appointment_as_json(gym: "Gym", booking: AppointmentBooking) -> dict[str, Any]:
    """The ``AppointmentBookingResult``."""
    over, cancelled = gym.now() >= booking.end, booking.status == "CANCELED"
    about = {name: value for name, value in booking.bookable.as_json().items() if name != "id"}
    return about | {
        "bookingId": booking.booking_id,
        "bookingStatus": booking.status,
        "startDateTime": zoned(booking.start),
        "endDateTime": zoned(booking.end),
        "instructors": [gym.employees[booking.trainer_id].as_instructor()],
        "appointmentStatus": "CANCELED" if cancelled else "COMPLETED" if over else "PLANNED",
        "participantStatus": "PARTICIPATING" if over and not cancelled else "UNSET",
    }
