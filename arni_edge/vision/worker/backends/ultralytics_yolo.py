"""Ultralytics: runs its own weights (``.pt``), TensorRT engines (``.engine``) and exports (``.onnx``).

For boxes that have PyTorch anyway, a Jetson for instance. It is given pictures as every other library is, and
answers like an end-to-end model: [n, most, 6] with corners, score and class, people only.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker.backends.base import Device, Tensor
from arni_edge.vision.worker.layout import PERSON, Shape
from arni_edge.vision.worker.onnx_file import read_description

# Weights take any size; this one suits the 16:9 of cameras: 0.6 of the cost of a square, nothing lost.
_SIZE = (384, 640)
_MOST = 300
_LOWEST_SCORE = 0.05
_SAME_PERSON = 0.6
# It asks the network for news, installs what it misses and talks, unless told not to; so does ONNX Runtime.
_ALONE = {
    "YOLO_OFFLINE": "true",
    "YOLO_AUTOINSTALL": "false",
    "YOLO_VERBOSE": "false",
    "ORT_DISABLE_TELEMETRY": "1",
}
_ITS_OWN = {".pt", ".engine"}
_WEIGHTS = _ITS_OWN | {".onnx"}


def brings_ultralytics(order: DetectorOrder) -> bool:
    """Whether the file is one that nothing but Ultralytics reads, and no other library is insisted on."""
    return order.backend == "auto" and order.model.suffix in _ITS_OWN


class Ultralytics:
    """A model in Ultralytics.

    Attributes:
        metadata: Names of the classes, as a file would say it.
    """

    name = "ultralytics"
    notice = ""

    def __init__(self, path: Path, device: Literal["auto"] | Device, threads: int) -> None:
        """Load a model.

        Args:
            path: Of the file. A ``.pt`` is a program: it must be one that the owner trusts.
            device: ``auto`` takes CUDA where PyTorch has it.
            threads: So many may compute at once on the processor.

        Raises:
            ConfigurationError: Ultralytics is not installed, or the device is not there.
            InvalidInput: It cannot load the file.
        """
        if path.suffix not in _WEIGHTS:
            raise InvalidInput(f"{path.name}: Ultralytics runs {', '.join(sorted(_WEIGHTS))}")
        os.environ.update(_ALONE)
        try:
            with _nowhere_to_write():
                import torch  # noqa: PLC0415 - 2 GB that hardly any box has
                from ultralytics import YOLO  # noqa: PLC0415
        except ImportError as error:
            raise ConfigurationError(
                "vision.backend: ultralytics is not installed here; install the extra 'ultralytics' or set "
                "vision.backend to another"
            ) from error
        self._torch = torch
        torch.set_num_threads(threads)
        self.device: Device = _device(device, path, cuda=torch.cuda.is_available())
        self.batch = 1 if self.device == "cpu" else 8
        try:
            height, width = _size(path)
            self._model = YOLO(str(path), task="detect")
            names = dict(self._model.names)
        except Exception as error:  # the boundary to a library whose errors have no common base
            raise InvalidInput(f"ultralytics cannot load {path.name}: {str(error)[:200]}") from error
        self.metadata = {"names": str(names)}
        self._people = [index for index, name in names.items() if name == PERSON]
        self._options = {
            "imgsz": (height, width),
            "conf": _LOWEST_SCORE,
            "iou": _SAME_PERSON,
            "max_det": _MOST,
            "classes": self._people,
            "device": "cpu" if self.device == "cpu" else 0,
            "save": False,
            "verbose": False,
        }
        # What it exported itself has its batch fixed, unless it was told otherwise: one picture at a time.
        pictures = None if path.suffix == ".pt" else 1
        self.inputs: list[Shape] = [[pictures, 3, height, width]]
        self.outputs: list[Shape] = [[pictures, _MOST, 6]]

    def run(self, blob: Tensor) -> Tensor:
        """See :class:`Backend`."""
        answers = self._model.predict(self._torch.from_numpy(blob), **self._options)
        output = np.zeros((len(blob), _MOST, 6), np.float32)
        output[:, :, 5] = -1  # no class
        for i, answer in enumerate(answers):
            found = answer.boxes.data.cpu().numpy()
            output[i, : len(found)] = found
        return output


@contextmanager
def _nowhere_to_write() -> Iterator[None]:
    """Let a library be imported by a process that cannot write.

    Python finds out where temporary files go by writing one, and Ultralytics makes a folder for its settings
    when its usual one cannot be made. Neither can be done here, and nobody misses it.
    """
    make, tempfile.tempdir = tempfile.mkdtemp, tempfile.tempdir or "/tmp"  # noqa: S108 - nothing comes there
    tempfile.mkdtemp = lambda *_args, **_kwargs: "/tmp"  # type: ignore[assignment]  # noqa: S108 - likewise
    try:
        yield
    finally:
        tempfile.mkdtemp = make


def _device(wanted: Literal["auto"] | Device, path: Path, *, cuda: bool) -> Device:
    tensorrt = path.suffix == ".engine"
    if wanted in {"gpu", "npu"} or (wanted == "tensorrt" and not tensorrt) or (wanted == "cpu" and tensorrt):
        raise ConfigurationError(
            f"vision.device: Ultralytics does not run {path.name} on {wanted}: it takes 'cpu' or 'cuda', and "
            "'tensorrt' for a .engine that it has exported"
        )
    if cuda:
        return "cpu" if wanted == "cpu" else "tensorrt" if tensorrt else "cuda"
    if wanted in {"cuda", "tensorrt"} or tensorrt:
        raise ConfigurationError(
            "vision.device: PyTorch sees no CUDA here; install its driver, or set vision.device to 'auto'"
        )
    return "cpu"


def _size(path: Path) -> tuple[int, int]:
    """Height and width of the model's input, from the file where it is fixed there."""
    if path.suffix == ".onnx":
        description = read_description(path.read_bytes())
        sides: Any = description.inputs[0].shape[2:]
        if all(isinstance(side, int) for side in sides):
            return sides[0], sides[1]
        return _two(description.metadata.get("imgsz", ""))
    if path.suffix == ".engine":
        with path.open("rb") as file:  # Ultralytics puts length and text of its description before the engine
            length = int.from_bytes(file.read(4), "little")
            return _two(str(json.loads(file.read(min(length, 65536)))["imgsz"]))
    return _SIZE


def _two(text: str) -> tuple[int, int]:
    height, width = json.loads(text)
    return int(height), int(width)
