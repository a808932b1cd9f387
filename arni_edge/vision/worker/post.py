"""The whole treatment of one picture of one camera, the same live and from a recording.

Cheap things first: the brightness, masks, whether anything can be seen at all, whether anything moves. Only a
picture that is worth it is converted, masked and shown to the detector. Everything follows from the pictures
and the moments they came at; nothing here knows a clock.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.scene.scene import Scene
from arni_edge.vision.worker.background import Background
from arni_edge.vision.worker.closer import CloserEye
from arni_edge.vision.worker.colour import Colours
from arni_edge.vision.worker.decoding import Frame
from arni_edge.vision.worker.detector import LOWEST_SCORE, Detector, Outputs
from arni_edge.vision.worker.letterbox import Prepared
from arni_edge.vision.worker.luma import small_grey
from arni_edge.vision.worker.masks import Masks
from arni_edge.vision.worker.motion import Gate, Verdict
from arni_edge.vision.worker.reader import Status
from arni_edge.vision.worker.sight import Sight
from arni_edge.vision.worker.stream import Picture
from arni_edge.vision.worker.turns import Rate

# What judges seconds rather than moments needs no more pictures than this, however many there are.
_SLOW_PER_SECOND = 5.0
# A picture that was worth a look speaks for those that come within this time: a camera of sixty pictures a
# second shows nothing on the second that the first did not.
_KEPT_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Glance:
    """What a first, cheap look at a picture has shown.

    Attributes:
        frame: The picture as it came.
        grey: Its small grey picture, masked; that of the one before, if that was worth a look just now.
        at: When it came.
        status: Why nothing can be seen on it (dark, covered, frozen); None when something can.
        verdict: Of the motion gate.
    """

    frame: Frame
    grey: Picture
    at: float
    status: Status | None
    verdict: Verdict

    @property
    def due(self) -> bool:
        """Whether the detector should look at it."""
        return self.status is None and self.verdict.look


@dataclass(frozen=True, slots=True)
class Ready:
    """A picture that the detector can look at.

    Attributes:
        glance: What is known of it.
        picture: Its pixels in BGR, masked.
        prepared: As the detector wants it.
    """

    glance: Glance
    picture: Picture
    prepared: Prepared


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of one picture.

    Attributes:
        report: What is so now; None when this picture says nothing about it.
        status: Why nothing can be seen; None when something can.
        looked: The detector has looked at it.
    """

    report: SceneReport | None
    status: Status | None
    looked: bool


class Post:
    """One camera's post; not to be used by two threads at once.

    Attributes:
        occupied: Somebody was there at the last look.
    """

    def __init__(
        self,
        order: CameraOrder,
        detector: Detector,
        *,
        person_down_seconds: float,
        confidence: float,
        frames_per_second: float,
        codes: Callable[[Picture, float], None] | None = None,
    ) -> None:
        """Begin without knowing anything.

        Args:
            order: The camera.
            detector: The one for all cameras.
            person_down_seconds: So long somebody must seem to be down.
            confidence: From here on a box founds a person.
            frames_per_second: :meth:`see` leaves out what comes more often.
            codes: Gets every masked picture (BGR) that is looked at while something moves or somebody is
                there, with its moment: an eye for QR codes.
        """
        self._detector = detector
        self._codes = codes
        self._masks = Masks(order.masks)
        self._colours = Colours()
        self._sight = Sight(order)
        self._sight_rate = Rate(_SLOW_PER_SECOND)
        self._unseen: Status | None = None
        self._gate = Gate()
        self._worth: Glance | None = None
        self._scene = Scene(order, person_down_seconds=person_down_seconds, confidence=confidence)
        self._background = Background()
        self._background_rate = Rate(_SLOW_PER_SECOND)
        self._closer = CloserEye(detector, self._background)
        self._rate = Rate(frames_per_second)
        self._boxes: tuple[Box, ...] = ()
        self._blind = False
        self.occupied = False

    def see(self, frame: Frame, at: float) -> Seen:
        """Do everything with one picture, in the order of their coming: for recordings.

        Args:
            frame: ``av.VideoFrame``, or pixels [height, width, 3] in BGR, which stay as they are.
            at: When it came, in seconds of a clock that never jumps.
        """
        if not self._rate.due(at):
            return Seen(None, None, looked=False)
        self._rate.took(at)
        glance = self.consider(frame, at)
        if glance is None:
            return Seen(None, None, looked=False)
        if not glance.due:
            report = self.unchanged(glance)
            if report is not None and report.closer and (picture := self.picture(glance)) is not None:
                report = self.look_closer(picture, report)
            return Seen(report, glance.status, looked=False)
        ready = self.prepare(glance)
        if ready is None:
            return Seen(None, None, looked=False)
        report = self.found(ready, self._detector.infer([ready.prepared]))
        return Seen(self.look_closer(ready.picture, report), None, looked=True)

    # --- one after the other ------------------------------------------------------------------------------

    def consider(self, frame: Frame, at: float) -> Glance | None:
        """Glance at a picture: half a millisecond, or nothing just after one that was worth a look.

        Returns:
            None for a picture in a format that cannot be converted.
        """
        worth = self._worth
        if worth is not None and 0 <= at - worth.at < _KEPT_SECONDS:
            return dataclasses.replace(worth, frame=frame, at=at)
        self._worth = glance = self._glance(frame, at)
        if glance is not None and (not glance.due or glance.verdict.storm):
            self._worth = None
        return glance

    def _glance(self, frame: Frame, at: float) -> Glance | None:
        grey = small_grey(frame)
        if grey is None:
            return None
        self._masks.on_grey(grey)
        if self._sight_rate.due(at):
            self._sight_rate.took(at)
            self._unseen = self._sight.judge(grey, at)
        status = self._unseen
        if status is not None:
            self._lose()
            return Glance(frame, grey, at, status, Verdict(look=False, storm=False, motion=0.0, moving=False))
        self._blind = False
        verdict = self._gate.judge(grey, at, occupied=self.occupied)
        return Glance(frame, grey, at, None, verdict)

    def unchanged(self, glance: Glance) -> SceneReport | None:
        """What is so by a picture that need not be looked at: everybody is where they were.

        When the report wishes closer looks, :meth:`look_closer` must follow before the next picture.

        Returns:
            None when that cannot be said: it cannot be seen, or the light is changing.
        """
        if glance.status is not None or glance.verdict.storm:
            return None
        report = self._noted(self._scene.unchanged(glance.at))
        self._remember(glance, report)
        return report

    def picture(self, glance: Glance) -> Picture | None:
        """The pixels of a picture in BGR, masked; None when it cannot be converted."""
        frame = glance.frame
        picture = frame.copy() if isinstance(frame, np.ndarray) else self._colours.of(frame)
        if picture is not None:
            self._masks.on(picture)
        return picture

    def prepare(self, glance: Glance) -> Ready | None:
        """Bring a picture into the detector's form; None when it cannot be converted."""
        picture = self.picture(glance)
        if picture is None:
            return None
        if self._codes is not None and (glance.verdict.moving or self.occupied):
            self._codes(picture, glance.at)
        return Ready(glance, picture, self._detector.prepare(picture))

    def found(self, ready: Ready, outputs: Outputs) -> SceneReport:
        """Take what the detector made of a picture.

        When the report wishes closer looks, :meth:`look_closer` must follow before the next picture.

        Args:
            ready: The picture.
            outputs: Of this picture alone.
        """
        glance = ready.glance
        (people,) = self._detector.boxes(outputs, LOWEST_SCORE)
        report = self._noted(self._scene.saw(people, glance.at, storm=glance.verdict.storm))
        self._remember(glance, report)
        return report

    def look_closer(self, picture: Picture, report: SceneReport) -> SceneReport:
        """Do the closer looks that a report wishes, if any; uses the detector.

        Args:
            picture: Of the report: BGR, masked.
            report: Of this picture.

        Returns:
            What is so after them.
        """
        if not report.closer:
            return report
        answers = self._closer.look(picture, report.closer)
        after = self._noted(self._scene.looked_closer(answers, report.at))
        return dataclasses.replace(after, crossings=report.crossings + after.crossings)

    def lost(self) -> None:
        """The camera was away: tracks are forgotten; what the empty place looks like is soon learnt anew."""
        self._lose()
        self._sight.forget()
        self._unseen = None

    def _noted(self, report: SceneReport) -> SceneReport:
        self._boxes = tuple(track.box for track in report.tracks)
        self.occupied = bool(report.people or report.down or report.closer)
        return report

    def _remember(self, glance: Glance, report: SceneReport) -> None:
        """Learn what the empty place looks like; before a closer look in any case, which asks for it."""
        if glance.verdict.storm or not (report.closer or self._background_rate.due(glance.at)):
            return
        self._background_rate.took(glance.at)
        self._background.update(glance.grey, self._boxes, glance.at)

    def _lose(self) -> None:
        if self._blind:
            return
        self._blind = True
        self._worth = None
        self._scene.lost()
        self._gate.lost()
        self._boxes = ()
        self.occupied = False
