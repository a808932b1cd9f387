"""How the simulated Magicline writes moments and card numbers: differently from family to family."""

import re
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("Europe/Berlin")
_MOMENT = re.compile(
    r"(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?)(?:\[[A-Za-z0-9/_+-]{1,60}\])?"
)
CARD_FORMATS: Final = ("DECIMAL", "HEX_MSB", "HEX_LSB")


def zoned(moment: datetime) -> str:
    """``2022-06-22T08:00:00.000+02:00[Europe/Berlin]``: slots, appointments, bookings, creation."""
    return f"{moment.astimezone(ZONE).isoformat(timespec='milliseconds')}[{ZONE.key}]"


def with_offset(moment: datetime) -> str:
    """``2023-12-03T10:15:30+01:00``: check-ins."""
    return moment.astimezone(ZONE).isoformat(timespec="seconds")


def in_utc(moment: datetime) -> str:
    """``2024-06-13T10:33:00Z``: the access code."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def in_utc_exactly(moment: datetime) -> str:
    """``2025-01-07T16:25:09.416924Z``: the payment token."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def local(moment: datetime) -> str:
    """``2025-09-21T00:00:00``: closing hours, in the studio's time."""
    return f"{moment.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}"


def time_of_day(hour: int, minute: int = 0) -> dict[str, int]:
    """Opening hours as version 1.5.0 describes them; later versions write ``06:00:00``."""
    return {"hour": hour, "minute": minute, "second": 0, "nano": 0}


def moment_of(text: str) -> datetime | None:
    """A moment in any spelling; without an offset it is the studio's time. None: it is none."""
    if (match := _MOMENT.fullmatch(text)) is None:
        return None
    try:
        moment = datetime.fromisoformat(match["moment"])
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(ZONE)
    except (ValueError, OverflowError):
        return None


def day_of(text: str) -> date | None:
    """A date, ``2022-01-01``. None: it is none."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A time of a day in the studio."""
    return datetime.combine(day, time(hour, minute), ZONE)


def card_as(number: str, spelling: str) -> str:
    """A decimal card number in another spelling.

    Args:
        number: Decimal digits.
        spelling: One of :data:`CARD_FORMATS`.
    """
    if spelling == "DECIMAL":
        return number
    value = int(number)
    order: Final = "big" if spelling == "HEX_MSB" else "little"
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, order).hex()


def card_from(text: str, spelling: str) -> str | None:
    """The decimal card number of a spelling; None: it is none."""
    if spelling == "DECIMAL":
        return text if text.isascii() and text.isdigit() else None
    try:
        return str(int.from_bytes(bytes.fromhex(text), "big" if spelling == "HEX_MSB" else "little"))
    except ValueError:
        return None
