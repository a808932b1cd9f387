"""What the automation needs of other rooms."""

from typing import Protocol

from arni_edge.automation.picture import Announce
from arni_edge.bus import Bus
from arni_edge.devices import SwitchResult
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import UnlatchResult
from arni_edge.domain.events import AnnouncementDue
from arni_edge.domain.occupancy import Occupancy


class Switch(Protocol):
    """One relay."""

    @property
    def live(self) -> bool:
        """Whether the device is there now."""
        ...

    @property
    def output(self) -> bool | None:
        """Whether it is on; None when unknown."""
        ...

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it and wait for the effect; never repeated by itself."""
        ...


class Eyes(Protocol):
    """Who is inside."""

    def zone(self, zone_id: str, /) -> Occupancy:
        """People in one zone."""
        ...

    def total(self) -> Occupancy:
        """People in the whole gym, as far as it is watched."""
        ...


class Bolt(Protocol):
    """One door's controller, the only writer of commands to its lock."""

    async def lock(self) -> UnlatchResult:
        """Put the bolt out, if the door is closed; never raises for what happens at the door."""
        ...


class Incidents(Protocol):
    """Stores what is wrong, then tells it. Saying the same twice changes nothing."""

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str, /) -> None:
        """Something is wrong."""
        ...

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str, /) -> None:
        """It is right again, or was all the time."""
        ...


class Announcer(Protocol):
    """Tells people in the gym, or the staff."""

    async def announce(self, announce: Announce) -> None:
        """Say it once; may raise an :class:`~arni_edge.domain.errors.ArniError`."""
        ...


class BusAnnouncer:
    """Puts announcements on the bus, for whoever has a voice."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock

    async def announce(self, announce: Announce) -> None:
        """Publish :class:`AnnouncementDue`."""
        self._bus.publish(
            AnnouncementDue(
                at=self._clock.now(),
                audience=announce.audience.value,
                notice=announce.notice,
                number=announce.number,
                subject=announce.subject,
            )
        )
