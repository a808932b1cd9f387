"""What the attributes of Shelly components are: which are numbers and in what unit, which are words.

From the vendor's component pages, generation 2 and newer.
"""

from collections.abc import Mapping
from typing import Final

NUMBERS: Final[Mapping[str, str | None]] = {
    "apower": "W", "act_power": "W", "total_act_power": "W",
    "aprt_power": "VA", "total_aprt_power": "VA",
    "voltage": "V", "V": "V",
    "current": "A", "total_current": "A",
    "freq": "Hz",
    "pf": None,
    "total_act": "Wh", "total_act_ret": "Wh", "total_act_energy": "Wh", "total_act_ret_energy": "Wh",
    "tC": "°C", "current_C": "°C", "target_C": "°C",
    "rh": "%", "current_humidity": "%", "target_humidity": "%",
    "percent": "%", "brightness": "%", "current_pos": "%", "target_pos": "%", "slat_pos": "%",
    "lux": "lx",
    "rssi": "dBm",
    "uptime": "s", "wakeup_period": "s", "utc_offset": "s", "timer_duration": "s", "move_timeout": "s",
    "duration": "s", "interval": "s", "period": "s", "on_time": "s", "on_above_thr": "s",
    "white": None, "ct": None, "xpercent": None, "xfreq": None, "xvoltage": None, "xtotal": None,
    "num_objects": None, "packet_id": None, "cfg_rev": None,
}  # fmt: skip
"""Attributes that are numbers wherever they occur in a component that we know."""

PHASES: Final = ("a_", "b_", "c_", "n_")
"""A three-phase meter has its attributes once per phase: ``a_voltage``."""

MOMENTS: Final = frozenset(
    "unixtime last_sync_ts last_updated_ts last_update_ts started_at timer_started_at move_started_at"
    " on_time_rst_ts switch_on_rst_ts on_above_thr_rst_ts".split()
)
"""Unix times; right after boot, and before anything was heard, they are something else."""

FLAGS: Final = frozenset(
    "output alarm mute connected present running enable paired pos_control restart_required commissionable"
    " calibrated flood motion tamper".split()
)
"""Attributes that are true or false wherever they occur in a component that we know."""

WORDS: Final[Mapping[str, frozenset[str]]] = {
    "cover.state": frozenset("open closed opening closing stopped calibrating".split()),
    "cover.last_direction": frozenset({"open", "close"}),
    "illuminance.illumination": frozenset({"dark", "twilight", "bright"}),
}
"""Attributes with a closed set of words; another word is unknown."""

SPECIAL: Final[Mapping[str, str]] = {
    "input.state": "flag",
    "presencezone.value": "flag",
    "boolean.value": "flag",
    "number.value": "number",
    "enum.value": "text",
    "text.value": "text",
    "input.counts.total": "number",
    "bthomedevice.battery": "%",
    "blutrv.battery": "%",
    "blutrv.pos": "%",
}
"""Attributes whose name alone does not say what they are."""

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "battery": ("V", "percent"),
    "temperature": ("tC",),
    "aenergy": ("total",),
    "ret_aenergy": ("total",),
    "external": ("present",),
}
"""Attributes that are objects: where one is null, these parts of it are unknown."""

LEFT_OUT: Final = frozenset("id tF by_minute minute_ts ts".split())
"""The same again in other units, and what moves too fast to be a state."""

KNOWN: Final = frozenset(
    "switch cover light rgb rgbw cct input temperature humidity devicepower smoke flood illuminance presence"
    " presencezone pm1 em em1 emdata em1data voltmeter boolean number enum text button object group"
    " bthomedevice bthomesensor blutrv thermostat sys wifi mqtt cloud eth ble ws script".split()
)
"""Component types whose attributes have the types above; of others every scalar passes as it is."""

BTHOME: Final[Mapping[int, str | None]] = {
    1: "%", 2: "°C", 3: "%", 5: "lx", 11: "W", 12: "V", 18: "ppm", 20: "%", 46: "%", 47: "%",
    67: "A", 69: "°C", 74: "V", 87: "°C", 88: "°C", 92: "W", 93: "A",
}  # fmt: skip
"""Units of Bluetooth sensors by the ``obj_id`` of their configuration, as far as we have a word for them:
battery, temperature, humidity, illuminance, power, voltage, CO₂, moisture, current (BTHome, version 2)."""

SYNCED: Final = 1_600_000_000
"""A time before this is no time: the clock of the device was not set."""
