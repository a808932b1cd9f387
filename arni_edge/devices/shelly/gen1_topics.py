"""The topics of a Shelly of generation 1 below its prefix, and what their texts mean."""

import re
from collections.abc import Mapping

from arni_edge.devices.shelly import gen1_values as value
from arni_edge.devices.shelly.gen1_values import Meaning

_CHANNEL = re.compile(r"[0-9]|[1-9][0-9]", re.ASCII)
_GAS_COMMANDS = frozenset({"sensor/start_self_test", "sensor/mute", "sensor/unmute"})

VALUES: Mapping[str, Meaning] = {
    # Relays. "relay/power" and "relay/energy": Shelly 2 has one meter for both channels.
    "relay/*": Meaning("switch:{1}.output", value.flag),
    "relay/*/power": Meaning("switch:{1}.apower", value.number, "W"),
    "relay/*/energy": Meaning("switch:{1}.aenergy.total", value.watt_hours, "Wh"),
    "relay/*/overpower_value": Meaning("switch:{1}.overpower_value", value.number, "W"),
    "relay/power": Meaning("pm1:0.apower", value.number, "W"),
    "relay/energy": Meaning("pm1:0.aenergy.total", value.watt_hours, "Wh"),
    # The device itself. Its own heat is not the room's: never "temperature:0".
    "temperature": Meaning("sys.temperature.tC", value.celsius, "°C"),
    "temperature_f": Meaning("sys.temperature.tF", value.fahrenheit, "°F"),
    "temperature_status": Meaning("sys.temperature_status", value.word),
    "overtemperature": Meaning("sys.overtemperature", value.flag),
    "voltage": Meaning("sys.voltage", value.number, "V"),
    "overload": Meaning("light:0.overload", value.flag),
    "overpower": Meaning("light:0.errors", value.errors),
    "loaderror": Meaning("light:0.loaderror", value.flag),
    # Inputs.
    "input/*": Meaning("input:{1}.state", value.flag),
    "longpush/*": Meaning("input:{1}.longpush", value.flag),
    # Meters. "energy" restarts from 0 at a reboot and counts watt-minutes, "total" persists in watt-hours.
    "emeter/*/power": Meaning("em1:{1}.act_power", value.number, "W"),
    "emeter/*/reactive_power": Meaning("em1:{1}.react_power", value.number, "var"),
    "emeter/*/pf": Meaning("em1:{1}.pf", value.number),
    "emeter/*/current": Meaning("em1:{1}.current", value.number, "A"),
    "emeter/*/voltage": Meaning("em1:{1}.voltage", value.number, "V"),
    "emeter/*/energy": Meaning("em1data:{1}.act_energy", value.watt_hours, "Wh"),
    "emeter/*/returned_energy": Meaning("em1data:{1}.act_ret_energy", value.watt_hours, "Wh"),
    "emeter/*/total": Meaning("em1data:{1}.total_act_energy", value.positive, "Wh"),
    "emeter/*/total_returned": Meaning("em1data:{1}.total_act_ret_energy", value.positive, "Wh"),
    "emeter_n/current": Meaning("em:0.n_current", value.number, "A"),
    "emeter_n/ixsum": Meaning("em:0.ixsum", value.number, "A"),
    # Sensors, one by one: "sensor/+" would match the commands of the gas sensor.
    "sensor/temperature": Meaning("temperature:0.tC", value.celsius, "°C"),
    "sensor/humidity": Meaning("humidity:0.rh", value.humidity, "%"),
    "sensor/battery": Meaning("devicepower:0.battery.percent", value.percent, "%"),
    "sensor/charger": Meaning("devicepower:0.external.present", value.flag),
    "sensor/ext_power": Meaning("devicepower:0.external.present", value.flag),
    "sensor/error": Meaning("sys.sensor_error", value.number),
    "sensor/flood": Meaning("flood:0.alarm", value.flag),
    "sensor/motion": Meaning("motion:0.motion", value.flag),
    "sensor/smoke": Meaning("smoke:0.alarm", value.flag),
    "sensor/state": Meaning("window:0.open", value.window),
    "sensor/tilt": Meaning("window:0.tilt", value.between(0, 180), "°"),
    "sensor/vibration": Meaning("window:0.vibration", value.flag),
    "sensor/lux": Meaning("illuminance:0.lux", value.positive, "lx"),
    "sensor/illumination": Meaning("illuminance:0.illumination", value.illumination),
    "sensor/operation": Meaning("gas:0.operation", value.word),
    "sensor/self_test": Meaning("gas:0.self_test", value.word),
    "sensor/gas": Meaning("gas:0.alarm", value.gas_alarm),
    "sensor/concentration": Meaning("gas:0.concentration", value.positive, "ppm"),
    "valve/*/state": Meaning("valve:{1}.state", value.word),
    # Add-on and UNI; ids from 100, as the add-on of generation 2 has them.
    "ext_temperature/*": Meaning("temperature:{2}.tC", value.celsius, "°C"),
    "ext_temperature_f/*": Meaning("temperature:{2}.tF", value.fahrenheit, "°F"),
    "ext_humidity/*": Meaning("humidity:{2}.rh", value.humidity, "%"),
    "ext_switch/*": Meaning("input:{2}.state", value.flag),
    "adc/*": Meaning("voltmeter:{1}.voltage", value.number, "V"),
    # Lights: white channels are lights of their own, colour mode has one.
    "light/*": Meaning("light:{1}.output", value.flag),
    "light/*/power": Meaning("light:{1}.apower", value.number, "W"),
    "light/*/energy": Meaning("light:{1}.aenergy.total", value.watt_hours, "Wh"),
    "color/*": Meaning("rgbw:{1}.output", value.flag),
    "color/*/power": Meaning("rgbw:{1}.apower", value.number, "W"),
    "color/*/energy": Meaning("rgbw:{1}.aenergy.total", value.watt_hours, "Wh"),
    "white/*": Meaning("light:{1}.output", value.flag),
    "white/*/power": Meaning("light:{1}.apower", value.number, "W"),
    "white/*/energy": Meaning("light:{1}.aenergy.total", value.watt_hours, "Wh"),
    # Rollers: "open" and "close" mean that it moves.
    "roller/*": Meaning("cover:{1}.state", value.roller),
    "roller/*/pos": Meaning("cover:{1}.current_pos", value.percent, "%"),
    "roller/*/stop_reason": Meaning("cover:{1}.stop_reason", value.stop_reason),
    "roller/*/power": Meaning("cover:{1}.apower", value.number, "W"),
    "roller/*/energy": Meaning("cover:{1}.aenergy.total", value.watt_hours, "Wh"),
}
"""Topics that carry one value as text; ``*`` is the channel."""

OTHERS = (
    "online",
    "announce",
    "info",
    "status",
    "input_event/*",
    "sensor/act_reasons",
    "light/*/status",
    "color/*/status",
    "white/*/status",
)
"""Topics that carry more than one value, or something else."""


_ROOTS = frozenset(shape.partition("/")[0] for shape in VALUES if "/" in shape)
_UNKNOWN = re.compile(r"(?:sensor|emeter_n|(?P<root>[a-z_]{1,32})/[0-9]{1,2})/[a-z][a-z0-9_]{0,31}", re.ASCII)


def unknown_value(leaf: str) -> Meaning | None:
    """A value of a part that we know, by a name that we do not: passed on as it is, under its own path.

    Newer firmware says more than we know; ``info`` is read in the same way.
    """
    match = _UNKNOWN.fullmatch(leaf)
    if match is None or match["root"] not in {None, *_ROOTS}:
        return None
    return Meaning(leaf.replace("/", "."), value.plain)


def split(leaf: str) -> tuple[str, int]:
    """Separate a topic below the prefix from its channel: ``relay/1/power`` is ``relay/*/power`` and 1."""
    channel, levels = 0, leaf.split("/")
    for place, level in enumerate(levels[1:2], start=1):
        if _CHANNEL.fullmatch(level):
            channel, levels[place] = int(level), "*"
    return "/".join(levels), channel


def is_command(leaf: str) -> bool:
    """Whether the device obeys on this topic below its prefix, instead of speaking."""
    levels = leaf.split("/")
    return "command" in levels or levels[-1] == "set" or leaf in _GAS_COMMANDS


def subscriptions(prefix: str = "shellies/+") -> list[str]:
    """Topic filters for everything that devices of generation 1 say, none of which matches a command.

    A filter such as ``shellies/#`` would hide from us that nobody listens to a command.

    Args:
        prefix: Of one device, or ``shellies/+`` for all without a slash in their id.
    """
    filters = {f"{prefix}/{leaf.replace('*', '+')}" for leaf in (*VALUES, *OTHERS)}
    # "relay/+" takes these in: one message shall not come twice.
    filters -= {f"{prefix}/relay/power", f"{prefix}/relay/energy"}
    return ["shellies/announce", *sorted(filters)]
