"""What a model file wants and gives, read from the file itself; what is not understood is refused.

Two exports of the YOLOv8 family are understood: the plain one, ``[1, 4 + classes, N]`` (centre, size and one
score per class, before suppression), and the end-to-end one, ``[1, N, 6]`` (corners, score, class).
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from arni_edge.domain.errors import InvalidInput

PERSON = "person"
_STRIDE = 32
_LARGEST_SIDE = 4096

Shape = Sequence[int | str | None]
"""Of a tensor: numbers, or names (None) where the file leaves them open."""


class Head(Enum):
    """How the output is to be read."""

    PLAIN = "plain"
    END_TO_END = "end_to_end"


@dataclass(frozen=True, slots=True)
class Layout:
    """The contract of one model.

    Attributes:
        height: Of the input picture in pixels, a multiple of 32.
        width: Likewise; need not be equal.
        classes: Names by index.
        person: Index of the class ``person``.
    """

    height: int
    width: int
    classes: tuple[str, ...]
    person: int

    def head(self, output: Shape) -> Head:
        """How an output of this shape is read.

        Raises:
            InvalidInput: It is neither of the two known layouts.
        """
        plain = 4 + len(self.classes)
        if len(output) == 3 and output[0] == 1 and output[1] == plain:
            return Head.PLAIN
        if len(output) == 3 and output[0] == 1 and output[2] == 6:
            return Head.END_TO_END
        raise InvalidInput(
            f"the model's output is {_shown(output)}; for its {len(self.classes)} classes a YOLOv8 export "
            f"gives [1, {plain}, N], or [1, N, 6] with suppression built in: export it with Ultralytics, "
            "task 'detect'"
        )


def read_layout(inputs: Sequence[Shape], outputs: Sequence[Shape], metadata: Mapping[str, str]) -> Layout:
    """Work out the contract of a model.

    Args:
        inputs: Shapes of its inputs.
        outputs: Shapes of its outputs; sizes that are left open are checked on the first run.
        metadata: The file's own description.

    Raises:
        InvalidInput: It is not a YOLOv8 detector, or knows no persons; says what was found and expected.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise InvalidInput(
            f"the model has {len(inputs)} inputs and {len(outputs)} outputs; a YOLOv8 detector has one of "
            "each"
        )
    classes = _classes(metadata, outputs[0])
    if PERSON not in classes:
        raise InvalidInput(f"the model knows no class '{PERSON}', only: {', '.join(classes[:10])}")
    height, width = _input_size(inputs[0], metadata)
    layout = Layout(height, width, classes, classes.index(PERSON))
    if all(isinstance(size, int) for size in outputs[0]):
        layout.head(outputs[0])
    return layout


def _classes(metadata: Mapping[str, str], output: Shape) -> tuple[str, ...]:
    names = _literal(metadata.get("names", ""))
    if not isinstance(names, dict) or not names or list(names) != list(range(len(names))):
        raise InvalidInput(
            f"the model's output is {_shown(output)} and the file does not name its classes; expected is a "
            "YOLOv8 detector with metadata 'names', as Ultralytics exports it"
        )
    return tuple(str(name) for name in names.values())


def _input_size(shape: Shape, metadata: Mapping[str, str]) -> tuple[int, int]:
    """Height and width: fixed by the shape, or by ``imgsz`` where the shape leaves them open."""
    if len(shape) != 4 or not _may_be(shape[0], 1) or not _may_be(shape[1], 3):
        raise InvalidInput(
            f"the model's input is {_shown(shape)}; a YOLOv8 export takes [1, 3, height, width]"
        )
    trained = _literal(metadata.get("imgsz", ""))
    open_sides: list[Any] = trained if isinstance(trained, list) and len(trained) == 2 else [640, 640]
    fixed = [
        size if isinstance(size, int) else known for size, known in zip(shape[2:], open_sides, strict=True)
    ]
    if not all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE and side % _STRIDE == 0 for side in fixed):
        raise InvalidInput(
            f"the model's input is {_shown(shape)}; height and width must be multiples of {_STRIDE}"
        )
    return fixed[0], fixed[1]


def _may_be(size: int | str | None, wanted: int) -> bool:
    return size == wanted or not isinstance(size, int)


def _literal(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value


def _shown(shape: Shape) -> str:
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"
