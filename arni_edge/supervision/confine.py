"""What a worker process must not be able to do, enforced by the kernel before its first line of code.

``RLIMIT_FSIZE=0`` refuses every write into a file, memory files and ``/dev/shm`` included; Landlock (Linux
5.13 and newer) also refuses to make, truncate, rename or remove anything. Sockets and pipes work.
"""

import ctypes
import os
import resource
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

# linux/landlock.h; the numbers of the calls are the same on x86-64 and arm64.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_VERSION_FLAG: Final = 1
_PATH_BENEATH: Final = 1
_WRITE_FILE: Final = 1 << 1
# WRITE_FILE, REMOVE_DIR, REMOVE_FILE and MAKE_CHAR … MAKE_SYM: bits 1 and 4 to 12.
_WRITES_ABI_1: Final = _WRITE_FILE | sum(1 << bit for bit in range(4, 13))
_REFER_ABI_2: Final = 1 << 13
_TRUNCATE_ABI_3: Final = 1 << 14

_DEVICES: Final = ("dev/null", "dev/dri/*", "dev/accel/*", "dev/nvidia*", "dev/nvhost*", "dev/nvmap")

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one worker process.

    Attributes:
        nice: Added to the nice value, so that the door is served before the picture.
        memory_bytes: Address space (``RLIMIT_AS``); 0 for no limit.
        may_write: False: no byte into any file, no file made anywhere.
    """

    nice: int = 5
    memory_bytes: int = 0
    may_write: bool = False

    def as_dict(self) -> dict[str, int | bool]:
        """For the command line of the launcher."""
        return asdict(self)


def apply(limits: Limits) -> bool:
    """Bind this process, for ever.

    Returns:
        Whether the making of files is forbidden too (Landlock); False on kernels without it, where empty
        files can be made but nothing can be written into them.
    """
    os.nice(limits.nice)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limits.memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    if limits.may_write:
        return False
    # Python ignores SIGXFSZ, so a write fails with EFBIG; native libraries get the same treatment.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return _forbid_making_files()


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, however that happens."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class _RulesetAttributes(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def _forbid_making_files() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    if abi < 1:
        return False
    handled = _WRITES_ABI_1 | (_REFER_ABI_2 if abi >= 2 else 0) | (_TRUNCATE_ABI_3 if abi >= 3 else 0)
    attributes = _RulesetAttributes(handled)
    ruleset = libc.syscall(
        _CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes)), 0
    )
    if ruleset < 0:
        return False
    try:
        _allow_devices(libc, ruleset)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def writable_devices(root: Path = Path("/")) -> list[Path]:
    """Devices that may be written; what goes there is gone, or computed with, and is kept by none of them.

    Numeric libraries silence themselves by opening ``/dev/null`` for writing; graphics and neural processors
    take their orders so.
    """
    found = (path for pattern in _DEVICES for path in sorted(root.glob(pattern)))
    return [path for path in found if path.is_char_device()]


def _allow_devices(libc: ctypes.CDLL, ruleset: int) -> None:
    for path in writable_devices():
        device = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _PathBeneath(_WRITE_FILE, device)
            libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(device)
