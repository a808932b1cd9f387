"""Alarms: stored first, then everything else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from arni_edge.storage.database import Database, Row, Transaction

# Without whoever reported it: an address is nobody's business who lists alarms.
_ALARM: Final = (
    "SELECT alarm_id, source_key, cause, source, raised_at, state, reported_at, place, language, step,"
    " next_step_at, acknowledged_at, acknowledged_by, closed_at, closed_by, outcome, note, drill,"
    " (SELECT count(*) FROM alarm_reports AS r WHERE r.alarm_id = alarms.alarm_id) AS reports FROM alarms"
)

NOT_NEEDED: Final = "not_needed"
"""State of a sink that had come to no end when somebody took the alarm, or when it ended."""


@dataclass(frozen=True, slots=True)
class NewAlarm:
    """What is known of an alarm when it is raised.

    Attributes:
        alarm_id: Its id.
        source_key: Identity of the report that raised it.
        cause: What kind.
        source: Where it came from.
        raised_at: Now (aware).
        reported_at: When it was reported, by the source's clock (aware).
        place: Id of where it is.
        talk: Channel and address of whoever reported it, or source and place; None: neither is known.
        language: Of whoever reported it; None: nobody is there to be told.
        drill: A test.
        next_step_at: When others are called if nobody has acknowledged by then (aware).
    """

    alarm_id: str
    source_key: str
    cause: str
    source: str
    raised_at: datetime
    reported_at: datetime
    place: str | None
    talk: tuple[str, str] | None
    language: str | None
    drill: bool
    next_step_at: datetime


# --- raising ------------------------------------------------------------------------------------------------


async def add(tx: Transaction, new: NewAlarm) -> None:
    """Store an alarm; whether its report is known is asked before, by :func:`reported_as`."""
    told = new.talk if new.language is not None else None
    await tx.execute(
        "INSERT INTO alarms (alarm_id, source_key, cause, source, raised_at, state, reported_at, place,"
        " reporter_channel, reporter, language, drill, next_step_at)"
        " VALUES (?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?)",
        (
            new.alarm_id,
            new.source_key,
            new.cause,
            new.source,
            new.raised_at.isoformat(),
            new.reported_at.isoformat(),
            new.place,
            *(told or (None, None)),
            new.language or "de",
            new.drill,
            new.next_step_at.isoformat(),
        ),
    )


async def add_report(
    tx: Transaction,
    alarm_id: str,
    source_key: str,
    now: datetime,
    *,
    talk: tuple[str, str] | None,
    language: str | None,
) -> None:
    """Store that a report belongs to an alarm."""
    await tx.execute(
        "INSERT INTO alarm_reports (source_key, alarm_id, at, channel, address, language)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (source_key, alarm_id, now.isoformat(), *(talk or (None, None)), language),
    )


async def reported_as(tx: Transaction, source_key: str) -> str | None:
    """The alarm that a report belongs to, or None when it is new."""
    rows = await tx.fetch("SELECT alarm_id FROM alarm_reports WHERE source_key = ?", (source_key,))
    return rows[0]["alarm_id"] if rows else None


async def reporters(tx: Transaction, alarm_id: str) -> list[Row]:
    """Who wants to hear what becomes of an alarm, each once: number, channel, address, language."""
    return await tx.fetch(
        "SELECT min(number) AS number, channel, address, language FROM alarm_reports"
        " WHERE alarm_id = ? AND language IS NOT NULL GROUP BY channel, address ORDER BY 1",
        (alarm_id,),
    )


async def last_said(tx: Transaction, alarm_id: str, talk: tuple[str, str]) -> datetime | None:
    """When an alarm was last reported in a conversation (channel and address); None: never."""
    rows = await tx.fetch(
        "SELECT max(at) AS last FROM alarm_reports WHERE alarm_id = ? AND channel = ? AND address = ?",
        (alarm_id, *talk),
    )
    return datetime.fromisoformat(rows[0]["last"]) if rows[0]["last"] else None


async def sharpen(tx: Transaction, alarm_id: str, cause: str) -> None:
    """A later report says what it is about."""
    await tx.execute("UPDATE alarms SET cause = ? WHERE alarm_id = ?", (cause, alarm_id))


# --- what becomes of it -------------------------------------------------------------------------------------


async def take_step(
    tx: Transaction, alarm_id: str, step: int, next_step_at: datetime | None, *, state: str = "open"
) -> None:
    """Note that others are called, and when that is due again; nobody has it any more."""
    await tx.execute(
        "UPDATE alarms SET step = ?, next_step_at = ?, state = ?, acknowledged_at = NULL,"
        " acknowledged_by = NULL WHERE alarm_id = ?",
        (step, None if next_step_at is None else next_step_at.isoformat(), state, alarm_id),
    )


async def acknowledge(
    tx: Transaction, alarm_id: str, who: str, now: datetime, *, remind_at: datetime
) -> bool:
    """Note who takes it, and when to remind them of it; False when somebody else has, or it is closed."""
    changed = await tx.execute(
        "UPDATE alarms SET state = 'acknowledged', acknowledged_at = ?, acknowledged_by = ?,"
        " next_step_at = ? WHERE alarm_id = ? AND state = 'open'",
        (now.isoformat(), who, remind_at.isoformat(), alarm_id),
    )
    return changed == 1


async def remind_next(tx: Transaction, alarm_id: str, remind_at: datetime) -> None:
    """Note when whoever has it is reminded of it again."""
    await tx.execute(
        "UPDATE alarms SET next_step_at = ? WHERE alarm_id = ? AND state = 'acknowledged'",
        (remind_at.isoformat(), alarm_id),
    )


async def close(tx: Transaction, alarm_id: str, *, who: str, outcome: str, note: str, now: datetime) -> bool:
    """End it; False when it was ended before."""
    changed = await tx.execute(
        "UPDATE alarms SET state = 'closed', closed_at = ?, closed_by = ?, outcome = ?, note = ?,"
        " next_step_at = NULL WHERE alarm_id = ? AND state != 'closed'",
        (now.isoformat(), who, outcome, note, alarm_id),
    )
    return changed == 1


async def note(
    tx: Transaction, alarm_id: str, now: datetime, what: str, *, who: str = "", detail: str = ""
) -> None:
    """Add a line to the alarm's history: the proof log."""
    await tx.execute(
        "INSERT INTO alarm_history (alarm_id, at, what, who, detail) VALUES (?, ?, ?, ?, ?)",
        (alarm_id, now.isoformat(), what, who, detail),
    )


async def noted(tx: Transaction, alarm_id: str, what: str) -> list[Row]:
    """Lines of one kind in an alarm's history, oldest first."""
    return await tx.fetch(
        "SELECT * FROM alarm_history WHERE alarm_id = ? AND what = ? ORDER BY id", (alarm_id, what)
    )


# --- sinks --------------------------------------------------------------------------------------------------


async def begin_sink(tx: Transaction, alarm_id: str, sink: str, now: datetime, *, step: int = 0) -> None:
    """Note that a sink is to be reached, or to be reached again at a later step."""
    await tx.execute(
        "INSERT INTO alarm_sinks (alarm_id, sink, state, at, attempts, first_at, step)"
        " VALUES (:alarm, :sink, 'trying', :now, 0, :now, :step) ON CONFLICT (alarm_id, sink) DO UPDATE"
        " SET state = 'trying', at = :now, first_at = :now, step = :step, seconds = NULL",
        {"alarm": alarm_id, "sink": sink, "now": now.isoformat(), "step": step},
    )


async def note_sink(
    tx: Transaction, alarm_id: str, sink: str, state: str, detail: str, now: datetime, *, attempts: int = 1
) -> bool:
    """Store what became of one sink of an alarm; what is new stands in the history as well.

    Args:
        tx: The transaction.
        alarm_id: The alarm.
        sink: Name of the sink.
        state: ``trying``, ``done`` or ``failed``; an attempt that fails after it was called off is no news.
        detail: Evidence or reason; nothing personal.
        now: The moment.
        attempts: How many more times it was tried.

    Returns:
        Whether it was in another state before.
    """
    rows = await tx.fetch(
        "SELECT state, first_at FROM alarm_sinks WHERE alarm_id = ? AND sink = ?", (alarm_id, sink)
    )
    if rows and rows[0]["state"] == NOT_NEEDED and state != "done":
        return False
    begun = datetime.fromisoformat(rows[0]["first_at"]) if rows and rows[0]["first_at"] else now
    seconds = max(0.0, (now - begun).total_seconds())
    await tx.execute(
        "INSERT INTO alarm_sinks (alarm_id, sink, state, detail, at, attempts, first_at, seconds)"
        " VALUES (:alarm, :sink, :state, :detail, :now, :attempts, :now, :seconds)"
        " ON CONFLICT (alarm_id, sink) DO UPDATE SET state = :state, detail = :detail, at = :now,"
        " attempts = attempts + :attempts, seconds = :seconds",
        {
            "alarm": alarm_id,
            "sink": sink,
            "state": state,
            "detail": detail[:500],
            "now": now.isoformat(),
            "attempts": attempts,
            "seconds": round(seconds, 3) if state == "done" else None,
        },
    )
    if rows and rows[0]["state"] == state:
        return False
    line = f"{sink}: {detail[:200]} ({seconds:.1f} s)"
    await note(tx, alarm_id, now, f"sink_{state}", detail=line)
    return True


async def call_off(
    tx: Transaction, alarm_id: str, detail: str, now: datetime, *, kinds: Sequence[str] | None = None
) -> None:
    """Note of what has come to no end that it is not needed any more; what has failed has failed.

    Args:
        tx: The transaction.
        alarm_id: The alarm.
        detail: Why.
        now: The moment.
        kinds: Only sinks of these kinds: what stands before the ``/`` of their names; None: all.
    """
    for row in await sinks_in(tx, alarm_id):
        kind, slash, _ = row["sink"].partition("/")
        if row["state"] == "trying" and (kinds is None or (slash and kind in kinds)):
            await tx.execute(
                "UPDATE alarm_sinks SET state = ?, detail = ?, at = ? WHERE alarm_id = ? AND sink = ?",
                (NOT_NEEDED, detail, now.isoformat(), alarm_id, row["sink"]),
            )


async def call_on(tx: Transaction, alarm_id: str, now: datetime) -> None:
    """Whoever had it has handed it on: what was called off is to be reached after all."""
    await tx.execute(
        "UPDATE alarm_sinks SET state = 'trying', detail = '', at = :now, first_at = :now, seconds = NULL"
        " WHERE alarm_id = :alarm AND state = :state",
        {"alarm": alarm_id, "state": NOT_NEEDED, "now": now.isoformat()},
    )


async def sinks_in(tx: Transaction, alarm_id: str) -> list[Row]:
    """What is done for one alarm, as a transaction sees it."""
    return await tx.fetch("SELECT * FROM alarm_sinks WHERE alarm_id = ? ORDER BY sink", (alarm_id,))


async def sink_is_done(tx: Transaction, alarm_id: str, sink: str) -> bool:
    """Whether one sink of an alarm has been reached."""
    rows = await tx.fetch(
        "SELECT 1 FROM alarm_sinks WHERE alarm_id = ? AND sink = ? AND state = 'done'", (alarm_id, sink)
    )
    return bool(rows)


async def sinks(database: Database, alarm_id: str) -> list[Row]:
    """What was done for one alarm."""
    return await database.read("SELECT * FROM alarm_sinks WHERE alarm_id = ? ORDER BY sink", (alarm_id,))


# --- looking ------------------------------------------------------------------------------------------------


async def find(tx: Transaction, alarm_id: str) -> Row | None:
    """One alarm, or None."""
    rows = await tx.fetch(f"{_ALARM} WHERE alarm_id = ?", (alarm_id,))
    return rows[0] if rows else None


async def open_in(tx: Transaction) -> list[Row]:
    """Alarms that are not closed, oldest first, as a transaction sees them."""
    return await tx.fetch(f"{_ALARM} WHERE state != 'closed' ORDER BY alarm_id")


async def not_closed(database: Database) -> list[Row]:
    """Alarms that are not closed, oldest first."""
    return await database.read(f"{_ALARM} WHERE state != 'closed' ORDER BY alarm_id")


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest alarms, newest first."""
    return await database.read(f"{_ALARM} ORDER BY raised_at DESC, alarm_id DESC LIMIT ?", (limit,))


async def history(database: Database, alarm_id: str) -> list[Row]:
    """Everything that happened to one alarm, in order."""
    return await database.read("SELECT * FROM alarm_history WHERE alarm_id = ? ORDER BY id", (alarm_id,))
