"""How many people are in the gym, what of the lines' totals is in that count, and how it was hour by hour."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime

from arni_edge.domain.clock import Clock
from arni_edge.domain.headcount import HeadcountMemory, HourTally, LineTotals
from arni_edge.storage.database import Database, Row, Transaction

_MOMENTS = frozenset({"zeroed_for", "proved_at", "drift_at"})
_COLUMNS = tuple(field.name for field in fields(HeadcountMemory))
_SAVE = (
    f"INSERT OR REPLACE INTO headcount (id, saved_at, {', '.join(_COLUMNS)})"  # noqa: S608 - names of ours
    f" VALUES (1, ?, {', '.join('?' for _ in _COLUMNS)})"
)
_SAVE_SECONDS = 5.0


class HeadcountStore:
    """Keeps the headcount and the lines' totals together: no crossing is lost or counted twice by a crash."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def load(self) -> tuple[HeadcountMemory, datetime, tuple[LineTotals, ...]] | None:
        """What was kept and when (aware); None when nothing ever was.

        Raises:
            Unavailable: It cannot be read now.
        """
        # One statement: a save between two would pair an old headcount with new totals.
        rows = await self._database.read(
            "SELECT headcount.*, line, epoch, line_totals.entries AS line_in, line_totals.exits AS line_out,"
            " at FROM headcount LEFT JOIN line_totals ON TRUE"
        )
        if not rows:
            return None
        totals = tuple(
            LineTotals(row["line"], row["epoch"], row["line_in"], row["line_out"], _moment(row["at"]))
            for row in rows
            if row["line"] is not None
        )
        return _memory(rows[0]), _moment(rows[0]["saved_at"]), totals

    async def save(self, memory: HeadcountMemory, totals: Iterable[LineTotals]) -> None:
        """Keep both; returns when they are on the disk.

        Raises:
            Unavailable: They are not.
        """
        now, values = self._clock.now(), [_value(memory, name) for name in _COLUMNS]
        lines = [(one.line, one.epoch, one.entries, one.exits, _text(one.at)) for one in totals]

        async def unit(tx: Transaction) -> None:
            await tx.execute(_SAVE, (_text(now), *values))
            for line in lines:
                await tx.execute("INSERT OR REPLACE INTO line_totals VALUES (?, ?, ?, ?, ?)", line)

        await self._database.write(unit, deadline=_SAVE_SECONDS)


async def add_hours(tx: Transaction, tallies: Iterable[HourTally]) -> None:
    """Add what was seen to the hours that it belongs to."""
    for one in tallies:
        await tx.execute(
            "INSERT INTO occupancy_hours VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (place, hour) DO UPDATE SET seconds = seconds + excluded.seconds,"
            " people_seconds = people_seconds + excluded.people_seconds, most = max(most, excluded.most),"
            " entries = entries + excluded.entries, exits = exits + excluded.exits",
            (
                one.place,
                _text(one.hour),
                one.seconds,
                one.people_seconds,
                one.most,
                one.entries,
                one.exits,
            ),
        )


async def hours_of(database: Database, place: str, since: datetime) -> list[HourTally]:
    """The hours of a place since a moment (aware), in their order.

    Raises:
        Unavailable: They cannot be read now.
    """
    rows = await database.read(
        "SELECT * FROM occupancy_hours WHERE place = ? AND hour >= ? ORDER BY hour", (place, _text(since))
    )
    return [
        HourTally(
            row["place"],
            _moment(row["hour"]),
            row["seconds"],
            row["people_seconds"],
            row["most"],
            row["entries"],
            row["exits"],
        )
        for row in rows
    ]


def _text(moment: datetime) -> str:
    """In UTC and of one length, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _value(memory: HeadcountMemory, name: str) -> object:
    value = getattr(memory, name)
    return _text(value) if isinstance(value, datetime) else value


def _memory(row: Row) -> HeadcountMemory:
    values = {name: row[name] for name in _COLUMNS}
    moments = {name: _moment(values[name]) for name in _MOMENTS if values[name] is not None}
    return HeadcountMemory(**{**values, **moments, "awaits_lines": bool(values["awaits_lines"])})
