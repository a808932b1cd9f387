"""The same picture gives the same boxes, whichever contract a model was exported with."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from support.tiny_onnx import FLOAT16, RedSpots, identity_model

from arni_edge.domain.errors import InvalidInput
from arni_edge.vision.scene.geometry import Box
from arni_edge.vision.worker.backends import load_backend
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.layout import Head
from arni_edge.vision.worker.onnx_file import read_metadata
from arni_edge.vision.worker.stream import Picture

Library = Literal["onnxruntime", "openvino"]
LIBRARIES: tuple[Library, ...] = ("onnxruntime", "openvino")
RED = (0, 0, 255)  # BGR
SHAPES = {"square": (64, 64), "rectangular": (96, 160)}


def detector(model: bytes, library: Library = "onnxruntime") -> Detector:
    return Detector(load_backend(model, library, 1, device="cpu"), read_metadata(model), 0.5)


def scene(height: int, width: int) -> Picture:
    """White noise of a gym: bright, dark and blue, and two red spots on the grid of stride 8."""
    picture = np.full((height, width, 3), 200, np.uint8)
    picture[:8, -8:] = (255, 0, 0)
    picture[8:16, 16:24] = RED
    picture[24:32, 40:48] = (0, 60, 210)
    return picture


def expected(height: int, width: int) -> list[Box]:
    return [
        Box(16 / width, 8 / height, 24 / width, 16 / height, 1.0),
        Box(40 / width, 24 / height, 48 / width, 32 / height, 210 / 255),
    ]


def same(found: list[Box], wanted: list[Box]) -> bool:
    # Scores within 0.01: OpenVINO computes with 16-bit floats where the processor can.
    numbers = [(box.left, box.top, box.right, box.bottom, box.score) for box in found]
    return numbers == [
        pytest.approx((box.left, box.top, box.right, box.bottom, box.score), abs=0.01) for box in wanted
    ]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (Head.PLAIN, "plain"),
        (Head.END_TO_END, "end_to_end"),
        (Head.YOLOX, "yolox"),
        (Head.YOLOX, "decoded"),
    ],
)
def test_every_contract_gives_the_same_boxes_of_the_same_picture(
    library: Library, size: str, head: Head, kind: str
) -> None:
    height, width = SHAPES[size]
    spots = RedSpots(height, width)
    models = {
        "plain": spots.plain(),
        "end_to_end": spots.end_to_end(),
        "yolox": spots.yolox(),
        "decoded": spots.yolox(decoded=True),
    }
    eye = detector(models[kind], library)
    assert eye.head is head
    # Half as high as the model's input: grey above and below in the one family, below only in the other.
    picture = scene(height // 2 // 32 * 32 or 32, width)
    assert same(eye.people(picture), expected(*picture.shape[:2]))


def test_a_decoded_grid_is_told_from_a_raw_one_by_its_numbers() -> None:
    """Both have the same shape; read the wrong way every box would lie outside the picture."""
    picture = scene(32, 64)
    raw, decoded = (detector(RedSpots(64, 64).yolox(decoded=one)) for one in (False, True))
    assert same(raw.people(picture), decoded.people(picture))


def test_a_yolox_sees_bgr_up_to_255_in_the_top_left_corner() -> None:
    eye = detector(RedSpots(64, 64).yolox())
    blob = eye.prepare(np.full((32, 64, 3), (10, 20, 30), np.uint8)).blob
    assert blob[0, :, 5, 5].tolist() == [10, 20, 30]
    assert blob[0, :, 40, 5].tolist() == [114, 114, 114]


def test_the_person_is_found_by_name_where_it_is_not_the_first_class() -> None:
    """The contract says which class is the person; a model trained on own data may count from elsewhere."""
    model = RedSpots(64, 64).end_to_end("{0: 'dog', 1: 'person'}")
    assert detector(model).people(scene(32, 64)) == []


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_open_batch_axis_takes_any_number_of_pictures(library: Library) -> None:
    eye = detector(RedSpots(64, 64, batch="batch").plain(), library)
    empty = np.full((64, 64, 3), 90, np.uint8)
    found = eye.people_in([scene(32, 64), empty, scene(64, 64)])
    assert [len(one) for one in found] == [2, 0, 2]
    assert same(found[2], expected(64, 64))


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_model_of_16_bit_floats_is_refused(library: Library) -> None:
    model = identity_model([1, 3, 32, 32], {"names": "{0: 'person'}"}, FLOAT16)
    with pytest.raises(InvalidInput, match="32-bit floats are needed: export without half=True"):
        load_backend(model, library, 1)


def test_preparing_shares_nothing_between_pictures_or_threads() -> None:
    """A camera's next picture is prepared while the model still looks at the last one."""
    eye = detector(RedSpots(64, 64).plain())
    first = eye.prepare(scene(64, 64))
    before = first.blob.copy()
    second = eye.prepare(np.zeros((64, 64, 3), np.uint8))
    assert not np.shares_memory(first.blob, second.blob)
    assert np.array_equal(first.blob, before)


@pytest.mark.parametrize("library", LIBRARIES)
def test_outputs_outlive_the_next_run(library: Library) -> None:
    """OpenVINO answers in memory of its own, which the next run overwrites."""
    eye = detector(RedSpots(64, 64).plain(), library)
    outputs = eye.infer([eye.prepare(scene(64, 64))])
    eye.infer([eye.prepare(np.zeros((64, 64, 3), np.uint8))])
    assert len(eye.boxes(outputs)[0]) == 2


def test_the_tracker_may_ask_for_boxes_far_below_the_usual_score() -> None:
    eye = detector(RedSpots(64, 64).plain())
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[8:16, 16:24] = (0, 0, 38)  # score 0.15
    assert eye.people(picture) == []
    assert [box.score for box in eye.people(picture, 0.1)] == [pytest.approx(38 / 255, abs=1e-3)]


# --- real weights, where the folder with them is there ---------------------------------------------------

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.fixture
def bus() -> Picture:
    import cv2  # noqa: PLC0415 - only here

    if not SHARED.is_dir():
        pytest.skip(f"real weights and pictures are not there: {SHARED}")
    picture: Picture | None = cv2.imread(str(SHARED / "video" / "stills" / "bus.jpg"))
    assert picture is not None
    return picture


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_real_yolov8_finds_the_four_people_at_the_bus(bus: Picture, library: Library) -> None:
    model = (SHARED / "models" / "yolov8n_640x640.onnx").read_bytes()
    eye = Detector(load_backend(model, library, 2), read_metadata(model), 0.35)
    found = [box.score for box in eye.people(bus)]
    assert found == pytest.approx([0.91, 0.90, 0.90, 0.42], abs=0.02)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_real_yolox_finds_three_people_at_the_bus_where_a_yolov8_finds_them(
    bus: Picture, library: Library
) -> None:
    model = (SHARED / "models" / "yolox_nano_416x416.onnx").read_bytes()
    eye = Detector(load_backend(model, library, 2), read_metadata(model), 0.35)
    found = sorted(eye.people(bus), key=lambda box: box.left)
    model = (SHARED / "models" / "yolov8n_320x320.onnx").read_bytes()
    other = Detector(load_backend(model, library, 2), read_metadata(model), 0.6).people(bus)
    wanted = sorted(other, key=lambda box: box.left)
    assert eye.head is Head.YOLOX
    assert len(found) == 3
    assert [box.foot for box in found] == [pytest.approx(box.foot, abs=0.05) for box in wanted]
