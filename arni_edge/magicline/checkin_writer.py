"""Checks in at Magicline whoever came in by our own doors: through the outbox, each entry once.

What is put into the outbox is read from the audit of the doors, so that nothing about a door waits for this.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.magicline.checkin_acts import (
    LEFT,
    Again,
    CheckInActs,
    CheckInEnd,
    NotPosted,
    Posted,
    Unclear,
)
from arni_edge.magicline.client import MagiclineClient
from arni_edge.magicline.device import DeviceClient
from arni_edge.magicline.errors import Away, Rejected
from arni_edge.storage import Database, Transaction, outbox
from arni_edge.storage.magicline import entries, hints
from arni_edge.storage.magicline.entries import LINE, NewEntry
from arni_edge.storage.magicline.hints import Hint
from arni_edge.storage.outbox import Entry
from arni_edge.storage.outbox_line import Also, Outbox, OutboxItem

_LOG = structlog.get_logger(__name__)

KIND: Final = "checkin"
ALREADY: Final = "already"
"""Stands as the other side's id of an entry for which there was a visit already."""

_TICK_SECONDS: Final = 2.0
_SETTLE_SECONDS: Final = 5.0
"""Magicline may still be at work on a request whose answer never came."""
_MOST_FAULTS: Final = 3
_FIRST_WAIT: Final = 5.0
_LONGEST_WAIT: Final = 120.0


class CheckInWriter:
    """Puts entries into the outbox, and drains them."""

    def __init__(
        self,
        client: MagiclineClient,
        reader: DeviceClient,
        database: Database,
        clock: Clock,
        *,
        zone: tzinfo,
        doors: Collection[str],
        within: timedelta,
        health: Callable[[State, str], None],
        set_aside: Also | None = None,
        settle_seconds: float = _SETTLE_SECONDS,
        first_wait: float = _FIRST_WAIT,
        tick_seconds: float = _TICK_SECONDS,
    ) -> None:
        """Nothing is done before :meth:`run`.

        Args:
            client: Of the studio.
            reader: The card reader that is ours.
            database: Has entries and rows.
            clock: Of the box.
            zone: The studio's.
            doors: Doors by which members come in.
            within: So long after an entry it is still posted. A check-in cannot be dated back: later it would
                say that they have come now.
            health: Where is told how it goes.
            set_aside: What is stored with a row that is set aside: staff are told; None: nothing.
            settle_seconds: Between the two looks after which somebody certainly was not checked in.
            first_wait: Seconds before the second attempt; then they double.
            tick_seconds: How often it looks by itself.
        """
        self._acts = CheckInActs(client, reader, clock, zone)
        self._database = database
        self._outbox = Outbox(database, clock, LINE)
        self._clock = clock
        self._doors = tuple(doors)
        self._within = within
        self._report = health
        self._set_aside = set_aside
        self._settle_seconds = settle_seconds
        self._tick = tick_seconds
        self._waits = Backoff(first=first_wait, longest=_LONGEST_WAIT)
        self._looks: dict[str, tuple[int, float]] = {}

    async def run(self, progress: Progress) -> None:
        """Work for ever. Returns only by cancellation; what is then under way is looked for next time."""
        while True:
            try:
                await self._drain(progress)
            except Unavailable as error:
                _LOG.warning("checkins_not_stored", reason=str(error))
                self._report(State.DOWN, "the outbox cannot be read or written")
            progress()
            await asyncio.sleep(self._tick)

    async def _drain(self, progress: Progress) -> None:
        for left in await self._outbox.uncertain():
            await self._outbox.mark_uncertain(left.id)
        self._looks.clear()
        while True:
            progress()
            await self._collect()
            await self._outbox.expire()
            for item in await self._outbox.uncertain():
                await self._guarded(item, self._look)
                progress()
            while (due := await self._outbox.next_due(self._clock.now())) is not None:
                await self._guarded(due, self._attempt)
                progress()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick):
                    await self._outbox.wait()

    async def _collect(self) -> None:
        """Put what is new into the outbox."""
        now = self._clock.now()
        new = await entries.unposted(self._database, self._doors, now - self._within)
        if new:

            async def unit(tx: Transaction) -> None:
                for one in new:
                    await outbox.put(tx, _entry(one, one.at + self._within), now)

            await self._database.write(unit)

    # --- one row --------------------------------------------------------------------------------------------

    async def _guarded(self, item: OutboxItem, work: Callable[[OutboxItem], Any]) -> None:
        try:
            await work(item)
        except Unavailable:
            raise
        except Exception:  # noqa: BLE001 - a bug must not keep everybody else from being checked in
            _LOG.exception("checkin_broke")
            await self._outbox.mark_uncertain(item.id)
            self._looks[item.id] = (0, self._clock.monotonic() + _LONGEST_WAIT)
            if await self._outbox.count_fault(item.id) >= _MOST_FAULTS:
                reason = "it breaks whoever wants to do it"
                _LOG.error("checkin_quarantined", outbox_id=item.id)
                await self._outbox.mark_quarantined(item.id, reason, also=self._set_aside)

    async def _attempt(self, item: OutboxItem) -> None:
        async def send(note: Any) -> bool:
            return await self._outbox.mark_sending(item.id, note)

        customer_id, came_at = _read(item)
        end = await self._acts.attempt(customer_id, came_at, send)
        if end is not None:
            await self._store(item, end)

    async def _look(self, item: OutboxItem) -> None:
        """Find out what became of somebody; only two empty looks prove that they were not checked in."""
        empty, due = self._looks.get(item.id, (0, 0.0))
        if self._clock.monotonic() < due:
            return
        left = bool(item.result.get(LEFT))
        try:
            found = await self._acts.look(_read(item)[0], item.result)
        except (Away, Rejected) as error:
            self._report(State.DEGRADED, f"the fate of a check-in cannot be read: {error}")
            self._looks[item.id] = (empty, self._clock.monotonic() + self._waits.next())
            return
        if found:
            await self._store(item, Posted())
        elif left and empty == 0:
            self._looks[item.id] = (1, self._clock.monotonic() + self._settle_seconds)
        else:
            await self._store(item, Again("they certainly were not checked in", 0.0))

    async def _store(self, item: OutboxItem, end: CheckInEnd) -> None:
        if isinstance(end, Unclear):
            self._report(State.DEGRADED, end.reason)
            await self._outbox.mark_uncertain(item.id)
            self._looks[item.id] = (0, self._clock.monotonic() + self._settle_seconds)
            return
        self._looks.pop(item.id, None)
        # Of what has not left the ends are reached by the same way.
        await self._outbox.mark_sending(item.id)
        if isinstance(end, Again):
            state = State.DOWN if end.token_is_wrong else State.DEGRADED
            self._report(state, end.reason)
            seconds = self._waits.next() if end.seconds is None else end.seconds
            not_before = self._clock.now() + timedelta(seconds=seconds)
            await self._outbox.mark_retry(item.id, not_before, end.reason)
            return
        self._waits.forget()
        self._report(State.OK, "")
        if isinstance(end, Posted):
            await self._outbox.mark_sent(item.id, ALREADY if end.already else "")
            return
        customer_id, now = _read(item)[0], self._clock.now()

        async def read_anew(tx: Transaction) -> None:
            # Our door and Magicline disagree about them: what Magicline says now decides from now on.
            if end in (NotPosted.REFUSED, NotPosted.GONE):
                await hints.add(tx, Hint("customer", customer_id), now)

        await self._outbox.mark_failed(item.id, end.value, also=read_anew)


def _entry(new: NewEntry, expires_at: datetime) -> Entry:
    return Entry(
        new.key,
        LINE,
        KIND,
        str(new.customer_id),
        {"customer": new.customer_id, "at": new.at.isoformat()},
        expires_at=expires_at,
        member_id=new.member_id,
    )


def _read(item: OutboxItem) -> tuple[int, datetime]:
    return int(item.entry.payload["customer"]), datetime.fromisoformat(item.entry.payload["at"])
