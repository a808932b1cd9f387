"""ONNX Runtime: on processors, and on NVIDIA's graphics by CUDA or TensorRT.

TensorRT compiles for minutes, so the worker uses it only with an engine that :func:`build` has made.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from arni_edge.domain.errors import InvalidInput, Unavailable
from arni_edge.vision.engines import EngineStore, engine_key
from arni_edge.vision.worker.backends.base import DEVICES, Device, NoEngine, Tensor
from arni_edge.vision.worker.layout import Layout, Shape, read_layout
from arni_edge.vision.worker.onnx_file import Description, read_description

_PROVIDERS: dict[Device, str] = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
_BATCH = 8  # on graphics; processors gain nothing from more than one


class OnnxRuntime:
    """A model in ONNX Runtime."""

    name = "onnxruntime"

    def __init__(self, model: bytes, device: Device, threads: int, engines: EngineStore | None) -> None:
        folder = None
        if device == "tensorrt":
            folder = None if engines is None else engines.find(_key(model))
            if folder is None:
                raise NoEngine("its engine is not built yet; once it is, the next start uses it")
        self.device = device
        self.notice = ""
        self.batch = 1 if device == "cpu" else _BATCH
        self._session = _session(model, device, threads, folder)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [one.type for one in inputs] != ["tensor(float)"]:
            raise InvalidInput(
                f"its input is {inputs[0].type}; 32-bit floats are needed: export without half=True"
            )
        self._input: str = inputs[0].name
        self.inputs: list[Shape] = [one.shape for one in inputs]
        self.outputs: list[Shape] = [one.shape for one in outputs]

    def run(self, blob: Tensor) -> Tensor:
        """See :class:`Backend`."""
        output: Tensor = self._session.run(None, {self._input: blob})[0]
        return output


def devices() -> tuple[Device, ...]:
    """What this ONNX Runtime was built for, the fastest first; loading shows what is really there."""
    there = _onnxruntime().get_available_providers()
    return tuple(device for device in DEVICES if _PROVIDERS.get(device) in there)


def build(model: bytes, threads: int, engines: EngineStore) -> str:
    """Compile a model for TensorRT and keep it; returns its key. Takes minutes when it is not there."""
    key = _key(model)
    if engines.find(key) is None:
        engines.keep(key, lambda folder: _fill(model, threads, folder))
    return key


def _onnxruntime() -> Any:
    # Its official builds report to Microsoft and keep an identifier of the machine unless this is set before
    # the first import; the call in its interface comes too late to prevent either.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime  # noqa: PLC0415 - a box may have only one of the libraries

    return onnxruntime


def _fill(model: bytes, threads: int, folder: Path) -> None:
    layout = _layout(read_description(model))
    session = _session(model, "tensorrt", threads, folder)
    blob = np.full((1, 3, layout.height, layout.width), 0.5, np.float32)
    session.run(None, {session.get_inputs()[0].name: blob})  # a model with open sizes is compiled only now
    if not any(folder.glob("*.engine")):
        raise Unavailable("TensorRT has written no engine")


def _session(model: bytes, device: Device, threads: int, engine: Path | None) -> Any:
    """A session that really runs on the device: ONNX Runtime would fall back to the processor in silence."""
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads starve the decoders: 216 ms per picture instead of 128 on a busy box.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    providers: list[Any] = [_PROVIDERS["cpu"]]
    if device != "cpu":
        providers.insert(0, _PROVIDERS["cuda"])
    if device == "tensorrt" and engine is not None:
        providers.insert(0, (_PROVIDERS["tensorrt"], _tensorrt_options(model, engine)))
    session = onnxruntime.InferenceSession(model, options, providers=providers)
    if session.get_providers()[0] != _PROVIDERS[device]:
        raise Unavailable(
            f"{_PROVIDERS[device]} does not start: see that the driver and the libraries that this version "
            "of ONNX Runtime wants are installed"
        )
    return session


def _tensorrt_options(model: bytes, engine: Path) -> dict[str, str]:
    options = {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engine),
        "trt_timing_cache_enable": "0",
        # 16-bit floats cost nothing visible; 8-bit integers halve the accuracy without careful calibration.
        "trt_fp16_enable": "1",
    }
    description = read_description(model)
    layout = _layout(description)
    if any(not isinstance(size, int) for size in description.inputs[0].shape):
        name, sides = description.inputs[0].name, f"3x{layout.height}x{layout.width}"
        most = _BATCH if layout.many else 1
        options |= {
            f"trt_profile_{which}_shapes": f"{name}:{pictures}x{sides}"
            for which, pictures in (("min", 1), ("opt", most), ("max", most))
        }
    return options


def _layout(description: Description) -> Layout:
    return read_layout(
        [port.shape for port in description.inputs],
        [port.shape for port in description.outputs],
        description.metadata,
    )


def _key(model: bytes) -> str:
    nvidia = Path("/proc/driver/nvidia")
    # Driver and cards; on a Jetson the release of its system says as much.
    tellers = (nvidia / "version", *sorted(nvidia.glob("gpus/*/information")), Path("/etc/nv_tegra_release"))
    facts = "\n".join(path.read_text(errors="replace") for path in tellers if path.exists())
    return engine_key(
        model, library=f"onnxruntime {_onnxruntime().__version__}", device="tensorrt", driver=facts
    )
