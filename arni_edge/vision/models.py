"""Which model files are known, and whether a file is what its entry says."""

import hashlib
import json
import re
import tomllib
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge import files
from arni_edge.domain.errors import ConfigurationError, Refused, Unavailable

MANIFEST = "manifest.toml"
"""Lies beside the models that it describes."""

# The largest YOLOv8 (x) is 270 MB as ONNX; more is not a detector of this box.
_LARGEST_MODEL = 1 << 30
_RIGHTS = 0o644
_HEAD = "# The models in this folder: where each is from. A file that differs from its entry is not used.\n"


class ModelEntry(BaseModel):
    """One ``[[model]]`` of the manifest.

    Attributes:
        name: What people call it.
        file: Its file, beside the manifest.
        kind: What it is for.
        source: Where it is from, in words.
        url: Where ``arni-edge models pull`` fetches it; empty when it cannot be fetched.
        licence: As SPDX writes it.
        sha256: Of the file.
        bytes: Size of the file.
        input: Shape of what it wants.
        classes: What it knows.
        note: What else should be known.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    kind: str
    source: str
    url: str = Field(default="", pattern=r"^(https?://\S+)?$")
    licence: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1, le=_LARGEST_MODEL)
    input: tuple[int, ...]
    classes: tuple[str, ...]
    note: str = ""


class Verdict(StrEnum):
    """What the manifest says of a file."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NO_ENTRY = "no_entry"
    """The owner's own model: nothing is known about it, and nothing is against it."""


def known_models() -> Path:
    """The manifest that comes with the product: what it ships, and what can be fetched."""
    installed = Path(__file__).with_name(MANIFEST)
    return installed if installed.exists() else Path(__file__).parents[2] / "models" / MANIFEST


def read_manifest(path: Path) -> tuple[ModelEntry, ...]:
    """All entries of a manifest; none when there is no such file.

    Raises:
        ConfigurationError: The file cannot be understood.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("model", [])
        return tuple(ModelEntry.model_validate(table) for table in tables)
    except FileNotFoundError:
        return ()
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise ConfigurationError(f"{path}: model.{where}: {wrong['msg']}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from None


def record(folder: Path, entry: ModelEntry) -> None:
    """Put an entry into the folder's manifest, in the place of one of the same name; others stay as they are.

    Raises:
        ConfigurationError: The manifest there cannot be understood: nothing is changed.
        Unavailable: It cannot be written.
    """
    path = folder / MANIFEST
    before = path.read_text(encoding="utf-8") if read_manifest(path) else _HEAD
    parts = re.split(r"(?m)^(?=\[\[model\]\])", before)
    replaced = re.compile(rf'(?m)^name = "{re.escape(entry.name)}"$|^file = "{re.escape(entry.file)}"$')
    others = [part.rstrip() + "\n" for part in parts if not replaced.search(part)]
    put(path, "\n".join([*others, _as_toml(entry)]).encode())


def put(path: Path, content: bytes) -> None:
    """Write a file; it is there whole, or not at all.

    Raises:
        Unavailable: It cannot be written.
    """
    try:
        files.make_folder(path.parent)
        files.replace(path, content, mode=_RIGHTS)
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from error


def settle(unfinished: Path, path: Path) -> None:
    """Give a finished file its name, so that a power cut leaves the old one or the new one.

    Raises:
        OSError: The disk does not take it.
    """
    unfinished.chmod(_RIGHTS)
    files.settle(unfinished, path)


def verify(path: Path) -> Verdict:
    """Compare a model file with its entry in the manifest beside it.

    Raises:
        ConfigurationError: The model or the manifest cannot be read.
    """
    return _judge(path, _read(path))


def read_verified(path: Path) -> bytes:
    """The bytes of a model that may be used; what was checked is what is returned.

    Raises:
        ConfigurationError: The model or the manifest cannot be read.
        Refused: The file is not the one that the manifest describes.
    """
    content = _read(path)
    if _judge(path, content) is Verdict.DIFFERS:
        raise Refused(
            f"{path}: is not the file that {MANIFEST} describes (another checksum): it is damaged or was "
            "replaced; fetch it again, or give an own model another file name"
        )
    return content


def _judge(path: Path, content: bytes) -> Verdict:
    entries = read_manifest(path.parent / MANIFEST)
    entry = next((one for one in entries if one.file == path.name), None)
    if entry is None:
        return Verdict.NO_ENTRY
    same = len(content) == entry.bytes and hashlib.sha256(content).hexdigest() == entry.sha256
    return Verdict.MATCHES if same else Verdict.DIFFERS


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_MODEL:
            raise ConfigurationError(f"vision.model: {path} is too large for a model of this box")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"vision.model: {path} cannot be read: {error.strerror}") from None


def _as_toml(entry: ModelEntry) -> str:
    """Texts and lists of texts and numbers are written alike in TOML and JSON."""
    fields = entry.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["[[model]]", *lines]) + "\n"
