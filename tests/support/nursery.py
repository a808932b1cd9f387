"""Lives in processes forked from one that has only imported; SIGKILL ends them at a commit."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from arni_edge.domain.i18n import Catalogue
from arni_edge.logs import configure_logging
from arni_edge.storage import Database
from support.database import empty_database

_LIFE_SECONDS = 60


@dataclass(frozen=True)
class Death:
    """SIGKILL at the n-th commit of a life, the first being 1: before it is on the disk, or right after."""

    commit: int
    after: bool


class Nursery:
    """Gives lives: quick, and without our threads."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def live(self, folder: Path, errand: Any, death: Death | None = None) -> bool:
        """Live on the database in a folder until the errand is done.

        Args:
            folder: Keeps the database, and what was done in the real world.
            errand: What is to be done, fit for JSON.
            death: When to die.

        Returns:
            Whether everything was done; False when death came first.
        """
        order = [str(folder), errand, [death.commit, death.after] if death else None]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        assert ended in {0, -signal.SIGKILL}, f"a life ended with {ended}"
        return bool(ended == 0)


@contextmanager
def open_nursery(module: str, *arguments: str) -> Iterator[Nursery]:
    """Keep a nursery running: a module whose ``__main__`` ends in :func:`nurse`."""
    # It imports what this process would import.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        yield Nursery(process)


def nurse(
    live: Callable[[Path, Any, Death | None], Awaitable[None]], prepare: Callable[[], object] = lambda: None
) -> None:
    """Inside the nursery: one order a line; the answer is how the life ended.

    Args:
        live: One life.
        prepare: Done once, for all lives, beside what every life reads.
    """
    configure_logging("critical", component="test")
    empty_database()
    Catalogue.load()
    prepare()
    for line in sys.stdin:
        folder, errand, death = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            asyncio.run(_run(live(Path(folder), errand, Death(*death) if death else None)))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def _run(life: Awaitable[None]) -> None:
    await life


def die_at(database: Database, death: Death | None) -> None:
    """From now on this process dies at one of the database's commits."""
    if death is not None:
        line = database._writer
        line.connection = cast("sqlite3.Connection", _Mortal(line.connection, death))


class _Mortal:
    """A writing connection whose process dies at one of its commits."""

    def __init__(self, connection: sqlite3.Connection, death: Death) -> None:
        self._connection = connection
        self._death = death
        self._commits = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Any = ()) -> Any:
        if sql != "COMMIT":
            return self._connection.execute(sql, parameters)
        self._commits += 1
        if self._commits == self._death.commit:
            if self._death.after:
                self._connection.execute("COMMIT")
            os.kill(os.getpid(), signal.SIGKILL)
        return self._connection.execute(sql)
