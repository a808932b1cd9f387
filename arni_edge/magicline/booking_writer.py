"""Drains the bookings of the outbox: each wish is had at most once, whatever is killed and whenever.

A row is committed as ``sending`` before its request leaves. One whose fate is not known (found so at the
start, or the answer never came) is *uncertain*: Magicline is asked what it has, and only after a second look,
some seconds later and as empty as the first, is it certain that nothing was done. Rows of one customer leave
one after the other.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from typing import Any, Final

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.bookings import Obstacle, Standing
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.magicline.booking_acts import LEFT, BookingActs, Done, End, Later, Not, Open
from arni_edge.magicline.booking_ids import read_booking
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.errors import Away, Rejected
from arni_edge.magicline.waiting_list import note_change, note_waiting
from arni_edge.magicline.wishes import LINE, BookClass, Cancel, TakeBack, Wish, booked_of, from_payload
from arni_edge.storage import Database, Transaction, outbox
from arni_edge.storage.outbox_line import Also, Outbox, OutboxItem

_LOG = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 5.0
"""Magicline may still be at work on a request whose answer never came."""
_AT_ONCE: Final = 4
"""Customers; one request that hangs must not hold up everybody."""
_MOST_FAULTS: Final = 3
_FIRST_WAIT: Final = 2.0
_LONGEST_WAIT: Final = 60.0


@dataclass(slots=True)
class _Looks:
    """How often something of unknown fate was looked for in vain.

    Attributes:
        due: When to look again (monotonic).
        waits: Between looks that could not be made.
        empty: So many looks found nothing.
    """

    due: float
    waits: Backoff
    empty: int = 0


class BookingWriter:
    """Does what waits, and stores what became of it."""

    def __init__(
        self,
        client: MagiclineClient,
        database: Database,
        clock: Clock,
        *,
        zone: tzinfo,
        health: Callable[[State, str], None],
        set_aside: Also | None = None,
        settle_seconds: float = _SETTLE_SECONDS,
        first_wait: float = _FIRST_WAIT,
    ) -> None:
        """Nothing is done before :meth:`run`.

        Args:
            client: Of the studio.
            database: Has the rows.
            clock: Of the box.
            zone: The studio's, for times that name none.
            health: Where is told how it goes.
            set_aside: What is stored with a row that is set aside: staff are told; None: nothing.
            settle_seconds: Between the two looks after which something certainly was not done.
            first_wait: Seconds before the second attempt; then they double.
        """
        self._acts = BookingActs(client, clock)
        self._database = database
        self._outbox = Outbox(database, clock, LINE)
        self._clock = clock
        self._zone = zone
        self._report = health
        self._set_aside = set_aside
        self._settle_seconds = settle_seconds
        self._first_wait = first_wait
        self._busy: set[str] = set()
        self._looks: dict[str, _Looks] = {}
        self._next_look = math.inf
        self._waits: dict[str, Backoff] = {}

    async def run(self, progress: Progress) -> None:
        """Work for ever. Returns only by cancellation; what is then under way is uncertain next time."""
        while True:
            try:
                await self._drain(progress)
            except* Unavailable as group:
                _LOG.warning("bookings_not_stored", reason=str(group.exceptions[0]))
                self._report(State.DOWN, "the outbox cannot be read or written")
            await asyncio.sleep(_TICK_SECONDS)

    async def _drain(self, progress: Progress) -> None:
        self._busy.clear()
        for left in await self._outbox.uncertain():
            await self._outbox.mark_uncertain(left.id)
        async with asyncio.TaskGroup() as works:
            while True:
                progress()
                await self._outbox.expire()
                while (work := await self._next()) is not None:
                    item, is_open = work
                    self._busy.add(item.entry.order_key)
                    works.create_task(self._handle(item, is_open=is_open))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause()):
                        await self._outbox.wait()

    async def _next(self) -> tuple[OutboxItem, bool] | None:
        """What is to be done next, and whether its fate is open; None: nothing now."""
        if len(self._busy) >= _AT_ONCE:
            return None
        # Whoever is busy now may not be when it was read, and is not how it was then.
        now, busy = self._clock.monotonic(), set(self._busy)
        still = await self._outbox.uncertain()
        self._looks = {one.id: self._looks.get(one.id) or self._look_at(now) for one in still}
        idle = [one for one in still if one.entry.order_key not in busy]
        self._next_look = min((self._looks[one.id].due for one in idle), default=math.inf)
        for item in idle:
            if self._looks[item.id].due <= now:
                return item, True
        due = await self._outbox.next_due(self._clock.now(), spared=busy)
        return None if due is None else (due, False)

    def _pause(self) -> float:
        """Seconds until something may be due."""
        due = self._next_look - self._clock.monotonic()
        return max(0.01, min(_TICK_SECONDS, self._first_wait, due))

    # --- one row --------------------------------------------------------------------------------------------

    async def _handle(self, item: OutboxItem, *, is_open: bool) -> None:
        try:
            act = await self._act(item)
            if act is not None:
                await (self._look(item, act) if is_open else self._attempt(item, act))
        except InvalidInput as error:
            await self._quarantine(item, str(error))
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a bug must not keep everybody else's bookings from leaving
            _LOG.exception("booking_broke")
            await self._broke(item)
        finally:
            self._busy.discard(item.entry.order_key)

    async def _act(self, item: OutboxItem) -> Wish | Cancel | None:
        """What a row asks for; None when it has ended by that.

        Raises:
            InvalidInput: Nobody can understand it.
        """
        act = from_payload(item.entry.payload, self._zone)
        if not isinstance(act, TakeBack):
            return act
        end = await outbox.ended(self._database, act.of, within=_TICK_SECONDS)
        if (
            end is not None
            and not end.ok
            and end.result.get(LEFT)
            and end.state in {"dropped", "quarantined"}
        ):
            raise InvalidInput("nobody knows whether there is a booking to be taken back")
        if end is None and await outbox.with_key(self._database, act.of):
            await self._store(item, Later("what is to be taken back has not ended"))
            return None
        if end is None or not end.ok or booked_of(end.result).already:
            await self._store(item, Done())
            return None
        kind, number = read_booking(booked_of(end.result).booking_id)
        return Cancel(act.customer, kind, number)

    async def _attempt(self, item: OutboxItem, act: Wish | Cancel) -> None:
        async def send(note: Mapping[str, Any]) -> bool:
            return await self._outbox.mark_sending(item.id, note)

        end = await self._acts.attempt(act, item.result, send)
        if end is not None:
            await self._store(item, end)

    async def _look(self, item: OutboxItem, act: Wish | Cancel) -> None:
        """Find out what became of something; only two empty looks in a row prove that it was not done."""
        looks, now = self._looks[item.id], self._clock.monotonic()
        try:
            found = await self._acts.look(act, item.result)
        except (Away, Rejected) as error:
            # Whoever may not read learns nothing either: it stays open.
            self._tell(error)
            looks.due = now + looks.waits.next()
            return
        if found is None:
            looks.empty += 1
            looks.due = self._clock.monotonic() + self._settle_seconds
            if looks.empty < 2 and item.result.get(LEFT):
                return
        await self._store(item, found or Later("it certainly was not done", 0.0))

    async def _store(self, item: OutboxItem, end: End) -> None:
        """Store how an attempt has ended, whether a request has left by it or not."""
        self._say(end)
        if not isinstance(end, Open):
            self._looks.pop(item.id, None)
            # Of what has not left the ends are reached by the same way.
            await self._outbox.mark_sending(item.id)
        if isinstance(end, Open):
            await self._outbox.mark_uncertain(item.id)
            self._looks[item.id] = self._look_at(self._clock.monotonic())
        elif isinstance(end, Done):
            await self._outbox.mark_sent(item.id, end.word, end.result, also=self._also(item, end))
        elif isinstance(end, Not):
            await self._outbox.mark_failed(item.id, end.obstacle)
        elif item.entry.expires_at is not None and item.entry.expires_at <= self._clock.now():
            await self._outbox.mark_expired(item.id, end.reason)
        else:
            await self._outbox.mark_retry(item.id, self._clock.now() + self._wait(item, end), end.reason)
            return
        self._waits.pop(item.entry.order_key, None)

    def _also(self, item: OutboxItem, end: Done) -> Also:
        """What the mirror learns of it, in the commit in which it has ended."""
        act, now = from_payload(item.entry.payload, self._zone), self._clock.now()

        async def note(tx: Transaction) -> None:
            if isinstance(act, Cancel):
                await note_change(tx, act.kind, act.booking, now)
            if not end.word:
                return
            made = booked_of(end.result)
            kind, number = read_booking(made.booking_id)
            if made.standing is Standing.WAITING and isinstance(act, BookClass):
                await note_waiting(tx, act.customer, number, act.class_id, act.slot, now)
            await note_change(tx, kind, number, now)

        return note

    def _wait(self, item: OutboxItem, end: Later) -> timedelta:
        waits = self._waits.setdefault(item.entry.order_key, self._backoff())
        seconds = waits.next()
        return timedelta(seconds=seconds if end.seconds is None else end.seconds)

    def _backoff(self) -> Backoff:
        return Backoff(first=self._first_wait, longest=_LONGEST_WAIT)

    def _look_at(self, due: float) -> _Looks:
        return _Looks(due, self._backoff())

    async def _broke(self, item: OutboxItem) -> None:
        await self._outbox.mark_uncertain(item.id)
        self._looks[item.id] = self._look_at(self._clock.monotonic() + _LONGEST_WAIT)
        if await self._outbox.count_fault(item.id) >= _MOST_FAULTS:
            await self._quarantine(item, "it breaks whoever wants to do it")

    async def _quarantine(self, item: OutboxItem, reason: str) -> None:
        _LOG.error("booking_quarantined", outbox_id=item.id, reason=reason)
        await self._outbox.mark_quarantined(item.id, reason, also=self._set_aside)

    # --- how it goes ----------------------------------------------------------------------------------------

    def _say(self, end: End) -> None:
        if isinstance(end, Not) and end.obstacle is Obstacle.FORBIDDEN:
            self._report(State.DOWN, "Magicline does not allow bookings with our key: see its scopes")
        elif isinstance(end, Open | Later):
            self._report(State.DEGRADED, end.reason)
        else:
            self._report(State.OK, "")

    def _tell(self, error: Away | Rejected) -> None:
        self._report(State.DEGRADED, f"the fate of a booking cannot be read: {error}")
