"""The vision worker: cameras in, counts out. Pictures live in this process's memory and nowhere else.

Started by the daemon through :mod:`arni_edge.supervision.launch`, which takes the right to write files away
before this package is imported. Libraries are imported inside :func:`main`, after that.
"""

import ctypes
import os

# mallopt(3), M_ARENA_MAX. By default every thread reserves 64 MB of address space for its allocations: with
# eight cameras 1.5 GB instead of 0.9, and the limit on address space (RLIMIT_AS) is hit with memory to spare.
_M_ARENA_MAX = -8
_ARENAS = 2


def main() -> None:
    """Work until the daemon closes its end of the link; the process ends here."""
    ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    # OpenBLAS would start a thread per core, which nothing here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from arni_edge.vision.worker.program import run  # noqa: PLC0415 - heavy, and only this process wants it

    code = run()
    # Not sys.exit: a camera thread may be stuck inside FFmpeg, and the interpreter would tear native
    # libraries down under it.
    os._exit(code)
