"""Home Assistant discovery as Nuki locks publish it: a way to find locks, and a warning.

With it switched on, any Home Assistant on this broker shows buttons that open the door.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from arni_edge.devices.nuki.reader import canonical_id, device_key
from arni_edge.devices.printable import printable
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation

_ROOT: Final = "homeassistant"
_LONGEST: Final = 16_384
_OPENING_COMPONENTS: Final = frozenset({"lock", "button"})
_BASE: Final = re.compile(r"nuki/([0-9A-Fa-f]{1,8})(?:/[A-Za-z]+)?")
_ADDRESSES: Final = ("~", "cmd_t", "command_topic", "stat_t", "state_topic", "avty_t", "availability_topic")

_IGNORED = Interpretation(None, ignored="Home Assistant discovery")


def read_discovery(topic: str, payload: bytes) -> Interpretation | None:
    """What a message below ``homeassistant/`` means; None for any other topic.

    Retained messages count, too: as long as one lies there, the buttons are there.

    Args:
        topic: ``homeassistant/<component>/<ID>/<name>/config`` by the vendor's document; the script that it
            is modelled after has the id only in the third level's text.
        payload: The configuration as JSON; empty when it is taken back.
    """
    root, _, rest = topic.partition("/")
    if root != _ROOT:
        return None
    component, _, place = rest.partition("/")
    if not place.endswith("/config"):
        return _IGNORED
    config = _object(payload)
    spelling = _id_of(config)
    # The lock's id must be in the topic, too: nobody speaks for another lock here.
    if spelling is None or canonical_id(spelling) not in _ids_in(place):
        return _IGNORED
    return _read_config(component, spelling, config)


def _read_config(component: str, spelling: str, config: Mapping[str, Any]) -> Interpretation:
    device = config.get("dev", config.get("device"))
    facts = device if isinstance(device, dict) else {}
    opens = component in _OPENING_COMPONENTS
    return Interpretation(
        device_key(canonical_id(spelling) or ""),
        events=(DeviceEvent("discovery_buttons", "", {"component": component}),) if opens else (),
        identity=Identity(
            "nuki",
            model=_text(facts, "mdl", "model"),
            firmware=_text(facts, "sw", "sw_version"),
            prefix=f"nuki/{spelling}",
            name=_text(facts, "name", "name"),
        ),
    )


def _object(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > _LONGEST:
        return {}
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _id_of(config: Mapping[str, Any]) -> str | None:
    """The id of the lock whose topics the configuration names, as spelled there."""
    for key in _ADDRESSES:
        address = config.get(key)
        if isinstance(address, str) and (match := _BASE.fullmatch(address)):
            return match[1]
    return None


def _ids_in(place: str) -> set[str | None]:
    return {canonical_id(part) for part in re.split(r"[/_]", place)} - {None}


def _text(facts: Mapping[str, Any], short: str, long: str) -> str | None:
    value = facts.get(short, facts.get(long))
    return printable(value) or None if isinstance(value, str) else None
