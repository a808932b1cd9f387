"""What must hold of a house's database after a power cut."""

import hashlib
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from arni_edge.storage import Database
from arni_edge.storage.audit_check import verify
from arni_edge.storage.reserve import Reserve
from support.alarms import KEY
from support.database import open_database
from support.lives import handle
from support.power_cut import NOTHING, Remains, cuts
from support.power_lives import RESERVE_BYTES, SCRIPT, SECRET
from support.strace import Call, said

_NEW = 0.05
"""How many of the databases that nothing has been stored in are lived on with: they are all the same."""

_WAITING = "('queued', 'retry', 'parked')"
IDS = {pair: f"w{number}" for number, pair in enumerate(dict.fromkeys(SCRIPT))}


def fingerprint(path: Path) -> str:
    """All that is in a database that nobody has open."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(path)) as database:
        digest.update(repr(database.execute("PRAGMA user_version").fetchone()).encode())
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (table,) in database.execute(tables).fetchall():
            rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
            digest.update(repr((table, sorted(map(repr, rows)))).encode())
    return digest.hexdigest()


async def history(calls: Sequence[Call], root: Path, scratch: Path) -> list[str]:
    """What was in the database when it was new, and after each commit.

    Args:
        calls: Of the life that was watched.
        root: The folder that it was lived in.
        scratch: An empty folder.
    """
    fresh = scratch / "fresh" / "arni.db"
    await (await Database.open(fresh)).close()
    found = [fingerprint(fresh)]
    moments = {(begun, NOTHING) for begun, line in said(calls) if line == "committed"}
    for remains in cuts(calls, root, moments, 0):
        with remains.laid(scratch / "remains") as folder:
            found.append(fingerprint(folder / "arni.db"))
    return found


class Inspection:
    """Opens what is left of a house, looks at it, and lets it live on."""

    def __init__(self, past: Sequence[str]) -> None:
        """Nothing is looked at yet.

        Args:
            past: What was in the database when it was new, and after each commit.
        """
        self._past = past
        self._dice = random.Random(0)

    async def inspect(self, remains: Remains, folder: Path) -> None:
        """Everything of one power cut.

        Args:
            remains: What it has left.
            folder: Where that lies.
        """
        _spoil_the_index_of_the_log(folder, remains)
        try:
            if "forgotten" in remains.said:
                for name, content in remains.files.items():
                    assert SECRET.encode() not in content, f"{name} has what was forgotten"
            await self._open(remains, folder)
            if remains.said or self._dice.random() < _NEW:
                await handle(folder, SCRIPT, lambda _, __: None)
                await self._look_at_the_end(folder)
        except BaseException as error:
            error.add_note(str(remains))
            raise

    async def _open(self, remains: Remains, folder: Path) -> None:
        reserve = Reserve(folder / "reserve", RESERVE_BYTES)
        database = await Database.open(folder / "arni.db", reserve)
        try:
            assert [row[0] for row in await database.read("PRAGMA integrity_check")] == ["ok"]
            mapped = [row[0] for row in await database.read("PRAGMA mmap_size")]
            assert mapped in ([], [0]), "what is written through memory was not seen"
            assert await database.read("PRAGMA foreign_key_check") == []
            await _holds_what_was_said(database, remains.said)
        finally:
            await database.close()
        done = remains.said.count("committed")
        found = fingerprint(folder / "arni.db")
        assert found in self._past, "a unit of work is half there"
        assert found in self._past[done:], f"of {done} commits that were acknowledged, some are lost"
        assert found in self._past[done : done + 2], "more was done than anybody has asked for"
        assert verify(folder / "arni.db", KEY).ok
        reserve.refill()
        assert reserve.look().kept == RESERVE_BYTES
        reserve.close()

    async def _look_at_the_end(self, folder: Path) -> None:
        """The relay has given everything again that lies behind the cursor: each is there, and once."""
        async with open_database(folder / "arni.db") as database:

            async def column(sql: str) -> list[str]:
                return [str(row[0]) for row in await database.read(sql)]

            assert await column("PRAGMA integrity_check") == ["ok"]
            assert await column("SELECT message_id FROM inbound ORDER BY id") == list(IDS.values())
            assert set(await column("SELECT state FROM inbound")) == {"handled"}
            assert await column("SELECT sequence FROM relay_cursor WHERE stream = 'relay'") == [
                str(len(SCRIPT))
            ]
            answers = await column("SELECT reply_to FROM outbox WHERE reply_to IS NOT NULL")
            assert sorted(answers) == sorted(IDS.values()), "an answer is missing, or there twice"
            assert len(await column("SELECT key FROM outbox WHERE template IS NOT NULL")) == 1, "one call"
            assert len(await column("SELECT alarm_id FROM alarms")) == 1
            assert await column("SELECT state FROM alarm_sinks WHERE sink = 'light/floor'") == ["done"]
            assert len(await column("SELECT request_id FROM door_audit WHERE state = 'ended'")) == 1
        assert verify(folder / "arni.db", KEY).ok


async def _holds_what_was_said(database: Database, words: Sequence[str]) -> None:
    """What was acknowledged, or acted upon in the world, is on record."""
    stored = [row["message_id"] for row in await database.read("SELECT message_id FROM inbound ORDER BY id")]
    rows = await database.read("SELECT sequence FROM relay_cursor WHERE stream = 'relay'")
    cursor = rows[0]["sequence"] if rows else 0
    assert stored == list(IDS.values())[: len(stored)], "not in the order of the relay"
    assert {IDS[one] for one in SCRIPT[:cursor]} <= set(stored), "the cursor stands behind what is not there"
    for word in words:
        what, _, line = word.partition(" ")
        if what == "taken":
            assert int(line) <= cursor, word
        elif what == "unlatched":
            for request in line.split():
                sql = "SELECT 1 FROM door_audit WHERE request_id = ? AND state IN ('commanded', 'ended')"
                assert await database.read(sql, (request,)), "a door was opened, and nobody knows"
        elif what == "lit":
            assert await database.read("SELECT 1 FROM alarm_sinks WHERE sink = ?", (line,)), word
        elif what == "leaves":
            sql = f"SELECT 1 FROM outbox WHERE key = ? AND state NOT IN {_WAITING}"
            assert await database.read(sql, (line,)), "it has left, and would leave once more"


def _spoil_the_index_of_the_log(folder: Path, remains: Remains) -> None:
    """``arni.db-shm`` is written through memory, which nobody sees: anything may be in it, at any length."""
    dice = random.Random(str(remains))
    if (index := folder / "arni.db-shm").exists() or dice.random() < 0.5:
        index.write_bytes(dice.randbytes(dice.choice([0, 3, 32_768])))
