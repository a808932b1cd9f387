"""OpenVINO: on processors, and on Intel's graphics (``gpu``) and neural units (``npu``).

Models can be compiled beforehand: :func:`build` exports what was compiled, loading imports it again.
"""

import io
import sys
from pathlib import Path
from typing import Any

import structlog

from arni_edge.domain.errors import InvalidInput
from arni_edge.vision.engines import EngineStore, engine_key
from arni_edge.vision.worker.backends.base import DEVICES, Device, Tensor
from arni_edge.vision.worker.layout import Shape, read_layout
from arni_edge.vision.worker.onnx_file import read_description

_LOG = structlog.get_logger(__name__)

_NAMES: dict[Device, str] = {"gpu": "GPU", "npu": "NPU", "cpu": "CPU"}
_BLOB = "model.blob"
# What decides whether a compiled model fits: what the device itself names, and which instructions it has.
_CAPABILITIES = ("DEVICE_ARCHITECTURE", "OPTIMIZATION_CAPABILITIES", "FULL_DEVICE_NAME")
_INTEL = "0x8086"


class OpenVino:
    """A model in OpenVINO. One request: the network's own threads are what is parallel."""

    name = "openvino"
    batch = 1  # graphics inside a processor share its memory: more at once are no faster there

    def __init__(self, model: bytes, device: Device, threads: int, engines: EngineStore | None) -> None:
        core = _core()
        self.device = device
        self.notice = ""
        self.from_engine = False
        compiled = _imported(core, model, device, threads, engines)
        if compiled is None:
            compiled = _compiled(core, model, device, threads)
        else:
            self.from_engine = True
        self.inputs: list[Shape] = [_shape(port) for port in compiled.inputs]
        self.outputs: list[Shape] = [_shape(port) for port in compiled.outputs]
        self._request = compiled.create_infer_request()

    def run(self, blob: Tensor) -> Tensor:
        """See :class:`Backend`."""
        self._request.infer([blob], share_inputs=True)
        output: Tensor = self._request.get_output_tensor(0).data
        return output


def devices() -> tuple[Device, ...]:
    """What OpenVINO can use on this machine, the fastest first."""
    listed = [str(name).split(".")[0] for name in _core().available_devices]
    return tuple(device for device in DEVICES if _NAMES.get(device) in listed)


def unseen(graphics: Path = Path("/sys/class/drm")) -> str:
    """Why Intel graphics that this box has cannot be used; empty when there are none, or all is well.

    Args:
        graphics: Where Linux lists them.
    """
    vendors = graphics.glob("renderD*/device/vendor")
    if "gpu" in devices() or not any(vendor.read_text().strip() == _INTEL for vendor in vendors):
        return ""
    return (
        "OpenVINO does not see the graphics processor of this box: install intel-opencl-icd and let the "
        "service into the group 'render', or set vision.device to 'cpu'"
    )


def build(model: bytes, device: Device, threads: int, engines: EngineStore) -> str:
    """Compile a model for this device and keep it; returns its key. Nothing is done when it is there."""
    core = _core()
    key = _key(core, model, device, threads)
    if engines.find(key) is None:
        exported = io.BytesIO()
        _compiled(core, model, device, threads).export_model(exported)
        engines.keep(key, lambda folder: _write(folder / _BLOB, exported.getvalue()))
    return key


def _core() -> Any:
    return _openvino().Core()


def _openvino() -> Any:
    # Importing it reports to Google Analytics and keeps an identifier in the home folder. Without this
    # package, which is made for nothing else, it does neither.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino  # noqa: PLC0415 - a box may have only one of the libraries

    return openvino


def _key(core: Any, model: bytes, device: Device, threads: int) -> str:
    name = _NAMES[device]
    known = core.get_property(name, "SUPPORTED_PROPERTIES")
    wanted = {*core.get_property(name, "CACHING_PROPERTIES"), *_CAPABILITIES} & set(known)
    facts = {one: str(core.get_property(name, one)) for one in sorted(wanted)}
    return engine_key(
        model, library=f"openvino {_openvino().__version__}", device=name, threads=threads, **facts
    )


def _imported(
    core: Any, model: bytes, device: Device, threads: int, engines: EngineStore | None
) -> Any | None:
    """What was compiled beforehand, if it is there, whole, and still understood."""
    folder = None if engines is None else engines.find(_key(core, model, device, threads))
    if folder is None:
        return None
    try:
        content = (folder / _BLOB).read_bytes()
        compiled = core.import_model(content, _NAMES[device], _settings(device, threads))
    except (OSError, RuntimeError) as error:
        _LOG.warning("engine_not_usable", engine=folder.name, reason=str(error)[:200])
        return None
    _LOG.info("engine_loaded", engine=folder.name, device=device)
    return compiled


def _compiled(core: Any, model: bytes, device: Device, threads: int) -> Any:
    network = core.read_model(model)
    if network.inputs and network.inputs[0].element_type.get_type_name() != "f32":
        kind = network.inputs[0].element_type.get_type_name()
        raise InvalidInput(f"its input is {kind}; 32-bit floats are needed: export without half=True")
    if any(port.partial_shape.is_dynamic for port in network.inputs):
        # Sizes that a file leaves open are fixed to what it was made for: neural units take nothing else, and
        # everything else is faster with them.
        layout = read_layout(
            [_shape(port) for port in network.inputs],
            [_shape(port) for port in network.outputs],
            read_description(model).metadata,
        )
        network.reshape([1, 3, layout.height, layout.width])
    return core.compile_model(network, _NAMES[device], _settings(device, threads))


def _settings(device: Device, threads: int) -> dict[str, str | int]:
    settings: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1}
    return settings | {"INFERENCE_NUM_THREADS": threads} if device == "cpu" else settings


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _shape(port: Any) -> Shape:
    return [size.get_length() if size.is_static else None for size in port.partial_shape]
