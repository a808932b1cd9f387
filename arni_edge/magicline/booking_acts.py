"""One attempt at booking or cancelling: read what is there, ask whether it may be, and write once.

Magicline has no idempotency keys. What keeps a wish from being booked twice is the order: before every write
the customer's bookings are read; which of them are there already is committed together with the fact that a
request is about to leave; and after a request whose answer never came, a booking that was not there before is
ours. Nothing is written again before the bookings were read again.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from arni_edge.domain.bookings import Obstacle, Session
from arni_edge.domain.clock import Clock
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Away, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.model import Booking, BookingKind
from arni_edge.magicline.wishes import (
    BookClass,
    Cancel,
    Seen,
    Wish,
    look_for,
    obstacle_of,
    result_of,
    session_of,
    to_fields,
)

SEEN_AHEAD: Final = timedelta(days=13)
"""Magicline lists a customer's bookings two weeks ahead, by days of the studio. What lies behind could not be
read back, so it is not booked by us."""

LEFT: Final = "left"
"""In a row's result: a request has left the house."""


@dataclass(frozen=True, slots=True)
class Done:
    """It is so.

    Attributes:
        word: The booking's; empty when there is none.
        result: What is stored.
    """

    word: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Not:
    """It certainly was not done, and will not be."""

    obstacle: Obstacle


@dataclass(frozen=True, slots=True)
class Later:
    """It certainly was not done, and may be later.

    Attributes:
        reason: For staff.
        seconds: Not before so many have passed; None: whoever asks decides.
    """

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """Nobody knows whether it was done."""

    reason: str


End = Done | Not | Later | Open
Send = Callable[[Mapping[str, Any]], Awaitable[bool]]
"""Commits that a request is about to leave, with what must be known after a crash; False: it may not."""


class BookingActs:
    """Asks Magicline, for one row at a time."""

    def __init__(self, client: MagiclineClient, clock: Clock) -> None:
        """Nothing is asked yet.

        Args:
            client: Of the studio.
            clock: Of the box.
        """
        self._client = client.interactive
        self._clock = clock

    async def attempt(self, act: Wish | Cancel, note: Mapping[str, Any], send: Send) -> End | None:
        """Do it, if it is not done yet and may be.

        Args:
            act: What.
            note: What was stored when a request left for it before; empty when none did.
            send: Is called right before a request leaves.

        Returns:
            How it ended; None when it was called off before anything left.

        Raises:
            Unavailable: The disk did not take that it is about to leave; nothing has.
        """
        try:
            prepared = await self._prepare(act, note)
        except Away as error:
            return Later(str(error), error.retry_after)
        except NotAllowed:
            return Not(Obstacle.FORBIDDEN)
        except Rejected:
            return Not(Obstacle.OTHER)
        if not isinstance(prepared, dict):
            return prepared
        if not await send({**prepared, LEFT: True}):
            return None
        try:
            return await self._write(act, prepared)
        except MaybeDone as error:
            return Open(str(error))
        except Away as error:
            return Later(str(error), error.retry_after)
        except NotAllowed:
            return Not(Obstacle.FORBIDDEN)
        except Rejected:
            return await self._why(act)

    async def look(self, act: Wish | Cancel, note: Mapping[str, Any]) -> Done | Not | None:
        """What became of something whose answer never came; None: it is not there (yet).

        Args:
            act: What.
            note: What was stored when its request left; empty when none did.

        Raises:
            Away, Rejected: It cannot be read.
        """
        if isinstance(act, Cancel):
            return await self._cancelled(act)
        return None if not note.get(LEFT) else _found(await self._look(act, note), session_of(note))

    # --- before ---------------------------------------------------------------------------------------------

    async def _prepare(self, act: Wish | Cancel, note: Mapping[str, Any]) -> End | dict[str, Any]:
        """What must be known after a crash; or how it has ended already."""
        if isinstance(act, Cancel):
            return await self._cancelled(act) or {}
        offer = await self._offer(act)
        if offer is None:
            return Not(Obstacle.GONE)
        session, is_full = offer
        if session.start > self._clock.now() + SEEN_AHEAD:
            return Not(Obstacle.TOO_FAR)
        seen = await self._look(act, note)
        found = _found(seen, session)
        if found is not None:
            return found
        obstacle = obstacle_of(await self._validated(act))
        if obstacle is not None:
            is_full = is_full and obstacle is Obstacle.NOT_BOOKABLE
            return Not(Obstacle.FULL if is_full else obstacle)
        before = note["before"] if note.get(LEFT) else list(seen.ids)
        return {"before": before, **to_fields(session)}

    async def _offer(self, wish: Wish) -> tuple[Session, bool] | None:
        """What is wanted, and whether it has no free place; None: there is no such thing."""
        if not isinstance(wish, BookClass):
            return Session("", wish.slot.start), False
        slot = await self._client.class_slot(wish.class_id, wish.slot)
        if slot is None or slot.start is None:
            return None
        return Session(slot.title, slot.start), slot.free == 0

    async def _look(self, wish: Wish, note: Mapping[str, Any]) -> Seen:
        if isinstance(wish, BookClass):
            page = await self._client.class_bookings(wish.customer)
        else:
            page = await self._client.appointment_bookings(wish.customer)
        seen = look_for(wish, page.items, note["before"] if note.get(LEFT) else None)
        if page.skipped and seen.made is None and seen.had is None:
            raise Away("a booking of the customer cannot be read: it may be the one")
        return seen

    async def _validated(self, wish: Wish) -> Any:
        if isinstance(wish, BookClass):
            return await self._client.validate_class(wish.customer, wish.slot)
        return await self._client.validate_appointment(wish.customer, wish.appointment, wish.slot)

    # --- the write ------------------------------------------------------------------------------------------

    async def _write(self, act: Wish | Cancel, note: Mapping[str, Any]) -> Done | Not:
        if isinstance(act, Cancel):
            try:
                if act.kind is BookingKind.CLASS:
                    await self._client.cancel_class(act.booking)
                else:
                    await self._client.cancel_appointment(act.booking)
            except Missing:
                pass  # there is none any more: that is what was wanted
            return _gone(act)
        if isinstance(act, BookClass):
            booking = await self._client.book_class(act.customer, act.slot)
        else:
            booking = await self._client.book_appointment(act.customer, act.appointment, act.slot)
        return _made(booking, session_of(note))

    async def _why(self, act: Wish | Cancel) -> Done | Not:
        """Why Magicline has refused a write; what it says now may be something else than a moment ago."""
        try:
            if isinstance(act, Cancel):
                return await self._cancelled(act) or Not(Obstacle.NOT_CANCELLABLE)
            return Not(obstacle_of(await self._validated(act)) or Obstacle.OTHER)
        except (Away, Rejected):
            return Not(Obstacle.NOT_CANCELLABLE if isinstance(act, Cancel) else Obstacle.OTHER)

    async def _cancelled(self, act: Cancel) -> Done | Not | None:
        """Whether there is nothing to cancel (any more); None: there is."""
        if act.kind is BookingKind.CLASS:
            booking = await self._client.class_booking(act.booking)
        else:
            booking = await self._client.appointment_booking(act.booking)
        if booking is None or (booking.customer_id == act.customer and not booking.stands):
            return _gone(act)
        return None if booking.customer_id == act.customer else Not(Obstacle.GONE)


def _gone(act: Cancel) -> Done:
    return Done(result={} if act.session is None else to_fields(act.session))


def _found(seen: Seen, session: Session) -> Done | Not | None:
    if seen.made is not None:
        return _made(seen.made, session)
    return None if seen.had is None else _done(seen.had, session, already=True)


def _made(booking: Booking, session: Session) -> Done | Not:
    return _done(booking, session, already=False) if booking.stands else Not(Obstacle.UNDONE)


def _done(booking: Booking, session: Session, *, already: bool) -> Done:
    session = Session(session.title or booking.title, booking.start or session.start)
    result = result_of(booking, session, already=already)
    return Done(str(result["booking"]), result)
