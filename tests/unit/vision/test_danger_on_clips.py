"""The whole way on real pictures: shared, not part of the project; without them these tests say so and skip.

Licences forbid to copy the pictures; the folder is ``shared/data`` beside the project.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from arni_edge.vision.orders import CameraOrder, DetectorOrder
from arni_edge.vision.scene.report import SceneReport
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector
from arni_edge.vision.worker.post import Post

SHARED = Path(__file__).parents[4] / "shared" / "data"
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Material:
    """Clips, stills and a detector that was trained on real people."""

    folder: Path
    detector: Detector

    def still(self, name: str) -> Picture:
        picture: Picture | None = cv2.imread(str(self.folder / "stills" / name))
        assert picture is not None
        return picture

    def clip(self, name: str, frames: Iterable[int]) -> Iterator[tuple[int, Picture]]:
        """Some frames of a clip, with their numbers."""
        wanted = set(frames)
        video = cv2.VideoCapture(str(self.folder / name))
        try:
            for number in range(max(wanted) + 1):
                good, frame = video.read()
                assert good
                if number in wanted:
                    yield number, frame.astype(np.uint8)
        finally:
            video.release()

    def reports(self, shown: Iterable[tuple[float, Picture]]) -> Iterator[tuple[float, SceneReport]]:
        """What a camera's post makes of pictures and their moments."""
        order = CameraOrder(id="hall", url="rtsp://camera/")
        post = Post(order, self.detector, person_down_seconds=15.0, confidence=0.35, frames_per_second=10.0)
        for at, picture in shown:
            report = post.see(picture, at).report
            if report is not None:
                yield at, report


@pytest.fixture(scope="module")
def material() -> Material:
    model = SHARED / "models" / "yolov8n_384x640.onnx"
    if not model.exists():
        pytest.skip(f"the shared clips and weights are not here: {SHARED}")
    order = DetectorOrder(model=model, backend="onnxruntime", threads=1, frames_per_second=5, confidence=0.35)
    return Material(SHARED / "video", load_detector(order))


def test_a_real_fall_is_one_event_after_the_hold(material: Material) -> None:
    """A detector trained on people who stand gives no box at all of this one who lies."""
    pictures = material.clip("fall_slides_a.mp4", range(12, 130, 3))
    events: dict[int, float] = {}
    last: SceneReport | None = None
    for at, report in material.reports((number / 5, picture) for number, picture in pictures):
        last = report
        for down in report.down:
            events.setdefault(down.id, at)
    (told,) = events.values()
    assert 30 / 5 + 15 <= told <= 35 / 5 + 15 + 2
    assert last is not None
    assert len(last.down) == 1


def noisy(picture: Picture, count: int, light: Sequence[float] = (1.0,)) -> Iterator[Picture]:
    noise = np.random.default_rng(3)
    for number in range(count):
        level = light[number % len(light)]
        shown = picture * level + noise.normal(0, 3, picture.shape)
        yield np.clip(shown, 0, 255).astype(np.uint8)


def half(picture: Picture) -> Picture:
    smaller: Picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return smaller


def test_somebody_on_the_porch_is_certain_within_two_seconds_and_an_empty_one_never(
    material: Material,
) -> None:
    empty, person = half(material.still("porch_empty.jpg")), half(material.still("porch_person.jpg"))
    pictures = [*noisy(empty, 15), *noisy(person, 15)]
    certain = [
        at
        for at, report in material.reports((number / 5, one) for number, one in enumerate(pictures))
        if report.certain
    ]
    assert certain
    assert 3.0 + 1.0 <= certain[0] <= 3.0 + 2.0


def test_light_that_is_switched_on_an_empty_porch_is_nobody(material: Material) -> None:
    empty = half(material.still("porch_empty.jpg"))
    pictures = noisy(empty, 60, light=(1.0,) * 7 + (0.4,) * 6)
    for _, report in material.reports((number / 5, one) for number, one in enumerate(pictures)):
        assert not report.certain
        assert report.people == 0
