"""One attempt to check somebody in who has come in by our own door: read who is in, and show their card once.

The Device API has no idempotency keys and takes no time of a visit. What keeps somebody from being checked in
twice is the order: before the card is shown the visits are read; which of them are there already is committed
together with the fact that a request is about to leave; after an answer that never came they are read again.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from arni_edge.domain.clock import Clock
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.device import DeviceClient, Identification, IdentificationKind
from arni_edge.magicline.errors import Away, MaybeDone, Missing, NotAllowed, Rejected
from arni_edge.magicline.model import CheckIn
from arni_edge.magicline.paging import every_page

LEFT: Final = "left"
"""In a row's result: a request has left the house."""

_STAYS: Final = timedelta(hours=12)
"""A visit that nobody has ended is over after so long."""


class NotPosted(StrEnum):
    """Why somebody was not checked in, and will not be."""

    GONE = "gone"
    """Magicline has no such customer (any more)."""
    NO_CARD = "no_card"
    """They have no card: there is nothing by which the card reader would know them."""
    REFUSED = "refused"
    """Magicline would not have let them in."""
    FORBIDDEN = "forbidden"
    """Our key may not read what has to be known."""


@dataclass(frozen=True, slots=True)
class Posted:
    """They are checked in.

    Attributes:
        already: They were, before we said anything.
    """

    already: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """They certainly were not checked in, and may be later.

    Attributes:
        reason: For staff.
        seconds: Not before so many have passed; None: whoever asks decides.
        token_is_wrong: The reader's token is not accepted.
    """

    reason: str
    seconds: float | None = None
    token_is_wrong: bool = False


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody knows whether they were."""

    reason: str


CheckInEnd = Posted | NotPosted | Again | Unclear
Send = Callable[[Mapping[str, Any]], Awaitable[bool]]
"""Commits that a request is about to leave, with what must be known after a crash; False: it may not."""


class CheckInActs:
    """Asks Magicline, for one row at a time."""

    def __init__(self, client: MagiclineClient, reader: DeviceClient, clock: Clock, zone: tzinfo) -> None:
        """Nothing is asked yet.

        Args:
            client: Of the studio.
            reader: The card reader that is ours.
            clock: Of the box.
            zone: The studio's.
        """
        self._client = client.interactive
        self._reader = reader
        self._clock = clock
        self._zone = zone

    async def attempt(self, customer_id: int, came_at: datetime, send: Send) -> CheckInEnd | None:
        """Check them in, unless they are.

        Args:
            customer_id: Who.
            came_at: When they came (aware).
            send: Is called right before the card is shown.

        Returns:
            How it ended; None when it was called off before anything left.

        Raises:
            Unavailable: The disk did not take that it is about to leave; nothing has.
        """
        try:
            prepared = await self._prepare(customer_id, came_at)
        except Away as error:
            return Again(str(error), error.retry_after)
        except Rejected:
            return NotPosted.FORBIDDEN
        if not isinstance(prepared, _Ready):
            return prepared
        if not await send({LEFT: True, "before": list(prepared.before)}):
            return None
        return await self._show(prepared.card)

    async def _prepare(self, customer_id: int, came_at: datetime) -> "_Ready | Posted | NotPosted":
        customer = await self._client.customer(customer_id)
        if customer is None:
            return NotPosted.GONE
        if not customer.card_numbers:
            return NotPosted.NO_CARD
        visits = await self._visits(customer_id)
        if any(_is_in(one, came_at) for one in visits):
            return Posted(already=True)
        # Never kept here: it is as good as a key.
        card = Identification(IdentificationKind.NUMBER, customer.card_numbers[0])
        return _Ready(card, tuple(one.checkin_id for one in visits))

    async def _show(self, card: Identification) -> CheckInEnd:
        try:
            # The door is open already: what is executed is the check-in. Without it nothing would be done.
            await self._reader.check_in(card, execute=True)
        except MaybeDone as error:
            return Unclear(str(error))
        except Away as error:
            return Again(str(error), error.retry_after)
        except NotAllowed as error:
            return Again(str(error), token_is_wrong=True)
        except Rejected:
            return NotPosted.REFUSED
        return Posted()

    async def look(self, customer_id: int, note: Mapping[str, Any]) -> bool:
        """Whether they were checked in by a request whose answer never came.

        Args:
            customer_id: Who.
            note: What was stored when it left; empty when none did.

        Raises:
            Away, Rejected: It cannot be read.
        """
        before = set(note.get("before", ()))
        return bool(note.get(LEFT)) and any(
            one.checkin_id not in before for one in await self._visits(customer_id)
        )

    async def _visits(self, customer_id: int) -> Sequence[CheckIn]:
        """Of yesterday and today; of somebody whom Magicline does not know any more, none."""
        today = self._clock.now().astimezone(self._zone).date()
        found: list[CheckIn] = []
        try:
            async for page in every_page(
                lambda offset: self._client.checkins(customer_id, today - timedelta(days=1), today, offset)
            ):
                found += page.items
        except Missing:
            return []
        return found


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is needed to check somebody in.

    Attributes:
        card: What is shown.
        before: Numbers of their visits that are there already.
    """

    card: Identification
    before: tuple[int, ...]


def _is_in(visit: CheckIn, came_at: datetime) -> bool:
    """Whether a visit covers the moment at which they came."""
    if visit.start is None:
        return False
    if visit.end is not None:
        return visit.start <= came_at <= visit.end
    return visit.start > came_at - _STAYS
