"""Which library and device run the model.

The machines that run these tests have no graphics: what the libraries list, and how a driver fails, is put in
their place; everything else is the real library.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny_onnx import RedSpots

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.backends import build_engine, load_backend, onnx_runtime, open_vino
from arni_edge.vision.worker.backends.open_vino import unseen
from arni_edge.vision.worker.detector import Detector
from arni_edge.vision.worker.loading import load_detector
from arni_edge.vision.worker.onnx_file import read_metadata

MODEL = RedSpots(64, 64).plain()
OPEN = RedSpots(64, 64, batch="batch").plain()
CUDA, TENSORRT, CPU = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"
# As the product imports them: silenced before they can report to anybody.
openvino, onnxruntime = open_vino._openvino(), onnx_runtime._onnxruntime()
REAL_CORE = openvino.Core
REAL_SESSION = onnxruntime.InferenceSession


class BoxWithGraphics:
    """OpenVINO on a box with a graphics processor; what runs there runs on the processor in truth."""

    works = True

    def __init__(self) -> None:
        self._core = REAL_CORE()
        self.available_devices = ["CPU", "GPU.0", "GPU.1"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def compile_model(self, network: Any, device: str, settings: dict[str, object]) -> Any:
        if device == "GPU":
            assert "INFERENCE_NUM_THREADS" not in settings  # the graphics plug-in refuses it
            if not self.works:
                raise RuntimeError("[GPU] Context was not initialized for 0 device\nsecond line")
        return self._core.compile_model(network, "CPU", settings)


class BoxWithBrokenGraphics(BoxWithGraphics):
    works = False


class Session:
    """ONNX Runtime on a box with CUDA; what runs there runs on the processor in truth."""

    asked: list[tuple[int, ...]]

    def __init__(self, model: bytes, options: Any, providers: Sequence[Any]) -> None:
        self._providers = [one if isinstance(one, str) else one[0] for one in providers]
        for one in providers:
            if not isinstance(one, str):
                engine = Path(one[1]["trt_engine_cache_path"], "tiny.engine")
                if not engine.exists():
                    engine.write_bytes(b"engine")
        self._session = REAL_SESSION(model, options, providers=[CPU])
        Session.asked = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def get_providers(self) -> list[str]:
        return self._providers

    def run(self, names: Any, feed: dict[str, Any]) -> Any:
        (blob,) = feed.values()
        Session.asked.append(blob.shape)
        return self._session.run(names, feed)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Session)


def test_auto_takes_the_graphics_processor_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "Core", BoxWithGraphics)
    backend = load_backend(MODEL, "auto", 1)
    assert (backend.name, backend.device, backend.notice) == ("openvino", "gpu", "")


def test_a_broken_driver_costs_speed_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "Core", BoxWithBrokenGraphics)
    backend = load_backend(MODEL, "auto", 1)
    assert (backend.name, backend.device) == ("openvino", "cpu")
    assert backend.notice == "runs on cpu: openvino on gpu: [GPU] Context was not initialized for 0 device"
    assert Detector(backend, read_metadata(MODEL), 0.5).notice == backend.notice


def test_a_device_that_is_asked_for_and_broken_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino, "Core", BoxWithBrokenGraphics)
    with pytest.raises(ConfigurationError, match=r"vision\.device: gpu cannot be used: \[GPU\] Context"):
        load_backend(MODEL, "auto", 1, device="gpu")


@pytest.mark.parametrize("device", ["gpu", "npu", "cuda", "tensorrt"])
def test_a_device_that_is_not_there_is_an_error_that_says_what_is(device: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"vision\.device: there is no {device} .* only: cpu"):
        load_backend(MODEL, "auto", 1, device=device)


def test_graphics_that_the_library_does_not_see_are_pointed_out(tmp_path: Path) -> None:
    """The usual reason: the service is not in the group 'render', or the driver is missing."""
    vendor = tmp_path / "renderD128" / "device" / "vendor"
    vendor.parent.mkdir(parents=True)
    vendor.write_text("0x1002\n")
    assert unseen(tmp_path) == ""  # not Intel's
    vendor.write_text("0x8086\n")
    assert "group 'render'" in unseen(tmp_path)
    assert unseen(tmp_path / "none") == ""


def test_onnx_runtime_that_falls_back_in_silence_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built for CUDA, but its libraries do not start: it would run on the processor and not say so."""

    class Silent(Session):
        def get_providers(self) -> list[str]:
            return [CPU]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Silent)
    with pytest.raises(ConfigurationError, match="cuda cannot be used: CUDAExecutionProvider does not start"):
        load_backend(MODEL, "onnxruntime", 1, device="cuda")
    monkeypatch.setattr(onnxruntime, "InferenceSession", _silent_only_for_graphics)
    backend = load_backend(MODEL, "onnxruntime", 1)
    assert backend.device == "cpu"
    assert backend.notice.startswith("runs on cpu: onnxruntime on cuda: CUDAExecutionProvider does not start")


def _silent_only_for_graphics(model: bytes, options: Any, providers: Sequence[Any]) -> Any:
    return REAL_SESSION(model, options, providers=[CPU])


def test_threads_are_set_and_do_not_spin() -> None:
    """Spinning threads of the model starve the decoders of the cameras."""
    backend: Any = load_backend(MODEL, "onnxruntime", 3)
    options = backend._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert backend._session.get_providers() == [CPU]


def test_the_processor_gets_one_picture_at_a_time(tmp_path: Path) -> None:
    backend = load_backend(OPEN, "onnxruntime", 1, device="cpu")
    assert backend.batch == 1


@pytest.mark.usefixtures("cuda")
def test_cuda_gets_several_pictures_at_once_where_the_file_takes_them() -> None:
    pictures = [np.full((64, 64, 3), (0, 0, 200), np.uint8)] * 10
    eye = Detector(load_backend(OPEN, "auto", 1), read_metadata(OPEN), 0.5)
    assert (eye.backend, eye.device, eye.batch) == ("onnxruntime", "cuda", 8)
    found = eye.people_in(pictures)
    assert Session.asked == [(1, 3, 64, 64), (8, 3, 64, 64), (2, 3, 64, 64)]
    assert [len(one) for one in found] == [len(found[0])] * 10
    single = Detector(load_backend(MODEL, "auto", 1), read_metadata(MODEL), 0.5)
    assert single.batch == 1
    single.people_in(pictures[:2])
    assert Session.asked == [(1, 3, 64, 64)] * 3


@pytest.mark.usefixtures("cuda")
def test_tensorrt_is_used_from_the_start_after_its_engine_was_built(tmp_path: Path) -> None:
    """Building takes minutes: until then CUDA serves, and the owner is told."""
    before = load_backend(MODEL, "auto", 1, device="tensorrt", engines=tmp_path)
    assert before.device == "cuda"
    assert "once it is, the next start uses it" in before.notice
    key = build_engine(MODEL, "auto", 1, device="tensorrt", engines=tmp_path)
    assert key is not None
    after = load_backend(MODEL, "auto", 1, device="tensorrt", engines=tmp_path)
    assert (after.device, after.notice) == ("tensorrt", "")
    (tmp_path / key / "tiny.engine").write_bytes(b"damaged")
    assert load_backend(MODEL, "auto", 1, engines=tmp_path).device == "cuda"


def test_ultralytics_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ultralytics", None)
    weights = tmp_path / "own.pt"
    weights.write_bytes(b"weights")
    order = DetectorOrder(model=weights, backend="auto", threads=1, frames_per_second=5, confidence=0.35)
    with pytest.raises(ConfigurationError, match=r"ultralytics is not installed here; install the extra"):
        load_detector(order)
    with pytest.raises(InvalidInput, match=r"Ultralytics runs \.engine, \.onnx, \.pt"):
        load_detector(order.model_copy(update={"backend": "ultralytics", "model": _other(tmp_path)}))


def _other(folder: Path) -> Path:
    path = folder / "own.tflite"
    path.write_bytes(b"weights")
    return path
