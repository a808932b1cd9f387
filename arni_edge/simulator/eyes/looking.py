"""What the cameras make of the day: every picture through the worker's own treatment, in the play's time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from arni_edge.simulator.eyes.course import Course
from arni_edge.simulator.eyes.day import Day, Moment
from arni_edge.simulator.night import Exposure
from arni_edge.simulator.plan import CameraView, GymPlan, contains
from arni_edge.simulator.render import Renderer, Rendering
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder, DetectorOrder, LineOrder, ZoneOrder
from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector
from arni_edge.vision.worker.post import Post

PICTURES_PER_SECOND = 5.0
PERSON_DOWN_SECONDS = 15.0
_CONFIDENCE = 0.35
_ROUNDING = 1e-6
_WITHOUT_NIGHT_SIGHT = frozenset({"floor2"})


def watch(
    plan: GymPlan,
    cameras: Sequence[str],
    *,
    seconds: float,
    seed: int,
    model: Path,
    on_progress: Callable[[float], None] = lambda _share: None,
) -> Day:
    """Play the day before some of the cameras.

    The day is the same whichever cameras look: several processes may share the work.

    Args:
        plan: Of the gym.
        cameras: Names of those that look.
        seconds: How long the day is.
        seed: Of all chance.
        model: An exported YOLOv8 that knows the simulator's figures.
        on_progress: Told how much of the day has passed, 0..1, now and then.

    Raises:
        ArniError: The model cannot be used.
    """
    course = Course(plan, seconds=seconds, seed=seed)
    detector = load_detector(_detector_order(model))
    seats = [_Seat(plan.camera(name), plan, detector, seed) for name in cameras]
    pictures = 0
    while not course.over:
        course.tick()
        if course.clock.monotonic() * PICTURES_PER_SECOND + _ROUNDING < pictures:
            continue
        pictures += 1
        for seat in seats:
            seat.look(course)
        if pictures % 50 == 0:
            on_progress(course.share)
    world = course.world
    return Day(
        course.diary,
        world.crossings,
        world.openings,
        world.falls,
        {seat.view.name: seat.moments for seat in seats},
        sum(seat.looks for seat in seats),
    )


def camera_order(view: CameraView) -> CameraOrder:
    """What the worker would be told of a camera whose zones and lines were drawn by hand."""
    return CameraOrder(
        id=view.name,
        url=f"rtsp://127.0.0.1/{view.name}",
        zones=tuple(
            ZoneOrder(
                id=zone,
                polygon=tuple((min(1.0, max(0.0, x)), min(1.0, max(0.0, y))) for x, y in polygon),
                lying_is_normal=zone in view.mats,
            )
            for zone, polygon in view.zones.items()
        ),
        lines=tuple(LineOrder(id=line, points=points) for line, points in view.lines.items()),
    )


def _detector_order(model: Path) -> DetectorOrder:
    return DetectorOrder(
        model=model.absolute(),
        backend="onnxruntime",
        threads=1,
        frames_per_second=PICTURES_PER_SECOND,
        confidence=_CONFIDENCE,
    )


class _Seat:
    """One camera: its pictures, its post, and what was noted."""

    def __init__(self, view: CameraView, plan: GymPlan, detector: Detector, seed: int) -> None:
        self.view = view
        self.moments: list[Moment] = []
        self.looks = 0
        self._renderer = Renderer(view, plan, seed)
        self._exposure = Exposure(night_sight=view.name not in _WITHOUT_NIGHT_SIGHT)
        self._post = Post(
            camera_order(view),
            detector,
            person_down_seconds=PERSON_DOWN_SECONDS,
            confidence=_CONFIDENCE,
            frames_per_second=PICTURES_PER_SECOND,
        )
        self._report: SceneReport | None = None

    def look(self, course: Course) -> None:
        """Take a picture of the present and treat it."""
        at, scene = course.clock.monotonic(), course.world.scene
        self._exposure.covered = course.covered == self.view.name
        rendering = self._renderer.draw(scene, self._exposure.light(scene, at))
        seen = self._post.see(rendering.frame, at)
        self.looks += seen.looked
        if seen.status is not None:
            self._report = None
        elif seen.report is not None:
            self._report = seen.report
        state = None if seen.status is None else seen.status.state
        self.moments.append(self._moment(at, rendering, seen.report, state))

    def _moment(
        self, at: float, rendering: Rendering, news: SceneReport | None, state: CameraState | None
    ) -> Moment:
        report = self._report
        return Moment(
            at,
            self._truth(rendering),
            None if report is None else {zone: view.count for zone, view in report.zones.items()},
            0 if report is None else sum(view.confirmed for view in report.zones.values()),
            () if news is None else tuple(one for one in news.crossings if one.line),
            0 if report is None else len(report.down),
            0 if report is None else sum(one.zone is not None for one in report.certain),
            state,
        )

    def _truth(self, rendering: Rendering) -> dict[str, int]:
        feet = [person.foot for person in rendering.people]
        return {
            zone: sum(contains(polygon, foot) for foot in feet) for zone, polygon in self.view.zones.items()
        }
