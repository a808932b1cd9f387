"""ONNX files of a hundred bytes, written by hand: one node that passes its input on.

Field numbers are those of onnx.proto; the ``onnx`` package is not needed for this.
"""

from collections.abc import Mapping, Sequence


def identity_model(shape: Sequence[int], metadata: Mapping[str, str]) -> bytes:
    """A model whose output is its input.

    Args:
        shape: Of both.
        metadata: What the file says of itself, for instance ``names``.
    """
    node = _text(1, "images") + _text(2, "output0") + _text(4, "Identity")
    ports = _message(11, _port("images", shape)) + _message(12, _port("output0", shape))
    graph = _message(1, node) + _text(2, "tiny") + ports
    opset = _message(8, _number(2, 13))
    props = b"".join(_message(14, _text(1, key) + _text(2, value)) for key, value in metadata.items())
    return _number(1, 8) + _message(7, graph) + opset + props


def _port(name: str, shape: Sequence[int]) -> bytes:
    dimensions = b"".join(_message(1, _number(1, size)) for size in shape)
    tensor = _number(1, 1) + _message(2, dimensions)  # 1: 32-bit floats
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
