"""A real database file with a running writer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from arni_edge.storage import Database


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    writer = asyncio.create_task(database.run(lambda: None))
    try:
        yield database
    finally:
        writer.cancel()
        await asyncio.wait({writer})
        await database.close()
