"""Lives of a booking desk on one database, each in a process of its own that SIGKILL may end at a commit.

Every life does the same: it wishes for the same booking with the same key, or for its cancellation.
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
from pydantic import SecretStr

from arni_edge.logs import configure_logging
from arni_edge.magicline import open_http
from arni_edge.settings import Magicline
from support.booking_desk import SOON, BookingDesk, introduce, member_id
from support.database import open_database
from support.lives import Death, _Mortal

_LIFE_SECONDS = 60


@dataclass(frozen=True)
class Errand:
    """What every life does.

    Attributes:
        url: Of Magicline.
        key: Its.
        customer: Who.
        slot: The word for what is booked; empty: ``booking`` is cancelled.
        booking: The word for what is cancelled.
    """

    url: str
    key: str
    customer: int
    slot: str = ""
    booking: str = ""


class Nursery:
    """Gives lives, each forked from a process that has only imported and made one empty database."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def live(self, folder: Path, errand: Errand, death: Death | None = None) -> bool:
        """Live; returns False when death came before the end."""
        end = [death.commit, death.after] if death else None
        order = [str(folder), [errand.url, errand.key, errand.customer, errand.slot, errand.booking], end]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
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
    http = open_http()  # to make one takes long; each life has its own copy
    for line in sys.stdin:
        folder, errand, death = json.loads(line)
        if not (Path(folder) / "arni.db").exists():
            shutil.copytree(template, folder, dirs_exist_ok=True)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            asyncio.run(_live(Path(folder), Errand(*errand), Death(*death) if death else None, http))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def _prepare(template: Path) -> None:
    async with open_database(template / "arni.db"):
        pass


async def _live(folder: Path, errand: Errand, death: Death | None, http: httpx.AsyncClient) -> None:
    async with open_database(folder / "arni.db") as database:
        await introduce(database, errand.customer)
        if death is not None:
            line = database._writer
            line.connection = cast("sqlite3.Connection", _Mortal(line.connection, death))
        settings = Magicline(url=errand.url, api_key=SecretStr("sim-magicline-key"))
        desk = BookingDesk(database, settings, http, settle_seconds=0.01)
        desk.start()
        who = member_id(errand.customer)
        if errand.slot:
            await desk.bookings.book(who, errand.slot, errand.key, SOON)
        else:
            await desk.bookings.cancel(who, errand.booking, errand.key, SOON)
        await desk.crash()


if __name__ == "__main__":
    _nurse(Path(sys.argv[1]))
