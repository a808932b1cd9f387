"""Reading alarms for the proof log: by period, by their code, with everything that happened to them."""

from datetime import datetime
from typing import Any

from arni_edge.storage.database import Database, Row

_COLUMNS = (
    "alarm_id, cause, source, place, raised_at, reported_at, state, drill, step, closed_at, closed_by,"
    " outcome, note,"
    # The first answer: somebody who hands an alarm on has answered all the same.
    " coalesce((SELECT at FROM alarm_history AS h WHERE h.alarm_id = alarms.alarm_id"
    " AND what = 'acknowledged' ORDER BY id LIMIT 1), acknowledged_at) AS acknowledged_at,"
    " coalesce((SELECT who FROM alarm_history AS h WHERE h.alarm_id = alarms.alarm_id"
    " AND what = 'acknowledged' ORDER BY id LIMIT 1), acknowledged_by) AS acknowledged_by,"
    " (SELECT count(*) FROM alarm_reports AS r WHERE r.alarm_id = alarms.alarm_id) AS reports"
)


async def between(
    database: Database, since: datetime, until: datetime, *, after: str, limit: int
) -> list[dict[str, Any]]:
    """Alarms raised in a period, oldest first, each with its ``sinks``.

    Args:
        database: The one.
        since: From here on (aware).
        until: Not from here on (aware).
        after: Only those behind this id; empty: from the beginning.
        limit: How many at most.
    """
    rows = await database.read(
        f"SELECT {_COLUMNS} FROM alarms WHERE raised_at >= ? AND raised_at < ? AND alarm_id > ?"  # noqa: S608
        " ORDER BY alarm_id LIMIT ?",
        (since.isoformat(), until.isoformat(), after, limit),
    )
    return [{**dict(row), "sinks": await _sinks(database, row["alarm_id"])} for row in rows]


async def one(database: Database, alarm_id: str) -> dict[str, Any] | None:
    """One alarm with its ``sinks`` and its ``history``, or None."""
    rows = await database.read(
        f"SELECT {_COLUMNS} FROM alarms WHERE alarm_id = ?",  # noqa: S608 - fixed columns
        (alarm_id,),
    )
    if not rows:
        return None
    history = await database.read(
        "SELECT at, what, who, detail FROM alarm_history WHERE alarm_id = ? ORDER BY id", (alarm_id,)
    )
    sinks = await _sinks(database, alarm_id)
    return {**dict(rows[0]), "sinks": sinks, "history": [dict(line) for line in history]}


async def ids_of(database: Database, id_or_code: str) -> list[str]:
    """Ids of alarms that are called so: by the whole id, or by its last six characters; newest first."""
    rows: list[Row] = await database.read(
        "SELECT alarm_id FROM alarms WHERE alarm_id = ? OR substr(alarm_id, -6) = ?"
        " ORDER BY raised_at DESC LIMIT 3",
        (id_or_code, id_or_code),
    )
    return [row["alarm_id"] for row in rows]


async def first_raised(database: Database) -> datetime | None:
    """When the oldest alarm that is kept was raised, or None."""
    rows = await database.read("SELECT min(raised_at) AS first FROM alarms")
    return datetime.fromisoformat(rows[0]["first"]) if rows[0]["first"] else None


async def _sinks(database: Database, alarm_id: str) -> list[dict[str, Any]]:
    rows = await database.read(
        "SELECT sink, state, detail, seconds, attempts, step FROM alarm_sinks WHERE alarm_id = ?"
        " ORDER BY sink",
        (alarm_id,),
    )
    return [dict(row) for row in rows]
