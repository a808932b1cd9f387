"""What an ONNX file says of itself, read without an inference library (each hides it somewhere else)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from arni_edge.domain.errors import InvalidInput

# Numbers of fields and kinds in onnx.proto.
_GRAPH = 7
_METADATA_PROPS = 14
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_TENSOR_NAME = 8
_VARINT, _FIXED64, _LENGTH_DELIMITED, _FIXED32 = 0, 1, 2, 5
_ELEMENT_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    7: "int64",
    10: "float16",
    11: "float64",
    16: "bfloat16",
}

_Content = memoryview | int


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: As the file calls it.
        type: Of its numbers, for instance ``float32``.
        shape: Sizes; a name, or None, where the file leaves one open.
    """

    name: str
    type: str
    shape: tuple[int | str | None, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """What a file says of itself.

    Attributes:
        inputs: What the model wants.
        outputs: What it gives.
        metadata: Names of the classes, input size, where it is from.
    """

    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


def read_description(model: bytes) -> Description:
    """Inputs, outputs and metadata of an ONNX file.

    Raises:
        InvalidInput: This is no ONNX file.
    """
    try:
        top = list(_fields(memoryview(model)))
        graphs = [content for number, content in top if number == _GRAPH]
        pairs = [_by_number(content) for number, content in top if number == _METADATA_PROPS]
        metadata = {_text(pair[1]): _text(pair.get(2, memoryview(b""))) for pair in pairs}
        inputs, outputs = _ports(graphs[-1]) if graphs else ((), ())
    except (IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InvalidInput("the file is damaged or is no ONNX model") from error
    return Description(inputs, outputs, metadata)


def read_metadata(model: bytes) -> dict[str, str]:
    """The metadata of an ONNX file alone.

    Raises:
        InvalidInput: This is no ONNX file.
    """
    return read_description(model).metadata


def _ports(graph: _Content) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    weights: set[str] = set()
    inputs: list[Port] = []
    outputs: list[Port] = []
    for number, content in _fields(graph):
        if number == _INITIALIZER:
            weights.add(_text(_by_number(content).get(_TENSOR_NAME, memoryview(b""))))
        elif number == _INPUT:
            inputs.append(_port(content))
        elif number == _OUTPUT:
            outputs.append(_port(content))
    # Older exports list the weights among the inputs.
    return tuple(port for port in inputs if port.name not in weights), tuple(outputs)


def _port(value_info: _Content) -> Port:
    parts = _by_number(value_info)
    tensor = _by_number(_by_number(parts[2])[1])
    kind = tensor.get(1, 0)
    sizes = tensor.get(2, memoryview(b""))
    return Port(
        name=_text(parts[1]),
        type=_ELEMENT_TYPES.get(kind if isinstance(kind, int) else 0, f"element type {kind}"),
        shape=tuple(_size(size) for number, size in _fields(sizes) if number == 1),
    )


def _size(dimension: _Content) -> int | str | None:
    for number, content in _fields(dimension):
        if number == 1 and isinstance(content, int):
            return content
        if number == 2:
            return _text(content)
    return None


def _text(content: _Content) -> str:
    if isinstance(content, int):
        raise TypeError
    return bytes(content).decode()


def _by_number(message: _Content) -> dict[int, _Content]:
    return dict(_fields(message))


def _fields(message: _Content) -> Iterator[tuple[int, _Content]]:
    """Number and content of every text, message and number in a protobuf message; others are skipped."""
    if isinstance(message, int):
        raise TypeError
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(message, at)
            if size > len(message) - at:
                raise IndexError
            yield number, message[at : at + size]
            at += size
        elif kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise IndexError


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError
