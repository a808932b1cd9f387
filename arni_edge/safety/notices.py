"""Tells the people on call what begins to be wrong at doors and devices, and what waits for their word.

No alarm: no light, no siren, nobody is woken twice for the same. Emergencies are the alarm desk's.
"""

from datetime import timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import AnnouncementDue, DeviceIncident, DoorIncident, Event, StaffAsked
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction, outbox

_LOG = structlog.get_logger(__name__)

_QUIET: Final = timedelta(minutes=10)
"""A door that is forced every minute, or a flapping sensor, is told of once in this time."""


class StaffNotices:
    """Puts one message per person on call into the outbox."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        *,
        settings: Settings,
        template: str,
    ) -> None:
        """Listen from now on.

        Args:
            database: Has the outbox.
            bus: Tells what is wrong.
            clock: For how long ago something was told.
            catalogue: The words, ``notice.*``.
            settings: Who is on call; names of doors and devices.
            template: WhatsApp's template for people on call; empty: nobody can be reached.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._site = settings.site
        self._on_call = settings.alarms.on_call if template else []
        self._names = {door.id: door.name for door in settings.doors}
        self._names |= {one.id: one.name for one in settings.shellies if one.name}
        self._template = template
        self._events = bus.subscribe(DoorIncident, DeviceIncident, StaffAsked, AnnouncementDue)

    async def run(self, _: object) -> None:
        """Tell until cancelled."""
        async for event in self._events:
            told = self._words(event)
            if told is not None:
                await self._tell(*told)

    def _words(self, event: Event) -> tuple[str, str] | None:
        """What a repetition is recognised by, and what is said; None: nobody need know."""
        language = self._site.language
        if isinstance(event, DoorIncident | DeviceIncident) and event.over:
            return None
        if isinstance(event, DoorIncident):
            name = self._names.get(event.door, event.door)
            text = self._text(f"notice.door.{event.incident}", language, name=name)
            return f"door/{event.door}/{event.incident}", text
        if isinstance(event, DeviceIncident):
            name = self._names.get(event.device, event.device)
            text = self._text(f"notice.device.{event.incident}", language, name=name)
            return f"device/{event.device}/{event.incident}", text
        if isinstance(event, StaffAsked):
            door = self._names.get(event.door, event.door)
            return f"asked/{event.request_id}", self._text(
                f"notice.asked.{event.reason}", language, name=door
            )
        if isinstance(event, AnnouncementDue) and event.audience == "staff":
            subject = self._names.get(event.subject, event.subject)
            text = self._text(
                f"automation.notice.{event.notice}", language, number=event.number, subject=subject
            )
            return f"{event.notice}/{event.subject}", text
        return None

    async def _tell(self, what: str, text: str) -> None:
        """Queue it, unless the outbox has the same from a moment ago: a restart forgets nothing."""
        now, subject, key = self._clock.now(), f"notice:{what}:", new_id()
        messages = [
            OutboundMessage(
                key=f"{subject}{key}:{number}",
                channel=Channel.WHATSAPP,
                recipient=person.phone,
                text=f"{self._site.name}: {text}",
                priority=Priority.ALARM,
                template=self._template,
            )
            for number, person in enumerate(self._on_call)
        ]

        async def store(tx: Transaction) -> None:
            if await outbox.queued_since(tx, subject, now - _QUIET):
                return
            for message in messages:
                await outbox.add(tx, message, now)

        try:
            if messages:
                await self._database.write(store)
        except Unavailable as error:
            # The incident itself is on the health board; a full disk is there, too.
            _LOG.exception("staff_not_told", reason=str(error))
