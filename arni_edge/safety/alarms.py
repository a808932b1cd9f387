"""The alarm desk: stored first, then local acts and people, each on its own clock, until somebody has it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.health import Progress, State
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.staff import Contact, Role, StaffAct
from arni_edge.safety.book import AlarmBook
from arni_edge.safety.calling import Calling
from arni_edge.safety.decisions import AlarmDecisions, actor_of
from arni_edge.safety.deliveries import Deliveries
from arni_edge.safety.display_keeper import DisplayKeeper
from arni_edge.safety.facts import ReporterFacts
from arni_edge.safety.following import Following
from arni_edge.safety.late import LateEmergencies
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Alarm, Display, LocalAct, Report, Sink
from arni_edge.safety.raising import Raising
from arni_edge.safety.staff_line import StaffLine
from arni_edge.safety.unstored import Also, Unstored
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Database, Transaction
from arni_edge.storage.audit import AuditLog

_LOG = structlog.get_logger(__name__)

_CONFIRM: Final = timedelta(seconds=60)


class AlarmDesk:
    """Raises alarms and follows them to their named end. Depends on storage and ports only.

    Attributes:
        late: What is too old to be an alarm.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        words: AlarmWords,
        line: StaffLine,
        audit: AuditLog,
        *,
        acts: Sequence[LocalAct],
        sinks: Sequence[Sink],
        displays: Sequence[Display] = (),
        groups: Sequence[Contact] = (),
        direct: Sequence[Sink] = (),
        acknowledge_seconds: float = 60.0,
        health: Callable[[State, str], None] = lambda _, __: None,
    ) -> None:
        """Nothing is raised or called before it is asked to.

        Args:
            database: Alarms are in it before anything acts on them.
            bus: Told of everything.
            clock: For when.
            words: What people read.
            line: Knows who is on call.
            audit: Who did what.
            acts: What the building can do at once.
            sinks: The ways to people.
            displays: What shows the state of all alarms.
            groups: Chats that staff share, as contacts with the id ``chat:<id>``.
            direct: The ways to people that need nothing stored, for alarms that the disk does not take.
            acknowledge_seconds: So long has the first one to answer before the next ones are called.
            health: Is told of alarms that cannot be stored.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._words = words
        self._audit = audit
        calling = Calling(
            clock, words, line, sinks=sinks, groups=groups, acknowledge_seconds=acknowledge_seconds
        )
        facts = ReporterFacts(clock, words)
        self._decisions = AlarmDecisions(clock, words, calling, facts, audit)
        names = [one.name for one in displays]
        self._book = AlarmBook(clock, calling, facts, self._decisions, audit, displays=names)
        self._deliveries = Deliveries(database, bus, clock, acts=acts, sinks=sinks)
        self._displays = DisplayKeeper(database, bus, clock, displays)
        self._following = Following(
            database,
            bus,
            clock,
            book=self._book,
            calling=calling,
            deliveries=self._deliveries,
            changed=self._displays.changed,
        )
        self._unstored = Unstored(
            clock,
            bus,
            words,
            calling,
            self._deliveries,
            sinks=sinks,
            direct=direct,
            groups=groups,
            health=health,
        )
        self._raising = Raising(
            database,
            bus,
            book=self._book,
            deliveries=self._deliveries,
            unstored=self._unstored,
            begun=self._begun,
        )
        self.late = LateEmergencies(database, clock, words)
        self._posts = calling.posts
        self._woken = asyncio.Event()

    # --- raising ------------------------------------------------------------------------------------------

    async def raise_alarm(self, report: Report, also: Also | None = None) -> None:
        """Raise the alarm: once per report, stored first, but never later than half a second.

        A further report of the same within minutes belongs to the alarm that is open.

        Args:
            report: What is reported.
            also: Stored in the same transaction as the alarm, the answer and the calls; runs again when the
                report is delivered again, and must bear that.

        Raises:
            Unavailable: It could not be stored. The local acts are under way all the same, people are called
                by what needs nothing stored, and the report must be delivered again.
        """
        await self._raising.enter(report, also)

    async def drill(self, who: Contact) -> str:
        """Test the chain: everybody on call is told that it is a test, nothing is loud.

        Returns:
            The alarm's id.
        """
        _LOG.warning("alarm_drill", by=_public(who))
        now = self._clock.now()
        report = Report(f"drill:{new_id()}", Cause.HELP, "drill", now, drill=True)

        async def by(tx: Transaction) -> None:
            await self._audit.note(tx, now, actor=actor_of(who), act="alarm.drill")

        return (await self._raising.enter(report, by)).alarm.alarm_id

    # --- what staff do ------------------------------------------------------------------------------------

    async def acknowledge(self, alarm_id: str, who: Contact) -> str:
        """Somebody takes the alarm: nobody else is called. The light stays on.

        Returns:
            A sentence for them.

        Raises:
            Refused: Somebody else has it, or it is closed or unknown; with a sentence for them.
            Unavailable: It could not be stored.
        """
        alarm, new = await self._database.write(
            lambda tx: self._decisions.acknowledge(tx, alarm_id, who), vital=True
        )
        if new:
            _LOG.warning("alarm_acknowledged", alarm=alarm_id, by=_public(who))
            self._deliveries.stop_calls(alarm_id)
            self._tell(alarm)
        return self._say("alarm.taken", who, alarm)

    async def close(self, alarm_id: str, who: Contact, outcome: str, note: str) -> str:
        """A named person ends the alarm.

        Args:
            alarm_id: Which.
            who: Who.
            outcome: ``helped``, ``false_alarm`` or ``test``.
            note: How it ended, 1 to 500 characters.

        Returns:
            A sentence for them.

        Raises:
            Refused: It is closed already or unknown, or nobody says who ends it.
            InvalidInput: The note or the outcome is none.
            Unavailable: It could not be stored.
        """
        alarm = await self._database.write(
            lambda tx: self._decisions.close(tx, alarm_id, who, outcome, note), vital=True
        )
        return self._ended(alarm, who)

    async def ask_to_cancel(self, alarm_id: str, who: Contact) -> str:
        """Somebody says that it is none: asks, and ends nothing, however often it is said.

        What was done by one tap is done again when its end could not be stored; so a second one of the same
        kind confirms nothing.

        Returns:
            A question for them.

        Raises:
            Refused: It is closed already or unknown.
            Unavailable: It could not be stored.
        """
        alarm = await self._database.write(
            lambda tx: self._decisions.ask_to_cancel(tx, alarm_id, who), vital=True
        )
        return self._say("alarm.cancel_ask", who, alarm)

    async def confirm_cancel(self, alarm_id: str, who: Contact) -> str:
        """They confirm that it is none.

        Returns:
            A sentence for them.

        Raises:
            Refused: They were not asked within the last minute, or it is closed already or unknown.
            Unavailable: It could not be stored.
        """

        async def unit(tx: Transaction) -> Alarm | None:
            asked = await self._decisions.cancel_asked_at(tx, alarm_id, who)
            if asked is None or not timedelta() <= self._clock.now() - asked <= _CONFIRM:
                alarm = await self._decisions.find(tx, alarm_id)
                await self._posts.edit(tx, alarm)
                return None
            return await self._decisions.cancel(tx, alarm_id, who)

        ended = await self._database.write(unit, vital=True)
        if ended is None:
            raise Refused(self._words.text("alarm.refused.late", who.language))
        return self._ended(ended, who)

    async def escalate(self, alarm_id: str, who: Contact) -> str:
        """Somebody wants the next ones called now; whoever had taken the alarm hands it on.

        Returns:
            A sentence for them.

        Raises:
            Refused: It is closed or unknown.
            Unavailable: It could not be stored.
        """
        alarm = await self._following.step(alarm_id, by=who)
        self._woken.set()
        return self._say("alarm.called_next", who, alarm) if alarm else ""

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """What staff can do by a button or a command, by name."""

        async def close(who: Contact, alarm_id: str, note: str) -> str:
            return await self.close(alarm_id, who, "helped", note)

        return {
            "alarm.acknowledge": StaffAct(Role.VIEWER, lambda who, one, _: self.acknowledge(one, who)),
            "alarm.escalate": StaffAct(Role.VIEWER, lambda who, one, _: self.escalate(one, who)),
            "alarm.close": StaffAct(Role.STAFF, close, question="alarm.ask_note"),
            "alarm.cancel": StaffAct(Role.STAFF, lambda who, one, _: self.ask_to_cancel(one, who)),
            "alarm.cancel_confirm": StaffAct(Role.STAFF, lambda who, one, _: self.confirm_cancel(one, who)),
        }

    def _ended(self, alarm: Alarm, who: Contact) -> str:
        _LOG.warning("alarm_closed", alarm=alarm.alarm_id, by=_public(who), outcome=alarm.outcome)
        self._deliveries.stop(alarm.alarm_id)
        self._tell(alarm)
        return self._say("alarm.has_ended", who, alarm)

    def _say(self, key: str, who: Contact, alarm: Alarm) -> str:
        return self._words.text(key, who.language, alarm=alarm.code)

    def _tell(self, alarm: Alarm) -> None:
        self._following.tell(alarm)
        self._woken.set()

    # --- following ----------------------------------------------------------------------------------------

    async def open(self) -> list[Alarm]:
        """All alarms that are not closed, oldest first."""
        return await self._following.open()

    def _begun(self) -> None:
        self._woken.set()
        self._displays.changed()

    async def show_again(self, _: int = 0) -> None:
        """Whoever shows the state may have lost it (the broker is new): show it once more."""
        self._displays.changed()

    async def resume(self) -> None:
        """Do again what a crash may have interrupted: acts of young reports, calls that nobody answered."""
        self._deliveries.open()
        await self._following.look()

    async def run(self, progress: Progress) -> None:
        """Follow the open alarms until cancelled: call the next ones, repeat, show."""
        self._deliveries.open()
        try:
            async with asyncio.TaskGroup() as group:
                self._displays.start(group)
                group.create_task(self._unstored.run(self._raising.store), name="alarms held")
                while True:
                    progress()
                    self._woken.clear()
                    seconds = await self._following.look(progress)
                    try:
                        async with asyncio.timeout(seconds):
                            await self._woken.wait()
                    except TimeoutError:
                        continue
        finally:
            await self._deliveries.aclose()

    async def aclose(self) -> None:
        """Stop what is under way; the next life finds it in the database."""
        await self._deliveries.aclose()

    async def drain(self) -> None:
        """Wait until the acts that are under way have come to a first end; each has its own limit."""
        await self._deliveries.drain()


def _public(who: Contact) -> str:
    """What the log may know of somebody: whoever sits at the box has said a name."""
    return who.id.partition(":")[0]
