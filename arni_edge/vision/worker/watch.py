"""The watch: glances at all cameras, looks where it is worth it, and passes on what is seen."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from arni_edge.domain.clock import Clock
from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink
from arni_edge.vision.messages import CameraState
from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.worker.bell import Bell
from arni_edge.vision.worker.detecting import Detecting
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.lookout import Glimpse, Lookout
from arni_edge.vision.worker.reader import Status
from arni_edge.vision.worker.stream import Picture
from arni_edge.vision.worker.turns import Rate, Turns

# The loop goes round this often with nothing to see, and however much there is to see, whether a camera has
# fallen silent is asked this often.
_LONGEST_REST = 0.1
_CHECKS_PER_SECOND = 20.0

_T = TypeVar("_T")


class Watch:
    """Goes round the lookouts for ever.

    Two threads work for it: *eye* does everything with pictures but inference, for all cameras; the detector
    has its own. While a picture is looked at, the next one is made ready.
    """

    def __init__(
        self,
        lookouts: Sequence[Lookout],
        detector: Detector,
        link: WorkerLink,
        clock: Clock,
        per_second: float,
        pictures: Bell,
        eye: Executor,
        thread: Executor,
    ) -> None:
        """Take everything that it works with.

        Args:
            lookouts: The cameras, manned.
            detector: The one for all.
            link: To the daemon, for beats and health.
            clock: For turns.
            per_second: Looks per second and camera.
            pictures: Rung whenever a camera has a new picture.
            eye: One thread.
            thread: One thread, the detector's.
        """
        self._lookouts = {lookout.id: lookout for lookout in lookouts}
        self._detecting = Detecting(detector, eye, thread)
        self._link = link
        self._clock = clock
        self._turns = Turns(self._lookouts, per_second)
        self._pictures = pictures
        self._checks = Rate(_CHECKS_PER_SECOND)
        self._eye = eye
        self._thread = thread
        self._places = self._detecting.places
        self._looks = asyncio.TaskGroup()
        self._under_way = 0
        self._progress = True

    async def run(self) -> None:
        """Watch until cancelled; the heart beats while looks come to an end: a hung detector stops it."""
        async with self._looks:
            while True:
                self._beat()
                self._check_all()
                glanced = await self._glance()
                looking = self._begin_looks()
                if not glanced and not looking:
                    await self._rest()

    def _beat(self) -> None:
        if self._progress or not self._under_way:
            self._link.beat()
            self._progress = False

    def _check_all(self) -> None:
        now = self._clock.monotonic()
        if not self._checks.due(now):
            return
        self._checks.took(now)
        for lookout in self._lookouts.values():
            if lookout.check():
                self._turns.forget(lookout.id)
            self._link.health(f"vision/camera/{lookout.id}", *_health(lookout.status))

    async def _glance(self) -> bool:
        """Glance at every camera whose turn it is, unless nobody could be looked at now anyway."""
        if self._places <= 0:
            return False
        due = [
            self._lookouts[camera] for camera in self._turns.glances(self._waiting(), self._clock.monotonic())
        ]
        if not due:
            return False
        glimpses = await self._in(self._eye, lambda: [lookout.glance() for lookout in due])
        for lookout, glimpse in zip(due, glimpses, strict=True):
            self._glimpsed(lookout, glimpse)
            if glimpse is None:
                continue
            if glimpse.glance.due:
                urgent = glimpse.glance.verdict.moving
                self._turns.wish(lookout.id, self._clock.monotonic(), urgent=urgent)
            elif glimpse.picture is not None and glimpse.report is not None:
                self._begin(lookout, self._look_closer(lookout, glimpse.picture, glimpse.report))
        return True

    def _waiting(self) -> list[str]:
        return [lookout.id for lookout in self._lookouts.values() if lookout.waits]

    def _glimpsed(self, lookout: Lookout, glimpse: Glimpse | None) -> None:
        lookout.glimpsed(glimpse)
        self._link.health(f"vision/camera/{lookout.id}", *_health(lookout.status))

    def _begin_looks(self) -> bool:
        begun = False
        while self._places > 0:
            free = [lookout.id for lookout in self._lookouts.values() if not lookout.busy]
            camera = self._turns.look(free, self._clock.monotonic())
            if camera is None:
                break
            begun = True
            self._places -= 1
            lookout = self._lookouts[camera]
            self._begin(lookout, self._look(lookout))
        return begun

    def _begin(self, lookout: Lookout, work: Coroutine[None, None, None]) -> None:
        """Begin what takes its time; until it ends, the camera's post is its own."""

        async def busy() -> None:
            try:
                await work
            finally:
                lookout.busy = False
                self._under_way -= 1
                self._went_on()

        lookout.busy = True
        self._under_way += 1
        self._looks.create_task(busy(), name=f"look-{lookout.id}")

    async def _look(self, lookout: Lookout) -> None:
        """One look, from the newest picture to what is told of it."""
        try:
            look = await self._detecting.look(lookout)
        finally:
            self._places += 1
            self._went_on()
        self._glimpsed(lookout, look.newer)
        if look.ready is not None and look.report is not None:
            lookout.looked()
            await self._look_closer(lookout, look.ready.picture, look.report)

    async def _look_closer(self, lookout: Lookout, picture: Picture, report: SceneReport) -> None:
        """Do the closer looks that a report wishes, if any, and tell what is so."""
        if report.closer:
            wishing = report
            report = await self._in(self._thread, lambda: lookout.look_closer(picture, wishing))
        lookout.tell(report)

    def _went_on(self) -> None:
        self._progress = True
        self._pictures.wake()

    async def _rest(self) -> None:
        """Until there is something to do; at most for a tenth of a second."""
        now = self._clock.monotonic()
        pause = min(self._turns.pause(now), _LONGEST_REST)
        # A new picture is of interest only when somebody may be glanced at.
        wanted = pause <= 0 and self._places > 0
        self._pictures.listen(to_pictures=wanted)
        if wanted and self._turns.due(self._waiting(), now):
            return  # it came just before
        await self._pictures.wait(pause or _LONGEST_REST)

    async def _in(self, thread: Executor, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(thread, work)


def _health(status: Status) -> tuple[State, str]:
    if status.state is CameraState.OK:
        return State.OK, ""
    if status == Status(CameraState.CONNECTING):
        return State.DEGRADED, "is being connected"
    return State.DOWN, status.reason
