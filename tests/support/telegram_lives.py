"""Lives of a box at Telegram, each in a process of its own that SIGKILL ends at a chosen commit."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore  # what httpx imports with its first client: so that no life has to
from pydantic import SecretStr

from arni_edge.domain.clock import SystemClock
from arni_edge.domain.messages import Priority
from arni_edge.domain.staff import Contact, Role, Said, StaffAct, StaffPost
from arni_edge.logs import configure_logging
from arni_edge.settings import Telegram
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.storage import Database, staff_posts, telegram
from support.database import open_database
from support.nursery import Death, die_at
from support.telegram import ACKNOWLEDGE, Acts, Bot
from support.waiting import eventually_is

_LIFE_SECONDS = 60
ALARM = "alarm/7"


class Nursery:
    """Gives lives. Each is forked from a process that has only imported."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def live(self, folder: Path, url: str, until: int, death: Death | None = None) -> bool:
        """Live until everything is done; False when death came first.

        Args:
            folder: Keeps the database, and what was done in the real world (``done``).
            url: Where Telegram is.
            until: The last update that must be taken in.
            death: When to die.
        """
        order = [str(folder), url, until, [death.commit, death.after] if death else None]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n".encode())
        ended = int(await self._process.stdout.readline())
        assert ended in {0, -signal.SIGKILL}, f"a life ended with {ended}"
        return ended == 0


@asynccontextmanager
async def open_nursery() -> AsyncIterator[Nursery]:
    """Keep a nursery running."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=pipe, stdout=pipe, env=env
    )
    try:
        yield Nursery(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def done(folder: Path) -> list[str]:
    """What was done, over all lives."""
    file = folder / "done"
    return file.read_text().splitlines() if file.exists() else []


# --- inside the nursery -----------------------------------------------------------------------------------


class _NotingActs(Acts):
    """Notes on the disk; an acknowledgement changes the alarm that everybody sees."""

    folder = Path()
    database: Database

    def by_name(self) -> dict[str, StaffAct]:
        return super().by_name() | {"alarm.acknowledge": StaffAct(Role.VIEWER, self._acknowledge)}

    async def _status(self, who: Contact, arguments: str) -> Said:
        self._write(f"status {arguments}", who)
        return Said(f"Alles gut. {arguments}")

    async def _acknowledge(self, who: Contact, argument: str, text: str) -> str:
        self._write(f"acknowledged{argument}{text}", who)
        seen = len([line for line in done(self.folder) if line == "acknowledged7"])
        await show(self.database, f"Gesehen: {seen}")
        return "Gut."

    def _write(self, line: str, who: Contact) -> None:
        assert who.id == "kim"
        with (self.folder / "done").open("a") as notes:
            notes.write(f"{line}\n")


async def show(database: Database, text: str) -> None:
    """Put the alarm."""
    post = StaffPost(ALARM, text, ACKNOWLEDGE, Priority.ALARM)
    now = SystemClock().now()
    await database.write(lambda tx: staff_posts.put(tx, "kim", post, now))


async def _live(folder: Path, url: str, until: int, death: Death | None) -> None:
    async with open_database(folder / "arni.db") as database:
        die_at(database, death)
        acts = _NotingActs()
        acts.folder, acts.database = folder, database
        settings = Telegram(token=SecretStr(SimulatedTelegram.token), api_url=url)
        async with Bot(settings, database, acts=acts) as bot:

            async def left() -> tuple[bool, int, int]:
                known = await telegram.cursor(database)
                posts = await database.read("SELECT 1 FROM staff_posts WHERE state = 'queued'")
                return known is not None and known[0] >= until, await bot.open_updates(), len(posts)

            await eventually_is(left, lambda now: now == (True, 0, 0), within=_LIFE_SECONDS)


def _nurse() -> None:
    """One order a line; the answer is how the life ended."""
    configure_logging("critical", component="test")
    assert httpcore
    for line in sys.stdin:
        folder, url, until, death = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            asyncio.run(_live(Path(folder), url, until, Death(*death) if death else None))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _nurse()
