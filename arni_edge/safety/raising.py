"""Raises an alarm: stored first, but never later than light and people can bear."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.events import AlarmDelivery, AlarmRaised
from arni_edge.safety.book import AlarmBook, Entered
from arni_edge.safety.deliveries import Deliveries
from arni_edge.safety.model import Report
from arni_edge.safety.unstored import CALL_ANYWAY, Also, Entry, Unstored
from arni_edge.storage import Database, Transaction

_LOG = structlog.get_logger(__name__)

_STORE_FIRST: Final = timedelta(seconds=0.5)
"""A disk takes milliseconds; one that takes longer must not keep the light off (promised: 1 s)."""


class Raising:
    """The way from a report to light and calls."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        *,
        book: AlarmBook,
        deliveries: Deliveries,
        unstored: Unstored,
        begun: Callable[[], None],
    ) -> None:
        """Nothing is raised before it is asked to.

        Args:
            database: Alarms are in it before anything acts on them, if it lets us.
            bus: Told of them.
            book: Makes the entries.
            deliveries: Does the acts, and makes the calls.
            unstored: Holds what could not be stored.
            begun: Called when a report is on record and what follows from it under way.
        """
        self._database = database
        self._bus = bus
        self._book = book
        self._deliveries = deliveries
        self._unstored = unstored
        self._begun = begun

    async def enter(self, report: Report, also: Also | None) -> Entered:
        """Enter a report, and act and call for it.

        Args:
            report: What is reported; the same one again is one that is known.
            also: Stored in the same transaction.

        Raises:
            Unavailable: It could not be stored. Unless it is a drill it is held, and people are called.
        """
        return await self.store(self._unstored.entry(report, also))

    async def store(self, entry: Entry) -> Entered:
        """Enter what may have been held, with all that is held with it; see :meth:`enter`."""
        entries = self._unstored.with_others(entry)
        acts = [self._deliveries.acts_for(one.draft) for one in entries]

        async def unit(tx: Transaction) -> list[Entered]:
            ends = [
                await self._book.enter(tx, one.draft, one.report, names, one.also)
                for one, names in zip(entries, acts, strict=True)
            ]
            await self._unstored.note(tx, entries[0], ends[0].alarm)
            return ends

        storing = asyncio.ensure_future(self._database.write(unit, vital=True))
        storing.add_done_callback(_seen)
        if not await _stored(storing, _STORE_FIRST) and not self._unstored.is_on_record(entry):
            _LOG.critical("alarm_not_stored_yet", alarm=entry.draft.alarm_id, cause=entry.draft.public_cause)
            await self._go_ahead(entry, storing)
        # Whoever reports it may be stopped meanwhile (new settings): it goes on record all the same, and
        # the next life finds it there.
        ends = await asyncio.shield(storing)
        called = self._unstored.settle(entries, ends)
        for end, names in zip(ends, acts, strict=True):
            self._begin(end, names, called=called)
        return ends[entries.index(entry)]

    async def _go_ahead(self, entry: Entry, storing: "asyncio.Future[list[Entered]]") -> None:
        """Light before paper, and people before it, too; the paper follows as soon as the disk takes it."""
        acts = self._deliveries.acts_for(entry.draft)
        if entry.report.drill:  # nobody is in danger: whoever wants the test is told that it cannot be
            self._deliveries.start_acts(entry.draft, acts, on_record=asyncio.ensure_future(_fresh(storing)))
            return
        held = self._unstored.hold(entry)
        self._deliveries.start_acts(held.alarm, acts, on_record=held.off_record.on_record)
        if not await _stored(storing, CALL_ANYWAY - _STORE_FIRST):
            self._unstored.call(held)

    def _begin(self, entered: Entered, acts: Sequence[str], *, called: bool) -> None:
        """It is on the disk: act, call, tell; ``called``: that there is an alarm was told before."""
        alarm = entered.alarm
        if entered.fresh or entered.sharper:
            self._deliveries.start_acts(alarm, acts)
        for sink, call in entered.placed:
            self._deliveries.start_call(sink, call, though_taken=entered.sharper)
        if entered.fresh:
            cause, source = alarm.public_cause, alarm.source
            _LOG.critical("alarm_raised", alarm=alarm.alarm_id, cause=cause, source=source)
            now = alarm.raised_at
            if not called:
                self._bus.publish(AlarmRaised(at=now, alarm_id=alarm.alarm_id, cause=cause, source=source))
            for sink, call in entered.placed:
                name = f"{sink}/{call.contact.id}"
                self._bus.publish(AlarmDelivery(at=now, alarm_id=alarm.alarm_id, sink=name, state="trying"))
        self._begun()


def _seen(storing: "asyncio.Future[list[Entered]]") -> None:
    """Its failure is told to whoever still waits; with nobody there it is no bug."""
    if not storing.cancelled():
        storing.exception()


async def _stored(storing: "asyncio.Future[list[Entered]]", within: timedelta) -> bool:
    """Whether it is on record within so long; what has failed is not."""
    await asyncio.wait({storing}, timeout=within.total_seconds())
    return storing.done() and not storing.cancelled() and storing.exception() is None


async def _fresh(storing: "asyncio.Future[list[Entered]]") -> bool:
    """Whether the alarm came on record, once that is decided: not a failing disk, not a second delivery."""
    await asyncio.wait({storing})
    return not storing.cancelled() and storing.exception() is None and storing.result()[0].fresh
