"""A real database file with a running writer."""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import cache
from pathlib import Path

from arni_edge.storage import Database
from arni_edge.storage.migrate import migrate


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """One of the present schema; what a file that is there already has in it stays."""
    put_empty(path)
    database = await Database.open(path)
    writer = asyncio.create_task(database.run(lambda: None))
    try:
        yield database
    finally:
        writer.cancel()
        await asyncio.wait({writer})
        await database.close()


def put_empty(path: Path) -> None:
    """Have an empty database there, unless there is one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(empty_database())


@cache
def empty_database() -> bytes:
    """Its file. Every migration waits for the disk: done once for a thousand tests, that is minutes less."""
    with tempfile.TemporaryDirectory(prefix="arni-empty-") as folder:
        path = Path(folder) / "arni.db"
        with closing(sqlite3.connect(path)) as connection:
            migrate(connection, path)
            connection.execute("PRAGMA journal_mode=WAL")
        return path.read_bytes()
