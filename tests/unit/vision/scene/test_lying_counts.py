"""Whoever lies on the floor is in the gym, although detectors rarely see them."""

from collections.abc import Callable

from arni_edge.vision.orders import CameraOrder, ZoneOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.scene.report import Closer, CloserLook, SceneReport
from arni_edge.vision.scene.scene import Scene

EVERYWHERE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
STANDING = Box(0.46, 0.34, 0.54, 0.7, 0.85)
BODY = Box(0.4, 0.62, 0.6, 0.72, 0.7)


def _falls(answer: Callable[[CloserLook], Closer]) -> list[SceneReport]:
    """Somebody stands for three seconds and is not seen any more for ten; the place is looked at closer."""
    zone = ZoneOrder(id="hall", polygon=EVERYWHERE)
    scene = Scene(
        CameraOrder(id="c", url="rtsp://c", zones=(zone,)), person_down_seconds=15.0, confidence=0.35
    )
    reports = []
    for number in range(65):
        at = number / 5
        report = scene.saw([STANDING] if at < 3 else [], at)
        if report.closer:
            report = scene.looked_closer([answer(wish) for wish in report.closer], at)
        reports.append(report)
    return reports


def test_who_lies_where_they_fell_is_counted_before_anything_is_told() -> None:
    reports = _falls(lambda wish: Closer(wish.id, None, 0.15, still=True, thing=BODY))
    late = [report for report in reports if report.at > 8]
    assert {(report.people, report.zones["hall"].count) for report in late} == {(1, 1)}
    assert not any(report.down for report in reports)


def test_nobody_is_counted_where_the_place_is_as_it_was() -> None:
    late = [report for report in _falls(lambda wish: Closer(wish.id, None, 0.0, still=True)) if report.at > 8]
    assert {(report.people, report.zones["hall"].count) for report in late} == {(0, 0)}
