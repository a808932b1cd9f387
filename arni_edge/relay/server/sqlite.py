"""The embedded store: one SQLite file, with the house's own writer and its group commit."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.relay.server.store import Heard, Parameters, Row, T, Unit
from arni_edge.storage.database import Database
from arni_edge.storage.migrate import Schema

SCHEMA = Schema("arni_edge.relay.server", 0x41524E52, "database.path")


class SqliteStore:
    """One file, for one relay process and the ``arni-relay`` command beside it.

    Attributes:
        poll_seconds: See :class:`Store`. So soon is felt what the command, another process, has done.
    """

    poll_seconds = 0.5

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    async def open(cls, path: Path) -> "SqliteStore":
        """Open the file, or make it.

        Raises:
            ConfigurationError: It is not a relay's, or of a newer version.
            Unavailable: It cannot be opened.
        """
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            guard = _Turns(path.with_name(f"{path.name}.lock"))
        except OSError as error:
            raise Unavailable(f"{path}: cannot be used: {error.strerror}") from None
        return cls(await Database.open(path, schema=SCHEMA, guard=guard.take))

    async def read(self, sql: str, parameters: Parameters) -> Sequence[Row]:
        """As :meth:`Store.read`."""
        return await self._database.read(sql, parameters)

    async def write(self, unit: Unit[T], *, deadline: float = 15.0) -> T:
        """As :meth:`Store.write`."""
        return await self._database.write(unit, deadline=deadline)

    async def scrub(self) -> None:
        """Rewrite the file without what was erased, and empty its log."""
        await self._database.compact()

    def announce(self, gym: str) -> None:
        """Nobody listens: the other processes look by themselves, see ``poll_seconds``."""

    async def run(self, heard: Heard, progress: Progress) -> None:
        """Write what gathers."""
        heard(None)
        await self._database.run(progress)

    async def aclose(self) -> None:
        """Fold the log into the file and close it."""
        await self._database.close()


class _Turns:
    """One process at a time writes or folds the log.

    SQLite lets two try; before 3.51.3 a write and a checkpoint at the same instant could damage the file.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        os.close(self._file)
