"""Alarms: stored first, then everything else."""

from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


async def add(
    tx: Transaction, alarm_id: str, *, source_key: str, cause: str, source: str, raised_at: datetime
) -> bool:
    """Store an alarm; returns False when this source raised it before."""
    changed = await tx.execute(
        "INSERT INTO alarms (alarm_id, source_key, cause, source, raised_at, state)"
        " VALUES (?, ?, ?, ?, ?, 'open') ON CONFLICT (source_key) DO NOTHING",
        (alarm_id, source_key, cause, source, raised_at.isoformat()),
    )
    return changed == 1


async def note_sink(
    tx: Transaction, alarm_id: str, sink: str, state: str, detail: str, now: datetime
) -> None:
    """Store what became of one sink of an alarm."""
    await tx.execute(
        "INSERT INTO alarm_sinks (alarm_id, sink, state, detail, at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (alarm_id, sink) DO UPDATE SET state = excluded.state, detail = excluded.detail,"
        " at = excluded.at",
        (alarm_id, sink, state, detail, now.isoformat()),
    )


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest alarms, newest first."""
    return await database.read(
        "SELECT * FROM alarms ORDER BY raised_at DESC, alarm_id DESC LIMIT ?", (limit,)
    )


async def open_since(database: Database, since: datetime) -> list[Row]:
    """Open alarms raised since a moment."""
    return await database.read(
        "SELECT * FROM alarms WHERE state = 'open' AND raised_at >= ?", (since.isoformat(),)
    )


async def sinks(database: Database, alarm_id: str) -> list[Row]:
    """What was done for one alarm."""
    return await database.read("SELECT * FROM alarm_sinks WHERE alarm_id = ? ORDER BY sink", (alarm_id,))
