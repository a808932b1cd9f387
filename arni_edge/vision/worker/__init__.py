"""The vision worker: cameras in, counts out. Pictures live in this process's memory and nowhere else.

Started by the daemon through :mod:`arni_edge.supervision.launch`, which takes the right to write files away
before this package is imported. Libraries are imported inside :func:`main`, after that.
"""

import os


def main() -> None:
    """Work until the daemon closes its end of the link; the process ends here."""
    # OpenBLAS would start a thread per core, which nothing here uses.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from arni_edge.vision.worker.program import run  # noqa: PLC0415 - heavy, and only this process wants it

    code = run()
    # Not sys.exit: a camera thread may be stuck inside FFmpeg, and the interpreter would tear native
    # libraries down under it.
    os._exit(code)
