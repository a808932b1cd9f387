"""Tries to do things to the file ``{"file": path}`` and beside it, and reports each try as a part."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from arni_edge.domain.health import State
from arni_edge.supervision.link import WorkerLink


def main() -> None:
    asyncio.run(work())


async def work() -> None:
    link = await WorkerLink.open("probe")
    file = Path(link.start["file"])
    tries: dict[str, Callable[[], object]] = {
        "read": lambda: file.open("rb").close(),
        "null": lambda: Path(os.devnull).write_bytes(b"x"),
        "append": lambda: _append(file),
        "create": lambda: file.with_name("created").touch(),
        "folder": lambda: file.with_name("folder").mkdir(),
        "symlink": lambda: file.with_name("symlink").symlink_to(file),
        "hard-link": lambda: file.with_name("hard-link").hardlink_to(file),
        "socket": lambda: os.mknod(file.with_name("fifo"), 0o010600),
        "memory-file": lambda: os.write(os.memfd_create("probe"), b"x"),
        "truncate": lambda: os.truncate(file, 0),
        "rename": lambda: file.rename(file.with_name("renamed")),
        "delete": lambda: file.with_name("another").unlink(),
    }
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError as error:
            link.health(f"probe/{name}", State.DOWN, str(error.strerror))
        else:
            link.health(f"probe/{name}", State.OK, "")
    link.ready()
    await link.closed()


def _append(file: Path) -> None:
    with file.open("ab") as opened:
        opened.write(b"x")
