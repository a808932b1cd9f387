"""Group commit against single commits, in the same run on the same disk.

The ratio of the times is printed (``pytest -s tests/bench``), not asserted: on a disk with quick syncs it is
3 to 5, on real flash far more. What is asserted is the cause: how many syncs the disk is asked for.
"""

import asyncio
import time
from functools import partial
from pathlib import Path

from support.database import open_database

from arni_edge.storage import Transaction

_ROWS = 400


async def _add(tx: Transaction, name: str) -> None:
    await tx.execute("INSERT INTO relay_cursor (stream, sequence) VALUES (?, 1)", (name,))


async def test_gathered_writes_are_several_times_faster_than_single_ones(tmp_path: Path) -> None:
    async with open_database(tmp_path / "arni.db") as database:
        started = time.perf_counter()
        for number in range(_ROWS):
            await database.write(partial(_add, name=f"single{number}"))
        single = time.perf_counter() - started
        single_commits = database.commits
        started = time.perf_counter()
        await asyncio.gather(*(database.write(partial(_add, name=f"many{n}")) for n in range(_ROWS)))
        gathered = time.perf_counter() - started
        print(
            f"single {_ROWS / single:.0f}/s, gathered {_ROWS / gathered:.0f}/s, ratio {single / gathered:.1f}"
        )
        assert single_commits == _ROWS
        assert database.commits - single_commits <= _ROWS / 50
