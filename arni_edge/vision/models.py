"""Which model files are known, and whether a file is what its entry says."""

import hashlib
import tomllib
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from arni_edge.domain.errors import ConfigurationError, Refused

MANIFEST = "manifest.toml"
"""Lies beside the models that it describes."""

# The largest YOLOv8 (x) is 270 MB as ONNX; more is not a detector of this box.
_LARGEST_MODEL = 1 << 30


class ModelEntry(BaseModel):
    """One ``[[model]]`` of the manifest."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    file: str
    kind: str
    source: str
    licence: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=1)
    input: tuple[int, ...]
    classes: tuple[str, ...]
    note: str = ""


class Verdict(StrEnum):
    """What the manifest says of a file."""

    MATCHES = "matches"
    DIFFERS = "differs"
    NO_ENTRY = "no_entry"
    """The owner's own model: nothing is known about it, and nothing is against it."""


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
