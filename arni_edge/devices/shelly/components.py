"""From the status of a component to readings: generation 2 and newer. Pure, total, bounded.

Nothing here raises for what a device may send. ``null`` and values of the wrong type are unknown; components
and attributes that we have never heard of pass as they are.
"""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

from arni_edge.devices.shelly import units
from arni_edge.domain.readings import Update, Value

COMPONENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}(?::[0-9]{1,5})?")
"""``<type>:<id>``, or a singleton such as ``sys``."""

_ATTRIBUTE: Final = re.compile(r"[A-Za-z0-9_]{1,40}")

_DEEPEST = 5
"""Levels within a component; real ones have four (``sys.alt.<app>.beta.version``)."""

_MOST_OF_COMPONENT = 100
_MOST_OF_MESSAGE = 1000
_LONGEST_LIST = 16
_LONGEST_TEXT = 200


def read_status(
    status: Mapping[str, Any], obj_ids: Mapping[str, int] = MappingProxyType({})
) -> tuple[Update, ...]:
    """Read an object keyed by component: a device's status, or the ``params`` of a notification.

    Args:
        status: Full or delta.
        obj_ids: What Bluetooth sensors measure, by component key.
    """
    found = (
        update
        for key, value in status.items()
        if key not in units.LEFT_OUT and COMPONENT.fullmatch(key)
        for update in read_component(key, value, obj_id=obj_ids.get(key))
    )
    return tuple(islice(found, _MOST_OF_MESSAGE))


def read_component(key: str, status: object, *, obj_id: int | None = None) -> tuple[Update, ...]:
    """Read the status of one component, full or delta.

    Args:
        key: ``<type>:<id>`` or a singleton.
        status: Its status; a scalar where a device keeps one beside its components.
        obj_id: Of a Bluetooth sensor, from its configuration: says what it measures.
    """
    kind = key.partition(":")[0]
    if kind == "bthomesensor" and isinstance(status, dict):
        return _read_bthome_sensor(key, status, obj_id)
    if not isinstance(status, dict):
        return tuple(_read(key, kind, "", status, 0))
    found = (
        update
        for name, value in status.items()
        if _is_read(name)
        for update in _read(key, kind, name, value, 1)
    )
    return tuple(islice(found, _MOST_OF_COMPONENT))


def read_settings(key: str, settings: Mapping[str, Any]) -> tuple[Update, ...]:
    """Read the configuration of a component, as ``<component>.config.<path>``.

    Nothing is concluded from the names of settings; what is not set is left out.
    """
    found = (
        update
        for name, value in settings.items()
        if _is_read(name)
        for update in _read(f"{key}.config", "", name, value, 1)
        if update.value is not None
    )
    return tuple(islice(found, _MOST_OF_COMPONENT))


def moment(value: object) -> float | None:
    """A Unix time, or None where the device's clock was not set, or nothing has happened yet."""
    number = _number(value)
    return float(number) if number is not None and number >= units.SYNCED else None


def scalar(value: object) -> Value:
    """A value as it is, if it is one, and of sensible size."""
    if value is None or isinstance(value, bool):
        return value
    return _number(value) if isinstance(value, int | float) else _text(value)


def _read(key: str, kind: str, path: str, value: object, depth: int) -> Iterator[Update]:
    name = path.rpartition(".")[2]
    entity = f"{key}.{path}" if path else key
    if isinstance(value, dict):
        if depth < _DEEPEST:
            for part, inner in value.items():
                if _is_read(part):
                    yield from _read(key, kind, _below(path, part), inner, depth + 1)
    elif _has_parts(kind, path):
        for part in units.PARTS[name]:
            yield from _read(key, kind, _below(path, part), None, depth + 1)
    elif isinstance(value, list):
        yield from _read_list(key, kind, path, value, depth)
    else:
        yield _reading(entity, kind, path, value)


def _read_list(key: str, kind: str, path: str, value: list[Any], depth: int) -> Iterator[Update]:
    if all(not isinstance(item, dict | list) for item in value):
        texts = [_plain(item) for item in value[:_LONGEST_LIST]]
        yield Update(f"{key}.{path}" if path else key, ",".join(texts))
    elif depth < _DEEPEST:
        for index, item in enumerate(value[:_LONGEST_LIST]):
            yield from _read(key, kind, _below(path, str(index)), item, depth + 1)


def _is_read(name: str) -> bool:
    return name not in units.LEFT_OUT and _ATTRIBUTE.fullmatch(name) is not None


def _below(path: str, part: str) -> str:
    return f"{path}.{part}" if path else part


def _has_parts(kind: str, path: str) -> bool:
    """Whether this attribute of a component that we know is always an object."""
    return (
        kind in units.KNOWN
        and path.rpartition(".")[2] in units.PARTS
        and f"{kind}.{path}" not in units.SPECIAL
    )


def _reading(entity: str, kind: str, path: str, value: object) -> Update:
    known = kind in units.KNOWN
    name = path.rpartition(".")[2]
    stem = name[2:] if name.startswith(units.PHASES) else name
    special = units.SPECIAL.get(f"{kind}.{path}")
    if name in units.MOMENTS:
        return Update(entity, moment(value))
    if path.endswith("aenergy.total"):
        return Update(entity, _number(value), "Wh")
    if special is not None:
        return _special(entity, special, value)
    if allowed := units.WORDS.get(f"{kind}.{path}"):
        return Update(entity, value if isinstance(value, str) and value in allowed else None)
    if stem in units.NUMBERS and (known or _number(value) is not None):
        return Update(entity, _number(value), units.NUMBERS[stem])
    if known and name in units.FLAGS:
        return Update(entity, value if isinstance(value, bool) else None)
    return Update(entity, scalar(value))


def _special(entity: str, kind: str, value: object) -> Update:
    if kind == "flag":
        return Update(entity, value if isinstance(value, bool) else None)
    if kind == "text":
        return Update(entity, _text(value))
    return Update(entity, _number(value), None if kind == "number" else kind)


def _read_bthome_sensor(key: str, status: Mapping[str, Any], obj_id: int | None) -> tuple[Update, ...]:
    """Its value counts only with the time at which it was heard; without, it is unknown.

    Never heard, the value is absent and the time 0, or one around the year 2003 (device dumps).
    """
    heard = moment(status.get("last_updated_ts"))
    unit = units.BTHOME.get(obj_id) if obj_id is not None else None
    updates = [Update(f"{key}.last_updated_ts", heard)]
    if heard is None:
        updates.insert(0, Update(f"{key}.value", None, unit))
    elif "value" in status:
        updates.insert(0, Update(f"{key}.value", scalar(status["value"]), unit))
    return tuple(updates)


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def _text(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        return None
    return value


def _plain(item: object) -> str:
    """An item of a list, as text without the comma that separates items."""
    if isinstance(item, bool):
        return "true" if item else "false"
    value = scalar(item)
    return "unknown" if value is None else str(value).replace(",", " ")
