"""People for scenes: boxes that a detector would give, and looks at them."""

from collections.abc import Callable, Iterable, Sequence

from arni_edge.vision.orders import CameraOrder, LineOrder, ZoneOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Crossing, SceneReport
from arni_edge.vision.scene.scene import Scene

Looks = Iterable[tuple[float, Sequence[Box]]]
"""Moments in seconds, and what the detector shows at each."""


def person(x: float, y: float = 0.7, *, height: float = 0.4, score: float = 0.85) -> Box:
    """Somebody whose foot is at a point, cut by the picture's border."""
    half = height * 0.175
    return Box(max(0.0, x - half), max(0.0, y - height), min(1.0, x + half), min(1.0, y), score)


def camera(zones: Sequence[ZoneOrder] = (), lines: Sequence[LineOrder] = ()) -> CameraOrder:
    """The order for a camera."""
    return CameraOrder(id="hall", url="rtsp://192.0.2.1/s", zones=tuple(zones), lines=tuple(lines))


def scene(zones: Sequence[ZoneOrder] = (), lines: Sequence[LineOrder] = ()) -> Scene:
    """A scene as the worker makes it."""
    return Scene(camera(zones, lines), person_down_seconds=15.0, confidence=0.35)


def play(stage: Scene, looks: Looks) -> list[SceneReport]:
    """All reports of some looks."""
    return [stage.saw(boxes, at) for at, boxes in looks]


def crossings(reports: Iterable[SceneReport]) -> list[Crossing]:
    """All crossings of some reports."""
    return [crossing for report in reports for crossing in report.crossings]


def moments(seconds: float, rate: float = 5.0, begin: float = 0.0) -> list[float]:
    """Regular moments of so many seconds."""
    return [begin + number / rate for number in range(round(seconds * rate) + 1)]


def filmed(at: Iterable[float], *people: Callable[[float], Box | None]) -> Looks:
    """What a perfect detector shows of people who move as functions of the moment say."""
    return [(moment, [box for one in people if (box := one(moment)) is not None]) for moment in at]
