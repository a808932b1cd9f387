"""One writer, group commit, numbered migrations; what was acknowledged is on the disk."""

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

import pytest
from support.database import open_database

from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.storage import Database, Transaction


async def _add(tx: Transaction, name: str) -> None:
    await tx.execute("INSERT INTO relay_cursor (stream, sequence) VALUES (?, 1)", (name,))


async def _streams(database: Database) -> list[str]:
    return [row["stream"] for row in await database.read("SELECT stream FROM relay_cursor ORDER BY stream")]


async def test_a_unit_that_raises_is_undone_and_nothing_else(tmp_path: Path) -> None:
    async def fails(tx: Transaction) -> None:
        await _add(tx, "bad")
        raise ValueError("no")

    async with open_database(tmp_path / "arni.db") as database:
        results = await asyncio.gather(
            database.write(lambda tx: _add(tx, "a")),
            database.write(fails),
            database.write(lambda tx: _add(tx, "b")),
            return_exceptions=True,
        )
        assert isinstance(results[1], ValueError)
        assert await _streams(database) == ["a", "b"]


async def test_a_unit_that_waits_for_something_else_is_refused_and_undone(tmp_path: Path) -> None:
    async def dawdles(tx: Transaction) -> None:
        await _add(tx, "bad")
        await asyncio.sleep(0)

    async with open_database(tmp_path / "arni.db") as database:
        with pytest.raises(RuntimeError, match="awaited something else"):
            await database.write(dawdles)
        await database.write(lambda tx: _add(tx, "good"))
        assert await _streams(database) == ["good"]


async def test_units_that_gather_share_a_commit(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        await asyncio.gather(*(database.write(partial(_add, name=str(n))) for n in range(100)))
        assert len(await _streams(database)) == 100
        assert database.commits < 20


async def test_it_is_as_durable_as_sqlite_can_be(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:

        async def ask(tx: Transaction) -> tuple[int, str]:
            synchronous = await tx.fetch("PRAGMA synchronous")
            journal = await tx.fetch("PRAGMA journal_mode")
            return synchronous[0][0], journal[0][0]

        assert await database.write(ask) == (2, "wal")


async def test_readers_cannot_write(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        with pytest.raises(Unavailable, match="readonly"):
            await database.read("INSERT INTO relay_cursor VALUES ('x', 1)")


@pytest.mark.parametrize("turns_of_the_loop", range(6))
async def test_what_waits_when_the_writer_stops_is_told(tmp_path: Path, turns_of_the_loop: int) -> None:
    database = await Database.open(tmp_path / "arni.db")
    waiting = asyncio.create_task(database.write(lambda tx: _add(tx, "late")))
    writer = asyncio.create_task(database.run(lambda: None))
    for _ in range(turns_of_the_loop):
        await asyncio.sleep(0)
    writer.cancel()
    await asyncio.wait({writer})
    stored = await _streams(database)
    await database.close()
    # Either it was committed before the stop, or its caller hears that it was not.
    async with asyncio.timeout(5):
        (result,) = await asyncio.gather(waiting, return_exceptions=True)
    assert stored == ([] if isinstance(result, Unavailable) else ["late"])


async def test_opening_again_keeps_everything(tmp_path: Path) -> None:
    for _ in range(2):
        async with open_database(tmp_path / "arni.db"):
            pass
    async with open_database(tmp_path / "arni.db") as database:
        await database.write(lambda tx: _add(tx, "kept"))
    async with open_database(tmp_path / "arni.db") as database:
        assert await _streams(database) == ["kept"]


async def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "arni.db"
    async with open_database(path):
        pass
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version=9999")
    raw.close()
    with pytest.raises(ConfigurationError, match="newer Arni Edge"):
        await Database.open(path)
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (9999,)
    raw.close()


async def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "arni.db"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE theirs (x)")
    raw.close()
    with pytest.raises(ConfigurationError, match="another program"):
        await Database.open(path)
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigurationError, match="not a database"):
        await Database.open(path)
