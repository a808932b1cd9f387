"""The whole treatment of one picture, with the simulated gym's own detector."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Light, Renderer
from arni_edge.simulator.world import World
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder, DetectorOrder
from arni_edge.vision.worker.colour import Colours
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector
from arni_edge.vision.worker.post import Post, Seen
from arni_edge.vision.worker.stream import Picture

MODEL = Path(__file__).parents[3] / "models" / "sim-person-yolov8.onnx"
EVERYWHERE = [(0, 0), (1, 0), (1, 1), (0, 1)]
LEFT_HALF = [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]


@pytest.fixture(scope="module")
def detector() -> Detector:
    order: dict[str, Any] = {"model": MODEL, "backend": "onnxruntime", "frames_per_second": 5}
    return load_detector(DetectorOrder(threads=1, confidence=0.35, **order))


def post(
    detector: Detector,
    per_second: float = 10,
    codes: Callable[[Picture, float], None] | None = None,
    **changed: Any,
) -> Post:
    camera = {
        "id": "floor",
        "url": "rtsp://x/1",
        "transport": "tcp",
        "connect_seconds": 1,
        "stall_seconds": 5,
    }
    zones = [{"id": "floor", "polygon": EVERYWHERE}]
    order = CameraOrder.model_validate({**camera, "zones": zones, **changed})
    return Post(
        order,
        detector,
        person_down_seconds=15,
        confidence=0.35,
        frames_per_second=per_second,
        codes=codes,
    )


@cache
def renderer() -> Renderer:
    plan = default_plan()
    return Renderer(next(view for view in plan.cameras if view.name == "floor"), plan)


@cache
def training(count: int, people: int = 2, light: float = 1.0) -> tuple[Picture, ...]:
    """People who train, ten pictures a second."""
    world = World(default_plan(), SystemClock(), seed=7)
    for index in range(people):
        world.place(str(index))
    pictures = []
    for _ in range(count):
        world.step(0.1)
        pictures.append(renderer().draw(world.scene, Light(light)).frame)
    return tuple(pictures)


def seen(post: Post, pictures: tuple[Picture, ...], start: float = 0.0) -> list[Seen]:
    return [post.see(picture, start + index / 10) for index, picture in enumerate(pictures)]


def test_the_same_pictures_at_the_same_moments_give_the_same_reports(detector: Detector) -> None:
    first, second = (seen(post(detector), training(20)) for _ in range(2))
    assert first == second
    assert first[-1].report is not None
    assert first[-1].report.zones["floor"].count == 2


def test_decoded_frames_and_pixels_give_the_same_and_pixels_stay_as_they_are(detector: Detector) -> None:
    pictures = training(20)[:8]
    before = [picture.copy() for picture in pictures]
    frames = [av.VideoFrame.from_ndarray(picture, format="bgr24") for picture in pictures]
    of_pixels = seen(post(detector, masks=[LEFT_HALF]), pictures)[-1].report
    watcher = post(detector, masks=[LEFT_HALF])
    of_frames = [watcher.see(frame, index / 10) for index, frame in enumerate(frames)][-1].report
    assert of_pixels is not None
    assert of_frames is not None
    assert of_pixels.people == of_frames.people
    assert all(np.array_equal(now, then) for now, then in zip(pictures, before, strict=True))


def test_colours_are_those_that_a_frame_gives_itself() -> None:
    frame = av.VideoFrame.from_ndarray(training(20)[:8][0], format="bgr24").reformat(format="yuv420p")
    ours = Colours().of(frame)
    assert ours is not None
    assert np.array_equal(ours, frame.to_ndarray(format="bgr24"))


def test_pictures_that_come_too_often_are_left_out(detector: Detector) -> None:
    results = seen(post(detector, per_second=5), training(20))
    assert [result.looked for result in results] == [index % 2 == 0 for index in range(20)]
    assert all(result == Seen(None, None, looked=False) for result in results[1::2])


def test_a_picture_worth_a_look_speaks_for_those_just_after_it_but_not_for_the_dark(
    detector: Detector,
) -> None:
    eye, (first, second) = post(detector, 200), training(2)
    glance = eye.consider(first, 10.0)
    assert glance is not None
    assert glance.due
    kept = eye.consider(second, 10.04)
    assert kept is not None
    assert kept.due
    assert kept.frame is second
    assert kept.grey is glance.grey
    assert kept.at == pytest.approx(10.04)
    fresh = eye.consider(second, 10.06)
    assert fresh is not None
    assert fresh.grey is not glance.grey
    eye.lost()
    anew = eye.consider(second, 10.07)
    assert anew is not None
    assert anew.grey is not fresh.grey


def test_people_who_do_not_move_stay_counted_although_the_detector_rarely_looks(detector: Detector) -> None:
    results = seen(post(detector, per_second=5), training(20) + training(20)[-1:] * 120)
    settled = [result for result in results[80:] if result.report is not None]
    assert {result.report.people for result in settled if result.report is not None} == {2}
    assert 5 <= sum(result.looked for result in settled) <= 8
    assert len(settled) == 30


def test_nobody_and_nothing_sees_what_is_masked(detector: Detector) -> None:
    shown: list[Picture] = []
    watcher = post(detector, codes=lambda picture, _: shown.append(picture.copy()), masks=[EVERYWHERE])
    results = seen(watcher, training(20) * 2)
    assert all(result.report is None or result.report.people == 0 for result in results)
    assert shown
    assert not any(picture.any() for picture in shown)
    assert not any(result.looked for result in results[25:]), "what moves behind a mask moves nobody"


def test_an_eye_for_codes_gets_pictures_while_something_moves_or_somebody_is_there(
    detector: Detector,
) -> None:
    moments: list[float] = []
    watcher = post(detector, codes=lambda _, at: moments.append(at))
    seen(watcher, training(20)[:10])
    assert moments == pytest.approx([index / 10 for index in range(10)])
    moments.clear()
    seen(post(detector, codes=lambda _, at: moments.append(at)), training(10, people=0))
    assert len(moments) == 1, "the first picture only: nobody is there and nothing moves"


def test_in_the_dark_nothing_is_reported_and_afterwards_it_is_looked_at_once(detector: Detector) -> None:
    watcher = post(detector)
    seen(watcher, training(20))
    dark = tuple(np.zeros_like(picture) for picture in training(20)) * 3
    results = seen(watcher, dark, start=2.0)
    assert results[-1].status is not None
    assert results[-1].status.state is CameraState.DARK
    assert results[-1].report is None
    assert not results[-1].looked
    again = seen(watcher, training(20) * 2, start=8.0)
    first = next(index for index, result in enumerate(again) if result.status is None)
    assert again[first].looked
    report = again[-1].report
    assert report is not None
    assert report.people == 2


def test_a_light_that_is_switched_founds_nothing_while_it_changes(detector: Detector) -> None:
    watcher = post(detector)
    seen(watcher, training(10, people=0, light=0.25) * 3)
    results = seen(watcher, training(20), start=3.0)
    calm = 10  # pictures: one second after the switch the light is steady
    assert all(result.report is None or not result.report.certain for result in results[:calm])
    assert sum(result.looked for result in results[:calm]) <= 2


def test_after_an_absence_everybody_is_new(detector: Detector) -> None:
    watcher = post(detector)
    before = seen(watcher, training(20))[-1].report
    watcher.lost()
    results = seen(watcher, training(20), start=60.0)
    after = results[-1].report
    assert results[0].looked
    assert before is not None
    assert after is not None
    assert {track.id for track in before.tracks}.isdisjoint(track.id for track in after.tracks)


def test_one_picture_of_another_size_in_between_is_no_harm(detector: Detector) -> None:
    pictures = list(training(20))
    pictures[10] = np.asarray(cv2.resize(pictures[10], (320, 180)), np.uint8)
    report = seen(post(detector), tuple(pictures))[-1].report
    assert report is not None
    assert report.people == 2
