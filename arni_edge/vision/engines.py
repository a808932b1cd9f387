"""Models that were compiled for this machine's device, kept on the disk.

Whoever builds writes (:mod:`arni_edge.vision.worker.engine_builder`, a process without cameras); the vision
worker only reads. A compiled model is native code to whoever loads it, and libraries do not notice damage: a
checksum is compared before anything is handed to them.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog

from arni_edge import files

_LOG = structlog.get_logger(__name__)

_SUMS = "SHA256SUMS"
_UNFINISHED = ".unfinished-"


def engine_key(model: bytes, **facts: str | int) -> str:
    """The name of an engine: another model, device, library or driver makes it another one.

    Args:
        model: Content of the model file.
        facts: Everything that decides whether a compiled model still fits.
    """
    return hashlib.sha256(
        hashlib.sha256(model).digest() + json.dumps(facts, sort_keys=True).encode()
    ).hexdigest()


class EngineStore:
    """A folder with one folder per engine."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it need not exist.

        Args:
            folder: Where engines are.
        """
        self._folder = folder

    def find(self, key: str) -> Path | None:
        """The folder of an engine that is there and whole.

        Returns:
            None when it is absent, or damaged (which is logged).
        """
        folder = self._folder / key
        try:
            sums = (folder / _SUMS).read_text(encoding="ascii").splitlines()
            whole = bool(sums) and all(
                _digest(folder / name) == digest for digest, name in (line.split(maxsplit=1) for line in sums)
            )
        except FileNotFoundError:
            if not folder.exists():
                return None
            whole = False
        except (OSError, ValueError):
            whole = False
        if whole:
            return folder
        _LOG.warning("engine_damaged", engine=key)
        return None

    def keep(self, key: str, fill: Callable[[Path], None]) -> None:
        """Make an engine; it appears whole or not at all, in the place of a damaged one.

        Args:
            key: Its name.
            fill: Writes its files into the folder that it is given.

        Raises:
            OSError: The disk is full, or the folder cannot be written.
        """
        files.make_folder(self._folder)
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
        try:
            fill(unfinished)
            made = sorted(path for path in unfinished.iterdir() if path.is_file())
            sums = "".join(f"{_digest(path)}  {path.name}\n" for path in made)
            (unfinished / _SUMS).write_text(sums, encoding="ascii")
            for path in (*made, unfinished / _SUMS, unfinished):
                files.sync(path)
            shutil.rmtree(self._folder / key, ignore_errors=True)
            unfinished.rename(self._folder / key)
            files.sync(self._folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def keep_only(self, keys: set[str]) -> None:
        """Remove every other engine, and what an interrupted builder has left."""
        for folder in self._folder.iterdir() if self._folder.is_dir() else ():
            if folder.name not in keys:
                shutil.rmtree(folder, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
