"""Puts the calls of one step on record: who is told by which sink, in the transaction of the step itself."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Contact
from arni_edge.safety.escalation import LONGEST_PAUSE, RAREST, Step, reminds_all, step_of
from arni_edge.safety.model import CLOSED, Alarm, Call, Sink
from arni_edge.safety.sinks import AlarmPosts, call_key
from arni_edge.safety.staff_line import StaffLine
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Transaction, alarms, outbox

_LOG = structlog.get_logger(__name__)

_SOUND_AGAIN: Final = timedelta(seconds=60)
_SAID_AGAIN: Final = "said_again"

_CALLED_OFF: Final = "not needed any more"

_HAS_POSTS_OR_TEMPLATES: Final = ("telegram", "whatsapp")

Placed = tuple[str, Call]
"""A call, and the name of the sink that has it."""


class Calling:
    """Knows whom a step calls, and by what."""

    def __init__(
        self,
        clock: Clock,
        words: AlarmWords,
        line: StaffLine,
        *,
        sinks: Iterable[Sink],
        groups: Sequence[Contact],
        acknowledge_seconds: float,
    ) -> None:
        """Nobody is called by it.

        Args:
            clock: For when.
            words: What people are told.
            line: Knows who is on call, and takes templates.
            sinks: The ways to people.
            groups: Chats that staff share: told with the first call and each time round.
            acknowledge_seconds: How long to wait before the next step, the first time round.
        """
        self._clock = clock
        self._words = words
        self._line = line
        self._sinks = tuple(sinks)
        self._groups = tuple(groups)
        self._acknowledge = timedelta(seconds=acknowledge_seconds)
        self.everybody = line.roster.everybody | {one.id: one for one in groups}
        self.posts = AlarmPosts(clock, words, self.everybody)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the sinks."""
        return tuple(sink.name for sink in self._sinks)

    def step(self, number: int, now: datetime) -> Step:
        """What a step does, by who is on call now. For whom there is no way, nobody waits."""
        return _step(number, self._line, self._sinks, now, self._acknowledge)

    def step_by(self, sinks: Sequence[Sink], number: int, now: datetime) -> Step:
        """The same with no other ways than these, of an alarm that nobody can take: rarer each time round."""
        return _step(number, self._line, sinks, now, self._acknowledge, RAREST)

    def reached(self, contacts: Iterable[Contact], step: int) -> int:
        """How many of these people there is a way to."""
        return sum(bool(self._ways(one, step)) for one in contacts)

    async def place(self, tx: Transaction, alarm: Alarm, step: Step) -> list[Placed]:
        """Put the calls of a step on record; whoever is still being tried is not called a second time.

        Returns:
            The calls that are to be made now.
        """
        now = self._clock.now()
        rows = await alarms.sinks_in(tx, alarm.alarm_id)
        tried = {row["sink"] for row in rows if row["state"] in {"trying", "failed"}}
        groups = self._groups if step.number == 0 or step.begins_round else ()
        placed: list[Placed] = []
        for contact in (*step.contacts, *groups):
            text = self._words.call(alarm, contact.language, step=step.number)
            call = Call(alarm, contact, text, step.number)
            for sink in self._ways(contact, step.number):
                name = call.by(sink.name)
                if name in tried:
                    continue
                await alarms.begin_sink(tx, alarm.alarm_id, name, now, step=step.number)
                await _store(sink, tx, call)
                placed.append((sink.name, call))
        return placed

    async def say_again(self, tx: Transaction, alarm: Alarm, *, at_once: bool) -> list[Placed]:
        """A further report: everybody who was told sees it; they hear it, too, at most once a minute.

        Args:
            tx: The transaction of the report.
            alarm: As it stands now.
            at_once: It says something new: they hear it in any case, also those who are only called.

        Returns:
            Calls that are to be made now.
        """
        now = self._clock.now()
        rows = await alarms.noted(tx, alarm.alarm_id, _SAID_AGAIN)
        last = datetime.fromisoformat(rows[-1]["at"]) if rows else alarm.raised_at
        sound = at_once or now - last > _SOUND_AGAIN
        await self.posts.edit(tx, alarm, anew=sound)
        if not sound:
            return []
        await alarms.note(tx, alarm.alarm_id, now, _SAID_AGAIN)
        # Of those who are still tried in vain, whoever is told what is new need not be told what is old.
        told = {"done", "trying", "failed"} if at_once else {"done"}
        placed: list[Placed] = []
        for row in await alarms.sinks_in(tx, alarm.alarm_id):
            kind, _, who = row["sink"].partition("/")
            contact = self.everybody.get(who)
            if contact is None or row["state"] not in told:
                continue
            text = self._words.call(alarm, contact.language, step=alarm.step)
            if kind == "whatsapp":
                key = f"{call_key(alarm.alarm_id)}{who}:report{alarm.reports}/0"
                await self._line.send(tx, contact, key, text, now, Priority.ALARM)
            elif at_once and kind in self._called_by(contact):
                await alarms.begin_sink(tx, alarm.alarm_id, row["sink"], now, step=row["step"])
                placed.append((kind, Call(alarm, contact, text, row["step"])))
        return placed

    def _called_by(self, contact: Contact) -> set[str]:
        """The ways to somebody by which nothing is shown and nothing queued: the desk calls."""
        return {sink.name for sink in self._ways(contact, 0)} - {*_HAS_POSTS_OR_TEMPLATES}

    # --- reminding ----------------------------------------------------------------------------------------

    async def remind(self, tx: Transaction, alarm: Alarm, number: int) -> tuple[list[str], list[Placed]]:
        """Remind whoever has an alarm that it is not closed, and after a while everybody on call.

        Each hears it by one way: a post, else a template, else what calls them at once.

        Args:
            tx: The transaction.
            alarm: As it stands.
            number: Of the reminder, 1 being the first.

        Returns:
            Ids of who is reminded, and the calls that are to be made now.
        """
        holder = self.everybody.get(alarm.acknowledged_by or "")
        # Somebody who sat at the box, or is no longer here, is reached by nobody.
        people = [holder] if holder is not None and self.reached([holder], 0) else []
        if not people or (reminds_all(number) and not alarm.drill):
            people += [one for one in self.step(0, self._clock.now()).contacts if one not in people]
        placed: list[Placed] = []
        for contact in people:
            placed += await self._remind_one(tx, alarm, contact, number)
        return [one.id for one in people], placed

    async def _remind_one(self, tx: Transaction, alarm: Alarm, contact: Contact, number: int) -> list[Placed]:
        now, text = self._clock.now(), self._words.reminder(alarm, contact.language)
        if self._line.has_telegram(contact):
            await self.posts.say(tx, alarm, contact, text)
            return []
        if self._line.has_whatsapp(contact):
            key = f"{call_key(alarm.alarm_id)}{contact.id}:reminder{alarm.step}/{number}"
            await self._line.send(tx, contact, key, text, now, Priority.ALARM)
            return []
        call = Call(alarm, contact, text, alarm.step, reminder=number)
        ways = [sink.name for sink in self._ways(contact, 0)]
        for way in ways:
            await alarms.begin_sink(tx, alarm.alarm_id, call.by(way), now, step=alarm.step)
        return [(way, call) for way in ways]

    async def call_off(self, tx: Transaction, alarm: Alarm) -> None:
        """Nobody need be called any more: what has not left is taken back, everybody sees how it stands.

        Of an alarm that is closed nothing at all goes on, no act and no display.
        """
        now, why = self._clock.now(), f"{_CALLED_OFF}: {alarm.state}"
        kinds = None if alarm.state == CLOSED else self.kinds
        await alarms.call_off(tx, alarm.alarm_id, why, now, kinds=kinds)
        await outbox.withdraw(tx, call_key(alarm.alarm_id), why, now)
        await self.posts.edit(tx, alarm)

    def text(self, alarm: Alarm, contact: Contact, step: int) -> str:
        """What somebody is told at a step."""
        return self._words.call(alarm, contact.language, step=step)

    def _ways(self, contact: Contact, step: int) -> list[Sink]:
        """Those of this step; whom nothing but a later one reaches is called by that at once."""
        return ways_to(contact, self._sinks, step)


def ways_to(contact: Contact, sinks: Iterable[Sink], step: int) -> list[Sink]:
    """Those by which somebody is called at a step; whom nothing but a later one reaches, by that at once."""
    ways = [sink for sink in sinks if sink.reaches(contact)]
    return [sink for sink in ways if sink.from_step <= step] or ways


def called_first(line: StaffLine, sinks: Sequence[Sink], now: datetime) -> tuple[Contact, ...]:
    """Whom an alarm is told to that is raised at this moment; maybe nobody.

    Args:
        line: Knows who is on call.
        sinks: The ways to people.
        now: The moment (aware).
    """
    return _step(0, line, sinks, now, timedelta()).contacts


def _step(
    number: int,
    line: StaffLine,
    sinks: Sequence[Sink],
    now: datetime,
    wait: timedelta,
    longest: timedelta = LONGEST_PAUSE,
) -> Step:
    def reached(contact: Contact) -> bool:
        return any(sink.reaches(contact) for sink in sinks)

    on_call = tuple(filter(reached, line.on_call(now)))
    others = tuple(filter(reached, line.roster.others(on_call)))
    if not on_call and not others:
        others = tuple(filter(reached, line.roster.everybody.values()))  # whoever stands on any list
    return step_of(number, on_call, others, wait, longest)


async def _store(sink: Sink, tx: Transaction, call: Call) -> None:
    """What a sink's bug must not do: keep the alarm off the disk."""
    try:
        await sink.store(tx, call)
    except sqlite3.Error:
        raise
    except Exception:  # noqa: BLE001 - a named boundary: the call itself is tried all the same
        _LOG.exception("alarm_sink_not_stored", sink=sink.name)
