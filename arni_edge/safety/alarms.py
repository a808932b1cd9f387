"""The alarm desk: stored first, then local acts and people, each on its own clock."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError
from arni_edge.domain.events import AlarmRaised
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.safety.matcher import Cause
from arni_edge.settings import OnCall, Site
from arni_edge.storage import Database, Transaction, alarms, outbox

_LOG = structlog.get_logger(__name__)

# The product promises local acts within 1 s. One that fails (a relay that is just coming back) is tried again
# for so long before it is recorded as failed.
_ACT_SECONDS = 15.0
_ACT_AGAIN = 0.25
# Light and siren for an alarm that is older than this would frighten rather than help.
_ACTS_WITHIN = timedelta(minutes=10)
# A disk takes milliseconds; one that takes longer must not keep the light off (promised: 1 s).
_STORE_FIRST_SECONDS = 0.5


class LocalAct(Protocol):
    """Something in the building that helps at once: light, siren, loudspeaker."""

    @property
    def name(self) -> str:
        """For the proof log."""
        ...

    async def act(self) -> str:
        """Do it; returns the evidence, or raises an :class:`ArniError`. Doing it twice does no harm."""
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """Somebody or something reports an emergency.

    Attributes:
        source_key: Identity of the report: one report is one alarm, however often it is delivered.
        cause: What kind.
        source: Where it came from, for instance ``whatsapp``; read by staff.
        at: When it was reported, by the source's clock (aware).
    """

    source_key: str
    cause: Cause
    source: str
    at: datetime


class AlarmDesk:
    """Raises alarms. Depends on storage and ports only; every sink is independent and timed."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        *,
        site: Site,
        on_call: Sequence[OnCall],
        acts: Sequence[LocalAct],
        template: str,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._catalogue = catalogue
        self._site = site
        self._on_call = on_call
        self._acts = acts
        self._template = template
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def people_on_call(self) -> int:
        """How many people an alarm is told to."""
        return len(self._on_call)

    async def raise_alarm(
        self, report: Report, also: Callable[[Transaction], Awaitable[None]] | None = None
    ) -> None:
        """Raise the alarm: once per report, stored first, but never later than half a second.

        Args:
            report: What is reported.
            also: Stored in the same transaction as the alarm and the calls to the people on call.

        Raises:
            Unavailable: It could not be stored. The local acts are under way all the same, and the report
                must be delivered again.
        """
        alarm_id, now = new_id(), self._clock.now()

        async def store(tx: Transaction) -> bool:
            fresh = await alarms.add(
                tx,
                alarm_id,
                source_key=report.source_key,
                cause=report.cause,
                source=report.source,
                raised_at=now,
            )
            if fresh:
                if also is not None:
                    await also(tx)
                for call in self._calls(report, alarm_id):
                    await outbox.add(tx, call, now)
            return fresh

        storing = asyncio.ensure_future(self._database.write(store))
        try:
            await asyncio.wait({storing}, timeout=_STORE_FIRST_SECONDS)
            stored = storing.done() and storing.exception() is None
            if not stored:
                _LOG.critical("alarm_not_stored_yet", alarm=alarm_id, cause=report.cause)
                # Light before paper; the paper follows as soon as the alarm is on record.
                self._start_acts(alarm_id, storing=storing)
            fresh = await storing
        finally:
            storing.cancel()
        if fresh:
            self._announce(report, alarm_id, now, acts=stored)

    def _announce(self, report: Report, alarm_id: str, now: datetime, *, acts: bool) -> None:
        _LOG.critical("alarm_raised", alarm=alarm_id, cause=report.cause, source=report.source)
        self._bus.publish(AlarmRaised(at=now, alarm_id=alarm_id, cause=report.cause, source=report.source))
        # A report that was under way for long (the internet was gone) calls people; a siren would mislead.
        if acts and now - report.at <= _ACTS_WITHIN:
            self._start_acts(alarm_id)

    async def resume(self) -> None:
        """Do again what a crash may have interrupted: local acts of young alarms without a recorded end."""
        since = self._clock.now() - _ACTS_WITHIN
        for row in await alarms.open_since(self._database, since):
            known = {sink["sink"] for sink in await alarms.sinks(self._database, row["alarm_id"])}
            self._start_acts(row["alarm_id"], without=known)

    async def drain(self) -> None:
        """Wait until the acts that are under way have ended; each has its own limit."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _calls(self, report: Report, alarm_id: str) -> list[OutboundMessage]:
        """One message to each person on call."""
        text, language = self._catalogue.text, self._site.language
        told = text(
            "alarm.staff",
            language,
            gym=self._site.name,
            cause=text(f"alarm.cause.{report.cause}", language),
            source=text(f"alarm.source.{report.source}", language),
            time=f"{report.at.astimezone(self._site.zone):%d.%m.%Y %H:%M}",
            alarm=alarm_id[-6:],
        )
        return [
            OutboundMessage(
                key=f"{report.source_key}:call:{number}",
                channel=Channel.WHATSAPP,
                recipient=person.phone,
                text=told,
                priority=Priority.ALARM,
                template=self._template,
            )
            for number, person in enumerate(self._on_call)
            if person.phone is not None
        ]

    def _start_acts(
        self, alarm_id: str, without: Collection[str] = (), *, storing: asyncio.Future[bool] | None = None
    ) -> None:
        for act in self._acts:
            if act.name not in without:
                performing = self._perform(act, alarm_id, storing)
                task = asyncio.create_task(performing, name=f"alarm act {act.name}")
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("alarm_act_crashed", act=task.get_name(), exc_info=task.exception())

    async def _perform(self, act: LocalAct, alarm_id: str, storing: asyncio.Future[bool] | None) -> None:
        """Do one act and record what became of it; nothing an act does can stop another."""
        detail, state = f"no answer within {_ACT_SECONDS:.0f} s", "failed"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ACT_SECONDS):
                while state != "done":
                    try:
                        detail, state = await act.act(), "done"
                    except ArniError as error:
                        detail = str(error)
                        await asyncio.sleep(_ACT_AGAIN)
        _LOG.warning("alarm_act_ended", act=act.name, state=state, detail=detail)
        if storing is None or await _new_on_record(storing):
            now = self._clock.now()
            await self._database.write(
                lambda tx: alarms.note_sink(tx, alarm_id, act.name, state, detail, now)
            )


async def _new_on_record(storing: asyncio.Future[bool]) -> bool:
    """Whether the alarm came on record, once that is decided: not a failing disk, not a second delivery."""
    await asyncio.wait({storing})
    return not storing.cancelled() and storing.exception() is None and storing.result()
