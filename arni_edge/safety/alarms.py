"""The alarm desk: stored first, then local acts and people, each on its own clock."""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.domain.events import AlarmRaised
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, InboundMessage, Language, OutboundMessage, Priority
from arni_edge.safety.matcher import Cause
from arni_edge.settings import OnCall, Site
from arni_edge.storage import Database, Transaction, alarms, inbox, outbox

_LOG = structlog.get_logger(__name__)

# The product promises local acts within 1 s. One that fails (a relay that is just coming back) is tried again
# for so long before it is recorded as failed.
_ACT_SECONDS = 15.0
_ACT_AGAIN = 0.25
# Light and siren for an alarm that is older than this would frighten rather than help.
_RESUME_WITHIN = timedelta(minutes=10)


class LocalAct(Protocol):
    """Something in the building that helps at once: light, siren, loudspeaker."""

    @property
    def name(self) -> str:
        """For the proof log."""
        ...

    async def act(self) -> str:
        """Do it; returns the evidence, or raises an :class:`ArniError`. Doing it twice does no harm."""
        ...


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

    async def raise_for(self, message: InboundMessage, cause: Cause, language: Language) -> None:
        """Raise the alarm for a message: once per message, however often it is delivered.

        Message, alarm, the answer and the calls to the people on call are one transaction.

        Raises:
            Unavailable: It could not be stored. The local acts are under way all the same, and the message
                must be delivered again.
        """
        alarm_id, now = new_id(), self._clock.now()

        async def store(tx: Transaction) -> bool:
            fresh = await alarms.add(
                tx, alarm_id, source_key=message.key, cause=cause, source=message.channel, raised_at=now
            )
            if fresh:
                await inbox.add(tx, message, now)
                await inbox.finish(tx, message, now, trace=["safety"], intent="emergency")
                for outbound in self._messages(message, cause, language, alarm_id, now):
                    await outbox.add(tx, outbound, now)
            return fresh

        try:
            fresh = await self._database.write(store)
        except Unavailable:
            _LOG.critical("alarm_not_stored", alarm=alarm_id, cause=cause)
            self._start_acts(None)
            raise
        if fresh:
            _LOG.critical("alarm_raised", alarm=alarm_id, cause=cause, source=message.channel)
            self._bus.publish(AlarmRaised(at=now, alarm_id=alarm_id, cause=cause, source=message.channel))
            self._start_acts(alarm_id)

    async def resume(self) -> None:
        """Do again what a crash may have interrupted: local acts of young alarms without a recorded end."""
        since = self._clock.now() - _RESUME_WITHIN
        for row in await alarms.open_since(self._database, since):
            known = {sink["sink"] for sink in await alarms.sinks(self._database, row["alarm_id"])}
            self._start_acts(row["alarm_id"], without=known)

    async def drain(self) -> None:
        """Wait until the acts that are under way have ended; each has its own limit."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _messages(
        self, message: InboundMessage, cause: Cause, language: Language, alarm_id: str, now: datetime
    ) -> list[OutboundMessage]:
        text = self._catalogue.text
        count = len(self._on_call)
        notified = text("alarm.notified", language, count=count) if count else text("alarm.nobody", language)
        answer = OutboundMessage(
            key=f"{message.key}:answer",
            channel=message.channel,
            recipient=message.conversation,
            text=text("alarm.raised", language, notified=notified),
            priority=Priority.ALARM,
            reply_to=message.message_id,
        )
        staff_text = text(
            "alarm.staff",
            self._site.language,
            gym=self._site.name,
            cause=text(f"alarm.cause.{cause}", self._site.language),
            source=message.channel,
            time=now.astimezone(self._site.zone).strftime("%H:%M"),
            alarm=alarm_id[-6:],
        )
        calls = [
            OutboundMessage(
                key=f"{message.key}:call:{person.phone}",
                channel=Channel.WHATSAPP,
                recipient=person.phone,
                text=staff_text,
                priority=Priority.ALARM,
                template=self._template,
            )
            for person in self._on_call
        ]
        return [answer, *calls]

    def _start_acts(self, alarm_id: str | None, without: Collection[str] = ()) -> None:
        for act in self._acts:
            if act.name not in without:
                task = asyncio.create_task(self._perform(act, alarm_id), name=f"alarm act {act.name}")
                self._under_way.add(task)
                task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _LOG.error("alarm_act_crashed", act=task.get_name(), exc_info=task.exception())

    async def _perform(self, act: LocalAct, alarm_id: str | None) -> None:
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
        if alarm_id is not None:
            now = self._clock.now()
            await self._database.write(
                lambda tx: alarms.note_sink(tx, alarm_id, act.name, state, detail, now)
            )
