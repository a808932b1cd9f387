"""Lives of a house on one database, each in a process of its own that SIGKILL ends at a chosen commit."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from arni_edge.channels.whatsapp import SOURCE, WhatsAppIntake
from arni_edge.domain.doors import UnlatchResult
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.logs import configure_logging
from arni_edge.relay import RelayDesk, RelayEvent
from arni_edge.safety import Alarm, find_emergency
from arni_edge.storage import Database
from support.clock import ManualClock
from support.house import FakeAct, FakeLock, House, open_house
from support.whatsapp import no_progress, running

_LIFE_SECONDS = 60

Script = Sequence[tuple[str, str]]
"""Events of the relay, each with one message: its phone and text. The same pair again is delivered again."""


@dataclass(frozen=True)
class Death:
    """SIGKILL at the n-th commit of a life, the first being 1: before it is on the disk, or right after."""

    commit: int
    after: bool


class Nursery:
    """Gives lives. Each is forked from a process that has only imported: quick, and without our threads."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def live(self, folder: Path, script: Script, death: Death | None = None) -> bool:
        """Live on the database in a folder until everything is handled.

        Args:
            folder: Keeps the database, and what was done in the real world.
            script: What arrives.
            death: When to die.

        Returns:
            Whether everything was handled; False when death came first.
        """
        order = [str(folder), list(script), [death.commit, death.after] if death else None]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        ended = json.loads(self._process.stdout.readline())
        assert ended in {0, -signal.SIGKILL}, f"a life ended with {ended}"
        return bool(ended == 0)


@contextmanager
def open_nursery() -> Iterator[Nursery]:
    """Keep a nursery running."""
    command = [sys.executable, "-m", __name__]
    # It imports what this process would import.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    ) as process:
        yield Nursery(process)


def noted(folder: Path, what: str) -> list[str]:
    """What was done in the real world, over all lives: ``unlatched`` or ``lit``, one line each time."""
    file = folder / what
    return file.read_text().splitlines() if file.exists() else []


# --- inside the nursery -----------------------------------------------------------------------------------


def _nurse() -> None:
    """One order a line; the answer is how the life ended."""
    configure_logging("critical", component="test")
    find_emergency("")  # read once, for all lives
    for line in sys.stdin:
        folder, script, death = json.loads(line)
        child = os.fork()
        if child == 0:
            signal.alarm(_LIFE_SECONDS)
            said = [(phone, text) for phone, text in script]
            asyncio.run(_handle(Path(folder), said, Death(*death) if death else None))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


async def _handle(folder: Path, script: Script, death: Death | None) -> None:
    lock, act = _NotingLock(), _NotingAct()
    async with open_house(folder, lock=lock, act=act) as house:
        lock.note_in(folder, house.database)
        act.file = folder / "lit"
        if death is not None:
            line = house.database._writer
            line.connection = cast("sqlite3.Connection", _Mortal(line.connection, death))
        await house.entry.abandon()
        await house.alarms.resume()
        async with running(house.turns.run(no_progress)):
            await _take_in(house, script)
            while await house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        await house.alarms.drain()


async def _take_in(house: House, script: Script) -> None:
    """Read the relay from the cursor on, as the box does."""
    intake = WhatsAppIntake(house.database, house.clock, house.reception)
    identities = sorted(set(script))

    async def take(event: RelayEvent) -> None:
        said = script[event.sequence - 1]
        await intake.receive([_message(said, identities.index(said))], [], event.sequence)

    desk = RelayDesk(house.database, {SOURCE: take})
    for sequence in range((await desk.position()).sequence + 1, len(script) + 1):
        await desk.consume(RelayEvent(sequence, SOURCE, house.clock.now(), b"", None), "log")


def _message(said: tuple[str, str], number: int) -> InboundMessage:
    phone, text = said
    return InboundMessage(Channel.WHATSAPP, f"w{number}", phone, text, ManualClock().now(), phone)


class _NotingLock(FakeLock):
    """Notes on the disk which commanded requests were on file when it opened: at least the one it obeys."""

    def note_in(self, folder: Path, database: Database) -> None:
        self._file, self._database = folder / "unlatched", database

    async def unlatch(self) -> UnlatchResult:
        rows = await self._database.read("SELECT request_id FROM door_audit WHERE state = 'commanded'")
        _note(self._file, " ".join(row["request_id"] for row in rows))
        return await super().unlatch()


class _NotingAct(FakeAct):
    file = Path()

    async def act(self, alarm: Alarm) -> str:
        _note(self.file, self.name)
        return await super().act(alarm)


def _note(file: Path, line: str) -> None:
    with file.open("a") as notes:
        notes.write(f"{line}\n")


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


if __name__ == "__main__":
    _nurse()
