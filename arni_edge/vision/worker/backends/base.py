"""What every library that runs a model looks like from here."""

from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from arni_edge.vision.worker.layout import Shape

Tensor = npt.NDArray[np.float32]

Library = Literal["onnxruntime", "openvino"]
"""What runs ONNX files; Ultralytics, which brings its own, is chosen by name."""
Device = Literal["tensorrt", "cuda", "gpu", "npu", "cpu"]

DEVICES: tuple[Device, ...] = ("tensorrt", "cuda", "gpu", "npu", "cpu")
"""The fastest first; ``gpu`` is Intel's, inside the processor or beside it."""


class Backend(Protocol):
    """A loaded model.

    Attributes:
        name: Of the library.
        device: Where it runs.
        batch: So many pictures at once are worth while on this device; whether the model takes them is
            another question.
        notice: What the owner should know about this choice; empty when all is well.
        inputs: Shapes of the model's inputs.
        outputs: Shapes of its outputs.
    """

    name: str
    device: Device
    batch: int
    notice: str
    inputs: list[Shape]
    outputs: list[Shape]

    def run(self, blob: Tensor) -> Tensor:
        """The first output for some pictures.

        Args:
            blob: [n, 3, H, W], contiguous; n at most ``batch``.

        Returns:
            [n, ...]; valid until the next run only.
        """
        ...


class NoEngine(Exception):
    """This device runs only what was compiled for it beforehand, and that is not there (yet)."""
