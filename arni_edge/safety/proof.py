"""The proof log: what an insurer, or EN 17229-2 for a gym without anybody at the desk, asks for. Pure.

For every alarm: when it was raised, by what, who was told by which way and how quickly, who answered and
after how long, how it ended; the tests among them, and the months without one; and how quickly people answer.
"""

import csv
import io
import statistics
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

COLUMNS: Final = (
    "alarm", "raised", "cause", "source", "place", "drill", "reports", "deliveries", "acknowledged_by",
    "acknowledged_after", "escalations", "closed_by", "closed", "outcome", "note",
)  # fmt: skip
"""Of the table; their titles are ``proof.column.<name>`` in the catalogue."""

Text = Callable[..., str]
"""A sentence of the catalogue in the language of the log: key and values."""

_BY_ITSELF: Final = "system"
"""Who has closed a test that nobody answered."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one sink: a way to a person, or something in the building.

    Attributes:
        sink: For instance ``telegram/kim`` or ``light/floor``.
        state: ``done``, ``failed``, ``trying``, or ``not_needed``: somebody had the alarm before it ended.
        seconds: How long it took, or None.
    """

    sink: str
    state: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One alarm. Times are aware.

    Attributes:
        alarm_id: Its id.
        raised_at: When it was stored.
        cause: What kind.
        source: Where it came from.
        place: Id of where it was; empty: not known.
        drill: A test.
        reports: How many reports it stands for.
        deliveries: Everything that was done.
        acknowledged_at: When somebody answered, or None.
        acknowledged_by: Who, or empty.
        escalations: How many times others were called.
        closed_at: When it was ended, or None.
        closed_by: Who ended it, or empty.
        outcome: How it ended, or empty.
        note: What they wrote, or empty.
    """

    alarm_id: str
    raised_at: datetime
    cause: str
    source: str
    place: str
    drill: bool
    reports: int
    deliveries: tuple[Delivery, ...]
    acknowledged_at: datetime | None
    acknowledged_by: str
    escalations: int
    closed_at: datetime | None
    closed_by: str
    outcome: str
    note: str

    @property
    def response_seconds(self) -> float | None:
        """From the alarm to the first answer of a person."""
        if self.acknowledged_at is None:
            return None
        return (self.acknowledged_at - self.raised_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Summary:
    """A period in figures. Tests count for themselves: they are announced, and answered accordingly.

    Attributes:
        alarms: How many, tests not among them.
        drills: How many tests.
        false_alarms: How many of the alarms were none.
        unanswered: How many alarms nobody acknowledged.
        median_seconds: Of the answers to alarms; None: there was none.
        slowest_seconds: See there.
        drill_median_seconds: Of the answers to tests.
    """

    alarms: int
    drills: int
    false_alarms: int
    unanswered: int
    median_seconds: float | None
    slowest_seconds: float | None
    drill_median_seconds: float | None


def entry_of(row: Mapping[str, Any]) -> Entry:
    """An entry from what the control socket answers (``alarms.proof``)."""
    return Entry(
        alarm_id=row["alarm_id"],
        raised_at=datetime.fromisoformat(row["raised_at"]),
        cause=row["cause"],
        source=row["source"],
        place=row["place"] or "",
        drill=bool(row["drill"]),
        reports=row["reports"],
        deliveries=tuple(Delivery(one["sink"], one["state"], one["seconds"]) for one in row["sinks"]),
        acknowledged_at=_moment(row["acknowledged_at"]),
        acknowledged_by=row["acknowledged_by"] or "",
        escalations=row["step"],
        closed_at=_moment(row["closed_at"]),
        closed_by=row["closed_by"] or "",
        outcome=row["outcome"] or "",
        note=row["note"] or "",
    )


def summarise(entries: Sequence[Entry]) -> Summary:
    """A period in figures."""
    alarms = [one for one in entries if not one.drill]
    drills = [one for one in entries if one.drill]
    seconds = [one.response_seconds for one in alarms if one.response_seconds is not None]
    tested = [one.response_seconds for one in drills if one.response_seconds is not None]
    return Summary(
        alarms=len(alarms),
        drills=len(drills),
        false_alarms=sum(one.outcome == "false_alarm" for one in alarms),
        unanswered=len(alarms) - len(seconds),
        median_seconds=statistics.median(seconds) if seconds else None,
        slowest_seconds=max(seconds, default=None),
        drill_median_seconds=statistics.median(tested) if tested else None,
    )


def months_without_test(
    entries: Sequence[Entry], since: datetime, until: datetime, zone: ZoneInfo
) -> list[str]:
    """Months of a period, ``YYYY-MM``, in which nobody made and closed a test; the last one may still run.

    Args:
        entries: Of the period.
        since: Its beginning (aware).
        until: Its end (aware), not part of it.
        zone: The studio's: a month is one of its calendar.
    """
    tested = {
        f"{one.raised_at.astimezone(zone):%Y-%m}"
        for one in entries
        if one.drill and one.closed_at is not None and one.closed_by != _BY_ITSELF
    }
    day, last = since.astimezone(zone).date().replace(day=1), (until - timedelta(microseconds=1))
    months = []
    while day <= last.astimezone(zone).date():
        months.append(f"{day:%Y-%m}")
        day = (day + timedelta(days=32)).replace(day=1)
    return [month for month in months if month not in tested]


def cells(entry: Entry, zone: ZoneInfo, text: Text) -> list[str]:
    """An alarm as the cells of the table, in the order of :data:`COLUMNS`.

    Args:
        entry: The alarm.
        zone: The studio's time zone.
        text: The words.
    """
    return [
        entry.alarm_id,
        _when(entry.raised_at, zone),
        _word(text, f"alarm.cause.{entry.cause}", entry.cause),
        _word(text, f"alarm.source.{entry.source}", entry.source),
        entry.place,
        text("proof.yes") if entry.drill else text("proof.no"),
        str(entry.reports),
        "; ".join(_delivery(one, text) for one in entry.deliveries),
        entry.acknowledged_by,
        _seconds(entry.response_seconds),
        str(entry.escalations),
        entry.closed_by,
        _when(entry.closed_at, zone),
        _word(text, f"alarm.ended.{entry.outcome}", entry.outcome) if entry.outcome else "",
        entry.note,
    ]


def facts(summary: Summary, months: Sequence[str], text: Text) -> list[tuple[str, str]]:
    """The period in words: what, and how much.

    Args:
        summary: The figures.
        months: Those without a test.
        text: The words.
    """
    figures = {
        "alarms": str(summary.alarms),
        "false_alarms": str(summary.false_alarms),
        "unanswered": str(summary.unanswered),
        "median": _seconds(summary.median_seconds) or "-",
        "slowest": _seconds(summary.slowest_seconds) or "-",
        "drills": str(summary.drills),
        "drill_median": _seconds(summary.drill_median_seconds) or "-",
        "without_test": ", ".join(months) or text("proof.none"),
    }
    return [(text(f"proof.fact.{name}"), value) for name, value in figures.items()]


def table_csv(entries: Sequence[Entry], zone: ZoneInfo, text: Text) -> str:
    """The table as RFC 4180 has it: comma, CRLF, quotes doubled. No cell is a formula to a spreadsheet."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([text(f"proof.column.{name}") for name in COLUMNS])
    for entry in entries:
        writer.writerow([_harmless(cell) for cell in cells(entry, zone, text)])
    return file.getvalue()


def latin(text: str) -> tuple[str, bool]:
    """A text in the letters that the built-in fonts of a PDF have, and whether something got lost.

    A letter that they lack loses its accent (``ł`` and the like do not have one to lose), or is a ``?``.
    """
    out, lost = [], False
    for mark in unicodedata.normalize("NFC", text).translate(_TYPOGRAPHY):
        if _has(mark):
            out.append(mark)
            continue
        lost = True
        bare = "".join(one for one in unicodedata.normalize("NFKD", mark) if not unicodedata.combining(one))
        out.append(bare if bare and all(_has(one) for one in bare) else "?")
    return "".join(out), lost


_TYPOGRAPHY: Final = str.maketrans(
    {"„": '"', "“": '"', "”": '"', "‚": "'", "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "€": "EUR"}  # noqa: RUF001
)


def _has(mark: str) -> bool:
    return (mark.isprintable() or mark == "\n") and ord(mark) <= 0xFF


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet shows instead of calculating it."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _word(text: Text, key: str, otherwise: str) -> str:
    """A word of the catalogue; one of another version of the program stands as it is."""
    try:
        return text(key)
    except KeyError:
        return otherwise


def _delivery(one: Delivery, text: Text) -> str:
    took = f" {one.seconds:.1f} s" if one.seconds is not None else ""
    state = text(f"proof.state.{one.state}")
    return f"{one.sink}: {state}{took}"


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    return "" if moment is None else moment.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"


def _moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
