"""What a model file wants and gives, read from the file itself; what is not understood is refused.

Three contracts are understood, told apart by shapes and never by the name of a file:

* YOLOv8 as Ultralytics exports it, ``[1, 4 + classes, N]``: centre, size and one score per class, before
  suppression.
* The same with suppression built in (end-to-end), ``[1, N, 6]``: corners, score, class.
* YOLOX as Megvii exports it, ``[1, N, 5 + classes]``: one row per cell of the grids of strides 8, 16 and 32,
  with objectness. What its pictures look like is another matter too: see :class:`Head`.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from arni_edge.domain.errors import InvalidInput

PERSON = "person"
STRIDES = (8, 16, 32)
_STRIDE = STRIDES[-1]
_LARGEST_SIDE = 4096
# YOLOX files do not name their classes; the published ones know the 80 of COCO, people first.
_COCO = (PERSON, *(f"coco-{i}" for i in range(1, 80)))

Shape = Sequence[int | str | None]
"""Of a tensor: numbers, or names (None) where the file leaves them open."""


class Head(Enum):
    """How the input is to be filled and the output to be read."""

    PLAIN = "YOLOv8"
    """Input RGB 0..1, the picture in the middle; output before suppression."""
    END_TO_END = "YOLOv8 end-to-end"
    """Input likewise; output after suppression."""
    YOLOX = "YOLOX"
    """Input BGR 0..255, the picture in the top left corner; output before suppression."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The contract of one model.

    Attributes:
        height: Of the input picture in pixels, a multiple of 32.
        width: Likewise; need not be equal.
        classes: Names by index.
        person: Index of the class ``person``.
        many: Whether it takes several pictures at once (an open first axis).
    """

    height: int
    width: int
    classes: tuple[str, ...]
    person: int
    many: bool = False

    @property
    def cells(self) -> int:
        """Of the grids of all strides together: so many rows a YOLOX gives."""
        return sum((self.height // stride) * (self.width // stride) for stride in STRIDES)

    def head(self, output: Shape) -> Head:
        """How an output of this shape is read.

        Args:
            output: As the model gave it for one picture, or for several.

        Raises:
            InvalidInput: It is none of the known layouts; says what was found and what is understood.
        """
        known = len(self.classes)
        if len(output) == 3:
            _, rows, columns = output
            # YOLOX before end-to-end: with one class both have six columns, but only one as many rows as
            # cells. Those are multiples of 21; an end-to-end export gives 300.
            if (rows, columns) == (self.cells, 5 + known):
                return Head.YOLOX
            if rows == 4 + known:
                return Head.PLAIN
            if columns == 6:
                return Head.END_TO_END
        raise InvalidInput(
            f"the model's output is {_shown(output)}, which is not understood; with {known} classes and a "
            f"picture of {self.height}x{self.width} a YOLOv8 export gives [1, {4 + known}, N], or [1, N, 6] "
            f"with suppression built in, and a YOLOX export [1, {self.cells}, {5 + known}]: export one of "
            "these, task 'detect'"
        )


def read_layout(inputs: Sequence[Shape], outputs: Sequence[Shape], metadata: Mapping[str, str]) -> Layout:
    """Work out the contract of a model.

    Args:
        inputs: Shapes of its inputs.
        outputs: Shapes of its outputs; sizes that are left open are checked on the first run.
        metadata: The file's own description.

    Raises:
        InvalidInput: It is no detector that we understand, or knows no persons; says what was found and
            expected.
    """
    if len(inputs) != 1 or len(outputs) != 1:
        raise InvalidInput(
            f"the model has {len(inputs)} inputs and {len(outputs)} outputs; a YOLOv8 or YOLOX detector has "
            "one of each"
        )
    height, width = _input_size(inputs[0], metadata)
    classes = _classes(metadata, outputs[0])
    if PERSON not in classes:
        raise InvalidInput(f"the model knows no class '{PERSON}', only: {', '.join(classes[:10])}")
    many = not isinstance(inputs[0][0], int)
    layout = Layout(height, width, classes, classes.index(PERSON), many)
    if all(isinstance(size, int) for size in outputs[0][1:]):
        layout.head(outputs[0])
    return layout


def _classes(metadata: Mapping[str, str], output: Shape) -> tuple[str, ...]:
    names = _literal(metadata.get("names", ""))
    if isinstance(names, dict) and names and list(names) == list(range(len(names))):
        return tuple(str(name) for name in names.values())
    if "names" not in metadata and len(output) == 3 and output[2] == 5 + len(_COCO):
        return _COCO
    raise InvalidInput(
        f"the model's output is {_shown(output)} and the file does not name its classes; expected is a "
        "YOLOv8 detector with metadata 'names', as Ultralytics exports it, or a YOLOX with the classes of "
        f"COCO, [1, N, {5 + len(_COCO)}]"
    )


def _input_size(shape: Shape, metadata: Mapping[str, str]) -> tuple[int, int]:
    """Height and width: fixed by the shape, or by ``imgsz`` where the shape leaves them open."""
    if len(shape) != 4 or not _may_be(shape[0], 1) or not _may_be(shape[1], 3):
        raise InvalidInput(
            f"the model's input is {_shown(shape)}; a YOLOv8 or YOLOX export takes [1, 3, height, width]"
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
