"""Turns what the bus and the eyes say into the picture that the rules look at."""

from arni_edge.automation.picture import DoorView, Moment, Picture
from arni_edge.automation.ports import Eyes
from arni_edge.automation.rulebook import calendar_of
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, LockState, Outcome
from arni_edge.domain.events import (
    AlarmRaised,
    DeviceAvailabilityChanged,
    DoorCommandEnded,
    Event,
    LockChanged,
    ReadingChanged,
)
from arni_edge.domain.readings import Value
from arni_edge.settings import Settings

EVENTS = (ReadingChanged, LockChanged, DoorCommandEnded, DeviceAvailabilityChanged, AlarmRaised)
"""What the senses listen to."""


class Senses:
    """Keeps what is live. What a device said before it went away is history, and history is unknown."""

    def __init__(self, settings: Settings, eyes: Eyes, clock: Clock) -> None:
        automation = settings.automation
        self._eyes = eyes
        self._clock = clock
        self._calendar = calendar_of(settings)
        self._quiet = automation.quiet_hours
        self._alarm_seconds = automation.alarm_minutes * 60
        self._zones = [zone.id for camera in settings.cameras for zone in camera.zones]
        self._contacts = {door.id: door.contact for door in settings.doors if door.contact is not None}
        self._doors = {door.id: DoorView() for door in settings.doors}
        self._readings: dict[tuple[str, str], Value] = {}
        self._entered: set[str] = set()
        self._opened: set[str] = set()
        self._ordered: bool | None = None
        self._alarm_until: float | None = None

    def take(self, event: Event) -> None:
        """Learn from one event; what is about other things changes nothing."""
        match event:
            case ReadingChanged():
                self._readings[event.device, event.entity] = event.value
                self._read_contacts(event)
            case LockChanged() if event.door in self._doors:
                own = self._contacts.get(event.door) is None
                self._see_door(event.door, event.state, event.contact if own else None)
            case DoorCommandEnded() if event.door in self._doors:
                if event.outcome is Outcome.CONFIRMED:
                    self._entered.add(event.door)
            case DeviceAvailabilityChanged() if not event.available:
                self._forget(event.device)
            case AlarmRaised():
                self._alarm_until = self._clock.monotonic() + self._alarm_seconds
            case _:
                pass

    def order(self, armed: bool) -> None:
        """Staff want the house on guard, or off it."""
        self._ordered = armed

    def look(self) -> tuple[Picture, Moment]:
        """The present picture; what happened since the last look is in it once."""
        moment = Moment(self._clock.now(), self._clock.monotonic())
        picture = Picture(
            hours=self._calendar.view(moment.at),
            zones={zone: self._eyes.zone(zone) for zone in self._zones},
            total=self._eyes.total(),
            readings=dict(self._readings),
            doors=dict(self._doors),
            entered=frozenset(self._entered),
            opened=frozenset(self._opened),
            alarm=self._alarm_until is not None and moment.seconds < self._alarm_until,
            quiet=self._calendar.within(self._quiet, moment.at),
            ordered=self._ordered,
        )
        self._ordered = None
        self._entered.clear()
        self._opened.clear()
        return picture, moment

    # --- learning -----------------------------------------------------------------------------------------

    def _read_contacts(self, event: ReadingChanged) -> None:
        for door, contact in self._contacts.items():
            if (contact.device, contact.entity) == (event.device, event.entity):
                seen = DoorContact.UNKNOWN
                if isinstance(event.value, bool):
                    seen = DoorContact.OPEN if event.value is contact.open_when else DoorContact.CLOSED
                self._see_door(door, None, seen)

    def _see_door(self, door: str, lock: LockState | None, contact: DoorContact | None) -> None:
        before = self._doors[door]
        after = DoorView(
            before.lock if lock is None else lock, before.contact if contact is None else contact
        )
        if before.contact is DoorContact.CLOSED and after.contact is DoorContact.OPEN:
            self._opened.add(door)
        self._doors[door] = after

    def _forget(self, device: str) -> None:
        """A device is away. Names are as in :class:`DeviceAvailabilityChanged`: ``shelly/…``, ``lock/…``."""
        family, _, name = device.partition("/")
        if family == "lock" and name in self._doors:
            own = self._contacts.get(name) is None
            self._see_door(name, LockState.UNKNOWN, DoorContact.UNKNOWN if own else None)
        elif family == "shelly":
            for key in [key for key in self._readings if key[0] == name]:
                del self._readings[key]
            for door, contact in self._contacts.items():
                if contact.device == name:
                    self._see_door(door, None, DoorContact.UNKNOWN)
