"""What the simulated Graph API takes as media (Cloud API, "media", state May 2026)."""

from collections.abc import Iterator
from typing import Final

from arni_edge.simulator.graph.errors import GraphError

_MEGABYTE: Final = 1024 * 1024
_TYPES: Final[dict[str, dict[str, tuple[bytes, ...]]]] = {
    # By the kind of message: what may be sent as it, and how such a file begins; no beginning: anything.
    "audio": {
        "audio/aac": (),
        "audio/amr": (b"#!AMR",),
        "audio/mpeg": (),
        "audio/mp4": (),
        "audio/ogg": (b"OggS",),
    },
    "document": {
        "application/pdf": (b"%PDF",),
        "text/plain": (),
        "application/msword": (),
        "application/vnd.ms-excel": (),
        "application/vnd.ms-powerpoint": (),
        "application/vnd.openxmlformats-officedocument.presentationml.presentation": (b"PK",),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (b"PK",),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (b"PK",),
    },
    "image": {"image/jpeg": (b"\xff\xd8\xff",), "image/png": (b"\x89PNG",)},
    "sticker": {"image/webp": (b"RIFF",)},
    "video": {"video/mp4": (), "video/3gpp": ()},
}
_LARGEST: Final = {"audio": 16, "document": 100, "image": 5, "sticker": 0.5, "video": 16}
_STILL_STICKER: Final = 100 * 1024


def fits(mime: str, kind: str) -> bool:
    """Whether a file of this type can be sent as this kind of message."""
    return _bare(mime) in _TYPES[kind]


def uploaded(content_type: str, body: bytes) -> tuple[bytes, str]:
    """File and type of a ``multipart/form-data`` request.

    Raises:
        GraphError: Something is missing (100), or the file is not what it is said to be (131053).
    """
    fields: dict[str, tuple[str, bytes]] = {}
    for head, content in _parts(content_type, body):
        name = _parameter(head.get("content-disposition", ""), "name")
        fields[name] = head.get("content-type", ""), content
    if fields.get("messaging_product", ("", b""))[1] != b"whatsapp":
        raise GraphError(100, "(#100) The parameter messaging_product is required.")
    if "file" not in fields:
        raise GraphError(100, "The parameter file is required.")
    mime, content = fields["file"]
    _check(mime, content)
    return content, mime


def _check(mime: str, content: bytes) -> None:
    kinds = [kind for kind, types in _TYPES.items() if _bare(mime) in types]
    if not kinds:
        raise GraphError(100, f"Param file must be a file with one of the supported types, not {mime!r}")
    (kind,) = kinds
    beginnings = _TYPES[kind][_bare(mime)]
    if not content or (beginnings and not content.startswith(beginnings)):
        raise GraphError(131053, f"the file is not of type {mime}")
    if len(content) > _LARGEST[kind] * _MEGABYTE:
        raise GraphError(131053, f"a file of kind {kind} has at most {_LARGEST[kind]} MB")
    if kind == "sticker" and len(content) > _STILL_STICKER and not _moves(content):
        raise GraphError(131053, "a sticker that does not move has at most 100 KB")


def _moves(picture: bytes) -> bool:
    """Whether a WebP is animated: a flag of its extended header says so."""
    return picture[12:16] == b"VP8X" and len(picture) > 20 and bool(picture[20] & 0b10)


def _parts(content_type: str, body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """The parts of a multipart body (RFC 7578), byte by byte as they were sent."""
    boundary = _parameter(content_type, "boundary")
    if not content_type.startswith("multipart/form-data") or not boundary:
        raise GraphError(100, "The parameter messaging_product is required.")
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        head, found, content = part.partition(b"\r\n\r\n")
        if not found:
            continue
        lines = [line.partition(":") for line in head.decode("utf-8", "replace").splitlines() if line]
        yield {name.strip().lower(): value.strip() for name, _, value in lines}, content


def _parameter(header: str, name: str) -> str:
    """The value of a parameter of a header; empty when it has none."""
    for one in header.split(";")[1:]:
        key, _, value = one.strip().partition("=")
        if key.lower() == name:
            return value.strip('"')
    return ""


def _bare(mime: str) -> str:
    return mime.split(";", maxsplit=1)[0].strip().lower()
