"""ONNX files of a few kilobytes, written by hand; the ``onnx`` package is not needed for this.

Field numbers are those of onnx.proto.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Size = int | str
FLOAT, FLOAT16, INT64 = 1, 10, 7


def identity_model(shape: Sequence[Size], metadata: Mapping[str, str], element: int = FLOAT) -> bytes:
    """A model whose output is its input.

    Args:
        shape: Of both; a name leaves a size open.
        metadata: What the file says of itself, for instance ``names``.
        element: Type of the numbers.
    """
    nodes = [_node("Identity", ["images"], "output0")]
    return _model(nodes, [], ("images", shape), ("output0", shape), metadata, element)


@dataclass(frozen=True, slots=True)
class RedSpots:
    """A detector whose people are red squares, in each of the contracts that real detectors have.

    Every cell of the grids of strides 8, 16 and 32 says how red it is (red minus blue, 0..1) and gives its
    own square as the box. It sees red only if colours, scale and place are as its family wants.

    Attributes:
        height: Of the input.
        width: Of the input.
        batch: Of the input; a name leaves it open.
    """

    height: int
    width: int
    batch: Size = 1

    def plain(self, names: str = "{0: 'person'}") -> bytes:
        """YOLOv8: [b, 5, N]."""
        return self._model("plain", {"names": names}, 5, 0)

    def end_to_end(self, names: str = "{0: 'person'}") -> bytes:
        """YOLOv8 with suppression built in: [b, N + 1, 6]."""
        return self._model("end_to_end", {"names": names}, 6, 1)

    def yolox(self, *, decoded: bool = False) -> bytes:
        """YOLOX with 80 unnamed classes: [b, N, 85]."""
        return self._model("decoded" if decoded else "yolox", {}, 85, 0)

    def _squares(self) -> list[tuple[int, int, int]]:
        """Column, row and stride of every cell."""
        return [
            (x, y, stride)
            for stride in (8, 16, 32)
            for y in range(self.height // stride)
            for x in range(self.width // stride)
        ]

    def _model(
        self,
        head: Literal["plain", "end_to_end", "yolox", "decoded"],
        metadata: Mapping[str, str],
        columns: int,
        more: int,
    ) -> bytes:
        yolox = head in {"yolox", "decoded"}
        cells = self._squares()
        nodes: list[bytes] = []
        constants: list[bytes] = []
        # Red minus blue: YOLOv8 is given RGB 0..1, YOLOX BGR 0..255.
        weights = [-1 / 255, 0.0, 1 / 255] if yolox else [1.0, 0.0, -1.0]
        constants += [_floats("weights", [1, 3, 1, 1], weights), _ints("flat", [0, 1, -1])]
        for stride in (8, 16, 32):
            square = [_ints_attribute("kernel_shape", [stride] * 2), _ints_attribute("strides", [stride] * 2)]
            nodes += [
                _node("AveragePool", ["images"], f"mean{stride}", *square),
                _node("Conv", [f"mean{stride}", "weights"], f"red{stride}"),
                _node("Reshape", [f"red{stride}", "flat"], f"flat{stride}"),
            ]
        nodes.append(_node("Concat", ["flat8", "flat16", "flat32"], "score", _int_attribute("axis", 2)))
        where: list[list[float]] = [[(x + 0.5) * s, (y + 0.5) * s, s, s] for x, y, s in cells]
        if head == "end_to_end":
            where = [[x * s, y * s, (x + 1) * s, (y + 1) * s] for x, y, s in cells]
        elif head == "yolox":
            where = [[0.5, 0.5, 0.0, 0.0] for _ in cells]
        before = [list(row) for row in zip(*where, strict=True)] + ([[1.0] * len(cells)] if yolox else [])
        after = columns - len(before) - 1
        for name, rows in (("before", before), ("after", [[0.0] * len(cells)] * after)):
            if not rows:
                continue
            constants.append(_floats(name, [1, len(rows), len(cells)], [one for row in rows for one in row]))
            constants.append(_floats(f"no_{name}", [1, len(rows), 1], [0.0] * len(rows)))
            nodes.append(
                _node("Mul", ["score", f"no_{name}"], f"zeros_{name}")
            )  # as many as there are pictures
            nodes.append(_node("Add", [f"zeros_{name}", name], f"rows_{name}"))
        parts = ["rows_before", "score", *(["rows_after"] if after else [])]
        last = "output0" if head == "plain" else "rows"
        nodes.append(_node("Concat", parts, last, _int_attribute("axis", 1)))
        if head != "plain":
            turned = "turned" if more else "output0"
            nodes.append(_node("Transpose", ["rows"], turned, _ints_attribute("perm", [0, 2, 1])))
        if more:
            constants.append(_floats("nobody", [1, more, columns], [0.0] * more * columns))
            nodes.append(_node("Concat", ["turned", "nobody"], "output0", _int_attribute("axis", 1)))
        rows_out = len(cells) + more
        out = [columns, rows_out] if head == "plain" else [rows_out, columns]
        return _model(
            nodes,
            constants,
            ("images", [self.batch, 3, self.height, self.width]),
            ("output0", [self.batch, *out]),
            metadata,
        )


def _model(
    nodes: Sequence[bytes],
    constants: Sequence[bytes],
    given: tuple[str, Sequence[Size]],
    wanted: tuple[str, Sequence[Size]],
    metadata: Mapping[str, str],
    element: int = FLOAT,
) -> bytes:
    graph = b"".join(_message(1, node) for node in nodes) + _text(2, "tiny")
    graph += b"".join(_message(5, constant) for constant in constants)
    graph += _message(11, _port(*given, element)) + _message(12, _port(*wanted, element))
    opset = _message(8, _number(2, 13))
    props = b"".join(_message(14, _text(1, key) + _text(2, value)) for key, value in metadata.items())
    return _number(1, 8) + _message(7, graph) + opset + props


def _node(operator: str, inputs: Sequence[str], output: str, *attributes: bytes) -> bytes:
    ports = b"".join(_text(1, name) for name in inputs) + _text(2, output)
    return ports + _text(4, operator) + b"".join(_message(5, attribute) for attribute in attributes)


def _int_attribute(name: str, value: int) -> bytes:
    return _text(1, name) + _number(3, value) + _number(20, 2)


def _ints_attribute(name: str, values: Sequence[int]) -> bytes:
    return _text(1, name) + b"".join(_number(8, value) for value in values) + _number(20, 7)


def _floats(name: str, shape: Sequence[int], values: Sequence[float]) -> bytes:
    return _tensor(name, shape, FLOAT, struct.pack(f"<{len(values)}f", *values))


def _ints(name: str, values: Sequence[int]) -> bytes:
    return _tensor(name, [len(values)], INT64, struct.pack(f"<{len(values)}q", *values))


def _tensor(name: str, shape: Sequence[int], element: int, raw: bytes) -> bytes:
    dimensions = b"".join(_number(1, size) for size in shape)
    return dimensions + _number(2, element) + _text(8, name) + _message(9, raw)


def _port(name: str, shape: Sequence[Size], element: int) -> bytes:
    sizes = [_text(2, size) if isinstance(size, str) else _number(1, size) for size in shape]
    tensor = _number(1, element) + _message(2, b"".join(_message(1, size) for size in sizes))
    return _text(1, name) + _message(2, _message(1, tensor))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
