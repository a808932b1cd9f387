"""Single values of a Shelly of generation 1: the text of a topic and the JSON of ``info`` alike.

A reader takes what was on the wire (text, or a JSON value) and returns the value in our vocabulary; what it
does not understand, or what the device marks as invalid (temperature 999, Motion's -1), becomes None.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from arni_edge.devices.shelly import frames
from arni_edge.domain.readings import Update, Value

_LONGEST_PAYLOAD = 64 * 1024
"""A real ``info`` has less than 3 kB."""
_LONGEST_TEXT = 128
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,12})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9 _-]{0,63}", re.ASCII)
_FLAGS: Mapping[str, bool] = {
    "true": True, "1": True, "on": True,
    "false": False, "0": False, "off": False,
}  # fmt: skip

Read = Callable[[object], Value]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one value means.

    Attributes:
        entity: Its name; ``{0}`` stands for the component (``switch:0``), ``{1}`` for the channel (``0``) and
            ``{2}`` for the id that an add-on's channel has (``100``).
        read: From the wire to the value.
        unit: See :class:`~arni_edge.domain.readings.Update`.
    """

    entity: str
    read: Read
    unit: str | None = None

    def update(self, raw: object, *, component: str = "", channel: int = 0) -> Update:
        """The update that this raw value makes."""
        return Update(self.entity.format(component, channel, 100 + channel), self.read(raw), self.unit)


def text(payload: bytes) -> str | None:
    """The text of a value's own topic, None for what cannot be one."""
    if len(payload) > _LONGEST_TEXT:
        return None
    try:
        return payload.decode().strip()
    except UnicodeDecodeError:
        return None


def json_object(payload: bytes) -> dict[str, Any] | None:
    """A JSON object of a credible size."""
    return frames.parse_object(payload) if len(payload) <= _LONGEST_PAYLOAD else None


def json_array(payload: bytes) -> list[Any] | None:
    """A short JSON array."""
    try:
        value = orjson.loads(payload) if len(payload) <= _LONGEST_TEXT else None
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, list) else None


def number(raw: object) -> int | float | None:
    """A finite number, from JSON or from decimal text."""
    if isinstance(raw, str):
        if not _NUMBER.fullmatch(raw):
            return None
        return float(raw) if "." in raw else int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw):
        return None
    return raw


def between(low: float, high: float) -> Read:
    """A number from ``low`` to ``high``, both included."""

    def read(raw: object) -> Value:
        value = number(raw)
        return value if value is not None and low <= value <= high else None

    return read


percent = between(0, 100)
positive = between(0, math.inf)


def event_count(raw: object) -> int | None:
    """The counter of an input's events, an unsigned number of 16 bits."""
    return raw if type(raw) is int and 0 <= raw <= 0xFFFF else None


def celsius(raw: object) -> float | None:
    """A temperature that can be one: 999 and the like are how these devices say that they do not know."""
    value = number(raw)
    return value if value is not None and -100 < value < 900 else None


def fahrenheit(raw: object) -> float | None:
    """The same on the other scale; the invalid 999 is the same number on both."""
    value = number(raw)
    return value if value is not None and -148 < value < 999 else None


def celsius_of_fahrenheit(raw: object) -> float | None:
    """°F from the wire, °C for us; two decimals, as the devices give."""
    value = fahrenheit(raw)
    return None if value is None else celsius(round((value - 32) / 1.8, 2))


def humidity(raw: object) -> Value:
    """Relative humidity; 0 and 999 are invalid readings."""
    value = number(raw)
    return value if value is not None and 0 < value < 999 else None


def watt_hours(raw: object) -> float | None:
    """Energy: watt-minutes on the wire, watt-hours for us."""
    value = number(raw)
    return None if value is None or value < 0 else round(value / 60, 3)


def flag(raw: object) -> bool | None:
    """``true``/``1``/``on`` or ``false``/``0``/``off``, as text or JSON."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int):
        raw = str(raw)
    return _FLAGS.get(raw) if isinstance(raw, str) else None


def word(raw: object) -> str | None:
    """A word of the device's own, passed on as it is: ``normal``, ``not_completed``, ``Very High``."""
    return raw if isinstance(raw, str) and _WORD.fullmatch(raw) else None


def words(meanings: Mapping[str, Value]) -> Read:
    """One of these words; any other, ``unknown`` among them, is unknown."""

    def read(raw: object) -> Value:
        return meanings.get(raw) if isinstance(raw, str) else None

    return read


def errors(raw: object) -> str | None:
    """Whether a component tripped: ``overpower``, or nothing."""
    tripped = flag(raw)
    return None if tripped is None else "overpower" if tripped else ""


def reasons(raw: object) -> str | None:
    """Why a sleeper woke up (``["periodic","sensor"]``), joined by commas."""
    if not isinstance(raw, list) or not 0 < len(raw) <= 8:
        return None
    named = [word(one) for one in raw]
    return None if None in named else ",".join(str(one) for one in named)


def scalar(raw: object) -> Value:
    """Whatever it is, as it is, unless it is too long or no scalar."""
    if isinstance(raw, str):
        return raw if len(raw) <= _LONGEST_TEXT and raw.isprintable() else None
    return raw if isinstance(raw, bool) else number(raw)


def plain(raw: object) -> Value:
    """The text of a topic that we do not know: a truth, a number, or else the text itself."""
    truth = {"true": True, "false": False}.get(raw) if isinstance(raw, str) else None
    if truth is not None:
        return truth
    found = number(raw)
    return scalar(raw) if found is None else found


window = words({"open": True, "close": False})
illumination = words({name: name for name in ("dark", "twilight", "bright")})
gas_alarm = words({name: name for name in ("none", "mild", "heavy", "test")})
roller = words({"open": "opening", "close": "closing", "stop": "stopped"})
stop_reason = words({name: name for name in ("normal", "obstacle", "safety_switch", "overpower")})
PRESSES: Mapping[str, str] = {
    "S": "single_push",
    "L": "long_push",
    "SS": "double_push",
    "SSS": "triple_push",
    "SL": "short_long_push",
    "LS": "long_short_push",
}
"""Input events of generation 1 in the words of generation 2, which lacks the last two."""
