"""Stands in for the vision worker: tries to put a picture somewhere, and says what became of each try.

Started by the same launcher with the same limits; imports everything that the worker imports, because a
limit that a library could undo would be none.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import onnxruntime
import openvino

import arni_edge.vision.worker.program
from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink

LIBRARIES = (arni_edge.vision.worker.program, av, cv2, onnxruntime, openvino)
PICTURE = np.full((32, 32, 3), 200, np.uint8)
CONTENT = b"a picture"


def main() -> None:
    """Try everything, report over the link, and wait to be stopped."""
    asyncio.run(_report())


async def _report() -> None:
    link = await WorkerLink.open("vision")
    for name, attempt in _attempts(link.start).items():
        link.health(f"vision/{name}", *_try(attempt))
    link.ready()
    while True:
        link.beat()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                await link.closed()
                return


def _attempts(start: dict[str, Any]) -> dict[str, Callable[[], object]]:
    folders = {name: Path(folder) for name, folder in start["folders"].items()}
    victim, probe = Path(start["existing_file"]), str(start["probe"])
    scratch = folders["tmp"] / probe
    attempts: dict[str, Callable[[], object]] = {
        f"create/{name}": partial(_create, folder / probe) for name, folder in folders.items()
    }
    return attempts | {
        "existing/append": lambda: _write(os.open(victim, os.O_WRONLY | os.O_APPEND)),
        "existing/overwrite": lambda: _write(os.open(victim, os.O_WRONLY)),
        "existing/truncate": lambda: os.truncate(victim, 0),
        "existing/rename": lambda: victim.rename(victim.with_name("renamed")),
        "memfd": lambda: _write(os.memfd_create("probe")),
        "unnamed": lambda: _write(os.open(scratch.parent, os.O_WRONLY | os.O_TMPFILE)),
        "folder": scratch.with_suffix(".folder").mkdir,
        "link": lambda: scratch.with_suffix(".link").symlink_to("/etc/passwd"),
        "opencv": lambda: _must(cv2.imwrite(f"{scratch}.png", PICTURE)),
        "numpy": lambda: np.save(f"{scratch}.npy", PICTURE),
        "pyav": lambda: _film(f"{scratch}.mkv"),
        "child": lambda: _must(os.system(f"echo x > {scratch}.child") == 0),
    }


def _try(attempt: Callable[[], object]) -> tuple[State, str]:
    """OK: it could. DOWN: it could not, and why."""
    try:
        attempt()
    except (OSError, av.error.FFmpegError) as error:
        return State.DOWN, errno.errorcode.get(error.errno or 0, "refused")
    return State.OK, ""


def _create(path: Path) -> None:
    _write(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def _write(fd: int) -> None:
    try:
        os.write(fd, CONTENT)
    finally:
        os.close(fd)


def _must(done: bool) -> None:
    if not done:
        raise OSError(errno.EACCES, "refused")


def _film(path: str) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height = 32, 32
        frame = av.VideoFrame.from_ndarray(PICTURE, format="bgr24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
