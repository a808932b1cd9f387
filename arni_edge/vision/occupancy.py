"""The daemon's side of seeing: what is known of each zone right now. Unknown is never zero."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from arni_edge.broker import BrokerSession, Received
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.events import ZoneCounted
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.vision.messages import CameraMessage, CameraState, ZoneMessage, parse_online
from arni_edge.vision.topics import camera_topic, online_topic, zone_topic

_LOG = structlog.get_logger(__name__)
_REFRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What the worker last said of a camera.

    Attributes:
        camera: Its id.
        state: How it is.
        reason: Why, in words for the owner.
        heard_at: When it was heard, on the monotonic clock.
    """

    camera: str
    state: CameraState
    reason: str
    heard_at: float


@dataclass(frozen=True, slots=True)
class _Seen:
    """A live count and where it came from."""

    count: int
    camera: str
    heard_at: float


class OccupancyBook:
    """Keeps live counts only.

    What the broker has retained is history and never counts. A new broker session, the end of the worker, a
    count of None, a camera that is not ok, or silence for longer than ``stale_seconds`` make a zone unknown.

    Attributes:
        cameras: The last live report of every camera, by id. Read-only.
    """

    def __init__(
        self,
        site_id: str,
        zones: Mapping[str, str],
        broker: BrokerSession,
        bus: Bus,
        clock: Clock,
        stale_seconds: float = 8.0,
    ) -> None:
        """Subscribe to the worker's topics; call before the session runs.

        Args:
            site_id: Of the settings.
            zones: Names of the zones by id; others are ignored.
            broker: The daemon's session.
            bus: Where :class:`ZoneCounted` goes, on change.
            clock: For the age of figures.
            stale_seconds: A figure older than this is no figure.
        """
        self._zones = dict(zones)
        self._bus = bus
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._seen: dict[str, _Seen] = {}
        self._sequence: dict[str, int] = {}
        self._told: dict[str, int | None] = dict.fromkeys(zones)
        self._cameras: dict[str, CameraReport] = {}
        self.cameras: Mapping[str, CameraReport] = MappingProxyType(self._cameras)
        self._online = online_topic(site_id)
        self._zone_prefix = zone_topic(site_id, "")
        self._camera_prefix = camera_topic(site_id, "")
        filters = (self._online, zone_topic(site_id, "+"), camera_topic(site_id, "+"))
        broker.subscribe(filters, self.receive)
        broker.on_session(self._on_session)
        broker.on_lost(self._forget_all)

    # --- asking -------------------------------------------------------------------------------------------

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone; unknown for a zone that does not exist."""
        seen = self._fresh(zone_id)
        return UNKNOWN_OCCUPANCY if seen is None else Occupancy(seen.count, self._age(seen))

    def total(self) -> Occupancy:
        """People in all zones together, as old as the oldest figure; unknown as soon as one zone is."""
        seen = [self._fresh(zone) for zone in self._zones]
        known = [one for one in seen if one is not None]
        if not known or len(known) < len(seen):
            return UNKNOWN_OCCUPANCY
        return Occupancy(sum(one.count for one in known), max(self._age(one) for one in known))

    def _age(self, seen: _Seen) -> float:
        return max(0.0, self._clock.monotonic() - seen.heard_at)

    def _fresh(self, zone_id: str) -> _Seen | None:
        seen = self._seen.get(zone_id)
        return seen if seen is not None and self._age(seen) <= self._stale_seconds else None

    # --- hearing ------------------------------------------------------------------------------------------

    async def receive(self, message: Received) -> None:
        """Take one message of the worker; what cannot be understood is logged and changes nothing."""
        if message.retained:
            return
        try:
            self._take(message)
        except InvalidInput as error:
            _LOG.warning("vision_message_ignored", topic=message.topic, reason=str(error))
        self.refresh()

    def _take(self, message: Received) -> None:
        if message.topic == self._online:
            # "true" starts a worker's life, "false" ends it: either way nothing said before is true now.
            parse_online(message.payload)
            self._forget_all()
        elif message.topic.startswith(self._zone_prefix):
            self._take_zone(message.topic.removeprefix(self._zone_prefix), ZoneMessage.parse(message.payload))
        elif message.topic.startswith(self._camera_prefix):
            camera = message.topic.removeprefix(self._camera_prefix)
            self._take_camera(camera, CameraMessage.parse(message.payload))

    def _take_zone(self, zone: str, message: ZoneMessage) -> None:
        if message.zone != zone:
            raise InvalidInput("topic and payload name different zones")
        if zone not in self._zones or message.sequence <= self._sequence.get(zone, -1):
            return  # not ours, or a repetition that QoS 1 allows
        self._sequence[zone] = message.sequence
        camera = self._cameras.get(message.camera)
        if message.count is None or (camera is not None and camera.state is not CameraState.OK):
            self._seen.pop(zone, None)
            return
        self._seen[zone] = _Seen(message.count, message.camera, self._clock.monotonic())

    def _take_camera(self, camera: str, message: CameraMessage) -> None:
        if message.camera != camera:
            raise InvalidInput("topic and payload name different cameras")
        report = CameraReport(camera, message.state, message.reason, self._clock.monotonic())
        self._cameras[camera] = report
        if report.state is not CameraState.OK:
            for zone in [zone for zone, seen in self._seen.items() if seen.camera == camera]:
                del self._seen[zone]

    # --- forgetting ---------------------------------------------------------------------------------------

    async def _on_session(self, _: int) -> None:
        self._forget_all()

    def _forget_all(self) -> None:
        self._seen.clear()
        self._sequence.clear()
        self._cameras.clear()
        self.refresh()

    def refresh(self) -> None:
        """Publish :class:`ZoneCounted` for every zone whose figure is another than last told."""
        for zone, told in self._told.items():
            seen = self._fresh(zone)
            count = None if seen is None else seen.count
            if count != told:
                self._told[zone] = count
                self._bus.publish(ZoneCounted(at=self._clock.now(), zone=zone, count=count))

    async def run(self, progress: Callable[[], None]) -> None:
        """Notice figures that become stale, until cancelled; without it only asking notices."""
        while True:
            progress()
            self.refresh()
            await asyncio.sleep(_REFRESH_SECONDS)
