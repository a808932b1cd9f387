"""Lives of the one-way door on one database, each in a process of its own that SIGKILL may end.

Every life does the same: it takes up what the one before left, and reads the same message again, as the turns
do with a message whose answer was not stored.
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from arni_edge.actions.action import Proposed, Waiting
from arni_edge.domain.errors import ArniError, Refused
from arni_edge.logs import configure_logging
from support.actions import KIM, MIA, Door, open_door, staff
from support.lives import Death, _Mortal

_LIFE_SECONDS = 60
_OF_MIA = {"member_id": "M-1", "note": "x"}

SCRIPTS = {
    "cancel": "cancel",
    "book": "book",
    "leave": "leave",
    "move": "move",
    "a move whose last step is refused": "move",
    "a move whose last step breaks": "move",
    "a move that cannot be undone": "move",
}
"""What is asked for, by name of the script."""

_TROUBLE: dict[str, dict[str, Exception]] = {
    "a move whose last step is refused": {"free": Refused("Zu spät.")},
    "a move whose last step breaks": {"free": RuntimeError("bug")},
    "a move that cannot be undone": {"free": Refused("Zu spät."), "undo:pay": RuntimeError("bug")},
}


@dataclass(frozen=True)
class Ordered:
    """What one life is told."""

    folder: Path
    script: str
    death: Death | None = None


class Nursery:
    """Gives lives; each is forked from a process that has only imported, and made one empty database."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def live(self, order: Ordered) -> bool:
        """Live; returns False when death came before the end."""
        death = [order.death.commit, order.death.after] if order.death else None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps([str(order.folder), order.script, death])}\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        assert ended in {0, -signal.SIGKILL}, f"a life ended with {ended}"
        return bool(ended == 0)


@contextmanager
def open_nursery(folder: Path) -> Iterator[Nursery]:
    """Keep a nursery running; it keeps its empty database in a folder."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", __name__, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        yield Nursery(process)


# --- inside the nursery -----------------------------------------------------------------------------------


def _nurse(template: Path) -> None:
    configure_logging("critical", component="test")
    asyncio.run(_prepare(template))
    for line in sys.stdin:
        folder, script, death = json.loads(line)
        if not (Path(folder) / "arni.db").exists():
            shutil.copytree(template, folder, dirs_exist_ok=True)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            asyncio.run(_live(Path(folder), script, Death(*death) if death else None))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def _prepare(template: Path) -> None:
    async with open_door(template):
        pass


async def _live(folder: Path, script: str, death: Death | None) -> None:
    async with open_door(folder) as door:
        door.trouble.update(_TROUBLE.get(script, {}))
        if death is not None:
            line = door.database._writer
            line.connection = cast("sqlite3.Connection", _Mortal(line.connection, death))
        await door.executor.resume()
        await door.executor.idle()
        with suppress(ArniError):  # refused, or decided in an earlier life
            await _ask(door, SCRIPTS[script])
        await door.executor.idle()


async def _ask(door: Door, name: str) -> None:
    became = await door.executor.do(name, _OF_MIA, MIA, key="w1")
    if not isinstance(became, Proposed):
        return
    action = became.action
    answer = await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    if isinstance(answer, Waiting):
        await door.executor.confirm(action.action_id, action.digest, staff(KIM), "button")


if __name__ == "__main__":
    _nurse(Path(sys.argv[1]))
