"""What a reply says. It does not name the method that it answers: its shape tells. Pure, total."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from arni_edge.devices.shelly.components import COMPONENT, read_component, read_settings, read_status, scalar
from arni_edge.devices.shelly.frames import Reply, Status
from arni_edge.domain.readings import DeviceEvent, Update, Value

_MOST_PAGED = 64
"""Components on one page of ``Shelly.GetComponents``; real pages have about five."""

_MOST_SCALARS = 16


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a reply says.

    Attributes:
        updates: Readings.
        events: ``command_result`` or ``command_error`` for what only ends a command.
        full: The updates are the whole picture.
        info: The device's own description, where the reply is one.
        mqtt: The device's MQTT settings, where the reply is these.
        obj_ids: What Bluetooth sensors measure, by component key.
    """

    updates: tuple[Update, ...] = ()
    events: tuple[DeviceEvent, ...] = ()
    full: bool = False
    info: Status | None = None
    mqtt: Status | None = None
    obj_ids: Mapping[str, int] = field(default_factory=dict)


def read_reply(reply: Reply) -> Meaning:
    """Tell a description, a status, a configuration and a mere receipt apart."""
    if reply.error is not None:
        return Meaning(events=(DeviceEvent("command_error", data={"code": reply.error}),))
    result = reply.result
    if not isinstance(result, dict):
        return _receipt({"result": result} if not isinstance(result, list) else {})
    if is_info(result):
        return Meaning(read_info(result), info=result)
    if "topic_prefix" in result or {"client_id", "server"} <= result.keys():
        return Meaning(read_settings("mqtt", result), mqtt=result)
    if isinstance(result.get("components"), list):
        return _read_page(result)
    parts = {key: value for key, value in result.items() if _is_component(key, value)}
    if parts:
        if _is_configuration(parts):
            return Meaning(_flat(read_settings(key, value) for key, value in parts.items()))
        return Meaning(read_status(result), full="sys" in parts)
    if (key := _recognise_configuration(result)) is not None:
        return Meaning(read_settings(key, result))
    if (key := _recognise(result)) is not None:
        return Meaning(read_component(key, result))
    return _receipt(result)


def is_info(value: Mapping[str, Any]) -> bool:
    """Whether this is what ``Shelly.GetDeviceInfo`` answers; ``announce`` carries the same object."""
    gen = value.get("gen")
    return isinstance(gen, int) and not isinstance(gen, bool) and gen >= 2 and "mac" in value


def read_info(info: Mapping[str, Any]) -> tuple[Update, ...]:
    """The description as readings of ``sys``, where some devices keep the same words."""
    words = ("gen", "model", "ver", "fw_id", "app", "profile", "name", "auth_en", "uptime", "cfg_rev")
    return read_component("sys", {word: info[word] for word in words if word in info})


def _receipt(result: Mapping[str, Any]) -> Meaning:
    """The end of a command: ``null``, ``was_on``, ``restart_required``, or something that we never asked."""
    data: dict[str, Value] = {
        key: scalar(value)
        for key, value in list(result.items())[:_MOST_SCALARS]
        if not isinstance(value, dict | list) and value is not None and len(key) <= 40
    }
    return Meaning(events=(DeviceEvent("command_result", data=data),))


def _read_page(result: Mapping[str, Any]) -> Meaning:
    updates: list[Update] = []
    obj_ids: dict[str, int] = {}
    for one in result["components"][:_MOST_PAGED]:
        key = one.get("key") if isinstance(one, dict) else None
        if not isinstance(key, str) or not COMPONENT.fullmatch(key):
            continue
        config = one.get("config")
        obj_id = config.get("obj_id") if isinstance(config, dict) else None
        obj_id = obj_id if isinstance(obj_id, int) and not isinstance(obj_id, bool) else None
        if obj_id is not None:
            obj_ids[key] = obj_id
        if isinstance(one.get("status"), dict):
            updates.extend(read_component(key, one["status"], obj_id=obj_id))
        if isinstance(config, dict):
            wanted = {word: config[word] for word in ("name", "obj_id", "addr") if word in config}
            updates.extend(read_settings(key, wanted))
    if not updates:
        return _receipt({"total": result.get("total"), "offset": result.get("offset")})
    return Meaning(tuple(updates), obj_ids=obj_ids)


def _is_component(key: str, value: object) -> bool:
    return (
        isinstance(value, dict)
        and COMPONENT.fullmatch(key) is not None
        and (":" in key or key in {"sys", "wifi", "mqtt", "cloud", "ble", "ws", "eth", "presence"})
    )


def _is_configuration(parts: Mapping[str, Status]) -> bool:
    """``Shelly.GetConfig`` has the same keys as ``Shelly.GetStatus``."""
    marks = {"device", "location", "initial_state", "topic_prefix", "rpc_udp", "ap", "factory_reset"}
    return any(marks & value.keys() for value in parts.values())


def _flat(groups: Iterable[tuple[Update, ...]]) -> tuple[Update, ...]:
    return tuple(update for group in groups for update in group)


_SHAPES: Final[tuple[tuple[frozenset[str], str], ...]] = tuple(
    (frozenset(keys.split()), kind)
    for keys, kind in (
        # The first shape that fits counts: the ones with more to show for themselves come first.
        ("brightness rgb white", "rgbw"),
        ("brightness rgb", "rgb"),
        ("brightness ct", "cct"),
        ("brightness output", "light"),
        ("target_C", "thermostat"),
        ("output source", "switch"),
        ("state source", "cover"),
        ("state pos_control", "cover"),
        ("num_objects value", "presencezone"),
        ("tC", "temperature"),
        ("rh", "humidity"),
        ("battery", "devicepower"),
        ("illumination", "illuminance"),
        ("lux", "illuminance"),
        ("total_act_power", "em"),
        ("act_power aprt_power", "em1"),
        ("total_act", "emdata"),
        ("total_act_energy", "em1data"),
        ("apower voltage", "pm1"),
        ("counts", "input"),
        ("percent", "input"),
        ("xvoltage", "voltmeter"),
    )
)


def _recognise(status: Mapping[str, Any]) -> str | None:
    """Whose status this is, from its attributes; None rather than a guess."""
    if {"uptime", "cfg_rev"} <= status.keys():
        return "sys"
    if {"sta_ip", "ssid"} <= status.keys():
        return "wifi"
    if (number := _id(status)) is None:
        return None
    if {"packet_id", "rssi"} <= status.keys():
        return f"bthomedevice:{number}"
    if set(status) <= {"id", "value", "last_updated_ts"} and "last_updated_ts" in status:
        return f"bthomesensor:{number}"
    if {"value", "source", "last_update_ts"} <= status.keys() and isinstance(status["value"], int | float):
        return f"{'boolean' if isinstance(status['value'], bool) else 'number'}:{number}"
    if set(status) == {"id", "state"} and (status["state"] is None or isinstance(status["state"], bool)):
        return f"input:{number}"
    kind = next((kind for keys, kind in _SHAPES if keys <= status.keys()), None)
    return f"{kind}:{number}" if kind else None


def _recognise_configuration(config: Mapping[str, Any]) -> str | None:
    """Whose configuration this is: those that decide whether a door is safe."""
    number = _id(config)
    if number is not None and {"initial_state", "auto_on", "auto_off", "in_mode"} <= config.keys():
        return f"light:{number}" if "transition_duration" in config else f"switch:{number}"
    return f"input:{number}" if number is not None and {"type", "factory_reset"} <= config.keys() else None


def _id(status: Mapping[str, Any]) -> int | None:
    number = status.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return number if 0 <= number <= 99_999 else None
