"""``NotifyEvent``: what happened at a device, as far as its name is on our list. Pure, total, bounded."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from arni_edge.devices.shelly.components import COMPONENT, moment, read_component, scalar
from arni_edge.domain.readings import DeviceEvent, Update, Value

PRESSES: Final = frozenset(
    "btn_down btn_up single_push double_push triple_push long_push"
    " long_double_push long_triple_push hold_press rotate_left rotate_right".split()
)
"""One press yields ``btn_down``, ``btn_up`` and then what it was: act on exactly one of them. The second line
is said of Bluetooth buttons and dials only."""

_CHORES: Final = frozenset(
    "config_changed scheduled_restart sleep component_added component_removed"
    " ota_begin ota_progress ota_success ota_error".split()
)

_MOST_EVENTS = 64
_MOST_DATA = 16
_LONGEST_NAME = 40


def read_events(params: Mapping[str, Any]) -> tuple[tuple[Update, ...], tuple[DeviceEvent, ...]]:
    """Read every event of a notification.

    Args:
        params: ``{"ts": …, "events": [{"component", "id", "event", "ts", …}, …]}``.

    Returns:
        Readings (the ``data`` blocks of meters), and what happened. A name that is not on the list becomes
        ``other``, with the name in its data.
    """
    listed = params.get("events")
    updates: list[Update] = []
    events: list[DeviceEvent] = []
    for event in listed[:_MOST_EVENTS] if isinstance(listed, list) else ():
        name = event.get("event") if isinstance(event, dict) else None
        if not isinstance(name, str):
            continue
        component = event.get("component")
        entity = component if isinstance(component, str) and COMPONENT.fullmatch(component) else ""
        if name == "data" and entity and isinstance(event.get("data"), dict):
            updates.extend(read_component(entity, event["data"]))
        else:
            events.append(_read_event(name, entity, event))
    return tuple(updates), tuple(events)


def _read_event(name: str, entity: str, event: Mapping[str, Any]) -> DeviceEvent:
    data: dict[str, Value] = {}
    for key, value in islice(_details(event), _MOST_DATA):
        data[key[:_LONGEST_NAME]] = moment(value) if key == "ts" else scalar(value)
    if name in PRESSES or name in _CHORES:
        return DeviceEvent(name, entity, data)
    return DeviceEvent("other", entity, {**data, "name": scalar(name[:_LONGEST_NAME])})


def _details(event: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an event says besides its name; of an object, such as a script's ``data``, its scalars."""
    for key, value in event.items():
        if isinstance(value, dict):
            yield from (
                (f"{key}.{inner}", one) for inner, one in value.items() if not isinstance(one, dict | list)
            )
        elif key not in {"component", "id", "event"} and not isinstance(value, list):
            yield key, value
