"""The studio itself."""

from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True, slots=True)
class OpeningSpan:
    """Hours that hold from one weekday to another.

    Attributes:
        first_day: 0 is Monday.
        last_day: 0 is Monday; before ``first_day`` when it goes over the end of the week.
        start: The studio's wall clock.
        end: The studio's wall clock; :data:`datetime.time.max` for midnight.
    """

    first_day: int
    last_day: int
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Closure:
    """A time in which the studio is closed.

    Attributes:
        start: From when.
        end: Until when.
        reason: For members.
    """

    start: datetime
    end: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Studio:
    """The studio that the key belongs to.

    Attributes:
        studio_id: Magicline's number.
        name: As members know it.
        country: ISO 3166-1 alpha-2 in upper case, or None; the default for telephone numbers.
        email: Of the studio.
        telephone: Of the studio, as typed.
        address: Street, number, postcode and city in one line.
        opening: When it is open.
        public_opening: What members are told.
        closures: When it is closed all the same.
        access_codes: Whether Magicline makes QR codes for its doors.
    """

    studio_id: int
    name: str = ""
    country: str | None = None
    email: str = ""
    telephone: str = ""
    address: str = ""
    opening: tuple[OpeningSpan, ...] = ()
    public_opening: tuple[OpeningSpan, ...] = ()
    closures: tuple[Closure, ...] = ()
    access_codes: bool = False


@dataclass(frozen=True, slots=True)
class Utilization:
    """How full the studio is by Magicline's own count.

    Attributes:
        count: How many are checked in; may exceed ``capacity``.
        capacity: How many it holds, or None when not limited.
    """

    count: int
    capacity: int | None = None
