"""Looks for a person in all that the box keeps: every text in the database, every byte of every file."""

import asyncio
import contextlib
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from arni_edge.domain.health import Progress
from arni_edge.privacy.traces import Traces
from arni_edge.storage import Database, Transaction
from arni_edge.storage.database import Row, Unit

_PIECE: Final = 1 << 20
_ROWS: Final = 500
_CHANGES: Final = 50
# A chain that is changed shows it: what it holds are pseudonyms. What says who somebody is goes by itself.
_LEFT_ALONE: Final = frozenset({"audit", "audit_ends", "audit_subjects", "members", "erasing", "erasures"})


@dataclass
class Found:
    """What a search found.

    Attributes:
        files: How many were read.
        size: Their bytes.
        cells: How many texts of the database were read.
        where: Files and tables that hold something, each with how often.
        unreadable: Files that could not be read.
    """

    files: int = 0
    size: int = 0
    cells: int = 0
    where: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)

    def note(self, place: str, number: int) -> None:
        """Something was found."""
        if number:
            self.where[place] = self.where.get(place, 0) + number

    @property
    def number(self) -> int:
        """How often they were found."""
        return sum(self.where.values())


def search_files(folders: Sequence[Path], traces: Traces, found: Found) -> None:
    """Read every file below some folders, byte by byte; links and sockets are not followed.

    Args:
        folders: Where.
        traces: Whom to look for.
        found: Gets what is found, by paths below the folders.
    """
    for folder in folders:
        for file in _files(folder):
            name = f"{folder.name}/{file.relative_to(folder)}"
            try:
                found.note(name, _search(file, traces, found))
            except FileNotFoundError:
                continue  # it went while we were looking: so did what was in it
            except OSError:
                found.unreadable.append(name)


def _files(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        for name in sorted(names):
            file = Path(where, name)
            try:
                if stat.S_ISREG(file.lstat().st_mode):
                    yield file
            except FileNotFoundError:
                continue


def _search(file: Path, traces: Traces, found: Found) -> int:
    found.files += 1
    number, before = 0, b""
    with file.open("rb") as stream:
        while piece := stream.read(_PIECE):
            found.size += len(piece)
            # The reserve for alarms is 64 MiB of zeros: nobody stands in those, but at their edges.
            empty = piece.count(0) == len(piece)
            number += traces.in_bytes(before + (piece[: traces.longest] if empty else piece))
            # For what lies across two pieces; what lies in here is counted twice, which does no harm.
            before = (before + piece)[-traces.longest :]
    return number


# --- the database -----------------------------------------------------------------------------------------


async def search_rows(database: Database, traces: Traces, found: Found, progress: Progress) -> None:
    """Read every text in every table.

    Raises:
        Unavailable: They cannot be read now.
    """
    for table, columns in await _tables(database):
        async for rows in _pages(database, table, columns):
            hits = await asyncio.to_thread(_hits, rows, columns, traces)
            found.cells += len(rows) * len(columns)
            found.note(f"table {table}", len(hits))
            progress()


async def redact_rows(database: Database, traces: Traces, progress: Progress) -> dict[str, int]:
    """Take a person out of texts that are about something else; returns rows by table.

    A row that cannot be without them goes.

    Raises:
        Unavailable: They cannot be read or changed now.
    """
    changed: dict[str, int] = {}
    for table, columns in await _tables(database):
        if table in _LEFT_ALONE:
            continue
        async for rows in _pages(database, table, columns):
            hits = await asyncio.to_thread(_hits, rows, columns, traces)
            for at in range(0, len(hits), _CHANGES):
                await database.write(_change(table, hits[at : at + _CHANGES]))
            if hits:
                changed[table] = changed.get(table, 0) + len(hits)
            progress()
    return changed


_Hit = tuple[int, dict[str, str]]


def _hits(rows: Sequence[Row], columns: Sequence[str], traces: Traces) -> list[_Hit]:
    hits = []
    for row in rows:
        values = {
            column: traces.redacted(row[column])
            for column in columns
            if isinstance(row[column], str) and traces.in_text(row[column])
        }
        if values:
            hits.append((int(row["_row"]), values))
    return hits


def _change(table: str, hits: Sequence[_Hit]) -> Unit[None]:
    async def unit(tx: Transaction) -> None:
        for row, values in hits:
            changes = ", ".join(f'"{column}" = ?' for column in values)
            # A row that others refer to by what says who it is stays as it is: the search behind this tells.
            with contextlib.suppress(sqlite3.IntegrityError):
                changed = await tx.execute(
                    f'UPDATE OR IGNORE "{table}" SET {changes} WHERE rowid = ?',  # noqa: S608 - of the schema
                    (*values.values(), row),
                )
                if not changed:  # two rows would become one
                    await tx.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608 - likewise

    return unit


async def _tables(database: Database) -> list[tuple[str, list[str]]]:
    """All tables with rows that have texts; those without row numbers hold figures only."""
    names = await database.read(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND sql NOT LIKE '%WITHOUT ROWID%' ORDER BY name"
    )
    tables = []
    for row in names:
        columns = await database.read(
            "SELECT name FROM pragma_table_info(?) WHERE type = 'TEXT'", (row["name"],)
        )
        if columns:
            tables.append((str(row["name"]), [str(column["name"]) for column in columns]))
    return tables


async def _pages(database: Database, table: str, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
    listed, last = ", ".join(f'"{column}"' for column in columns), -1
    while True:
        rows = await database.read(
            f'SELECT rowid AS _row, {listed} FROM "{table}" WHERE rowid > ? ORDER BY rowid LIMIT {_ROWS}',  # noqa: S608
            (last,),
        )
        if not rows:
            return
        last = int(rows[-1]["_row"])
        yield rows
