"""Tells the people on call what begins to be wrong, what the cameras see, and what waits for their word.

No alarm: no light, no siren, nobody is woken twice for the same. Emergencies are the alarm desk's.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import (
    AnnouncementDue,
    CameraIncident,
    DeviceIncident,
    DoorIncident,
    Event,
    LonePerson,
    PersonDown,
    StaffAsked,
    TailgatingSuspected,
)
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Channel, OutboundMessage, Priority
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction, outbox

_LOG = structlog.get_logger(__name__)

_QUIET: Final = timedelta(minutes=10)
"""A door that is forced every minute, or a flapping sensor, is told of once in this time."""

_QUIET_CAMERA: Final = timedelta(hours=1)
"""A cable that is loose all night is told of by the hour: nobody can do more about it than come and look."""

_QUIET_DOWN: Final = timedelta(minutes=2)
"""The second who falls must not be missed because the first one got up."""

_KINDS: Final = (
    DoorIncident,
    DeviceIncident,
    CameraIncident,
    PersonDown,
    LonePerson,
    TailgatingSuspected,
    StaffAsked,
    AnnouncementDue,
)


@dataclass(frozen=True, slots=True)
class _Told:
    """What is said, and ``what`` a repetition is recognised by, for as long as it is ``quiet``."""

    what: str
    text: str
    quiet: timedelta = _QUIET


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
            settings: Who is on call; names of doors, devices and zones; what is worth a word.
            template: WhatsApp's template for people on call; empty: nobody can be reached.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._site = settings.site
        self._on_call = settings.alarms.on_call if template else []
        self._names = {door.id: door.name for door in settings.doors}
        self._names |= {one.id: one.name for one in settings.shellies if one.name}
        zones = [zone for camera in settings.cameras for zone in camera.zones]
        self._zones = {zone.id: zone.name for zone in zones}
        tailgating = settings.access.tailgating
        self._followed_times = tailgating.times if tailgating else None
        self._lone_minutes = settings.counting.lone_minutes
        self._template = template
        self._events = bus.subscribe(*_KINDS)

    async def run(self, _: object) -> None:
        """Tell until cancelled."""
        async for event in self._events:
            told = self._words(event)
            if told is not None:
                await self._tell(told)

    def _words(self, event: Event) -> _Told | None:
        """What is said of an event; None: nobody need know."""
        if getattr(event, "over", False):
            return None
        match event:
            case DoorIncident():
                name = self._names.get(event.door, event.door)
                key = f"door/{event.door}/{event.incident}"
                return _Told(key, self._say(f"notice.door.{event.incident}", name=name))
            case DeviceIncident():
                name = self._names.get(event.device, event.device)
                key = f"device/{event.device}/{event.incident}"
                return _Told(key, self._say(f"notice.device.{event.incident}", name=name))
            case StaffAsked():
                name = self._names.get(event.door, event.door)
                return _Told(
                    f"asked/{event.request_id}", self._say(f"notice.asked.{event.reason}", name=name)
                )
            case AnnouncementDue() if event.audience == "staff":
                subject = self._names.get(event.subject, event.subject)
                text = self._say(f"automation.notice.{event.notice}", number=event.number, subject=subject)
                return _Told(f"{event.notice}/{event.subject}", text)
            case _:
                return self._seen(event)

    def _seen(self, event: Event) -> _Told | None:
        """The same of what the cameras see."""
        match event:
            case PersonDown():
                # Said by the event itself, which knows the zone and waits for no disk.
                place = self._zones.get(event.zone or "", event.camera)
                return _Told(
                    f"camera/{event.camera}/{CameraTrouble.PERSON_DOWN}",
                    self._say(f"notice.camera.{CameraTrouble.PERSON_DOWN}", name=place),
                    _QUIET_DOWN,
                )
            case CameraIncident() if event.incident is not CameraTrouble.PERSON_DOWN:
                zone = event.camera.removeprefix("zone/")
                name = event.camera if zone == event.camera else self._zones.get(zone, zone)
                key = f"camera/{event.camera}/{event.incident}"
                quiet = _QUIET if event.incident is CameraTrouble.CROWDED else _QUIET_CAMERA
                return _Told(key, self._say(f"notice.camera.{event.incident}", name=name), quiet)
            case TailgatingSuspected() if self._followed_times and event.times >= self._followed_times:
                name = self._names.get(event.door, event.door)
                text = self._say("notice.people.followed", name=name, times=event.times)
                return _Told(f"followed/{event.request_id}", text)
            case LonePerson() if self._lone_minutes:
                return _Told("lone", self._say("notice.people.lone", minutes=f"{self._lone_minutes:g}"))
            case _:
                return None

    def _say(self, key: str, **values: object) -> str:
        return self._text(key, self._site.language, **values)

    async def _tell(self, told: _Told) -> None:
        """Queue it, unless the outbox has the same from a moment ago: a restart forgets nothing."""
        now, subject, key = self._clock.now(), f"notice:{told.what}:", new_id()
        messages = [
            OutboundMessage(
                key=f"{subject}{key}:{number}",
                channel=Channel.WHATSAPP,
                recipient=person.phone,
                text=f"{self._site.name}: {told.text}",
                priority=Priority.ALARM,
                template=self._template,
            )
            for number, person in enumerate(self._on_call)
            if person.phone is not None
        ]

        async def store(tx: Transaction) -> None:
            if await outbox.queued_between(tx, subject, now - told.quiet, now):
                return
            for message in messages:
                await outbox.add(tx, message, now)

        try:
            if messages:
                await self._database.write(store)
        except Unavailable as error:
            # The incident itself is on the health board; a full disk is there, too.
            _LOG.exception("staff_not_told", reason=str(error))
