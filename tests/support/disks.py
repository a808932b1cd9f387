"""A disk of a few megabytes that is really full when it is full, and one on which no file can grow."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from arni_edge.domain.errors import Unavailable
from arni_edge.storage import Database
from arni_edge.storage.units import Unit


class SmallDisk:
    """A file system of its own.

    Attributes:
        root: Where it is mounted.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        room = os.statvfs(self.root)
        return room.f_bavail * room.f_frsize

    def fill(self, *, but: int = 0, name: str = "filler") -> None:
        """Write until nothing more fits; ``but`` so many bytes."""
        with (self.root / name).open("ab", buffering=0) as file:
            while (room := self.free - but) > 0:
                try:
                    file.write(bytes(min(room, 1 << 20)))
                except OSError:
                    return

    def clear(self, name: str = "filler") -> None:
        """Somebody makes room."""
        (self.root / name).unlink()

    def be_read_only(self, yes: bool) -> None:
        """What a kernel does to a disk that fails."""
        run("mount", "-o", f"remount,{'ro' if yes else 'rw'}", str(self.root))


class VitalOnly(Database):
    """Once it is full, it has room for what the reserve is given up for, and for nothing else."""

    full = False

    async def write(self, unit: Unit[Any], *, deadline: float = 15.0, vital: bool = False) -> Any:
        if self.full and not vital:
            raise Unavailable("the database cannot do this: database or disk is full")
        return await super().write(unit, deadline=deadline, vital=vital)


def run(*command: str) -> None:
    """Run a command of the system; it must succeed."""
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def mounted(root: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mount a disk of this size in an empty folder."""
    root.mkdir(parents=True, exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(root))
    try:
        yield SmallDisk(root)
    finally:
        run("umount", "-l", str(root))


def in_a_namespace(*command: str) -> list[str]:
    """The command line that runs a command where it may mount, whoever we are; nothing of it is left."""
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *user, "--mount", "--", *command]


@contextmanager
def no_file_grows(database: Path) -> Iterator[None]:
    """Have the kernel refuse what makes a file longer than the log of this database: a disk that fails."""
    log = database.with_name(f"{database.name}-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def grow_the_log(database: Database) -> None:
    """Make the log of a database long, so that nothing else reaches its length by chance."""
    blob = "INSERT INTO relay_cursor VALUES (hex(randomblob(400000)), 1)"
    await database.write(lambda tx: tx.execute(blob))
