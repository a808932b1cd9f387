"""Goes round one door: hands the watch what the house hears, and the incident desk what the watch sees."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.access.watch import Change, DoorWatch
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, Incident, Outcome
from arni_edge.domain.events import (
    DeviceSignalled,
    DoorCommandEnded,
    DoorIncident,
    Event,
    LockChanged,
    LockUsed,
    ReadingChanged,
    UnrequestedOpening,
)
from arni_edge.domain.health import Progress
from arni_edge.domain.readings import Value
from arni_edge.settings import Door

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0
_WAITING_CHANGES: Final = 64

_DROPS: Final = "drops_on_command"


class Watched(Protocol):
    """What the patrol asks a lock."""

    @property
    def silent_seconds(self) -> float | None:
        """Since the lock was last heard, or since we listen; None: it need not speak, or said goodbye."""
        ...

    @property
    def unsafe(self) -> str | None:
        """Why it must not be used now; empty when it may, None when nothing is known of that."""
        ...

    def forget_jam(self) -> None:
        """A person has looked at it."""
        ...


class DoorPatrol:
    """One door, from the bus to the incident desk."""

    def __init__(
        self,
        door: Door,
        lock: Watched,
        incidents: IncidentDesk,
        bus: Bus,
        clock: Clock,
        *,
        commanded_at: Callable[[], float],
    ) -> None:
        """Listen from now on; see :meth:`run`.

        Args:
            door: From the settings.
            lock: Its driver.
            incidents: Stores and tells.
            bus: Says what lock, contact and people do.
            clock: For durations.
            commanded_at: When a command of ours was last under way; see the controller.
        """
        self._door = door
        self._lock = lock
        self._incidents = incidents
        self._clock = clock
        self._commanded_at = commanded_at
        self._subject = Subject("door", door.id)
        self._lock_device = f"lock/{door.id}"
        self._watch = DoorWatch(
            propped_seconds=door.propped_seconds, unlocked_seconds=door.unlocked_minutes * 60
        )
        self._contact = DoorContact.UNKNOWN
        self._changes: asyncio.Queue[Change] = asyncio.Queue(_WAITING_CHANGES)
        self._events = bus.subscribe(
            LockChanged,
            ReadingChanged,
            DeviceSignalled,
            LockUsed,
            UnrequestedOpening,
            DoorCommandEnded,
            DoorIncident,
        )

    @property
    def contact(self) -> DoorContact:
        """The contact, live: of its own device if the settings name one, otherwise the lock's sensor."""
        return self._contact

    async def run(self, progress: Progress) -> None:
        """Go round until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._report())
            while True:
                progress()
                now = self._clock.monotonic()
                self._watch.explained(self._commanded_at())
                await self._note(
                    self._watch.tick(now, silent_seconds=self._lock.silent_seconds, unsafe=self._lock.unsafe)
                )
                await asyncio.sleep(_LOOK_SECONDS)

    async def _listen(self) -> None:
        async for event in self._events:
            await self._note(self._hear(event, self._clock.monotonic()))

    async def _report(self) -> None:
        """Store and tell in a task of its own: a slow disk must not keep the watch from seeing."""
        while True:
            change = await self._changes.get()
            if change.over:
                await self._incidents.end(self._subject, change.incident, change.evidence)
            else:
                await self._incidents.begin(self._subject, change.incident, change.evidence)

    async def _note(self, changes: list[Change]) -> None:
        for change in changes:
            await self._changes.put(change)

    # --- what the house hears -----------------------------------------------------------------------------

    def _hear(self, event: Event, now: float) -> list[Change]:
        if isinstance(event, ReadingChanged):
            return self._hear_reading(event, now)
        if isinstance(event, DeviceSignalled):
            return self._hear_signal(event)
        if getattr(event, "door", None) != self._door.id:
            return []
        if isinstance(event, LockChanged):
            changes = self._watch.lock(event.state, now)
            return changes if self._door.contact else changes + self._hear_contact(event.contact, now)
        if isinstance(event, LockUsed):
            self._watch.explained(now)
            return []
        if isinstance(event, UnrequestedOpening):
            # No crime of whoever pushes the door then, but one to look into.
            self._watch.explained(now)
            return [Change(Incident.UNREQUESTED, False, event.evidence)]
        if isinstance(event, DoorCommandEnded) and event.outcome is Outcome.CONFIRMED:
            return self._watch.confirmed(event.evidence)
        if isinstance(event, DoorIncident) and event.over and event.incident is Incident.JAMMED:
            self._lock.forget_jam()
        return []

    def _hear_reading(self, event: ReadingChanged, now: float) -> list[Change]:
        contact = self._door.contact
        if contact and (event.device, event.entity) == (contact.device, contact.entity):
            return self._hear_contact(_contact(event.value, open_when=contact.open_when), now)
        if event.device == self._lock_device:
            return self._watch.battery(event.entity, event.value)
        return []

    def _hear_signal(self, event: DeviceSignalled) -> list[Change]:
        if (event.device, event.name) == (self._lock_device, _DROPS):
            return [Change(Incident.DROPS_ON_COMMAND, False, "it left the broker right after a command")]
        return []

    def _hear_contact(self, contact: DoorContact, now: float) -> list[Change]:
        self._contact = contact
        return self._watch.contact(contact, now)


def _contact(value: Value, *, open_when: bool) -> DoorContact:
    """What an input or a door sensor of another device says about the door."""
    if not isinstance(value, bool):
        return DoorContact.UNKNOWN
    return DoorContact.OPEN if value is open_when else DoorContact.CLOSED
