from pathlib import Path

import numpy as np
import pytest
from support.clock import ManualClock
from support.tiny_onnx import identity_model

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.world import World
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.backends import Device, Tensor, load_backend
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.layout import Shape
from arni_edge.vision.worker.loading import load_detector

MODEL = Path(__file__).parents[3] / "models" / "sim-person-yolov8.onnx"
LIBRARIES = ["onnxruntime", "openvino"]


class Answer:
    """A model that always gives the same answer: the arithmetic around it is what is tested."""

    name = "answer"
    device: Device = "cpu"
    batch = 1
    notice = ""

    def __init__(self, output: Tensor, height: int = 64, width: int = 64) -> None:
        self.inputs: list[Shape] = [[1, 3, height, width]]
        self.outputs: list[Shape] = [list(output.shape)]
        self.asked: list[Tensor] = []
        self._output = output

    def run(self, blob: Tensor) -> Tensor:
        self.asked.append(blob.copy())
        return self._output


def plain(*people: tuple[float, float, float, float, float]) -> Tensor:
    """[1, 5, 8]: centre x, centre y, width, height, score."""
    output = np.zeros((1, 5, 8), np.float32)
    for i, person in enumerate(people):
        output[0, :, i] = person
    return output


def detector(answer: Answer, names: str = "{0: 'person'}") -> Detector:
    return Detector(answer, {"names": names}, confidence=0.35)


def picture(height: int, width: int) -> "np.typing.NDArray[np.uint8]":
    return np.full((height, width, 3), (10, 20, 30), np.uint8)


# --- the arithmetic around the model --------------------------------------------------------------------


def test_a_box_is_given_in_shares_of_the_picture_and_not_of_the_letterbox() -> None:
    # 128x64 into 64x64: half size, 16 grey lines above and below.
    (box,) = detector(Answer(plain((32, 32, 16, 32, 0.9)))).people(picture(64, 128))
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.375, 0.0, 0.625, 1.0))
    assert box.score == pytest.approx(0.9)


def test_a_box_is_cut_at_the_edges_of_the_picture() -> None:
    (box,) = detector(Answer(plain((60, 60, 40, 40, 0.9)))).people(picture(64, 64))
    assert (box.right, box.bottom) == (1.0, 1.0)


def test_the_model_sees_rgb_between_0_and_1_with_grey_around() -> None:
    answer = Answer(plain())
    detector(answer).people(picture(64, 128))
    blob = answer.asked[-1]
    assert blob.shape == (1, 3, 64, 64)
    assert blob[0, :, 32, 32] * 255 == pytest.approx((30, 20, 10))
    assert blob[0, :, 5, 5] * 255 == pytest.approx((114, 114, 114))


def test_nothing_of_the_last_picture_is_left_around_the_next() -> None:
    answer = Answer(plain())
    eye = detector(answer)
    eye.people(picture(64, 64))
    eye.people(picture(64, 128))
    assert answer.asked[-1][0, :, 5, 5] * 255 == pytest.approx((114, 114, 114))


def test_two_boxes_of_one_person_are_one_and_neighbours_are_two() -> None:
    output = plain((20, 32, 10, 40, 0.8), (21, 32, 10, 40, 0.9), (26, 32, 10, 40, 0.7))
    scores = [box.score for box in detector(Answer(output)).people(picture(64, 64))]
    assert scores == pytest.approx([0.9, 0.7])


def test_who_is_not_sure_to_be_a_person_is_none() -> None:
    assert detector(Answer(plain((20, 32, 10, 40, 0.34)))).people(picture(64, 64)) == []


def test_numbers_that_are_none_are_nobody() -> None:
    assert detector(Answer(plain((20, 32, 10, 40, float("nan"))))).people(picture(64, 64)) == []


def test_an_end_to_end_model_gives_corners_and_its_other_classes_are_nobody() -> None:
    output = np.zeros((1, 300, 6), np.float32)
    output[0, :3] = [(0, 0, 32, 64, 0.9, 1), (32, 0, 64, 64, 0.8, 0), (0, 0, 8, 8, 0.1, 1)]
    (box,) = detector(Answer(output), "{0: 'dog', 1: 'person'}").people(picture(64, 64))
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0, 0, 0.5, 1))


def test_a_size_that_the_file_leaves_open_is_checked_on_the_first_run() -> None:
    answer = Answer(np.zeros((1, 3549, 85), np.float32))
    answer.outputs = [[None, None, None]]
    with pytest.raises(InvalidInput, match=r"\[1, 3549, 85\]"):
        detector(answer)


# --- real models ----------------------------------------------------------------------------------------


def order(model: Path, backend: str) -> DetectorOrder:
    return DetectorOrder.model_validate(
        {"model": model, "backend": backend, "threads": 1, "frames_per_second": 5, "confidence": 0.35}
    )


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("people", [0, 1, 5])
def test_the_simulation_model_finds_everybody_on_a_rendered_picture(library: str, people: int) -> None:
    plan = default_plan()
    world = World(plan, ManualClock(), seed=7)
    for i in range(people):
        world.place(f"member-{i}")
    world.step(0.1)
    rendering = Renderer(plan.camera("floor"), plan).draw(world.scene)
    found = load_detector(order(MODEL, library)).people(rendering.frame)
    feet = sorted(seen.foot for seen in rendering.people)
    assert sorted(box.foot for box in found) == [pytest.approx(foot, abs=0.05) for foot in feet]


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_model_with_an_unknown_layout_is_refused_with_what_was_found_and_expected(
    tmp_path: Path, library: str
) -> None:
    model = tmp_path / "odd.onnx"
    model.write_bytes(identity_model([1, 3, 32, 32], {"names": "{0: 'person'}"}))
    with pytest.raises(InvalidInput, match=r"output is \[1, 3, 32, 32\].*gives \[1, 5, N\]"):
        load_detector(order(model, library))


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_the_library_cannot_load_is_refused(library: str) -> None:
    with pytest.raises(InvalidInput, match="cannot load the model"):
        load_backend(identity_model([1, 3, 32, 32], {})[:-30], library, 1)  # type: ignore[arg-type]


def test_a_picture_is_no_model(tmp_path: Path) -> None:
    model = tmp_path / "holiday.onnx"
    model.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with pytest.raises(InvalidInput, match="no ONNX model"):
        load_detector(order(model, "onnxruntime"))


def test_a_library_that_is_asked_for_and_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openvino", None)
    with pytest.raises(ConfigurationError, match=r"vision\.backend: openvino is not installed"):
        load_backend(MODEL.read_bytes(), "openvino", 1)
