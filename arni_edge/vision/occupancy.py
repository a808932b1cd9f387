"""The daemon's side of seeing: what is known of the gym right now. Unknown is never zero."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from arni_edge.broker import BrokerSession, Received
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.headcount import HeadcountMemory
from arni_edge.domain.health import Progress
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.vision.changes import MOST_CAMERAS, UNHEARD, Changes
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.gym_count import GymCount, HeadcountKeeper
from arni_edge.vision.headcount import Figure, ZoneSight
from arni_edge.vision.messages import (
    CameraMessage,
    CameraState,
    DownMessage,
    LineMessage,
    ZoneMessage,
    parse_online,
)
from arni_edge.vision.topics import camera_topic, down_topic, line_topic, online_topic, zone_topic
from arni_edge.vision.unheeded import Unheeded
from arni_edge.vision.watched import UNHEARD_SECONDS

_REFRESH_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class CameraReport:
    """What the worker last said of a camera.

    Attributes:
        camera: Its id.
        state: How it is.
        reason: Why, in words for the owner.
        heard_at: When it was heard, on the monotonic clock.
        age_seconds: Since its last good picture, when it was heard; None before the first.
        pictures_per_second: That come from it.
        looks_per_second: That the detector looked at.
        people: In the whole picture; None while it cannot see.
    """

    camera: str
    state: CameraState
    reason: str
    heard_at: float
    age_seconds: float | None = None
    pictures_per_second: float | None = None
    looks_per_second: float | None = None
    people: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    """A live count and where it came from."""

    count: int
    confirmed: int
    camera: str
    heard_at: float


class OccupancyBook:
    """Keeps live counts, and the count of the gym that follows from them.

    What the broker has retained is history and never is a live count. A new broker session, the end of the
    worker, a count of None, a camera that is not ok, or silence for longer than ``stale_seconds`` make a zone
    unknown, and that silence a camera. Only totals of lines may be history: they add up, and what they have
    grown by is counted.

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
        stale_seconds: float = UNHEARD_SECONDS,
        *,
        plan: CountingPlan | None = None,
        keeper: HeadcountKeeper | None = None,
    ) -> None:
        """Subscribe to the worker's topics; call before the session runs.

        Args:
            site_id: Of the settings.
            zones: Names of the zones by id; others are ignored.
            broker: The daemon's session.
            bus: Where events go, on change.
            clock: For the age of figures.
            stale_seconds: A figure older than this is no figure.
            plan: How the gym is counted; None: the sum of all zones.
            keeper: Where the count is kept over restarts; without one it begins anew.
        """
        self._zones = dict(zones)
        self._plan = plan or CountingPlan(zones=tuple(zones))
        self._bus = bus
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._seen: dict[str, _Seen] = {}
        self._sequence: dict[str, int] = {}
        self._cameras: dict[str, CameraReport] = {}
        self.cameras: Mapping[str, CameraReport] = MappingProxyType(self._cameras)
        self._unheard: set[str] = set()
        self._changes = Changes(bus)
        self._unheeded = Unheeded(clock)
        self._gym = GymCount(self._plan, bus, clock, keeper, unbroken_seconds=stale_seconds)
        self._online = online_topic(site_id)
        self._zone_prefix = zone_topic(site_id, "")
        self._line_prefix = line_topic(site_id, "")
        self._camera_prefix = camera_topic(site_id, "")
        self._down_prefix = down_topic(site_id, "")
        topics = (zone_topic, line_topic, camera_topic, down_topic)
        broker.subscribe((self._online, *(topic(site_id, "+") for topic in topics)), self.receive)
        broker.on_session(self._on_session)
        broker.on_lost(self._forget_all)

    # --- asking -------------------------------------------------------------------------------------------

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone; unknown for a zone that does not exist."""
        seen = self._fresh(zone_id)
        return UNKNOWN_OCCUPANCY if seen is None else Occupancy(seen.count, self._age(seen), seen.confirmed)

    def total(self) -> Occupancy:
        """People in the gym, by lines and zones; unknown rather than guessed."""
        figure = self.figure()
        if figure.count is None:
            return UNKNOWN_OCCUPANCY
        return Occupancy(figure.count, figure.age, figure.confirmed, figure.confidence)

    def figure(self) -> Figure:
        """The same, with what it is based on and why it is unknown."""
        return self._gym.figure(self._sights())

    @property
    def memory(self) -> HeadcountMemory:
        """What the count of the gym rests on: entries, exits, drift and proofs."""
        return self._gym.memory

    @property
    def counted(self) -> tuple[int, int]:
        """Entries and exits that this book has counted; they only grow."""
        return self._gym.counted

    def told(self, count: int) -> None:
        """Somebody who is there says how many people are in the gym.

        Raises:
            Unavailable: What was counted before is not read yet.
        """
        self._gym.told(count)
        self.refresh()

    def _age(self, seen: _Seen) -> float:
        return max(0.0, self._clock.monotonic() - seen.heard_at)

    def _fresh(self, zone_id: str) -> _Seen | None:
        seen = self._seen.get(zone_id)
        return seen if seen is not None and self._age(seen) <= self._stale_seconds else None

    def _sights(self) -> dict[str, ZoneSight | None]:
        seen = {zone: self._fresh(zone) for zone in self._plan.zones}
        return {
            zone: None if one is None else ZoneSight(one.count, one.confirmed, self._age(one))
            for zone, one in seen.items()
        }

    # --- hearing ------------------------------------------------------------------------------------------

    async def receive(self, message: Received) -> None:
        """Take one message of the worker; what cannot be understood is logged and changes nothing."""
        if message.retained and not message.topic.startswith(self._line_prefix):
            return
        try:
            self._take(message)
        except InvalidInput as error:
            self._unheeded.note(message.topic, str(error))
        self.refresh()

    def _take(self, message: Received) -> None:
        topic, payload = message.topic, message.payload
        if topic == self._online:
            # "true" starts a worker's life, "false" ends it: either way nothing said before is true now.
            parse_online(payload)
            self._forget_all()
        elif topic.startswith(self._zone_prefix):
            self._take_zone(topic.removeprefix(self._zone_prefix), ZoneMessage.parse(payload))
        elif topic.startswith(self._line_prefix):
            line = LineMessage.parse(payload)
            if line.line != topic.removeprefix(self._line_prefix):
                raise InvalidInput("topic and payload name different lines")
            self._gym.take(line, retained=message.retained)
        elif topic.startswith(self._camera_prefix):
            self._take_camera(topic.removeprefix(self._camera_prefix), CameraMessage.parse(payload))
        elif topic.startswith(self._down_prefix):
            down = DownMessage.parse(payload)
            if down.camera != topic.removeprefix(self._down_prefix):
                raise InvalidInput("topic and payload name different cameras")
            self._changes.down(down)

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
        confirmed = min(message.confirmed, message.count)
        self._seen[zone] = _Seen(message.count, confirmed, message.camera, self._clock.monotonic())
        limit, now = self._plan.limits.get(zone), self._clock.now()
        self._changes.crowded(zone, message.count, now, crowded=message.crowded, limit=limit)

    def _take_camera(self, camera: str, message: CameraMessage) -> None:
        if message.camera != camera:
            raise InvalidInput("topic and payload name different cameras")
        if camera not in self._cameras and len(self._cameras) >= MOST_CAMERAS:
            raise InvalidInput("more cameras than there can be")
        self._cameras[camera] = CameraReport(
            camera,
            message.state,
            message.reason,
            self._clock.monotonic(),
            message.age_seconds,
            message.pictures_per_second,
            message.looks_per_second,
            message.people,
        )
        self._unheard.discard(camera)
        self._changes.camera(camera, message.state, message.reason, self._clock.now())
        if message.state is not CameraState.OK:
            for zone in [zone for zone, seen in self._seen.items() if seen.camera == camera]:
                del self._seen[zone]

    # --- forgetting ---------------------------------------------------------------------------------------

    async def _on_session(self, _: int) -> None:
        self._forget_all()

    def _forget_all(self) -> None:
        self._seen.clear()
        self._sequence.clear()
        self._cameras.clear()
        self._unheard.clear()
        self._gym.nobody_tells()
        self._changes.nobody_tells(self._clock.now())
        self.refresh()

    def refresh(self) -> None:
        """Correct the count of the gym by what is seen now, and tell what has become different."""
        sights, now = self._sights(), self._clock.now()
        self._forget_unheard()
        self._gym.look(sights, {line: self._is_blind(line) for line in self._plan.lines})
        for zone in self._zones:
            seen = self._fresh(zone)
            self._changes.zone(zone, None if seen is None else seen.count, now)
        self._changes.people(self._gym.figure(sights), now)

    def _forget_unheard(self) -> None:
        oldest = self._clock.monotonic() - self._stale_seconds
        for camera in [name for name, report in self._cameras.items() if report.heard_at < oldest]:
            del self._cameras[camera]
            if camera in self._plan.lines.values():
                self._unheard.add(camera)
            self._changes.camera(camera, UNHEARD, "nothing is heard of it", self._clock.now())

    def _is_blind(self, line: str) -> bool:
        name = self._plan.lines[line]
        camera = self._cameras.get(name)
        return name in self._unheard if camera is None else camera.state is not CameraState.OK

    # --- keeping ------------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Go on from what was kept; then notice what becomes stale, and keep the count, until cancelled."""
        progress()
        await self._gym.restore()
        try:
            while True:
                progress()
                self.refresh()
                await self._gym.keep()
                await self._gym.rest(_REFRESH_SECONDS)
        finally:
            await self._gym.keep_at_the_end()
