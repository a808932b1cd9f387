"""What is around Ultralytics. The library itself is 2 GB and runs on no machine that runs these tests.

Its place is taken by the few calls that are made of it; that it really answers so was tried by hand (8.4).
"""

import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.tiny_onnx import RedSpots

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.layout import Head
from arni_edge.vision.worker.loading import load_detector


class Yolo:
    """Answers as ``ultralytics.YOLO`` does: boxes as [n, 6] of the people in each picture."""

    asked: list[dict[str, Any]]

    def __init__(self, path: str, task: str) -> None:
        assert task == "detect"
        self.names = {0: "dog", 1: "person"}
        if Path(path).read_bytes() == b"broken":
            raise RuntimeError("invalid load key, 'b'.")
        Yolo.asked = []

    def predict(self, blob: Any, **options: Any) -> list[Any]:
        Yolo.asked.append({"shape": blob.shape, **options})
        found = np.array([[0, 0, options["imgsz"][1] / 2, options["imgsz"][0], 0.9, 1]], np.float32)
        data = SimpleNamespace(cpu=lambda: SimpleNamespace(numpy=lambda: found))
        return [SimpleNamespace(boxes=SimpleNamespace(data=data)) for _ in blob]


@pytest.fixture(params=[False, True], ids=["no CUDA", "CUDA"])
def cuda(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    torch, ultralytics = ModuleType("torch"), ModuleType("ultralytics")
    torch.__dict__.update(
        set_num_threads=lambda _: None,
        from_numpy=lambda array: array,
        cuda=SimpleNamespace(is_available=lambda: request.param),
    )
    ultralytics.__dict__["YOLO"] = Yolo
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "ultralytics", ultralytics)
    return bool(request.param)


def load(folder: Path, file: str, content: bytes = b"weights", **more: Any) -> Detector:
    path = folder / file
    path.write_bytes(content)
    fields = {"model": path, "backend": "auto", "threads": 1, "frames_per_second": 5, "confidence": 0.35}
    return load_detector(DetectorOrder.model_validate(fields | more))


def test_weights_are_given_people_only_and_pictures_as_every_model(tmp_path: Path, cuda: bool) -> None:
    eye = load(tmp_path, "own.pt")
    assert (eye.backend, eye.device, eye.batch) == ("ultralytics", *(("cuda", 8) if cuda else ("cpu", 1)))
    assert eye.head is Head.END_TO_END
    pictures = [np.zeros((360, 640, 3), np.uint8)] * 2
    people = eye.people_in(pictures)
    assert [(box.left, box.right, round(box.score, 2)) for one in people for box in one] == [
        (0, 0.5, 0.9)
    ] * 2
    last = Yolo.asked[-1]
    assert last["shape"] == ((2 if cuda else 1), 3, 384, 640)
    assert (last["classes"], last["device"], last["save"]) == ([1], 0 if cuda else "cpu", False)
    assert last["conf"] <= 0.1  # the tracker wants to hear of these


def test_an_export_keeps_the_size_of_its_file(tmp_path: Path, cuda: bool) -> None:
    eye = load(tmp_path, "own.onnx", RedSpots(64, 96).plain(), backend="ultralytics")
    assert (eye.layout.height, eye.layout.width, eye.batch) == (64, 96, 1)
    described = b'{"imgsz": [96, 160], "names": {}}'
    engine = len(described).to_bytes(4, "little") + described + b"engine"
    if cuda:
        assert load(tmp_path, "own.engine", engine).device == "tensorrt"
        assert Yolo.asked[0]["imgsz"] == (96, 160)
    else:
        with pytest.raises(ConfigurationError, match="PyTorch sees no CUDA"):
            load(tmp_path, "own.engine", engine)


def test_what_it_cannot_do_is_said(tmp_path: Path, cuda: bool) -> None:
    with pytest.raises(InvalidInput, match=r"cannot load own\.pt: invalid load key"):
        load(tmp_path, "own.pt", b"broken")
    with pytest.raises(ConfigurationError, match=r"does not run own\.pt on npu"):
        load(tmp_path, "own.pt", device="npu")


def test_importing_it_leaves_python_as_it_was(tmp_path: Path, cuda: bool) -> None:
    """A process that cannot write lies to it for the moment of the import, and for no longer."""
    make = tempfile.mkdtemp
    load(tmp_path, "own.pt")
    assert tempfile.mkdtemp is make
