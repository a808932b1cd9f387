"""Days and times in all the spellings that Magicline uses.

Date-times come as ``2022-06-22T08:00:00.000+02:00[Europe/Berlin]``, ``2023-12-03T10:15:30+01:00``,
``2024-06-13T10:33:00Z``, with microseconds, and without any offset (``2025-09-21T00:00:00``): then the
studio's own clock is meant. Times of day come as ``06:00:00`` (1.11.0) and as ``{"hour": 6, …}`` (1.5.0).
"""

import re
from datetime import UTC, date, datetime, time, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_LONGEST: Final = 80
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?![^T ])", re.ASCII)
_MOMENT: Final = re.compile(r"(?P<moment>[^\[\]]{10,40})(?:\[(?P<zone>[^\[\]]{1,40})\])?")
_NANOSECONDS: Final = re.compile(r"(\.\d{6})\d+", re.ASCII)


def read_day(value: object) -> date | None:
    """A day, or None when it is none; of a date-time its day.

    Args:
        value: For instance ``2022-01-01``.
    """
    if not isinstance(value, str) or not _DAY.match(value[:11]):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None


def read_moment(value: object, studio: tzinfo) -> datetime | None:
    """An aware date-time, or None when it is none.

    With a zone in brackets it is in that zone; the offset decides which of the two hours is meant that
    autumn has twice. With an offset only, it has that offset.

    Args:
        value: In one of the spellings.
        studio: The zone of the studio, for what names neither offset nor zone.
    """
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    match = _MOMENT.fullmatch(value.strip())
    if match is None:
        return None
    try:
        moment = datetime.fromisoformat(_NANOSECONDS.sub(r"\1", match["moment"]))
        zone = _zone(match["zone"]) if match["zone"] else None
        if moment.tzinfo is None and match["zone"] and zone is None:
            return None  # some clock's time, but nobody knows whose
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone or studio)
        elif zone is not None:
            moment = moment.astimezone(zone)
        moment.astimezone(UTC)  # the first and the last day of all time have no UTC: such a moment is none
    except (ValueError, OverflowError):
        return None
    return moment


def read_time(value: object) -> time | None:
    """A time of day on the studio's clock, or None when it is none; 24:00 is :data:`datetime.time.max`.

    Args:
        value: ``06:00:00`` or an object with ``hour``, ``minute``, ``second``.
    """
    try:
        if isinstance(value, dict):
            hour, minute, second = (value.get(part, 0) for part in ("hour", "minute", "second"))
            return time(hour, minute, second) if (hour, minute, second) != (24, 0, 0) else time.max
        if isinstance(value, str) and len(value) <= _LONGEST:
            return time.max if value[:5] == "24:00" else time.fromisoformat(value).replace(tzinfo=None)
    except (ValueError, TypeError, OverflowError):
        return None
    return None


@lru_cache(maxsize=32)
def _zone(name: str) -> ZoneInfo | None:
    """A zone by its name, or None when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return None
