"""Moving a booking without losing the old place."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final

from arni_edge.actions.saga import SAGA_SECONDS, Saga, Step
from arni_edge.actions.tool import Actor, Form, Tool
from arni_edge.actions.tools.base import Kit, MemberId
from arni_edge.actions.tools.bookings import PATIENCE, Bookings, SlotId, named, worded
from arni_edge.domain.bookings import Standing
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.people import Assurance
from arni_edge.domain.risk import Risk

_WITHIN: Final = timedelta(seconds=15)
"""For each of the two: less than a step may take, so that most often it is known what became of it."""


class RescheduleArguments(Form):
    """Whose booking, and what instead of it."""

    member_id: MemberId
    booking_id: MemberId
    slot_id: SlotId


class Rescheduled(Form):
    """It was moved.

    Attributes:
        booking_id: The new booking.
        session: What was booked, as it is called in the language of who asked.
    """

    booking_id: str
    session: str


class RescheduleBooking(Tool[RescheduleArguments, Rescheduled]):
    """Books the new place first and gives the old one back after it: in between there are two, never none."""

    name: ClassVar[str] = "booking.reschedule"
    description: ClassVar[str] = "Move a booking to another class or time, without losing the old place."
    risk: ClassVar[Risk] = Risk.REVERSIBLE
    assurance: ClassVar[Assurance] = Assurance.CHANNEL
    repeatable: ClassVar[bool] = True
    seconds: ClassVar[float] = SAGA_SECONDS
    patience: ClassVar[float | None] = PATIENCE
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
        booked = self._bookings.booked(arguments.booking_id, arguments.member_id)
        old = await worded(booked, self._kit, language)
        new = await worded(self._bookings.offered(arguments.slot_id), self._kit, language)
        return self._kit.text(
            "tool.booking.move",
            language,
            old=named(old, self._kit, language),
            new=named(new, self._kit, language),
        )

    async def run(self, arguments: RescheduleArguments, actor: Actor, action_id: str) -> Rescheduled:
        """Move it, or leave everything as it was.

        Raises:
            Refused: It cannot be moved; the old booking stands.
            Unavailable: It could not be moved now; the old booking stands.
            Stuck: Half of it was done and could not be undone.
        """
        member_id, language = arguments.member_id, actor.language

        async def book(_: Mapping[str, Any], key: str) -> dict[str, str]:
            # Asked again: between the wish and now somebody else may have got the booking.
            old = self._bookings.booked(arguments.booking_id, member_id)
            await worded(old, self._kit, language)
            work = self._bookings.book(member_id, arguments.slot_id, key, _WITHIN)
            new = await worded(work, self._kit, language)
            if new.already:  # and so nothing that could be taken back
                raise Refused(self._kit.text("tool.booking.no.already", language))
            session = named(new.session, self._kit, language)
            return {"booking_id": new.booking_id, "session": session, "standing": new.standing}

        async def unbook(_: Any | None, key: str) -> None:
            await self._bookings.withdraw(member_id, key)

        async def look(results: Mapping[str, Any], _: str) -> None:
            # Nobody gives a place up for one on a waiting list.
            standing = results["book"]["standing"]
            if standing != Standing.BOOKED:
                raise Refused(self._kit.text(f"tool.booking.not_moved.{standing}", language))

        async def leave(*_: Any) -> None:
            """There is nothing to undo."""

        async def cancel(_: Mapping[str, Any], key: str) -> None:
            work = self._bookings.cancel(member_id, arguments.booking_id, key, _WITHIN)
            await worded(work, self._kit, language)

        results = await self._saga.run(
            action_id,
            [
                Step("book", book, unbook, repeatable=True),
                Step("look", look, leave, repeatable=True),
                Step("cancel", cancel, None, repeatable=True),
            ],
        )
        return Rescheduled(booking_id=results["book"]["booking_id"], session=results["book"]["session"])

    def told(self, result: Rescheduled, language: Language) -> str | None:
        """What was booked instead."""
        return self._kit.text("tool.booking.told.moved", language, session=result.session)
