"""Bookings of classes and appointments: what is said of them between whoever keeps them and whoever asks."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arni_edge.domain.errors import ArniError, Refused


@dataclass(frozen=True, slots=True)
class Session:
    """A class or an appointment at a time.

    Attributes:
        title: As members know it; empty where nobody said.
        start: When it begins (aware).
    """

    title: str
    start: datetime


class Standing(StrEnum):
    """How a booking stands. Only :attr:`BOOKED` is a place."""

    BOOKED = "booked"
    WAITING = "waiting"
    """On the waiting list."""
    TO_CONFIRM = "to_confirm"
    """It holds only once somebody has confirmed it."""
    UNKNOWN = "unknown"
    """There is one, and how it stands cannot be understood."""


@dataclass(frozen=True, slots=True)
class Booked:
    """There is a booking.

    Attributes:
        booking_id: Whoever keeps the bookings calls it so.
        standing: How it stands.
        session: Of what.
        already: It was there before it was asked for: not to be taken back when something else fails.
    """

    booking_id: str
    standing: Standing
    session: Session
    already: bool = False


class Obstacle(StrEnum):
    """Why nothing was booked, or cancelled."""

    FULL = "full"
    ALREADY = "already"
    PAUSED = "paused"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    TOO_FAR = "too_far"
    """So far ahead that bookings cannot be read back: a second one could not be ruled out."""
    LIMIT = "limit"
    NOT_INCLUDED = "not_included"
    """The contract does not cover it, or what it covers is used up."""
    CLOSED = "closed"
    ELSEWHERE = "elsewhere"
    """They have something else at that time."""
    NOT_BOOKABLE = "not_bookable"
    """It is only shown, or it does not take place."""
    GONE = "gone"
    """There is no such class, time or booking, or it is not theirs."""
    UNDONE = "undone"
    """It was booked, and somebody has cancelled it since."""
    NOT_CANCELLABLE = "not_cancellable"
    FORBIDDEN = "forbidden"
    """This house may not do that there: the owner must mend something."""
    OTHER = "other"


class NotBooked(Refused):
    """It was not booked, or not cancelled; nothing was changed, and trying again will not help.

    Attributes:
        obstacle: Why.
    """

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(f"not booked: {obstacle}")
        self.obstacle = obstacle


class FateUnknown(ArniError):
    """Nobody can tell whether it was done; a person has to look."""
