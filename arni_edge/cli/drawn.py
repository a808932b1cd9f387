"""What was drawn on a camera's snapshot, on its way into the configuration file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arni_edge.cli.edit import put_masks, put_part, put_qr
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import Camera, Settings, load_settings

_MOST = 64
_WORDS = (
    "help what zone line mask qr id name kind entrance floor mat basis door undo save done few over".split()
)

Corners = list[list[float]]
"""Shares of the picture's width and height."""


def read_points(text: str) -> Corners:
    """Read corners as they are written on a command line: ``0.1,0.5 0.9,0.5 0.9,1``.

    Raises:
        InvalidInput: They are not written so.
    """
    try:
        corners = [[float(number) for number in pair.split(",")] for pair in text.split()]
    except ValueError:
        corners = []
    return _corners(corners)


def put(path: Path, camera: str, drawn: Mapping[str, Any]) -> str:
    """Write one thing that was drawn into the file; answers in words.

    Args:
        path: The configuration file.
        camera: On whose picture.
        drawn: ``part`` (zone, line, mask, qr) and ``points``; for zones and lines ``id``, ``name``, for zones
            ``kind`` and ``legal_basis``, for lines and qr ``door``. From a browser: hostile.

    Raises:
        InvalidInput: It is no such thing.
        ConfigurationError: The settings may not say this; the file stays as it is.
    """
    part, corners = drawn.get("part"), _corners(drawn.get("points"))
    if part == "mask":
        masks = next((one.masks for one in load_settings(path).cameras if one.id == camera), [])
        put_masks(path, camera, [*masks, corners])
        return f"mask {len(masks) + 1}"
    if part == "qr":
        door = _word(drawn, "door")
        if not door:
            raise InvalidInput("the QR region needs the door that codes open there")
        put_qr(path, camera, door, corners)
        return f"QR: {door}"
    values: dict[str, Any] = {"id": _word(drawn, "id"), "name": _word(drawn, "name") or _word(drawn, "id")}
    if part == "zone":
        values |= {"kind": _word(drawn, "kind"), "polygon": corners}
        if basis := _word(drawn, "legal_basis"):
            values["legal_basis"] = basis
        put_part(path, camera, "zones", values)
    elif part == "line":
        values["points"] = corners
        if door := _word(drawn, "door"):
            values["door"] = door
        put_part(path, camera, "lines", values)
    else:
        raise InvalidInput("what is drawn is a zone, a line, a mask or the QR region")
    return f"{values['id']}: {len(corners)}"


def state(settings: Settings, camera: Camera) -> dict[str, Any]:
    """What the page begins with."""
    text, language = Catalogue.load().text, settings.site.language
    return {
        "camera": camera.id,
        "language": str(language),
        "words": {word: text(f"draw.{word}", language) for word in _WORDS},
        "doors": [door.id for door in settings.doors],
        "zones": [zone.polygon for zone in camera.zones],
        "lines": [line.points for line in camera.lines],
        "masks": camera.masks,
        "qrs": [camera.qr.region] if camera.qr else [],
    }


def _corners(value: object) -> Corners:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 2 <= len(value) <= _MOST:
        raise InvalidInput('corners are written "0.1,0.5 0.9,0.5 0.9,1": two for a line, three or more else')
    corners = []
    for one in value:
        if (
            not isinstance(one, Sequence)
            or len(one) != 2
            or not all(isinstance(number, int | float) and 0 <= number <= 1 for number in one)
        ):
            raise InvalidInput("each corner is x,y with both between 0 and 1")
        corners.append([float(number) for number in one])
    return corners


def _word(drawn: Mapping[str, Any], name: str) -> str:
    value = drawn.get(name, "")
    return value.strip()[:200] if isinstance(value, str) else ""
