"""The book of alarms: every entry is one transaction, and whatever follows from it is in the same one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.staff import Contact
from arni_edge.safety.calling import Calling, Placed
from arni_edge.safety.decisions import AlarmDecisions, actor_of
from arni_edge.safety.escalation import is_due, remind_after, worth_telling
from arni_edge.safety.facts import ReporterFacts
from arni_edge.safety.joining import Candidate, joins, sharper, talk_of
from arni_edge.safety.model import ACKNOWLEDGED, OPEN, SYSTEM, Alarm, Report, alarm_of
from arni_edge.storage import Transaction, alarms
from arni_edge.storage.alarms import NewAlarm
from arni_edge.storage.audit import AuditLog

DOUBLE_TAP: Final = timedelta(seconds=2)
"""The same tap, delivered twice, is one."""

_TAKEN: Final = "acknowledged"
_REMINDED: Final = "reminded"


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a report.

    Attributes:
        alarm: The alarm that it belongs to, as it stands now.
        fresh: It raised that alarm.
        sharper: It says for the first time what that alarm is about.
        placed: Calls that are to be made now; of a sharper one also if somebody has the alarm.
    """

    alarm: Alarm
    fresh: bool = False
    sharper: bool = False
    placed: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Stepped:
    """The next step of an escalation was taken.

    Attributes:
        alarm: As it stands now.
        placed: Calls that are to be made now.
    """

    alarm: Alarm
    placed: tuple[Placed, ...]


class AlarmBook:
    """Makes the entries; all methods but the constructor run inside a transaction that is handed in."""

    def __init__(
        self,
        clock: Clock,
        calling: Calling,
        facts: ReporterFacts,
        decisions: AlarmDecisions,
        audit: AuditLog,
        *,
        displays: Sequence[str],
    ) -> None:
        """Nothing is written by it.

        Args:
            clock: For when.
            calling: Whom a step calls.
            facts: Puts what reporters are told.
            decisions: Finds alarms, and ends them.
            audit: Who did what.
            displays: Names of what shows the state; each has its own line on record.
        """
        self._clock = clock
        self._calling = calling
        self._decisions = decisions
        self._audit = audit
        self._displays = displays
        self._facts = facts

    # --- reports ------------------------------------------------------------------------------------------

    async def enter(
        self,
        tx: Transaction,
        draft: Alarm,
        report: Report,
        acts: Sequence[str],
        also: Callable[[Transaction], Awaitable[None]] | None,
    ) -> Entered:
        """Enter a report: a new alarm, a further report of one, or one that is known.

        Args:
            tx: The transaction.
            draft: The alarm that it is unless it belongs to another one.
            report: The report.
            acts: Names of the local acts that are done for it.
            also: What the caller stores with it; runs at a second delivery, too, and must bear that.
        """
        if also is not None:
            await also(tx)
        known = await alarms.reported_as(tx, report.source_key)
        if known is not None:
            return Entered(await self._decisions.find(tx, known))
        target = joins(report, await self._candidates(tx, report), draft.raised_at)
        if target is None:
            return await self._raise(tx, draft, report, acts)
        return await self._join(tx, target, draft, report, acts)

    async def _raise(self, tx: Transaction, draft: Alarm, report: Report, acts: Sequence[str]) -> Entered:
        now, alarm_id = draft.raised_at, draft.alarm_id
        step = self._calling.step(0, now)
        reporter = report.reporter
        language = reporter.language if reporter else None
        new = NewAlarm(
            alarm_id=alarm_id,
            source_key=report.source_key,
            cause=report.cause,
            source=report.source,
            raised_at=now,
            reported_at=report.at,
            place=report.place,
            talk=talk_of(report),
            language=language,
            drill=report.drill,
            next_step_at=now + step.pause,
        )
        await alarms.add(tx, new)
        await alarms.add_report(tx, alarm_id, report.source_key, now, talk=talk_of(report), language=language)
        await alarms.note(tx, alarm_id, now, "raised", detail=f"{report.cause} {report.source}")
        alarm = await self._decisions.find(tx, alarm_id)
        notified = self._calling.reached(step.contacts, 0)
        if reporter is not None:
            await self._facts.answer(tx, alarm, reporter, report.source_key, notified=notified, again=False)
        for sink in (*acts, *self._displays):
            await alarms.begin_sink(tx, alarm_id, sink, now)
        placed = await self._calling.place(tx, alarm, step)
        await self._note_called(tx, alarm, step.contacts, 0)
        await self._audit.note(
            tx, now, actor=SYSTEM, act="alarm.raised", alarm=alarm_id, cause=report.cause, drill=report.drill
        )
        return Entered(alarm, fresh=True, placed=tuple(placed))

    async def _join(
        self, tx: Transaction, target: Alarm, draft: Alarm, report: Report, acts: Sequence[str]
    ) -> Entered:
        now, alarm_id = draft.raised_at, target.alarm_id
        reporter = report.reporter
        await alarms.add_report(
            tx,
            alarm_id,
            report.source_key,
            now,
            talk=talk_of(report),
            language=reporter.language if reporter else None,
        )
        says_more = sharper(report, target)
        if says_more:
            await alarms.sharpen(tx, alarm_id, report.cause)
            known = {row["sink"] for row in await alarms.sinks_in(tx, alarm_id)}
            for act in acts:
                if act not in known:
                    await alarms.begin_sink(tx, alarm_id, act, now)
        await alarms.note(tx, alarm_id, now, "reported_again", detail=f"{report.cause} {report.source}")
        alarm = await self._decisions.find(tx, alarm_id)
        if reporter is not None:
            notified = await self._told(tx, alarm)
            await self._facts.answer(tx, alarm, reporter, report.source_key, notified=notified, again=True)
        placed = await self._calling.say_again(tx, alarm, at_once=says_more)
        return Entered(alarm, sharper=says_more, placed=tuple(placed))

    # --- steps --------------------------------------------------------------------------------------------

    async def step(
        self, tx: Transaction, alarm_id: str, *, after: int | None = None, by: Contact | None = None
    ) -> Stepped | None:
        """Call the next ones.

        Args:
            tx: The transaction.
            alarm_id: Of which alarm.
            after: Only while it stands at this step, and nobody has it: time has passed.
            by: Who wants it; whoever had the alarm hands it on.

        Returns:
            None when there is nothing to do any more.

        Raises:
            Refused: Somebody wants it of an alarm that is closed or unknown.
        """
        alarm = (
            await self._decisions.not_closed(tx, alarm_id, by)
            if by
            else await self._decisions.find(tx, alarm_id)
        )
        if by is None and (alarm.state != OPEN or alarm.step != after):
            return None
        now = self._clock.now()
        if by is not None and alarm.state == OPEN and await self._same_tap(tx, alarm, by, now):
            return Stepped(alarm, ())
        handed_on = alarm.state == ACKNOWLEDGED
        step = self._calling.step(alarm.step + 1, now)
        if alarm.drill and by is None and step.round > 0:
            await self._decisions.end(tx, alarm, SYSTEM, "test", "nobody has answered")
            return Stepped(await self._decisions.find(tx, alarm_id), ())
        await alarms.take_step(tx, alarm_id, step.number, now + step.pause)
        alarm = await self._decisions.find(tx, alarm_id)
        who = by.id if by else ""
        await alarms.note(tx, alarm_id, now, "escalated", who=who, detail=f"step {step.number}")
        placed = await self._calling.place(tx, alarm, step)
        await alarms.call_on(tx, alarm_id, now)
        await self._note_called(tx, alarm, step.contacts, step.number)
        await self._calling.posts.edit(tx, alarm)
        if by is not None:
            await self._audit.note(tx, now, actor=actor_of(by), act="alarm.escalated", alarm=alarm_id)
            if handed_on and await self._told(tx, alarm):
                await self._facts.handed_on(tx, alarm)
        elif worth_telling(step) and await self._told(tx, alarm):
            await self._facts.unanswered(tx, alarm)  # nobody is told that nobody goes on being called
        return Stepped(alarm, tuple(placed))

    async def remind(self, tx: Transaction, alarm_id: str) -> tuple[Placed, ...] | None:
        """Remind whoever has an alarm, and after a while everybody on call, that it is not closed.

        Returns:
            The calls that are to be made now; None: it is not time.
        """
        alarm, now = await self._decisions.find(tx, alarm_id), self._clock.now()
        if alarm.state != ACKNOWLEDGED:
            return None
        taken = await alarms.noted(tx, alarm_id, _TAKEN)
        since = taken[-1]["id"] if taken else 0
        number = 1 + sum(line["id"] > since for line in await alarms.noted(tx, alarm_id, _REMINDED))
        if not is_due(alarm.next_step_at, now, remind_after(number)):
            return None
        who, placed = await self._calling.remind(tx, alarm, number)
        await alarms.remind_next(tx, alarm_id, now + remind_after(number + 1))
        await alarms.note(tx, alarm_id, now, _REMINDED, detail=f"{number}: {' '.join(who) or 'nobody'}")
        return tuple(placed)

    async def tell_undelivered(self, tx: Transaction, alarm_id: str, kinds: Sequence[str]) -> None:
        """Whoever reported it hears what has not reached people, unless somebody has it meanwhile."""
        alarm = await self._decisions.find(tx, alarm_id)
        if alarm.state == OPEN:
            await self._facts.undelivered(tx, alarm, kinds)

    # --- helpers ------------------------------------------------------------------------------------------

    async def _candidates(self, tx: Transaction, report: Report) -> list[Candidate]:
        talk = talk_of(report)
        return [
            Candidate(
                alarm_of(row), await alarms.last_said(tx, row["alarm_id"], talk) if talk is not None else None
            )
            for row in await alarms.open_in(tx)
        ]

    async def _same_tap(self, tx: Transaction, alarm: Alarm, by: Contact, now: datetime) -> bool:
        """Whether the same person has called the next ones a moment ago: a tap that is delivered twice."""
        steps = await alarms.noted(tx, alarm.alarm_id, "escalated")
        if not steps or steps[-1]["who"] != by.id:
            return False
        return timedelta() <= now - datetime.fromisoformat(steps[-1]["at"]) < DOUBLE_TAP

    async def _told(self, tx: Transaction, alarm: Alarm) -> int:
        """How many people are called, so far."""
        names = (row["sink"].split("/") for row in await alarms.sinks_in(tx, alarm.alarm_id))
        people = {one[1] for one in names if one[0] in self._calling.kinds and len(one) > 1}
        return sum(not who.startswith("chat:") for who in people)

    async def _note_called(
        self, tx: Transaction, alarm: Alarm, contacts: Sequence[Contact], step: int
    ) -> None:
        who = " ".join(one.id for one in contacts if self._calling.reached([one], step)) or "nobody"
        now = self._clock.now()
        await alarms.note(tx, alarm.alarm_id, now, "called", detail=f"step {step}: {who}")


def draft_of(report: Report, alarm_id: str, now: datetime) -> Alarm:
    """The alarm that a report is, before anything is stored."""
    return Alarm(
        alarm_id=alarm_id,
        cause=str(report.cause),
        source=report.source,
        raised_at=now,
        reported_at=report.at,
        place=report.place,
        drill=report.drill,
    )
