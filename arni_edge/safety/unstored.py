"""Alarms that the disk does not take: held in memory. People are called all the same; storing is tried again.

What is known only here ends with this process. Until then it goes the way that it would go on record:
everybody on call at once, by what needs nothing stored, then step by step. As soon as it is on record, with
what was done meanwhile, everything goes on from there.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import AlarmRaised
from arni_edge.domain.health import State
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.staff import Contact
from arni_edge.safety.book import Entered, draft_of
from arni_edge.safety.calling import Calling, ways_to
from arni_edge.safety.deliveries import Deliveries, OffRecord
from arni_edge.safety.escalation import Step, is_due
from arni_edge.safety.joining import Candidate, joins, sharper, talk_of
from arni_edge.safety.model import OPEN, Alarm, Call, Report, Sink
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Transaction, alarms

_LOG = structlog.get_logger(__name__)

_MOST_ENTRIES: Final = 64
"""Of one alarm; whoever says it more often is not forgotten: their channel delivers it again."""

_MOST_ON_RECORD: Final = 1024
"""Reports that are known to be on record: what a channel delivers again comes within minutes."""

CALL_ANYWAY: Final = timedelta(seconds=2)
"""So long may a disk take before people are called without it."""

_LOOK_SECONDS: Final = 0.5
_STORE_AGAIN: Final = 0.5
_STORE_LONGEST: Final = 5.0

Also = Callable[[Transaction], Awaitable[None]]
"""What the reporter stores in the transaction of the alarm; bears to run more than once."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A report that is to be entered.

    Attributes:
        draft: The alarm that it is, unless it belongs to another one.
        report: The report.
        also: Stored with it.
    """

    draft: Alarm
    report: Report
    also: Also | None


Store = Callable[[Entry], Awaitable[object]]


@dataclass(slots=True, eq=False)
class Held:
    """An alarm that is known only here.

    Attributes:
        alarm: As far as it has come.
        next_step_at: When the next ones are called.
        called: Whether the first ones were.
        entries: Its reports that are not on record, oldest first.
        calls: What was begun, by the names of the calls.
        off_record: What is known of the calls, and when it is over.
    """

    alarm: Alarm
    next_step_at: datetime
    entries: list[Entry]
    called: bool = False
    calls: dict[str, tuple[Sink, Call]] = field(default_factory=dict)
    off_record: OffRecord = field(
        default_factory=lambda: OffRecord(asyncio.get_running_loop().create_future())
    )


class Unstored:
    """Holds them; calls, and tries to store."""

    def __init__(
        self,
        clock: Clock,
        bus: Bus,
        words: AlarmWords,
        calling: Calling,
        deliveries: Deliveries,
        *,
        sinks: Sequence[Sink],
        direct: Sequence[Sink],
        groups: Sequence[Contact],
        health: Callable[[State, str], None],
    ) -> None:
        """Nothing is held.

        Args:
            clock: For when.
            bus: Told of what is held.
            words: What people read.
            calling: Knows whom a step calls, from memory.
            deliveries: Makes the calls.
            sinks: The ways to people, as always.
            direct: Those that need nothing stored, by the same names; what they store is what they have done.
            groups: Chats that staff share.
            health: Is told while something is held.
        """
        self._clock = clock
        self._bus = bus
        self._words = words
        self._calling = calling
        self._deliveries = deliveries
        self._sinks = {sink.name: sink for sink in sinks}
        self._direct = tuple(direct)
        self._groups = tuple(groups)
        self._health = health
        self._held: list[Held] = []
        self._on_record: OrderedDict[str, None] = OrderedDict()
        self._news = asyncio.Event()

    # --- entering -----------------------------------------------------------------------------------------

    def entry(self, report: Report, also: Also | None) -> Entry:
        """A report as it is to be entered; one that is held keeps the id that people know."""
        for held in self._held:
            for one in held.entries:
                if one.report.source_key == report.source_key:
                    return one
        return Entry(draft_of(report, new_id(), self._clock.now()), report, also)

    def with_others(self, entry: Entry) -> list[Entry]:
        """All that is to be entered in one transaction with a report, in the order in which they came."""
        held = self._of(entry)
        return list(held.entries) if held else [entry]

    def is_on_record(self, entry: Entry) -> bool:
        """Whether the report was stored lately: delivered again to a slow disk, it is nothing to call for."""
        return entry.report.source_key in self._on_record

    async def note(self, tx: Transaction, entry: Entry, alarm: Alarm) -> None:
        """Put on record what was done for an alarm while it was held; runs in the transaction of its entry.

        Args:
            tx: The transaction.
            entry: One of its reports.
            alarm: The alarm that it has become.
        """
        held = self._of(entry)
        if held is None or not held.called or held.off_record.on_record.done():
            return
        reached = " ".join(sorted(held.off_record.reached)) or "nobody"
        detail = f"nothing could be stored since {held.alarm.raised_at.isoformat()}; reached: {reached}"
        await alarms.note(tx, alarm.alarm_id, self._clock.now(), "held", detail=detail)
        if alarm.alarm_id != held.alarm.alarm_id or alarm.state != OPEN or alarm.step > held.alarm.step:
            return
        for name, (sink, call) in list(held.calls.items()):
            if call.step > 0:
                text = self._calling.text(alarm, call.contact, call.step)
                await alarms.begin_sink(tx, alarm.alarm_id, name, self._clock.now(), step=call.step)
                await self._sinks[sink.name].store(tx, replace(call, text=text))
            await sink.store(tx, call)
        if held.alarm.step > alarm.step:
            now = self._clock.now()  # they can take it now: no longer pauses than ever
            due = min(held.next_step_at, now + self._calling.step(held.alarm.step, now).pause)
            await alarms.take_step(tx, alarm.alarm_id, held.alarm.step, due)

    def settle(self, entries: Sequence[Entry], ends: Sequence[Entered]) -> bool:
        """Reports are on record; returns whether people were called for them before."""
        called = False
        for entry, end in zip(entries, ends, strict=True):
            held = self._of(entry)
            self._on_record[entry.report.source_key] = None
            if held is None:
                continue
            called = called or held.called
            on_record = held.off_record.on_record
            if not on_record.done():
                on_record.set_result(end.alarm.alarm_id == held.alarm.alarm_id)
                for sink, call in held.calls.values():
                    self._deliveries.start_off_record(sink, call, held.off_record)
            held.entries.remove(entry)
            if not held.entries:
                self._held.remove(held)
                _LOG.warning("alarm_on_record", alarm=held.alarm.alarm_id)
        while len(self._on_record) > _MOST_ON_RECORD:
            self._on_record.popitem(last=False)
        self._tell()
        return called

    # --- holding ------------------------------------------------------------------------------------------

    def hold(self, entry: Entry) -> Held:
        """Hold a report that could not be stored so far; nobody is called by that."""
        held = self._of(entry) or self._joined(entry)
        if held is None:
            pause = self._step(0, entry.draft.raised_at).pause
            held = Held(entry.draft, entry.draft.raised_at + pause, [])
            self._held.append(held)
        if entry not in held.entries and len(held.entries) < _MOST_ENTRIES:
            held.entries.append(entry)
        self._news.set()
        return held

    def call(self, held: Held) -> None:
        """Call everybody on call, unless that was done, or it is on record meanwhile."""
        if held.called or held.off_record.on_record.done():
            return
        alarm, held.called = held.alarm, True
        self._begin(held, self._step(0, self._clock.now()))
        _LOG.critical("alarm_held", alarm=alarm.alarm_id, cause=alarm.public_cause, calls=len(held.calls))
        self._bus.publish(
            AlarmRaised(
                at=alarm.raised_at, alarm_id=alarm.alarm_id, cause=alarm.public_cause, source=alarm.source
            )
        )
        self._tell()

    async def run(self, store: Store) -> None:
        """Call the next ones, and try to store, until cancelled.

        Args:
            store: Tries to enter a report, with all that is held with it.
        """
        keepers: dict[Held, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                keepers = {held: task for held, task in keepers.items() if not task.done()}
                for held in self._held:
                    if held not in keepers:
                        keepers[held] = group.create_task(self._keep(held, store), name="alarm held")
                await self._news.wait()

    async def _keep(self, held: Held, store: Store) -> None:
        """Each on its own clock, for as long as it is held."""
        storing = asyncio.create_task(self._keep_storing(held, store), name="alarm storing")
        try:
            while not storing.done():
                if not held.off_record.on_record.done():
                    self._go_on(held)
                await asyncio.wait({storing}, timeout=_LOOK_SECONDS)
        finally:
            storing.cancel()
            await asyncio.wait({storing})

    def _go_on(self, held: Held) -> None:
        """Try again whom nothing has reached, and call the next ones if it is time."""
        for name, (sink, call) in held.calls.items():
            if name not in held.off_record.reached:
                self._deliveries.start_off_record(sink, call, held.off_record)
        now = self._clock.now()
        if not held.called and now - held.alarm.raised_at >= CALL_ANYWAY:
            self.call(held)  # whoever reported it was stopped while it was being stored
        elif held.called and is_due(held.next_step_at, now, self._step(held.alarm.step, now).pause):
            self._begin(held, self._step(held.alarm.step + 1, now))

    async def _keep_storing(self, held: Held, store: Store) -> None:
        backoff = Backoff(first=_STORE_AGAIN, longest=_STORE_LONGEST)
        while held.entries:
            await asyncio.sleep(backoff.next())
            if not held.entries:
                return
            try:
                await store(held.entries[0])
            except ArniError as error:
                _LOG.warning("alarm_still_held", alarm=held.alarm.alarm_id, reason=str(error))
            except Exception:  # noqa: BLE001 - a named boundary: a bug in entering keeps nobody from being called
                _LOG.exception("alarm_entry_crashed", alarm=held.alarm.alarm_id)

    # --- helpers ------------------------------------------------------------------------------------------

    def _of(self, entry: Entry) -> Held | None:
        return next((held for held in self._held if entry in held.entries), None)

    def _joined(self, entry: Entry) -> Held | None:
        """What is held and the report belongs to; it may say for the first time what it is about."""
        talk = talk_of(entry.report)
        candidates = [Candidate(held.alarm, _last_said(held, talk)) for held in self._held]
        alarm = joins(entry.report, candidates, entry.draft.raised_at)
        held = next((one for one in self._held if one.alarm is alarm), None)
        if held is not None and sharper(entry.report, held.alarm):
            held.alarm = replace(held.alarm, cause=str(entry.report.cause))
            for sink, call in list(held.calls.values()):
                self._place(held, sink, call.contact, call.step)  # whoever was called hears it at once
        return held

    def _step(self, number: int, now: datetime) -> Step:
        return self._calling.step_by(self._direct, number, now)

    def _begin(self, held: Held, step: Step) -> None:
        """Begin a step: those who were reached before hear it again, those who are being tried go on."""
        now = self._clock.now()
        held.alarm = replace(held.alarm, step=step.number)
        if step.number:
            held.next_step_at = now + step.pause
        groups = self._groups if step.number == 0 or step.begins_round else ()
        for contact in (*step.contacts, *groups):
            for sink in ways_to(contact, self._direct, step.number):
                name = f"{sink.name}/{contact.id}"
                if name not in held.calls or name in held.off_record.reached:
                    self._place(held, sink, contact, step.number)

    def _place(self, held: Held, sink: Sink, contact: Contact, step: int) -> None:
        """Tell somebody how it stands, also if they were told before; on record that is others' to do."""
        if held.off_record.on_record.done():
            return
        text = self._calling.text(held.alarm, contact, step)
        text = f"{text}\n{self._words.text('alarm.unstored', contact.language)}"
        call = Call(held.alarm, contact, text, step)
        name = call.by(sink.name)
        held.calls[name] = sink, call
        held.off_record.reached.pop(name, None)
        self._deliveries.start_off_record(sink, call, held.off_record)

    def _tell(self) -> None:
        number = sum(held.called for held in self._held)
        if number:
            why = f"alarms that cannot be stored: {number}; people are called, but nobody can take one"
            self._health(State.DOWN, why)
        else:
            self._health(State.OK, "")


def _last_said(held: Held, talk: tuple[str, str] | None) -> datetime | None:
    """When it was last reported in a conversation."""
    said = [one.draft.raised_at for one in held.entries if talk is not None and talk_of(one.report) == talk]
    return max(said, default=None)
