"""The JSON of a Shelly of generation 1: ``info`` (its whole HTTP ``/status``) and the ``status`` of parts.

What is known gets its name and unit; any other scalar is passed on under its own path, so that firmware which
says more than we know loses nothing. Depth, breadth and lengths are bounded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from arni_edge.devices.shelly import gen1_values as value
from arni_edge.devices.shelly.gen1_values import Meaning
from arni_edge.domain.readings import Update

_MOST_UPDATES = 400
"""Of one object; a 3EM makes about seventy."""
_DEEPEST = 6
_MOST_CHANNELS = 16
_KEY = re.compile(r"[A-Za-z0-9_:-]{1,64}", re.ASCII)

Json = Mapping[str, Any]

_SECTIONS: Mapping[str, Mapping[str, Meaning]] = {
    "relays": {
        "ison": Meaning("{0}.output", value.flag),
        "overpower": Meaning("{0}.errors", value.errors),
        "overtemperature": Meaning("{0}.overtemperature", value.flag),
        "timer_duration": Meaning("{0}.timer_duration", value.positive, "s"),
        "timer_remaining": Meaning("{0}.timer_remaining", value.positive, "s"),
    },
    "inputs": {
        "input": Meaning("{0}.state", value.flag),
        "event_cnt": Meaning("{0}.event_cnt", value.event_count),
    },
    "meters": {
        "power": Meaning("{0}.apower", value.number, "W"),
        "total": Meaning("{0}.aenergy.total", value.watt_hours, "Wh"),
        "overpower": Meaning("{0}.overpower_value", value.number, "W"),
    },
    "emeters": {
        "power": Meaning("{0}.act_power", value.number, "W"),
        "reactive": Meaning("{0}.react_power", value.number, "var"),
        "pf": Meaning("{0}.pf", value.number),
        "current": Meaning("{0}.current", value.number, "A"),
        "voltage": Meaning("{0}.voltage", value.number, "V"),
        "total": Meaning("em1data:{1}.total_act_energy", value.positive, "Wh"),
        "total_returned": Meaning("em1data:{1}.total_act_ret_energy", value.positive, "Wh"),
    },
    "rollers": {
        "state": Meaning("{0}.state", value.roller),
        "power": Meaning("{0}.apower", value.number, "W"),
        "current_pos": Meaning("{0}.current_pos", value.percent, "%"),
        "stop_reason": Meaning("{0}.stop_reason", value.stop_reason),
        "positioning": Meaning("{0}.pos_control", value.flag),
    },
    "lights": {
        "ison": Meaning("{0}.output", value.flag),
        "brightness": Meaning("{0}.brightness", value.percent, "%"),
        "gain": Meaning("{0}.gain", value.percent, "%"),
        "temp": Meaning("{0}.ct", value.positive, "K"),
        "power": Meaning("{0}.apower", value.number, "W"),
        "overpower": Meaning("{0}.errors", value.errors),
        "timer_duration": Meaning("{0}.timer_duration", value.positive, "s"),
        "timer_remaining": Meaning("{0}.timer_remaining", value.positive, "s"),
    },
    "valves": {"state": Meaning("{0}.state", value.word)},
    "adcs": {"voltage": Meaning("{0}.voltage", value.number, "V")},
    "thermostats": {
        "pos": Meaning("{0}.pos", value.percent, "%"),
        "target_t.value": Meaning("{0}.target_t", value.celsius, "°C"),
        "tmp.value": Meaning("temperature:{1}.tC", value.celsius, "°C"),
    },
    "ext_temperature": {
        "tC": Meaning("{0}.tC", value.celsius, "°C"),
        "tF": Meaning("{0}.tF", value.fahrenheit, "°F"),
    },
    "ext_humidity": {"hum": Meaning("{0}.rh", value.humidity, "%")},
    "ext_switch": {"input": Meaning("{0}.state", value.flag)},
}
"""Lists of ``info``: what the keys of their items mean."""

_COMPONENTS: Mapping[str, str] = {
    "relays": "switch:{0}",
    "inputs": "input:{0}",
    "emeters": "em1:{0}",
    "rollers": "cover:{0}",
    "valves": "valve:{0}",
    "adcs": "voltmeter:{0}",
    "thermostats": "thermostat:{0}",
    "ext_temperature": "temperature:{1}",
    "ext_humidity": "humidity:{1}",
    "ext_switch": "input:{1}",
}

_SINGLES: Mapping[str, Meaning] = {
    "temperature": Meaning("sys.temperature.tC", value.celsius, "°C"),
    "temperature_status": Meaning("sys.temperature_status", value.word),
    "overtemperature": Meaning("sys.overtemperature", value.flag),
    "voltage": Meaning("sys.voltage", value.number, "V"),
    "overload": Meaning("light:0.overload", value.flag),
    "loaderror": Meaning("light:0.loaderror", value.flag),
    "total_power": Meaning("em:0.total_act_power", value.number, "W"),
    "emeter_n.current": Meaning("em:0.n_current", value.number, "A"),
    "emeter_n.ixsum": Meaning("em:0.ixsum", value.number, "A"),
    "hum.value": Meaning("humidity:0.rh", value.humidity, "%"),
    "bat": Meaning("devicepower:0.battery.percent", value.percent, "%"),
    "bat.value": Meaning("devicepower:0.battery.percent", value.percent, "%"),
    "bat.voltage": Meaning("devicepower:0.battery.V", value.positive, "V"),
    "charger": Meaning("devicepower:0.external.present", value.flag),
    "flood": Meaning("flood:0.alarm", value.flag),
    "smoke": Meaning("smoke:0.alarm", value.flag),
    "lux": Meaning("illuminance:0.lux", value.positive, "lx"),
    "lux.value": Meaning("illuminance:0.lux", value.positive, "lx"),
    "lux.illumination": Meaning("illuminance:0.illumination", value.illumination),
    "accel.tilt": Meaning("window:0.tilt", value.between(0, 180), "°"),
    "accel.vibration": Meaning("window:0.vibration", value.flag),
    "sensor.state": Meaning("window:0.open", value.window),
    "motion": Meaning("motion:0.motion", value.flag),
    "sensor.motion": Meaning("motion:0.motion", value.flag),
    "vibration": Meaning("motion:0.vibration", value.flag),
    "sensor.vibration": Meaning("motion:0.vibration", value.flag),
    "active": Meaning("motion:0.active", value.flag),
    "sensor.active": Meaning("motion:0.active", value.flag),
    "timestamp": Meaning("motion:0.timestamp", value.positive),
    "sensor.timestamp": Meaning("motion:0.timestamp", value.positive),
    "tmp": Meaning("temperature:0.tC", value.celsius, "°C"),
    "pos": Meaning("thermostat:0.pos", value.percent, "%"),
    "target_t.value": Meaning("thermostat:0.target_t", value.celsius, "°C"),
    "gas_sensor.sensor_state": Meaning("gas:0.operation", value.word),
    "gas_sensor.self_test_state": Meaning("gas:0.self_test", value.word),
    "gas_sensor.alarm_state": Meaning("gas:0.alarm", value.gas_alarm),
    "concentration.ppm": Meaning("gas:0.concentration", value.positive, "ppm"),
    "act_reasons": Meaning("sys.wakeup_reason.cause", value.reasons),
    "sensor_error": Meaning("sys.sensor_error", value.number),
    "wifi_sta.rssi": Meaning("wifi.rssi", value.between(-128, 0), "dBm"),
    "wifi_sta.connected": Meaning("wifi.connected", value.flag),
    "wifi_sta.ip": Meaning("wifi.sta_ip", value.scalar),
    "wifi_sta.ssid": Meaning("wifi.ssid", value.scalar),
    "uptime": Meaning("sys.uptime", value.positive, "s"),
    "mac": Meaning("sys.mac", value.scalar),
    "ram_total": Meaning("sys.ram_size", value.positive),
    "ram_free": Meaning("sys.ram_free", value.positive),
    "fs_size": Meaning("sys.fs_size", value.positive),
    "fs_free": Meaning("sys.fs_free", value.positive),
}
"""The rest of ``info``, and the ``status`` of Motion, which has the same keys one level higher."""

_METER_ONLY = frozenset({"relays", "rollers"})
"""Here ``is_valid`` speaks of the meter alone (vendor pages *Shelly EM*, *Shelly 2.5*)."""


def read_status(status: Json) -> tuple[Update, ...]:
    """Everything that ``info``, or the ``status`` of a Motion, says."""
    return tuple(islice(_updates(status), _MOST_UPDATES))


def read_light(status: Json, component: str, channel: int) -> tuple[Update, ...]:
    """Everything that ``light/<n>/status``, ``color/<n>/status`` or ``white/<n>/status`` says."""
    return tuple(islice(_part("lights", f"{component}:{channel}", channel, status), _MOST_UPDATES))


def in_fahrenheit(status: Json) -> bool | None:
    """The unit that is set on the device, None where this does not say."""
    tmp = status.get("tmp")
    unit = tmp.get("units") if isinstance(tmp, dict) else None
    return unit == "F" if unit in ("C", "F") else None


def event_counts(status: Json) -> dict[int, int]:
    """Counter of each input's events."""
    inputs = status.get("inputs")
    counts = {
        channel: value.event_count(one.get("event_cnt"))
        for channel, one in enumerate(inputs[:_MOST_CHANNELS] if isinstance(inputs, list) else [])
        if isinstance(one, dict)
    }
    return {channel: count for channel, count in counts.items() if count is not None}


def _updates(status: Json) -> Iterator[Update]:
    for key, item in _named(status):
        if key in _SECTIONS:
            for channel, part in _parts(item):
                yield from _part(key, _component(key, channel, status, part), channel, part)
        elif key == "tmp" and isinstance(item, dict):
            yield from _temperature(item, status)
        else:
            yield from _single(key, item)


def _single(key: str, item: Any) -> Iterator[Update]:
    void = isinstance(item, dict) and not _is_valid(item)
    if key == "target_t" and isinstance(item, dict):
        item = _in_celsius(item)
    for path, raw in _leaves(key, item, _DEEPEST):
        meaning = _SINGLES.get(path) or Meaning(path, value.scalar)
        if path.rsplit(".", 1)[-1] != "is_valid":
            yield meaning.update(None if void else raw)


def _part(section: str, component: str, channel: int, part: Json) -> Iterator[Update]:
    """One item of a list, for instance one relay."""
    void = not _is_valid(part)
    if section == "thermostats":
        part = {key: _in_celsius(item) if isinstance(item, dict) else item for key, item in part.items()}
    for key, item in _named(part):
        for path, raw in _leaves(key, item, _DEEPEST - 2):
            if path == "is_valid":
                continue
            meaning = _SECTIONS[section].get(path) or Meaning(f"{{0}}.{path}", value.scalar)
            silenced = void and (section not in _METER_ONLY or path == "power")
            yield meaning.update(None if silenced else raw, component=component, channel=channel)


def _in_celsius(item: Json) -> Json:
    """A temperature of a radiator valve, whatever its unit; unknown where it says that it is invalid."""
    read = value.celsius_of_fahrenheit if item.get("units") == "F" else value.celsius
    known = read(item.get("value")) if _is_valid(item) else None
    kept = {key: one for key, one in item.items() if key not in {"units", "is_valid"}}
    return {**kept, "value": known} if "value" in item else kept


def _temperature(tmp: Json, status: Json) -> Iterator[Update]:
    """``tmp`` is the room's where it has a unit of its own (sensors), otherwise the heat of the device."""
    where = "temperature:0" if {"value", "units"} & tmp.keys() else "sys.temperature"
    valid = _is_valid(tmp)
    if "temperature" not in status:  # which is the same as "tC"
        raw, read = (tmp["tC"], value.celsius) if "tC" in tmp else (tmp.get("value"), _scale(status))
        yield Meaning(f"{where}.tC", read, "°C").update(raw if valid else None)
    if "tF" in tmp:
        yield Meaning(f"{where}.tF", value.fahrenheit, "°F").update(tmp["tF"] if valid else None)


def _scale(status: Json) -> value.Read:
    return value.celsius_of_fahrenheit if in_fahrenheit(status) else value.celsius


def _component(section: str, channel: int, status: Json, part: Json) -> str:
    if section == "lights":
        return f"rgbw:{channel}" if part.get("mode") == "color" else f"light:{channel}"
    if section == "meters":
        return _metered(channel, status)
    return _COMPONENTS[section].format(channel, 100 + channel)


def _metered(channel: int, status: Json) -> str:
    """A meter belongs to the part of its number; where there are not as many, it stands alone."""
    for section in ("relays", "lights"):
        parts = status.get(section)
        if isinstance(parts, list) and len(parts) == len(status["meters"]):
            part = parts[channel] if channel < len(parts) else None
            return _component(section, channel, status, part if isinstance(part, dict) else {})
    return f"pm1:{channel}"


def _parts(item: Any) -> Iterator[tuple[int, Json]]:
    """Items of a list, or of an object whose keys are numbers (add-ons)."""
    numbered: Iterable[tuple[object, Any]] = ()
    if isinstance(item, list):
        numbered = enumerate(item)
    elif isinstance(item, dict):
        numbered = item.items()
    for number, part in islice(numbered, _MOST_CHANNELS):
        channel = value.number(number)
        if isinstance(channel, int) and 0 <= channel < _MOST_CHANNELS and isinstance(part, dict):
            yield channel, part


def _leaves(path: str, item: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Every scalar below, with its path; what lies too deep is left out."""
    if isinstance(item, dict):
        for key, below in _named(item) if depth > 0 else ():
            yield from _leaves(f"{path}.{key}", below, depth - 1)
    elif isinstance(item, list) and path != "act_reasons":
        for place, below in enumerate(item[:_MOST_CHANNELS] if depth > 0 else ()):
            yield from _leaves(f"{path}.{place}", below, depth - 1)
    else:
        yield path, item


def _named(part: Json) -> Iterator[tuple[str, Any]]:
    """Entries whose key can be a level of an entity's name."""
    return ((key, item) for key, item in part.items() if _KEY.fullmatch(key))


def _is_valid(part: Json) -> bool:
    """Only what says that it is invalid is; RGBW2 says it in text."""
    return value.flag(part.get("is_valid")) is not False
