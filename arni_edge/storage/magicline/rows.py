"""Rows of the mirror: put, and taken away when a list no longer has them."""

# ruff: noqa: S608 - names of tables and columns are constants of this package, values are always bound

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from arni_edge.storage.database import Transaction

Values = Mapping[str, str | int | None]

Settle = Callable[[Transaction], Awaitable[None]]
"""What is done in the commit that stores what was read."""


async def done(tx: Transaction, settle: Settle | None) -> None:
    """Do it, if there is anything."""
    if settle is not None:
        await settle(tx)


async def put(tx: Transaction, table: str, key: Sequence[str], values: Values) -> None:
    """Store a row, in the place of the one with the same key.

    Args:
        tx: The transaction.
        table: Which.
        key: Its columns that identify a row.
        values: By column; columns that are not named keep what they have.
    """
    names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    changes = ", ".join(f"{name} = excluded.{name}" for name in values if name not in key)
    await tx.execute(
        f"INSERT INTO {table} ({names}) VALUES ({marks})"
        f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}",
        dict(values),
    )


async def put_all(
    tx: Transaction,
    table: str,
    key: Sequence[str],
    rows: Iterable[Values],
    *,
    only: str = "1",
    **where: str | int,
) -> int:
    """Store rows that are all there are; returns how many there are.

    Args:
        tx: The transaction.
        table: Which.
        key: Its columns that identify a row; the last one tells rows apart that ``only`` covers.
        rows: By column.
        only: What the list was about: rows that this holds for, and that are not in the list, go.
        where: What ``only`` is bound to.
    """
    kept = []
    for values in rows:
        await put(tx, table, key, values)
        kept.append(values[key[-1]])
    await tx.execute(
        f"DELETE FROM {table} WHERE {only} AND {key[-1]} NOT IN (SELECT value FROM json_each(:kept))",
        {**where, "kept": json.dumps(kept)},
    )
    return len(kept)
