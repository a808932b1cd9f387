"""Bookings: who keeps them, making one, and cancelling one."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Protocol, TypeVar

from pydantic import AwareDatetime, Field

from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId
from arni_edge.domain.bookings import Booked, NotBooked, Session, Standing
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.moments import day_and_time
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk

T = TypeVar("T")

PATIENCE: Final = 12.0
"""Seconds for which somebody in a chat waits for a booking; then they are told later how it ended."""
WISH_LIFE: Final = timedelta(minutes=15)
"""So long does a wish wait for whoever keeps the bookings; then nobody counts on it any more."""
_KNOWN_WITHIN: Final = 3600.0
"""Seconds after which a person has to find out what became of it."""

SlotId = Annotated[str, Field(min_length=1, max_length=400, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What can be booked: the word for it comes from whoever keeps the bookings."""


class Bookings(Protocol):
    """Whoever keeps the gym's bookings. What is asked again with the same key is done once.

    Each may raise ``NotBooked`` (a ``Refused``) and ``Unavailable``: nothing was changed. Anything else that
    is raised, or a wait that is given up: nobody knows.
    """

    async def booked(self, booking_id: str, member_id: str) -> Session:
        """A booking of this member that stands."""
        ...

    async def offered(self, slot_id: str) -> Session:
        """Something that can be booked."""
        ...

    async def book(self, member_id: str, slot_id: str, key: str, within: timedelta) -> Booked:
        """Book it, or get on its waiting list; what has not left after so long does not leave any more."""
        ...

    async def withdraw(self, member_id: str, key: str) -> None:
        """Take back whatever was booked with this key; nothing, if nothing was."""
        ...

    async def cancel(self, member_id: str, booking_id: str, key: str, within: timedelta) -> Session:
        """Cancel a booking, and say of what it was; one that is cancelled already stays so."""
        ...


class BookArguments(Form):
    """Who, and what."""

    member_id: MemberId
    slot_id: SlotId


class Made(Form):
    """There is a booking.

    Attributes:
        booking_id: Of whoever keeps them.
        standing: How it stands; only ``booked`` is a place.
        title: Of what.
        start: When that begins.
        already: It was there before.
    """

    booking_id: str
    standing: Standing
    title: str
    start: AwareDatetime
    already: bool


class Book(Tool[BookArguments, Made]):
    """Books a class or an appointment; a class that is full: a place on its waiting list."""

    name: ClassVar[str] = "booking.book"
    description: ClassVar[str] = "Book a class or an appointment, or get on the waiting list of a full class."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True
    seconds: ClassVar[float] = _KNOWN_WITHIN
    patience: ClassVar[float | None] = PATIENCE
    arguments = BookArguments
    result = Made

    def __init__(self, kit: Kit, bookings: Bookings) -> None:
        self._kit = kit
        self._bookings = bookings

    def subject(self, arguments: BookArguments) -> str | None:
        """Who."""
        return arguments.member_id

    async def consequence(self, arguments: BookArguments, language: Language) -> str:
        """What is booked.

        Raises:
            Refused: There is no such thing.
            Unavailable: It could not be read.
        """
        session = await worded(self._bookings.offered(arguments.slot_id), self._kit, language)
        return self._kit.text("tool.booking.book", language, session=named(session, self._kit, language))

    async def run(self, arguments: BookArguments, actor: Actor, action_id: str) -> Made:
        """Book it.

        Raises:
            Refused: It cannot be; nothing was booked.
            Unavailable: Not in time; nothing was booked.
        """
        work = self._bookings.book(arguments.member_id, arguments.slot_id, action_id, WISH_LIFE)
        one = await worded(work, self._kit, actor.language)
        return Made(
            booking_id=one.booking_id,
            standing=one.standing,
            title=one.session.title,
            start=one.session.start,
            already=one.already,
        )

    def told(self, result: Made, language: Language) -> str | None:
        """How it stands; "booked" only if it is."""
        state = "already_" if result.already else ""
        session = named(Session(result.title, result.start), self._kit, language)
        return self._kit.text(f"tool.booking.told.{state}{result.standing}", language, session=session)


class CancelArguments(Form):
    """Whose booking."""

    member_id: MemberId
    booking_id: MemberId


class Cancelled(Form):
    """It is cancelled.

    Attributes:
        title: Of what it was.
        start: When that begins.
    """

    title: str
    start: AwareDatetime


class CancelBooking(Tool[CancelArguments, Cancelled]):
    """Gives a place back, or one on a waiting list."""

    name: ClassVar[str] = "booking.cancel"
    description: ClassVar[str] = "Cancel a booking of a class or an appointment."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True
    seconds: ClassVar[float] = _KNOWN_WITHIN
    patience: ClassVar[float | None] = PATIENCE
    arguments = CancelArguments
    result = Cancelled

    def __init__(self, kit: Kit, bookings: Bookings) -> None:
        self._kit = kit
        self._bookings = bookings

    def subject(self, arguments: CancelArguments) -> str | None:
        """Whose."""
        return arguments.member_id

    async def consequence(self, arguments: CancelArguments, language: Language) -> str:
        """What is given back.

        Raises:
            Refused: They have no such booking.
            Unavailable: It could not be read.
        """
        work = self._bookings.booked(arguments.booking_id, arguments.member_id)
        session = await worded(work, self._kit, language)
        return self._kit.text("tool.booking.cancel", language, session=named(session, self._kit, language))

    async def run(self, arguments: CancelArguments, actor: Actor, action_id: str) -> Cancelled:
        """Cancel it.

        Raises:
            Refused: It is too late for that, or there is none; nothing was cancelled.
            Unavailable: Not in time; nothing was cancelled.
        """
        cancel = self._bookings.cancel(arguments.member_id, arguments.booking_id, action_id, WISH_LIFE)
        session = await worded(cancel, self._kit, actor.language)
        return Cancelled(title=session.title, start=session.start)

    def told(self, result: Cancelled, language: Language) -> str | None:
        """What is given back."""
        session = named(Session(result.title, result.start), self._kit, language)
        return self._kit.text("tool.booking.told.cancelled", language, session=session)


async def worded(work: Awaitable[T], kit: Kit, language: Language) -> T:
    """Something of whoever keeps the bookings; their refusals in words for people.

    Raises:
        Refused: They refuse.
    """
    try:
        return await work
    except NotBooked as error:
        raise Refused(kit.text(f"tool.booking.no.{error.obstacle}", language)) from None


def named(session: Session, kit: Kit, language: Language) -> str:
    """A class or an appointment as it is called in a sentence."""
    local = session.start.astimezone(kit.zone)
    when = day_and_time(local, language)
    return f"{session.title}, {when}" if session.title else when
