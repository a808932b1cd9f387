"""One camera's lookout: its reader, its post, and what was last said of it."""

import threading
from collections import deque
from dataclasses import dataclass

from arni_edge.domain.clock import Clock
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.worker.detector import Outputs
from arni_edge.vision.worker.post import Glance, Post, Ready
from arni_edge.vision.worker.publisher import Publisher
from arni_edge.vision.worker.reader import CameraReader, Status, rate_window
from arni_edge.vision.worker.stream import Picture
from arni_edge.vision.worker.words import CameraFigures, Figure

# Nothing happened for so long: then key frames will do.
_IDLE_SECONDS = 10.0
# Somebody is counted who was seen on several pictures: before that nobody knows who is there.
_SETTLING_LOOKS = 3
# A picture that was glanced at so recently is not exchanged for a newer one, which would need another glance.
_NEW_SECONDS = 0.05
# Somebody who lay there before anybody looked would be told of by then: hold times, and a few looks.
_DOWN_HOLDS = 2.0
_DOWN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What a glance has shown, and what is so by it.

    Attributes:
        glance: The glance.
        report: What is so, if that can be said without a look.
        picture: The pixels (BGR, masked), when the report wishes closer looks.
    """

    glance: Glance
    report: SceneReport | None = None
    picture: Picture | None = None


class Lookout:
    """Stands between a camera's threads, which look, and the event loop, which tells.

    Attributes:
        id: Of the camera.
        status: How it is doing.
        busy: A look is under way: the post belongs to it.
    """

    def __init__(
        self,
        order: CameraOrder,
        reader: CameraReader,
        publisher: Publisher,
        clock: Clock,
        *,
        person_down_seconds: float = 15.0,
    ) -> None:
        """Say that nothing is known yet.

        Args:
            order: The camera.
            reader: Its reader; not started.
            publisher: Takes what is known.
            clock: For ages.
            person_down_seconds: So long somebody must be down before the post says so.
        """
        self.id = order.id
        self.reader = reader
        self.status = Status(CameraState.CONNECTING)
        self.busy = False
        self._order = order
        self._publisher = publisher
        self._clock = clock
        self._post: Post | None = None
        self._kept: Glance | None = None
        self._unseen: Status | None = None
        self._away = threading.Event()
        self._looks = 0
        self._looked: deque[float] = deque()
        self._first_looked_at: float | None = None
        self._people: int | None = None
        self._down_seconds = _DOWN_HOLDS * person_down_seconds + _DOWN_SECONDS
        self._sees_since: float | None = None
        self._knows_down = False
        self._active_at = clock.monotonic()
        self._idle = False
        for line in order.lines:
            publisher.line(line.id, self.id)
        self.blind("the camera is being connected")
        publisher.camera(self.id, self.status, self._camera_figures)

    def begin(self, post: Post) -> None:
        """Take the post, as soon as there is a detector; before the reader starts."""
        self._post = post

    # --- in the event loop --------------------------------------------------------------------------------

    @property
    def waits(self) -> bool:
        """Whether a picture waits that could be glanced at now."""
        return not self.busy and self.reader.has_picture

    def check(self) -> bool:
        """Notice a change of the camera's state; a camera that is not ok makes its zones unknown at once.

        Returns:
            Whether there was a change.
        """
        status = self.reader.status()
        if status.state is not CameraState.OK:
            self._unseen = None
        elif self._unseen is not None:
            status = self._unseen
        if status == self.status:
            return False
        was_ok, self.status = self.status.state is CameraState.OK, status
        self._publisher.camera(self.id, status, self._camera_figures)
        if status.state is not CameraState.OK or not was_ok:
            self._looks = 0
            self._away.set()
            self.blind(status.reason or "the camera has just come back")
            self._be_idle(False)
        return True

    def glimpsed(self, glimpse: Glimpse | None) -> None:
        """Pass on what a glance has shown."""
        if glimpse is None:
            return
        glance, now = glimpse.glance, self._clock.monotonic()
        self._unseen = glance.status
        self.check()
        verdict = glance.verdict
        if verdict.moving or verdict.storm:
            self._active_at = now
        if glimpse.report is not None:
            self.tell(glimpse.report)
        if glance.status is None:
            self._be_idle(now - self._active_at >= _IDLE_SECONDS)

    def looked(self) -> None:
        """Note that the detector has looked at a picture."""
        self._looks += 1
        now = self._clock.monotonic()
        self._looked.append(now)
        if self._first_looked_at is None:
            self._first_looked_at = now

    def tell(self, report: SceneReport) -> None:
        """Pass on what is so, unless the camera failed while it was looked at.

        Crossings have happened all the same.
        """
        self.check()
        at = self._clock.now()
        for crossing in report.crossings:
            if crossing.line:
                self._publisher.crossed(crossing, at)
        if report.people or report.down or report.closer:
            self._active_at = self._clock.monotonic()
        if self.status.state is not CameraState.OK or self._looks < _SETTLING_LOOKS:
            return
        self._people = report.people
        for zone, view in report.zones.items():
            self._publisher.zone(Figure(zone, self.id, view, "", report.at, at))
        self._tell_down(report)

    def _tell_down(self, report: SceneReport) -> None:
        """Who is down; that nobody is, only when somebody who lay there before would have been noticed.

        An earlier life of this process, or of the camera, may have told of somebody who still lies there.
        """
        now = self._clock.monotonic()
        self._sees_since = now if self._sees_since is None else self._sees_since
        if report.down or now - self._sees_since >= self._down_seconds:
            self._knows_down = True
        if self._knows_down:
            self._publisher.down(self.id, report.down, report.at)

    def blind(self, reason: str) -> None:
        """Say that nothing is known of what this camera sees."""
        now, at = self._clock.monotonic(), self._clock.now()
        self._people = self._sees_since = None
        self._knows_down = False
        for zone in self._order.zones:
            self._publisher.zone(Figure(zone.id, self.id, None, reason, now, at))
        self._publisher.unknown_down(self.id)

    def _be_idle(self, idle: bool) -> None:
        if idle != self._idle:
            self._idle = idle
            self.reader.idle(idle)
        if not idle and self.status.state is not CameraState.OK:
            self._active_at = self._clock.monotonic()

    def _camera_figures(self) -> CameraFigures:
        now = self._clock.monotonic()
        seconds = rate_window(self._first_looked_at, now)
        while self._looked and now - self._looked[0] > seconds:
            self._looked.popleft()
        return CameraFigures(
            age_seconds=self.reader.age(now),
            pictures_per_second=self.reader.pictures_per_second(now),
            looks_per_second=len(self._looked) / seconds,
            people=self._people,
        )

    # --- in the thread that sees --------------------------------------------------------------------------

    def glance(self) -> Glimpse | None:
        """Glance at the newest picture."""
        post, taken = self._manned(), self.reader.take()
        if taken is None:
            return None
        glance = post.consider(taken.frame, taken.at)
        if glance is None:
            return None
        self._kept = glance if glance.due else None
        if glance.due:
            return Glimpse(glance)
        report = post.unchanged(glance)
        wishes = report is not None and bool(report.closer)
        return Glimpse(glance, report, post.picture(glance) if wishes else None)

    def prepare(self) -> tuple[Glimpse | None, Ready | None]:
        """Prepare a picture for the detector: the one that was glanced at, or a newer one if that has aged.

        Returns:
            What a glance at a newer one has shown, and the picture; None when nothing can be looked at.
        """
        post, kept = self._manned(), self._kept
        self._kept, newer = None, None
        aged = kept is None or self._clock.monotonic() - kept.at > _NEW_SECONDS
        if aged and (taken := self.reader.take()) is not None:
            glance = post.consider(taken.frame, taken.at)
            if glance is not None:
                newer, kept = Glimpse(glance), glance
        if kept is None or kept.status is not None:
            return newer, None
        return newer, post.prepare(kept)

    def found(self, ready: Ready, outputs: Outputs) -> SceneReport:
        """Take what the detector made of a picture."""
        return self._manned().found(ready, outputs)

    def look_closer(self, picture: Picture, report: SceneReport) -> SceneReport:
        """Do the closer looks that a report wishes; in the detector's thread."""
        return self._manned().look_closer(picture, report)

    def _manned(self) -> Post:
        assert self._post is not None, "nobody looks before there is a detector"
        if self._away.is_set():
            self._away.clear()
            self._kept = None
            self._post.lost()
        return self._post
