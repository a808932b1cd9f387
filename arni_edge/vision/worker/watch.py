"""The watch: looks at the newest picture of each camera in turn, counts, and passes the counts on."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from arni_edge.domain.clock import Clock
from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.geometry import Box, Region, count_by_zone
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.publisher import Figure, Publisher
from arni_edge.vision.worker.reader import CameraReader, Status, Taken
from arni_edge.vision.worker.smoothing import SteadyCount
from arni_edge.vision.worker.stream import pixels
from arni_edge.vision.worker.turns import Turns

# The loop goes round this often with nothing to see, so that a camera's silence is noticed.
_LONGEST_REST = 0.1


class Lookout:
    """One camera's post: its reader, its zones, and what was last said of them."""

    def __init__(self, order: CameraOrder, reader: CameraReader, publisher: Publisher, clock: Clock) -> None:
        self.id = order.id
        self.reader = reader
        self._publisher = publisher
        self._clock = clock
        self._regions = tuple(Region(zone.id, zone.polygon) for zone in order.zones)
        self._steady = {zone.id: SteadyCount() for zone in order.zones}
        self.status = Status(CameraState.CONNECTING)
        self.blind("the camera is being connected")
        publisher.camera(self.id, self.status)

    def check(self) -> bool:
        """Notice a change of the camera's state; a camera that is not ok makes its zones unknown at once.

        Returns:
            Whether there was a change.
        """
        status = self.reader.status()
        if status == self.status:
            return False
        was_ok, self.status = self.status.state is CameraState.OK, status
        self._publisher.camera(self.id, status)
        if status.state is not CameraState.OK or not was_ok:
            for steady in self._steady.values():
                steady.forget()
            self.blind(status.reason or "the camera has just come back")
        return True

    def saw(self, people: Sequence[Box], taken: Taken) -> None:
        """Pass the counts of one picture on, unless the camera failed while it was looked at."""
        if self.status.state is not CameraState.OK:
            return
        at = self._clock.now()
        for zone, count in count_by_zone(people, self._regions).items():
            steady = self._steady[zone].add(taken.at, count)
            if steady is not None:
                self._publisher.zone(Figure(zone, self.id, steady, "", taken.at, at))

    def blind(self, reason: str) -> None:
        """Say that nothing is known of this camera's zones."""
        now, at = self._clock.monotonic(), self._clock.now()
        for region in self._regions:
            self._publisher.zone(Figure(region.id, self.id, None, reason, now, at))


class Watch:
    """Goes round the lookouts for ever, one picture at a time for all cameras."""

    def __init__(
        self,
        lookouts: Sequence[Lookout],
        detector: Detector,
        link: WorkerLink,
        clock: Clock,
        per_second: float,
        pictures: asyncio.Event,
        thread: Executor,
    ) -> None:
        """Take everything that it works with.

        Args:
            lookouts: The cameras.
            detector: The one for all.
            link: To the daemon, for beats and health.
            clock: For turns.
            per_second: Looks per second and camera.
            pictures: Set whenever a camera has a new picture.
            thread: One thread: the detector blocks, and is not made for two.
        """
        self._lookouts = {lookout.id: lookout for lookout in lookouts}
        self._detector = detector
        self._link = link
        self._clock = clock
        self._turns = Turns(self._lookouts, per_second)
        self._pictures = pictures
        self._thread = thread

    async def run(self) -> None:
        """Watch until cancelled; the heart beats once per round: a hung detector stops it."""
        while True:
            self._link.beat()
            self._check_all()
            now = self._clock.monotonic()
            waiting = [lookout.id for lookout in self._lookouts.values() if lookout.reader.has_picture]
            camera = self._turns.next(waiting, now)
            if camera is None:
                await self._rest(now)
                continue
            self._turns.served(camera, now)
            await self._look(self._lookouts[camera])

    def _check_all(self) -> None:
        for lookout in self._lookouts.values():
            if lookout.check():
                self._link.health(f"vision/camera/{lookout.id}", *_health(lookout.status))

    async def _look(self, lookout: Lookout) -> None:
        taken = lookout.reader.take()
        if taken is None:
            return
        loop = asyncio.get_running_loop()
        people = await loop.run_in_executor(self._thread, self._people, taken)
        lookout.check()
        if people is not None:
            lookout.saw(people, taken)

    def _people(self, taken: Taken) -> list[Box] | None:
        picture = pixels(taken.frame)
        return None if picture is None else self._detector.people(picture)

    async def _rest(self, now: float) -> None:
        pause = self._turns.pause(now)
        if pause > 0:
            await asyncio.sleep(min(pause, _LONGEST_REST))
            return
        self._pictures.clear()
        try:
            async with asyncio.timeout(_LONGEST_REST):
                await self._pictures.wait()
        except TimeoutError:
            return


def _health(status: Status) -> tuple[State, str]:
    if status.state is CameraState.OK:
        return State.OK, ""
    if status == Status(CameraState.CONNECTING):
        return State.DEGRADED, "is being connected"
    return State.DOWN, status.reason
