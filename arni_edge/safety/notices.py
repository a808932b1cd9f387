"""Tells the people on call what begins to be wrong, what the cameras see, and what waits for their word.

No alarm: no light, no siren, nobody is woken twice for the same. Emergencies are the alarm desk's.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import Clock
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
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.safety.notice_post import NoticePost, Told
from arni_edge.safety.staff_line import StaffLine
from arni_edge.settings import Settings
from arni_edge.storage import Database

_LOOK_SECONDS: Final = 20.0
"""So often it is looked whether somebody can be told now what nobody could be told before."""

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


class StaffNotices:
    """Tells each person on call, by Telegram or else by WhatsApp; with nobody there, somebody else."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        catalogue: Catalogue,
        line: StaffLine,
        *,
        settings: Settings,
        health: Callable[[State, str], None],
    ) -> None:
        """Listen from now on.

        Args:
            database: Knows what was told.
            bus: Tells what is wrong.
            clock: For how long ago something was told.
            catalogue: The words, ``notice.*``.
            line: Knows who is on call, and takes what they are told.
            settings: Names of doors, devices and zones; what is worth a word.
            health: Told when something waits for somebody who can be told.
        """
        self._text = catalogue.text
        self._post = NoticePost(database, clock, catalogue, line, site=settings.site, health=health)
        self._names = {door.id: door.name for door in settings.doors}
        self._names |= {one.id: one.name for one in settings.shellies if one.name}
        zones = [zone for camera in settings.cameras for zone in camera.zones]
        self._zones = {zone.id: zone.name for zone in zones}
        tailgating = settings.access.tailgating
        self._followed_times = tailgating.times if tailgating else None
        self._lone_minutes = settings.counting.lone_minutes
        self._events = bus.subscribe(*_KINDS)

    async def run(self, _: object) -> None:
        """Tell until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="notices ear")
            while True:
                await self._post.catch_up()
                await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self) -> None:
        async for event in self._events:
            told = None if getattr(event, "over", False) else self._words(event)
            if told is not None:
                await self._post.tell(told)

    def _words(self, event: Event) -> Told | None:
        """What is said of an event; None: nobody need know."""
        match event:
            case DoorIncident():
                name = self._names.get(event.door, event.door)
                key = f"door/{event.door}/{event.incident}"
                return Told(key, self._words_of(f"notice.door.{event.incident}", name=name), _QUIET, event.at)
            case DeviceIncident():
                name = self._names.get(event.device, event.device)
                key = f"device/{event.device}/{event.incident}"
                return Told(
                    key, self._words_of(f"notice.device.{event.incident}", name=name), _QUIET, event.at
                )
            case StaffAsked():
                name = self._names.get(event.door, event.door)
                text = self._words_of(f"notice.asked.{event.reason}", name=name)
                return Told(f"asked/{event.request_id}", text, _QUIET, event.at)
            case AnnouncementDue() if event.audience == "staff":
                subject = self._names.get(event.subject, event.subject)
                text = self._words_of(
                    f"automation.notice.{event.notice}", number=event.number, subject=subject
                )
                return Told(f"{event.notice}/{event.subject}", text, _QUIET, event.at)
            case _:
                return self._seen(event)

    def _seen(self, event: Event) -> Told | None:
        """The same of what the cameras see."""
        match event:
            case PersonDown():
                # Said by the event itself, which knows the zone and waits for no disk.
                place = self._zones.get(event.zone or "", event.camera)
                return Told(
                    f"camera/{event.camera}/{CameraTrouble.PERSON_DOWN}",
                    self._words_of(f"notice.camera.{CameraTrouble.PERSON_DOWN}", name=place),
                    _QUIET_DOWN,
                    event.at,
                )
            case CameraIncident() if event.incident is not CameraTrouble.PERSON_DOWN:
                zone = event.camera.removeprefix("zone/")
                name = event.camera if zone == event.camera else self._zones.get(zone, zone)
                key = f"camera/{event.camera}/{event.incident}"
                quiet = _QUIET if event.incident is CameraTrouble.CROWDED else _QUIET_CAMERA
                text = self._words_of(f"notice.camera.{event.incident}", name=name)
                return Told(key, text, quiet, event.at)
            case TailgatingSuspected() if self._followed_times and event.times >= self._followed_times:
                name = self._names.get(event.door, event.door)
                text = self._words_of("notice.people.followed", name=name, times=event.times)
                return Told(f"followed/{event.request_id}", text, _QUIET, event.at)
            case LonePerson() if self._lone_minutes:
                text = self._words_of("notice.people.lone", minutes=f"{self._lone_minutes:g}")
                return Told("lone", text, _QUIET, event.at)
            case _:
                return None

    def _words_of(self, key: str, **values: object) -> Callable[[Language], str]:
        return lambda language: self._text(key, language, **values)
