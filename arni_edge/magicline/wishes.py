"""What of bookings waits in the outbox, and what became of it: pure; a row says everything by itself."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from arni_edge.domain.bookings import Booked, Obstacle, Session, Standing
from arni_edge.domain.errors import InvalidInput
from arni_edge.magicline.booking_ids import booking_id
from arni_edge.magicline.model import (
    AppointmentSlot,
    Booking,
    BookingKind,
    BookingStatus,
    Instructor,
    Validation,
)
from arni_edge.magicline.times import read_moment

LINE: Final = "magicline"
"""Of the outbox."""
KIND: Final = "booking"
"""Of its rows."""


@dataclass(frozen=True, slots=True)
class BookClass:
    """Somebody wants to take part in a class."""

    customer: int
    class_id: int
    slot: int


@dataclass(frozen=True, slots=True)
class BookAppointment:
    """Somebody wants an appointment, at times that are sent back word for word."""

    customer: int
    appointment: int
    slot: AppointmentSlot


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody wants a booking cancelled.

    Attributes:
        customer: Whose it is.
        kind: Of a class or an appointment.
        booking: Its number.
        session: Of what it is, for whoever is told; None: nobody is.
    """

    customer: int
    kind: BookingKind
    booking: int
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Whatever was booked by another row is to be cancelled; nothing, if nothing was.

    Attributes:
        customer: Whose; the other row is theirs, and so has ended before this one is taken.
        of: The other row's key.
    """

    customer: int
    of: str


Wish = BookClass | BookAppointment
Act = Wish | Cancel | TakeBack


def to_payload(act: Act) -> dict[str, Any]:
    """As it is stored."""
    fields: dict[str, Any] = {"customer": act.customer}
    if isinstance(act, BookClass):
        return {"act": "book_class", **fields, "class": act.class_id, "slot": act.slot}
    if isinstance(act, BookAppointment):
        return {
            "act": "book_appointment",
            **fields,
            "appointment": act.appointment,
            "start": act.slot.start_text,
            "end": act.slot.end_text,
            "instructors": [one.instructor_id for one in act.slot.instructors],
        }
    if isinstance(act, Cancel):
        about = {} if act.session is None else to_fields(act.session)
        return {"act": f"cancel_{act.kind}", **fields, "booking": act.booking, **about}
    return {"act": "take_back", **fields, "of": act.of}


def from_payload(payload: Mapping[str, Any], zone: tzinfo) -> Act:
    """As it was stored.

    Args:
        payload: Of a row.
        zone: The studio's, for times that name none.

    Raises:
        InvalidInput: Nobody can understand it.
    """
    try:
        kind, customer = payload["act"], int(payload["customer"])
        if kind == "book_class":
            return BookClass(customer, int(payload["class"]), int(payload["slot"]))
        if kind == "book_appointment":
            return BookAppointment(customer, int(payload["appointment"]), _slot(payload, zone))
        if kind in {"cancel_class", "cancel_appointment"}:
            session = session_of(payload) if "start" in payload else None
            kind = BookingKind(kind.removeprefix("cancel_"))
            return Cancel(customer, kind, int(payload["booking"]), session)
        if kind == "take_back":
            return TakeBack(customer, str(payload["of"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    raise InvalidInput("the row asks for nothing that can be done with a booking")


def _slot(payload: Mapping[str, Any], zone: tzinfo) -> AppointmentSlot:
    texts = str(payload["start"]), str(payload["end"])
    start, end = (read_moment(one, zone) for one in texts)
    if start is None or end is None:
        raise ValueError
    return AppointmentSlot(start, end, *texts, tuple(Instructor(int(one)) for one in payload["instructors"]))


# --- what is there already --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """What a customer's bookings show of a wish.

    Attributes:
        made: The booking that this wish has made, or None. It may be cancelled by now.
        had: One that stands and was there before the wish, or None.
        ids: All bookings of the same slot or time, whatever became of them.
    """

    made: Booking | None
    had: Booking | None
    ids: tuple[int, ...]


def look_for(wish: Wish, bookings: Iterable[Booking], before: Collection[int] | None) -> Seen:
    """What of a wish is there.

    Args:
        wish: What.
        bookings: All that the customer has.
        before: Numbers of the bookings of the same slot that were there when the request left; None: none
            ever left.
    """
    same = [one for one in bookings if _is_of(wish, one)]
    fresh = [one for one in same if before is not None and one.booking_id not in before]
    made = next((one for one in fresh if one.stands), fresh[0] if fresh else None)
    old = (one for one in same if one.stands and one not in fresh)
    return Seen(made, next(old, None), tuple(one.booking_id for one in same))


def _is_of(wish: Wish, booking: Booking) -> bool:
    if isinstance(wish, BookClass):
        return booking.slot_id == wish.slot
    # A booking does not say of which kind of appointment it is; nobody has two at once.
    return booking.start == wish.slot.start


# --- what became of it ------------------------------------------------------------------------------------

_STANDINGS: Final = {
    BookingStatus.BOOKED: Standing.BOOKED,
    BookingStatus.WAITING_LIST: Standing.WAITING,
    BookingStatus.NEEDS_CONFIRMATION: Standing.TO_CONFIRM,
}
_OBSTACLES: Final = {
    Validation.NO_CONTINGENT: Obstacle.NOT_INCLUDED,
    Validation.BOOKING_LIMIT_REACHED: Obstacle.LIMIT,
    Validation.CUSTOMER_ALREADY_BOOKED: Obstacle.ALREADY,
    Validation.CUSTOMER_IDLE: Obstacle.PAUSED,
    Validation.CUSTOMER_IN_OTHER_BOOKING: Obstacle.ELSEWHERE,
    Validation.DISPLAY_ONLY: Obstacle.NOT_BOOKABLE,
    Validation.TOO_EARLY: Obstacle.TOO_EARLY,
    Validation.TOO_LATE: Obstacle.TOO_LATE,
    Validation.IN_THE_PAST: Obstacle.TOO_LATE,
    Validation.STUDIO_CLOSED: Obstacle.CLOSED,
    Validation.RESTRICTED: Obstacle.NOT_INCLUDED,
    Validation.RESOURCE_NOT_AVAILABLE: Obstacle.FULL,
    Validation.NOT_AVAILABLE: Obstacle.NOT_BOOKABLE,
}


def obstacle_of(validation: Validation) -> Obstacle | None:
    """Why Magicline would not book it; None: nothing is in the way."""
    return None if validation is Validation.AVAILABLE else _OBSTACLES.get(validation, Obstacle.OTHER)


def standing_of(status: BookingStatus) -> Standing:
    """How a booking stands that is not cancelled."""
    return _STANDINGS.get(status, Standing.UNKNOWN)


def result_of(booking: Booking, session: Session, *, already: bool) -> dict[str, Any]:
    """What is stored of a booking that is there."""
    return {
        "booking": booking_id(booking.kind, booking.booking_id),
        "standing": standing_of(booking.status),
        **to_fields(session),
        "already": already,
    }


def booked_of(result: Mapping[str, Any]) -> Booked:
    """The same, read again."""
    standing = Standing(result["standing"])
    return Booked(result["booking"], standing, session_of(result), bool(result["already"]))


def to_fields(session: Session) -> dict[str, Any]:
    """A session as it is stored."""
    return {"title": session.title, "start": session.start.isoformat()}


def session_of(fields: Mapping[str, Any]) -> Session:
    """The same, read again."""
    return Session(str(fields["title"]), datetime.fromisoformat(fields["start"]))
