"""Bookings: moving one without losing the old place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from arni_edge.actions.saga import SAGA_SECONDS, Saga, Step
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk


@dataclass(frozen=True, slots=True)
class Place:
    """A class at a time.

    Attributes:
        title: As members know it.
        start: When it begins (aware).
    """

    title: str
    start: datetime


class Bookings(Protocol):
    """Whoever keeps the gym's bookings. What is asked again with the same key is done once."""

    async def booked(self, booking_id: str, member_id: str) -> Place:
        """A booking of this member.

        Raises:
            Refused: They have no such booking.
            Unavailable: It could not be read.
        """
        ...

    async def offered(self, slot_id: str) -> Place:
        """Something that can be booked.

        Raises:
            Refused: There is no such thing.
            Unavailable: It could not be read.
        """
        ...

    async def book(self, member_id: str, slot_id: str, key: str) -> str:
        """Book it; returns the booking's id.

        Raises:
            Refused: It is full, or not for them; nothing was booked.
            Unavailable: Nothing was booked. Anything else that is raised: nobody knows.
        """
        ...

    async def withdraw(self, key: str) -> None:
        """Take back whatever was booked with this key; nothing, if nothing was.

        Raises:
            Unavailable: It could not be taken back now.
        """
        ...

    async def cancel(self, booking_id: str, key: str) -> None:
        """Cancel a booking; one that is cancelled already stays so.

        Raises:
            Refused: It is too late for that; nothing was cancelled.
            Unavailable: Nothing was cancelled. Anything else that is raised: nobody knows.
        """
        ...


class RescheduleArguments(Form):
    """Whose booking, and what instead of it."""

    member_id: MemberId
    booking_id: MemberId
    slot_id: MemberId


class Rescheduled(Form):
    """It was moved.

    Attributes:
        booking_id: The new booking.
    """

    booking_id: str


class RescheduleBooking(Tool[RescheduleArguments, Rescheduled]):
    """Books the new place first and gives the old one back after it: in between there are two, never none."""

    name: ClassVar[str] = "booking.reschedule"
    description: ClassVar[str] = "Move a booking to another class or time, without losing the old place."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True
    seconds: ClassVar[float] = SAGA_SECONDS
    arguments = RescheduleArguments
    result = Rescheduled

    def __init__(self, kit: Kit, bookings: Bookings, saga: Saga) -> None:
        self._kit = kit
        self._bookings = bookings
        self._saga = saga

    def subject(self, arguments: RescheduleArguments) -> str | None:
        """Whose booking."""
        return arguments.member_id

    async def consequence(self, arguments: RescheduleArguments, language: Language) -> str:
        """What is given back, and what is booked instead.

        Raises:
            Refused: One of them is not there, or not theirs.
            Unavailable: It could not be read.
        """
        old = await self._bookings.booked(arguments.booking_id, arguments.member_id)
        new = await self._bookings.offered(arguments.slot_id)
        return self._kit.text(
            "tool.booking.move", language, old=self._named(old, language), new=self._named(new, language)
        )

    async def run(self, arguments: RescheduleArguments, actor: Actor, action_id: str) -> Rescheduled:
        """Move it, or leave everything as it was.

        Raises:
            Refused: It cannot be moved; the old booking stands.
            Unavailable: It could not be moved now; the old booking stands.
            Stuck: Half of it was done and could not be undone.
        """
        del actor

        async def book(_: Mapping[str, Any], key: str) -> str:
            # Asked again: between the wish and now somebody else may have got the booking.
            await self._bookings.booked(arguments.booking_id, arguments.member_id)
            return await self._bookings.book(arguments.member_id, arguments.slot_id, key)

        async def unbook(_: Any | None, key: str) -> None:
            await self._bookings.withdraw(key)

        async def cancel(_: Mapping[str, Any], key: str) -> None:
            await self._bookings.cancel(arguments.booking_id, key)

        results = await self._saga.run(
            action_id,
            [
                Step("book", book, unbook, repeatable=True),
                Step("cancel", cancel, None, repeatable=True),
            ],
        )
        return Rescheduled(booking_id=str(results["book"]))

    def _named(self, place: Place, language: Language) -> str:
        local = place.start.astimezone(self._kit.zone)
        return f"{place.title}, {self._kit.day(local.date(), language)} {local:%H:%M}"
