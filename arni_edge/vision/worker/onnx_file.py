"""The description inside an ONNX file, read without an inference library (each hides it somewhere else)."""

from collections.abc import Iterator

from arni_edge.domain.errors import InvalidInput

_METADATA_PROPS = 14  # ModelProto.metadata_props in onnx.proto
_LENGTH_DELIMITED = 2


def read_metadata(model: bytes) -> dict[str, str]:
    """The metadata of an ONNX file: names of the classes, input size, where it is from.

    Raises:
        InvalidInput: This is no ONNX file.
    """
    try:
        props = [bytes(value) for field, value in _fields(memoryview(model)) if field == _METADATA_PROPS]
        pairs = [dict(_fields(memoryview(prop))) for prop in props]
        return {bytes(pair[1]).decode(): bytes(pair.get(2, b"")).decode() for pair in pairs}
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise InvalidInput("the file is damaged or is no ONNX model") from error


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Number and content of every length-delimited field of a protobuf message; others are skipped."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        field, kind = tag >> 3, tag & 7
        if kind == _LENGTH_DELIMITED:
            size, at = _varint(message, at)
            if size > len(message) - at:
                raise IndexError
            yield field, message[at : at + size]
            at += size
        elif kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
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
