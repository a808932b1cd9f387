"""Room on the disk that is kept for alarms, and given up for them piece by piece when the disk is full.

A file of bytes that nobody needs lies beside the database. When an alarm cannot be stored for want of room,
a piece of it is cut off and the alarm is stored there. Piece by piece, because whatever has filled the disk
fills what is given up, too. It is made whole again when there is plenty of room, never before.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from arni_edge.domain.health import Progress, State

_LOG = structlog.get_logger(__name__)

_MIB: Final = 1 << 20
SIZE: Final = 64 * _MIB
"""The database of a gym is some ten megabytes, an alarm with all its calls some hundred kilobytes."""

PIECES: Final = 8
_PLENTY: Final = 3
"""Three times the reserve must be free beside it: what fills a disk must not find it almost full already."""

_FULL: Final = _MIB
"""A disk with less than this takes no further part of the database's log."""

_SCARCE: Final = 4
"""With less than this share of the reserve free beside it, the disk is full."""

_LOOK_SECONDS: Final = 2.0
_HANGS_SECONDS: Final = 10.0
_REFILL_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How much room there is.

    Attributes:
        kept: Bytes of the reserve that are really allocated.
        free: Bytes that everybody else can still write.
        read_only: Nothing can be written at all.
    """

    kept: int
    free: int
    read_only: bool = False


class Reserve:
    """The reserve of one disk. All methods but :meth:`run` block on it, and any thread may call them."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        """Nothing is kept before :meth:`refill`.

        Args:
            path: The file; its folder is on the disk that is meant.
            size: Bytes to keep.
        """
        self._path = path
        self._size = size
        self._lock = threading.Lock()
        self._trouble = ""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reserve")

    def look(self) -> Standing:
        """How much room there is now.

        Raises:
            OSError: The disk does not say.
        """
        room = os.statvfs(self._path.parent)
        return Standing(self._kept(), room.f_bavail * room.f_frsize, bool(room.f_flag & os.ST_RDONLY))

    def refill(self) -> None:
        """Make it whole, if that leaves plenty of room. One that is whole is touched: does the disk write?

        Raises:
            OSError: The disk does not take it.
        """
        with self._lock:
            now = self.look()
            if now.kept == self._size:
                os.utime(self._path)
                return
            if now.free - (self._size - now.kept) < _PLENTY * self._size:
                return
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                try:
                    os.ftruncate(file, min(os.fstat(file).st_size, self._size))
                    os.posix_fallocate(file, 0, self._size)
                except OSError:
                    os.ftruncate(file, now.kept)  # what was begun would take room and be of no use
                    raise
                os.fsync(file)
            finally:
                os.close(file)
        _LOG.info("reserve_filled", mib=self._size // _MIB)

    def give_up(self) -> bool:
        """Give up a piece of it for an alarm; returns whether there was one."""
        try:
            with self._lock:
                kept = self._kept()
                if not kept:
                    return False
                left = max(0, kept - max(self._size // PIECES, 1))
                file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
                try:
                    os.ftruncate(file, left)
                    # A journalling file system hands out what was freed only after its own commit.
                    with suppress(OSError):
                        os.fsync(file)
                finally:
                    os.close(file)
        except OSError as error:
            _LOG.critical("reserve_not_given_up", reason=str(error))
            return False
        _LOG.critical("disk_full_reserve_used", left_mib=left // _MIB)
        return True

    def disk_is_full(self) -> bool:
        """Whether want of room is the reason why something cannot be written."""
        try:
            return self.look().free < _FULL
        except OSError:
            return False

    async def run(self, progress: Progress, health: Callable[[State, str], None]) -> None:
        """Keep it, and tell how the disk is doing, until cancelled.

        Args:
            progress: Called every few seconds.
            health: Is told.
        """
        loop = asyncio.get_running_loop()
        refill_at, looking = loop.time(), None
        while True:
            progress()
            if looking is None:
                refill = loop.time() >= refill_at
                refill_at = loop.time() + _REFILL_SECONDS if refill else refill_at
                looking = loop.run_in_executor(self._thread, self._judge, refill)
            # A disk that hangs holds this one thread; nothing is put in line behind it.
            await asyncio.wait({looking}, timeout=_HANGS_SECONDS)
            if not looking.done():
                health(State.DOWN, f"the disk has not answered for {_HANGS_SECONDS:g} s")
                continue
            health(*looking.result())
            looking = None
            await asyncio.sleep(_LOOK_SECONDS)

    def close(self) -> None:
        """Let go of the thread; the file stays."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _judge(self, refill: bool) -> tuple[State, str]:
        if refill:
            try:
                self.refill()
            except OSError as error:
                self._trouble = error.strerror or str(error)
            else:
                self._trouble = ""
        try:
            return standing_of(self.look(), self._size, self._trouble)
        except OSError as error:
            return State.DOWN, f"the disk does not say how full it is: {error.strerror or error}"

    def _kept(self) -> int:
        """Bytes that are really allocated: a copy of the file may be nothing but its length."""
        try:
            found = self._path.lstat()
        except FileNotFoundError:
            return 0
        return min(found.st_size, found.st_blocks * 512, self._size)


def standing_of(now: Standing, size: int, trouble: str = "") -> tuple[State, str]:
    """How a disk is doing, for the owner. Pure.

    Args:
        now: How much room there is.
        size: Bytes that the reserve is to have.
        trouble: Why it could not be made whole, or touched; or empty.
    """
    free = f"{now.free // _MIB} MiB free"
    kept = f"{now.kept // _MIB} of {size // _MIB} MiB of the reserve for alarms are left"
    if now.read_only:
        return State.DOWN, "the disk can only be read: nothing can be stored"
    if now.free < max(size // _SCARCE, _FULL):
        return State.DOWN, f"the disk is full ({free}; {kept}): make room"
    if trouble:
        return State.DOWN, f"the disk cannot be written: {trouble}"
    if now.kept < size:
        return State.DEGRADED, f"the disk is too full to keep room for alarms ({free}; {kept}): make room"
    if now.free < _PLENTY * size:
        return State.DEGRADED, f"the disk is nearly full ({free})"
    return State.OK, ""
