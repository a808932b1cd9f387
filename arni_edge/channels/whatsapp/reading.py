"""Reading what may be anything: nothing in here raises for what a webhook brings."""

import re
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

MAX_ID = 512
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")


def obj(value: object) -> Json:
    """An object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Json]:
    """The objects of a list; none for everything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """A string that a database and a socket can carry; empty for everything that is no string."""
    return _LONE_SURROGATES.sub("\ufffd", value).replace("\0", "") if isinstance(value, str) else ""


def identifier(value: object) -> str | None:
    """An id of Meta's, or None for what cannot be one."""
    found = text(value)
    return found if 0 < len(found) <= MAX_ID else None


def first_id(holder: Json, *names: str) -> str | None:
    """The first of several ids that is there."""
    return next((found for name in names if (found := identifier(holder.get(name)))), None)


def word(value: object) -> str:
    """A kind, a field or an event as Meta writes them, fit for the log; ``unknown`` for anything else.

    Digits only a few, at the end: a number in full may be somebody's.
    """
    found = text(value)
    return found if re.fullmatch(r"[A-Za-z_]{1,64}[0-9]{0,4}", found) else "unknown"


def code(error: Json) -> int | None:
    """The code of an error."""
    found = error.get("code")
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def number(value: object) -> float | None:
    """A number, also as a string."""
    try:
        return float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        return None


def time(value: object, otherwise: datetime) -> datetime:
    """Unix seconds, as a string or a number; Meta writes both. Nothing was sent at the beginning of time."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return otherwise
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else otherwise
    except (ValueError, OverflowError, OSError):
        return otherwise
