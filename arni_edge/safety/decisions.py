"""What people decide about an alarm: each decision is one transaction, first come, first served."""

from datetime import datetime
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.staff import Contact
from arni_edge.safety.calling import Calling
from arni_edge.safety.escalation import remind_after
from arni_edge.safety.facts import ReporterFacts
from arni_edge.safety.model import ACKNOWLEDGED, CLOSED, Alarm, alarm_of
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Transaction, alarms
from arni_edge.storage.audit import AuditLog

_OUTCOMES: Final = ("helped", "false_alarm", "test")
_MOST_NOTE: Final = 500


class AlarmDecisions:
    """Makes the entries; all methods but the constructor run inside a transaction that is handed in."""

    def __init__(
        self, clock: Clock, words: AlarmWords, calling: Calling, facts: ReporterFacts, audit: AuditLog
    ) -> None:
        """Nothing is written by it.

        Args:
            clock: For when.
            words: What is said to whoever cannot decide that.
            calling: Takes back calls that nobody need get any more.
            facts: Puts what reporters are told.
            audit: Who did what.
        """
        self._clock = clock
        self._words = words
        self._calling = calling
        self._facts = facts
        self._audit = audit

    async def find(self, tx: Transaction, alarm_id: str) -> Alarm:
        """An alarm as it stands.

        Raises:
            Refused: There is none.
        """
        row = await alarms.find(tx, alarm_id)
        if row is None:
            raise Refused(f"there is no alarm {alarm_id[:40]!r}")
        return alarm_of(row)

    async def not_closed(self, tx: Transaction, alarm_id: str, who: Contact) -> Alarm:
        """An alarm that something can still be done about.

        Raises:
            Refused: It is closed or unknown; with a sentence for them.
        """
        row = await alarms.find(tx, alarm_id)
        if row is None:
            raise Refused(self._words.text("alarm.refused.unknown", who.language))
        alarm = alarm_of(row)
        if alarm.state == CLOSED:
            raise Refused(self._of("alarm.refused.closed", who, alarm, alarm.closed_by))
        return alarm

    async def end(self, tx: Transaction, alarm: Alarm, who: str, outcome: str, note: str) -> None:
        """End it, and tell everybody."""
        now = self._clock.now()
        await alarms.close(tx, alarm.alarm_id, who=who, outcome=outcome, note=note, now=now)
        await alarms.note(tx, alarm.alarm_id, now, "closed", who=who, detail=outcome)
        ended = await self.find(tx, alarm.alarm_id)
        await self._calling.call_off(tx, ended)
        await self._facts.closed(tx, ended)

    async def acknowledge(self, tx: Transaction, alarm_id: str, who: Contact) -> tuple[Alarm, bool]:
        """Somebody takes it; the first one wins.

        Returns:
            The alarm, and whether that is new.

        Raises:
            Refused: Somebody else has it, or it is closed or unknown.
        """
        alarm, now = await self.not_closed(tx, alarm_id, who), self._clock.now()
        if alarm.acknowledged_by == who.id:
            return alarm, False
        if alarm.state == ACKNOWLEDGED:
            raise Refused(self._of("alarm.refused.taken", who, alarm, alarm.acknowledged_by))
        await alarms.acknowledge(tx, alarm_id, who.id, now, remind_at=now + remind_after(1))
        await alarms.note(tx, alarm_id, now, "acknowledged", who=who.id)
        alarm = await self.find(tx, alarm_id)
        await self._calling.call_off(tx, alarm)
        await self._facts.acknowledged(tx, alarm)
        await self._audit.note(tx, now, actor=actor_of(who), act="alarm.acknowledged", alarm=alarm_id)
        return alarm, True

    async def close(self, tx: Transaction, alarm_id: str, who: Contact, outcome: str, note: str) -> Alarm:
        """A named person ends it.

        Raises:
            Refused: It is closed already or unknown, or nobody says who ends it.
            InvalidInput: The note or the outcome is none.
        """
        alarm, said = await self.not_closed(tx, alarm_id, who), note.strip()
        if not who.id.strip() or not who.name.strip():
            raise Refused(self._words.text("alarm.refused.anonymous", who.language))
        if not 1 <= len(said) <= _MOST_NOTE:
            raise InvalidInput(self._words.text("alarm.refused.note", who.language))
        if outcome not in _OUTCOMES:
            raise InvalidInput(self._words.text("alarm.refused.outcome", who.language))
        outcome = "test" if alarm.drill else outcome
        await self.end(tx, alarm, who.id, outcome, said)
        await self._audit.note(
            tx, self._clock.now(), actor=actor_of(who), act="alarm.closed", alarm=alarm_id, outcome=outcome
        )
        return await self.find(tx, alarm_id)

    async def ask_to_cancel(self, tx: Transaction, alarm_id: str, who: Contact) -> Alarm:
        """Somebody says that it is none; they see how to confirm, and everything goes on meanwhile.

        Raises:
            Refused: It is closed already or unknown.
        """
        alarm = await self.not_closed(tx, alarm_id, who)
        await alarms.note(tx, alarm_id, self._clock.now(), "cancel_asked", who=who.id)
        await self._calling.posts.edit(tx, alarm, asking=who.id)
        return alarm

    async def cancel_asked_at(self, tx: Transaction, alarm_id: str, who: Contact) -> datetime | None:
        """When this person last said that it is none; None: never.

        Raises:
            Refused: It is closed already or unknown.
        """
        await self.not_closed(tx, alarm_id, who)
        rows = [row for row in await alarms.noted(tx, alarm_id, "cancel_asked") if row["who"] == who.id]
        return datetime.fromisoformat(rows[-1]["at"]) if rows else None

    async def cancel(self, tx: Transaction, alarm_id: str, who: Contact) -> Alarm:
        """They have confirmed it: it ends as a false alarm."""
        alarm = await self.not_closed(tx, alarm_id, who)
        await self.end(tx, alarm, who.id, "test" if alarm.drill else "false_alarm", "")
        await self._audit.note(
            tx, self._clock.now(), actor=actor_of(who), act="alarm.cancelled", alarm=alarm_id
        )
        return await self.find(tx, alarm_id)

    def _of(self, key: str, who: Contact, alarm: Alarm, other: str | None) -> str:
        moment = alarm.closed_at if alarm.state == CLOSED else alarm.acknowledged_at
        return self._words.text(
            key,
            who.language,
            alarm=alarm.code,
            name=self._words.name(other),
            time=self._words.clock(moment),
        )


def actor_of(who: Contact) -> str:
    """What the audit calls somebody."""
    return who.id if ":" in who.id else f"staff:{who.id}"
