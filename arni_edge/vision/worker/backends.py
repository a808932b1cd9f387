"""The libraries that run a model, behind one small interface. Each is imported when it is asked for."""

import importlib.util
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.vision.worker.layout import Shape

Tensor = npt.NDArray[np.float32]


class Backend(Protocol):
    """A loaded model.

    Attributes:
        name: Of the library.
        inputs: Shapes of the model's inputs.
        outputs: Shapes of its outputs.
    """

    name: str
    inputs: list[Shape]
    outputs: list[Shape]

    def run(self, blob: Tensor) -> Tensor:
        """The first output for one picture [1, 3, H, W]."""
        ...


def load_backend(model: bytes, choice: Literal["auto", "onnxruntime", "openvino"], threads: int) -> Backend:
    """Load a model.

    Args:
        model: Content of the ONNX file.
        choice: ``auto`` takes OpenVINO where it is installed.
        threads: So many may compute at once.

    Raises:
        ConfigurationError: The library is not installed.
        InvalidInput: The library cannot load the model.
    """
    if choice == "auto":
        choice = "openvino" if importlib.util.find_spec("openvino") else "onnxruntime"
    kind = OpenVino if choice == "openvino" else OnnxRuntime
    try:
        return kind(model, threads)
    except ImportError as error:
        raise ConfigurationError(
            f"vision.backend: {choice} is not installed here; install the extra "
            f"'{'openvino' if choice == 'openvino' else 'vision'}' or set vision.backend to another"
        ) from error
    except Exception as error:  # the boundary to native libraries, whose errors have no common base
        raise InvalidInput(f"{choice} cannot load the model: {str(error)[:200]}") from error


class OnnxRuntime:
    """ONNX Runtime on the processor."""

    name = "onnxruntime"

    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 - a box may have only one of the two

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Spinning threads starve the decoders: 216 ms per picture instead of 128 on a busy box.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [one.type for one in inputs] != ["tensor(float)"]:
            raise InvalidInput(
                f"its input is {inputs[0].type}; 32-bit floats are needed: export without half=True"
            )
        self._input: str = inputs[0].name
        self.inputs: list[Shape] = [one.shape for one in inputs]
        self.outputs: list[Shape] = [one.shape for one in outputs]

    def run(self, blob: Tensor) -> Tensor:
        """The first output for one picture."""
        output: Tensor = self._session.run(None, {self._input: blob})[0]
        return output


class OpenVino:
    """OpenVINO on the processor."""

    name = "openvino"

    def __init__(self, model: bytes, threads: int) -> None:
        import openvino  # noqa: PLC0415 - a box may have only one of the two

        core = openvino.Core()
        network = core.read_model(model)
        self.inputs: list[Shape] = [_shape(port) for port in network.inputs]
        self.outputs: list[Shape] = [_shape(port) for port in network.outputs]
        self._compiled = core.compile_model(
            network,
            "CPU",
            {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"},
        )
        self._request = self._compiled.create_infer_request()

    def run(self, blob: Tensor) -> Tensor:
        """The first output for one picture."""
        self._request.infer([blob])
        output: Tensor = self._request.get_output_tensor(0).data
        return output


def _shape(port: Any) -> Shape:
    return [size.get_length() if size.is_static else None for size in port.partial_shape]
