"""The monthly test of the alarm chain: how often staff were reminded of it, and what it showed."""

from datetime import datetime

from arni_edge.storage.database import Database, Row, Transaction


async def begin(tx: Transaction, month: str, reminders: int) -> Row:
    """What is known of a month; a month that is new begins with no reminder.

    Args:
        tx: The transaction.
        month: ``YYYY-MM``.
        reminders: How many count as given where no month is known at all: nobody is reminded of a day before
            the box was there.
    """
    await tx.execute(
        "INSERT INTO alarm_tests (month, reminders) VALUES (:month,"
        " CASE WHEN EXISTS (SELECT 1 FROM alarm_tests) THEN 0 ELSE :reminders END)"
        " ON CONFLICT (month) DO NOTHING",
        {"month": month, "reminders": reminders},
    )
    return (await tx.fetch("SELECT * FROM alarm_tests WHERE month = ?", (month,)))[0]


async def remind(tx: Transaction, month: str, reminders: int, now: datetime) -> None:
    """Note that staff were reminded, so many times by now."""
    await tx.execute(
        "UPDATE alarm_tests SET reminders = ?, reminded_at = ? WHERE month = ?",
        (reminders, now.isoformat(), month),
    )


async def done(tx: Transaction, month: str, alarm_id: str, result: str, now: datetime) -> None:
    """Note the test of a month, and what it showed."""
    await tx.execute(
        "UPDATE alarm_tests SET alarm_id = ?, result = ?, done_at = ? WHERE month = ?",
        (alarm_id, result, now.isoformat(), month),
    )


async def newest(database: Database, limit: int) -> list[Row]:
    """The newest months, newest first."""
    return await database.read("SELECT * FROM alarm_tests ORDER BY month DESC LIMIT ?", (limit,))


async def first_drill(tx: Transaction, since: datetime) -> Row | None:
    """The first test alarm raised since a moment that a person has closed.

    One that nobody answered ends by itself, and has shown only that.
    """
    rows = await tx.fetch(
        "SELECT alarm_id, raised_at, acknowledged_at, closed_at FROM alarms"
        " WHERE drill = 1 AND state = 'closed' AND closed_by != 'system' AND raised_at >= ?"
        " ORDER BY raised_at LIMIT 1",
        (since.isoformat(),),
    )
    return rows[0] if rows else None
