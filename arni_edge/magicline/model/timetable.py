"""What takes place, when, and who has booked it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class ClassKind(StrEnum):
    """Where a class takes place."""

    STUDIO = "STUDIO"
    STREAM = "STREAM"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Term:
    """A span such as two hours.

    Attributes:
        value: How many.
        unit: ``MINUTES``, ``HOURS``, ``DAY``, ``WEEK``, ``MONTH`` or ``YEAR``.
    """

    value: int
    unit: str


@dataclass(frozen=True, slots=True)
class FitnessClass:
    """A class that takes place again and again.

    Attributes:
        class_id: Magicline's number.
        title: As members know it.
        kind: Where.
        duration_minutes: How long, or None.
        category: The studio's.
        description: For members.
        bookable: Whether it can be booked at all.
        cancel_until: How long before the start it can be cancelled, or None when unknown (before API 1.11).
        late_cancel: Whether it can be cancelled after that, too; None when unknown.
    """

    class_id: int
    title: str = ""
    kind: ClassKind = ClassKind.UNKNOWN
    duration_minutes: int | None = None
    category: str = ""
    description: str = ""
    bookable: bool = False
    cancel_until: Term | None = None
    late_cancel: bool | None = None


@dataclass(frozen=True, slots=True)
class Instructor:
    """Who leads a class or an appointment.

    Attributes:
        instructor_id: Magicline's number.
        name: What members may read: the public name where there is one.
    """

    instructor_id: int
    name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """One time at which a class takes place.

    Attributes:
        slot_id: Magicline's number.
        class_id: Of which class, or None where nobody said.
        title: Of the class; empty where nobody said.
        start: When it begins, or None.
        end: When it ends, or None.
        start_text: ``start`` exactly as Magicline wrote it.
        end_text: ``end`` exactly as Magicline wrote it.
        instructors: Who leads it; empty at many studios.
        location: The room, or empty.
        bookable_from: From when it can be booked, or None.
        bookable_until: Until when it can be booked, or None.
        places: How many may take part; None when not limited.
        booked: How many have booked.
        added: How many the studio added by hand; whether ``booked`` holds them, Magicline does not say.
        waiting: How many wait.
        waiting_places: How many may wait; 0 when there is no waiting list.
    """

    slot_id: int
    class_id: int | None = None
    title: str = ""
    start: datetime | None = None
    end: datetime | None = None
    start_text: str = ""
    end_text: str = ""
    instructors: tuple[Instructor, ...] = ()
    location: str = ""
    bookable_from: datetime | None = None
    bookable_until: datetime | None = None
    places: int | None = None
    booked: int = 0
    added: int = 0
    waiting: int = 0
    waiting_places: int = 0

    @property
    def free(self) -> int | None:
        """Places that are certainly free; None when not limited. No promise: validate before one is made."""
        return None if self.places is None else max(0, self.places - self.booked - self.added)


@dataclass(frozen=True, slots=True)
class Appointment:
    """Something that can be booked with a member of staff, for instance a body check.

    Attributes:
        appointment_id: Magicline's number of the offer, not of a booking.
        title: As members know it.
        duration_minutes: How long, or None.
        category: The studio's.
        description: For members.
    """

    appointment_id: int
    title: str = ""
    duration_minutes: int | None = None
    category: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentSlot:
    """One time at which an appointment can be booked. It has no number: its times are what is booked.

    Attributes:
        start: When it begins.
        end: When it ends.
        start_text: ``start`` exactly as Magicline wrote it; sent back verbatim when it is booked.
        end_text: ``end`` exactly as Magicline wrote it; sent back verbatim when it is booked.
        instructors: Who would lead it; empty at many studios.
    """

    start: datetime
    end: datetime
    start_text: str
    end_text: str
    instructors: tuple[Instructor, ...] = ()


class BookingKind(StrEnum):
    """Of what a booking is."""

    CLASS = "class"
    APPOINTMENT = "appointment"


class BookingStatus(StrEnum):
    """How a booking stands."""

    BOOKED = "BOOKED"
    NEEDS_CONFIRMATION = "BOOKED_WITH_CONFIRMATION_REQUIRED"
    WAITING_LIST = "WAITING_LIST"
    CANCELED = "CANCELED"
    UNKNOWN = "UNKNOWN"


class TakesPlace(StrEnum):
    """What became of that which was booked."""

    PLANNED = "PLANNED"
    CANCELED = "CANCELED"
    COMPLETED = "COMPLETED"
    UNKNOWN = "UNKNOWN"


class Participation(StrEnum):
    """Whether somebody came."""

    PARTICIPATING = "PARTICIPATING"
    NOT_PARTICIPATING = "NOT_PARTICIPATING"
    UNSET = "UNSET"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking of a class or an appointment.

    Magicline's bookings of classes carry no title and no times: read the slot for those.

    Attributes:
        kind: Of what.
        booking_id: Magicline's number; classes and appointments count apart.
        status: How it stands. Nobody is told "booked" before this was read.
        customer_id: Whose, or None where nobody said.
        slot_id: The class's slot; None for appointments.
        class_id: The class; None for appointments.
        start: When it begins; None for classes.
        end: When it ends; None for classes.
        title: Of the appointment; empty for classes.
        takes_place: What became of that which was booked.
        participation: Whether they came.
    """

    kind: BookingKind
    booking_id: int
    status: BookingStatus = BookingStatus.UNKNOWN
    customer_id: int | None = None
    slot_id: int | None = None
    class_id: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    title: str = ""
    takes_place: TakesPlace = TakesPlace.UNKNOWN
    participation: Participation = Participation.UNKNOWN

    @property
    def stands(self) -> bool:
        """Whether it keeps a place or one on the waiting list; an unknown status counts as that."""
        return self.status is not BookingStatus.CANCELED


class Validation(StrEnum):
    """What Magicline thinks of a booking before it is made."""

    AVAILABLE = "AVAILABLE"
    NO_CONTINGENT = "NO_CONTINGENT"
    BOOKING_LIMIT_REACHED = "BOOKING_LIMIT_REACHED"
    CUSTOMER_ALREADY_BOOKED = "CUSTOMER_ALREADY_BOOKED"
    CUSTOMER_IDLE = "CUSTOMER_IDLE"
    CUSTOMER_IN_OTHER_BOOKING = "CUSTOMER_IN_OTHER_BOOKING"
    DISPLAY_ONLY = "DISPLAY_ONLY"
    TOO_EARLY = "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
    TOO_LATE = "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME"
    STUDIO_CLOSED = "STUDIO_CLOSED"
    NOT_AVAILABLE = "NOT_AVAILABLE"
    IN_THE_PAST = "PAST_START_DATE_TIME"
    ENDS_BEFORE_START = "END_DATE_TIME_NOT_AFTER_START_DATE_TIME"
    WRONG_DURATION = "PERIOD_DOES_NOT_MATCH"
    RESTRICTED = "BOOKABLE_APPOINTMENT_RESTRICTIONS_NOT_FULFILLED"
    RESOURCE_NOT_AVAILABLE = "RESOURCE_NOT_AVAILABLE"
    UNKNOWN = "UNKNOWN"
