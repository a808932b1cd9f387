"""What is forgotten by itself: found by the reader, deleted by the writer a few rows at a time."""

# ruff: noqa: S608 - statements are put together from the table of jobs, values are always bound

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class Kept:
    """What a table keeps, and which of its rows are never too old.

    Attributes:
        table: The table.
        moment: Column or expression with the moment that the days count from.
        only: Condition on rows that may go at all; others are not finished.
        key: Columns that name a row.
        children: Tables whose rows go with it, each with its column.
    """

    table: str
    moment: str
    only: str = "1"
    key: str = "rowid"
    children: tuple[tuple[str, str], ...] = ()


async def old(database: Database, kept: Kept, before: datetime, limit: int) -> list[Row]:
    """Keys of some rows that are too old.

    Raises:
        Unavailable: They cannot be read now.
    """
    return await database.read(
        f"SELECT {kept.key} FROM {kept.table} WHERE {kept.moment} < ? AND ({kept.only}) LIMIT ?",
        (before.isoformat(timespec="microseconds"), limit),
    )


async def delete(tx: Transaction, kept: Kept, before: datetime, keys: Sequence[Row]) -> int:
    """Delete those of some rows that still may go; returns how many."""
    moment, number = before.isoformat(timespec="microseconds"), 0
    for key in keys:
        names = " AND ".join(f"{column} = ?" for column in key.keys())  # noqa: SIM118 - a row of SQLite
        values = (*tuple(key), moment)
        where = f"{names} AND {kept.moment} < ? AND ({kept.only})"
        for table, column in kept.children:
            await tx.execute(
                f"DELETE FROM {table} WHERE {column} IN (SELECT {column} FROM {kept.table} WHERE {where})",
                values,
            )
        number += await tx.execute(f"DELETE FROM {kept.table} WHERE {where}", values)
    return number


async def census(database: Database, kept: Kept) -> tuple[int, str | None]:
    """How many rows there are, and the oldest moment among them."""
    (row,) = await database.read(f"SELECT count(*) AS number, min({kept.moment}) AS oldest FROM {kept.table}")
    return int(row["number"]), row["oldest"]


async def note_runs(tx: Transaction, now: datetime, removed: Mapping[str, tuple[int, str]]) -> None:
    """Note what every job did: rows that went, and what was wrong."""
    await tx.execute(
        "INSERT INTO retention_runs (job, at, removed, problem)"
        " SELECT json_extract(value, '$[0]'), ?, json_extract(value, '$[1]'), json_extract(value, '$[2]')"
        " FROM json_each(?)",
        (now.isoformat(), json.dumps([[job, *what] for job, what in removed.items()])),
    )


async def last_runs(database: Database) -> dict[str, Row]:
    """The newest run of every job."""
    rows = await database.read("SELECT *, max(id) FROM retention_runs GROUP BY job")
    return {str(row["job"]): row for row in rows}
