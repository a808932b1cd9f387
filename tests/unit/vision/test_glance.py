"""A look at a camera tells how it is, and its picture shows nobody."""

import asyncio
import threading
from collections.abc import AsyncIterator

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from support.vision import MODEL
from support.waiting import eventually

from arni_edge.domain.clock import SystemClock
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.world import World
from arni_edge.vision.glance import GlanceOrder
from arni_edge.vision.messages import CameraState
from arni_edge.vision.orders import CameraOrder, DetectorOrder
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.worker import glance
from arni_edge.vision.worker.decoding import Frame
from arni_edge.vision.worker.glance import hide
from arni_edge.vision.worker.luma import small_grey

Picture = npt.NDArray[np.uint8]


def _noise() -> Picture:
    """Detail everywhere, down to single pixels."""
    return np.random.default_rng(1).integers(0, 256, (360, 640, 3)).astype(np.uint8)


def _detail(picture: Picture) -> float:
    """How much neighbouring pixels differ."""
    return float(np.abs(np.diff(picture.astype(int), axis=1)).mean())


def test_whoever_the_detector_does_not_find_cannot_be_recognised_either() -> None:
    picture = _noise()
    before = _detail(picture)
    hide(picture, [])
    assert _detail(picture) < before / 8  # a twentieth of the width, a face, has six columns of detail


def test_who_is_found_becomes_a_few_blocks_with_some_room_around() -> None:
    picture = _noise()
    hide(picture, [Box(0.4, 0.2, 0.5, 0.8, 0.9)])
    person = picture[72 - 16 : 288 + 16, 256:320]
    blocks = cv2.resize(person, (4, 14), interpolation=cv2.INTER_NEAREST)
    assert len(np.unique(person.reshape(-1, 3), axis=0)) <= 14 * 5
    assert blocks.std() > 0
    assert len(np.unique(picture[60, 256:320], axis=0)) <= 5  # above the head


def test_where_nobody_can_look_the_whole_picture_is_blocks() -> None:
    picture = _noise()
    hide(picture, None)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) <= 64 * 36


@pytest.fixture
async def camera() -> AsyncIterator[CameraServer]:
    plan = default_plan()
    world = World(plan, SystemClock(), seed=3)
    world.place("Ada")
    world.step(0.1)
    scene = world.scene
    async with CameraServer(plan.camera("floor"), plan, lambda: scene) as server:
        yield server


def _order(camera: CameraServer) -> GlanceOrder:
    detector = DetectorOrder(
        model=MODEL, backend="onnxruntime", threads=1, frames_per_second=5.0, confidence=0.35
    )
    return GlanceOrder(
        camera=CameraOrder(id="floor", url=camera.url, stall_seconds=2.0), detector=detector, picture="jpeg"
    )


async def test_a_camera_that_breaks_off_is_not_ok_although_it_has_shown_something(
    camera: CameraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()

    def see(frame: Frame) -> Picture | None:
        seen.set()
        return small_grey(frame)

    monkeypatch.setattr(glance, "_LOOK_SECONDS", 60.0)  # it breaks off before that
    monkeypatch.setattr(glance, "small_grey", see)
    looking = asyncio.create_task(asyncio.to_thread(glance.look, _order(camera)))
    await eventually(seen.is_set)
    await camera.kill()
    report, picture = await looking
    assert (report.state, report.people) == (CameraState.STALLED, 1)
    assert report.reason
    assert picture is not None
