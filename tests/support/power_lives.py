"""Lives of a house whose power may be cut at any moment; meant to be watched by :mod:`support.strace`.

It says each thing that it has acknowledged on its standard output, in the moment in which it does so::

    committed               a unit of work, or several together
    taken 3                 the third event of the relay's log
    unlatched r1            the door is opened for the requests on file
    lit light/floor         a light is switched on for an alarm
    leaves w1:answer        a message leaves the house
    forgotten               nothing of :data:`SECRET` is in any file any more
    closed                  the database was closed
"""

import asyncio
import os
import sqlite3
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from arni_edge.domain.messages import Channel
from arni_edge.logs import configure_logging
from arni_edge.safety import raising
from arni_edge.storage import Database, Transaction
from arni_edge.storage.outbox_messages import MessageOutbox
from arni_edge.storage.reserve import Reserve
from support.database import open_database
from support.house import MIA, STRANGER, House
from support.lives import Script, handle

_DOOR = (MIA.phone, "Tür auf bitte")
_HOURS = (MIA.phone, "Wann habt ihr heute auf?")
_FULL = (MIA.phone, "Wie voll ist es gerade?")
_REFUSED = (STRANGER, "Mach bitte die Tür auf")
_EMERGENCY = (STRANGER, "Hilfe, hier ist jemand bewusstlos!")

SCRIPT: Final[Script] = [_DOOR, _EMERGENCY, _REFUSED, _HOURS, _EMERGENCY, _DOOR, _REFUSED, _FULL]
SECRET: Final = "a name that is to be forgotten"
RESERVE_BYTES: Final = 1 << 16
_PAGES: Final = 40
"""In the log before it is folded into the file; by itself a thousand, which no short life reaches."""


def say(what: str, line: str = "") -> None:
    """In one call, so that its place among the others is known."""
    os.write(1, f"{what} {line}".strip().encode() + b"\n")


class _Connection(sqlite3.Connection):
    """Says so when a commit has returned, before its thread does anything else."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.execute(f"PRAGMA wal_autocheckpoint={_PAGES}")

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = super().execute(sql, parameters)
        if sql == "COMMIT":
            say("committed")
        return cursor


async def _send(house: House) -> None:
    """Let messages leave, as the sender of a channel does."""
    outbox = MessageOutbox(house.database, house.clock, Channel.WHATSAPP)
    while True:
        while (item := await outbox.next_due(house.clock.now())) is not None:
            if await outbox.mark_sending(item.id):
                say("leaves", item.entry.key)
                await outbox.mark_sent(item.id, f"wamid.{item.entry.key}")
        await outbox.wait()


async def _forget(database: Database) -> None:
    """Store something, delete it, and have nothing of it left."""

    async def store(tx: Transaction) -> None:
        await tx.execute("INSERT INTO relay_cursor (stream, sequence) VALUES (?, 1)", (SECRET,))

    async def delete(tx: Transaction) -> None:
        await tx.execute("DELETE FROM relay_cursor WHERE stream = ?", (SECRET,))

    await database.write(store)
    await database.write(delete)
    await database.compact()
    say("forgotten")


async def _live(folder: Path) -> None:
    reserve = Reserve(folder / "reserve", RESERVE_BYTES)
    reserve.refill()
    # Here and not where the tests open theirs: theirs are copies of one that is made already.
    await (await Database.open(folder / "arni.db", reserve)).close()
    await handle(folder, SCRIPT[:3], say, beside=_send)
    say("closed")
    reserve.give_up()
    async with open_database(folder / "arni.db") as database:
        await _forget(database)
    say("closed")
    await handle(folder, SCRIPT, say, beside=_send)
    say("closed")


if __name__ == "__main__":
    configure_logging("critical", component="test")
    with (
        patch.object(sqlite3, "connect", partial(sqlite3.connect, factory=_Connection)),
        # Light comes before paper where the disk is slow; here it is the process that may be.
        patch.object(raising, "_STORE_FIRST", timedelta(minutes=1)),
    ):
        asyncio.run(_live(Path(sys.argv[1])))
