"""Follows the alarms that are not closed: repeats, names what has not arrived, calls the next ones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import AlarmChanged
from arni_edge.domain.health import Progress
from arni_edge.domain.staff import Contact
from arni_edge.safety.book import AlarmBook
from arni_edge.safety.calling import Calling
from arni_edge.safety.deliveries import Deliveries
from arni_edge.safety.escalation import is_due
from arni_edge.safety.model import OPEN, Alarm, Call, alarm_of
from arni_edge.safety.words import VIA
from arni_edge.storage import Database, alarms

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 0.5
_IDLE_SECONDS: Final = 5.0
_REMIND_LOOK_SECONDS: Final = 60.0
_SETTLED: Final = timedelta(seconds=5)
"""What has not arrived after so long is named to whoever reported the alarm."""


class Following:
    """Looks after open alarms, again and again; everything that it needs to know is in the database."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        book: AlarmBook,
        calling: Calling,
        deliveries: Deliveries,
        changed: Callable[[], None],
    ) -> None:
        """Nothing is looked after before it is asked to.

        Args:
            database: Has the alarms.
            bus: Told of what changes.
            clock: For when.
            book: Makes the entries.
            calling: Knows who can be called.
            deliveries: Makes the calls, and does the acts.
            changed: Called when the state that is shown has changed.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._book = book
        self._calling = calling
        self._deliveries = deliveries
        self._changed = changed
        self._named: dict[str, set[str]] = {}
        self._remind_look_at: dict[str, float] = {}

    async def open(self) -> list[Alarm]:
        """All alarms that are not closed, oldest first."""
        return [alarm_of(row) for row in await alarms.not_closed(self._database)]

    def tell(self, alarm: Alarm) -> None:
        """Tell the house, and whoever looks, how an alarm stands."""
        self._changed()
        self._bus.publish(
            AlarmChanged(
                at=self._clock.now(),
                alarm_id=alarm.alarm_id,
                state=alarm.state,
                step=alarm.step,
                outcome=alarm.outcome,
            )
        )

    async def look(self, progress: Progress = lambda: None) -> float:
        """Look after every open alarm once; returns after how many seconds to look again.

        Args:
            progress: Called before each of them: with many, and a disk that is slow, it takes a while.
        """
        try:
            opened = await self.open()
        except Unavailable as error:
            _LOG.warning("alarms_not_followed", reason=str(error))
            return _LOOK_SECONDS
        for alarm in opened:
            progress()
            await self._follow_one(alarm)
        self._named = {one.alarm_id: self._named.get(one.alarm_id, set()) for one in opened}
        ids = {one.alarm_id for one in opened}
        self._remind_look_at = {one: at for one, at in self._remind_look_at.items() if one in ids}
        return _LOOK_SECONDS if opened else _IDLE_SECONDS

    async def _follow_one(self, alarm: Alarm) -> None:
        try:
            await self._follow(alarm)
        except Unavailable as error:
            _LOG.warning("alarm_not_followed", alarm=alarm.alarm_id, reason=str(error))
        except Exception:  # noqa: BLE001 - a named boundary: one alarm keeps no other from being followed
            _LOG.exception("alarm_not_followed", alarm=alarm.alarm_id)

    async def _follow(self, alarm: Alarm) -> None:
        late = await self.pick_up(alarm)
        if alarm.state != OPEN:
            await self._remind(alarm)
            return
        now = self._clock.now()
        if is_due(alarm.next_step_at, now, self._calling.step(alarm.step, now).pause):
            await self.step(alarm.alarm_id, after=alarm.step)
        new = late - self._named.setdefault(alarm.alarm_id, set())
        if new:
            await self._database.write(
                lambda tx: self._book.tell_undelivered(tx, alarm.alarm_id, sorted(new))
            )
            self._named[alarm.alarm_id] |= new

    async def _remind(self, alarm: Alarm) -> None:
        """Remind whoever has it that it is not closed, if it is time."""
        now, due = self._clock.monotonic(), alarm.next_step_at
        look_at = self._remind_look_at.get(alarm.alarm_id, now)
        if now < look_at and due is not None and self._clock.now() < due:
            return  # looked at twice a second, it costs no transaction; a clock that was set back is noticed
        self._remind_look_at[alarm.alarm_id] = now + _REMIND_LOOK_SECONDS
        placed = await self._database.write(lambda tx: self._book.remind(tx, alarm.alarm_id))
        if placed is None:
            return
        _LOG.warning("alarm_not_closed", alarm=alarm.alarm_id)
        for sink, call in placed:
            self._deliveries.start_call(sink, call, though_taken=True)

    async def step(
        self, alarm_id: str, *, after: int | None = None, by: Contact | None = None
    ) -> Alarm | None:
        """Take the next step of an escalation; see :meth:`AlarmBook.step`."""
        stepped = await self._database.write(
            lambda tx: self._book.step(tx, alarm_id, after=after, by=by), vital=True
        )
        if stepped is None:
            return None
        _LOG.critical("alarm_escalated", alarm=alarm_id, step=stepped.alarm.step)
        if stepped.alarm.state == OPEN:
            self._deliveries.allow_calls(alarm_id)
            for sink, call in stepped.placed:
                self._deliveries.start_call(sink, call)
        else:
            self._deliveries.stop(alarm_id)
        self.tell(stepped.alarm)
        return stepped.alarm

    async def pick_up(self, alarm: Alarm) -> set[str]:
        """Start what is not done and not under way; returns the kinds of calls that have not arrived."""
        acts, late = self._deliveries.acts_for(alarm), set[str]()
        if alarm.state != OPEN and not acts:
            return late  # somebody has it; those that wait for their end for weeks cost nothing
        for row in await alarms.sinks(self._database, alarm.alarm_id):
            if row["state"] in {"done", alarms.NOT_NEEDED}:
                continue
            kind, _, who = row["sink"].partition("/")
            if row["sink"] in acts:
                self._deliveries.start_acts(alarm, [row["sink"]])
            contact = self._calling.everybody.get(who)
            if alarm.state != OPEN or kind not in self._calling.kinds or contact is None:
                continue
            call = Call(alarm, contact, self._calling.text(alarm, contact, row["step"]), row["step"])
            self._deliveries.start_call(kind, call)
            waited = self._clock.now() - datetime.fromisoformat(row["first_at"] or row["at"])
            if kind in VIA and (row["state"] == "failed" or waited >= _SETTLED):
                late.add(kind)
        return late
