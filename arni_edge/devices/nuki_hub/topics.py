"""The topics of a nuki_hub below its prefix, and what their texts mean. Pure."""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from arni_edge.devices.nuki_hub import codec
from arni_edge.devices.printable import printable
from arni_edge.domain.readings import Value


class Kind(NamedTuple):
    """How a text is read, and the unit of what it says."""

    parse: Callable[[bytes], Value]
    unit: str | None = None


def _ring(payload: bytes) -> Value:
    text = codec.parse_text(payload)
    return text if text in {"ring", "ringlocked", "standby"} else None


def _percent(payload: bytes) -> Value:
    number = codec.parse_number(payload)
    return number if isinstance(number, int) and 0 <= number <= 100 else None


def _presence(payload: bytes) -> Value:
    return None if codec.parse_presence(payload) is None else codec.parse_text(payload)


def _uptime(payload: bytes) -> Value:
    minutes = codec.parse_number(payload)
    return minutes * 60 if isinstance(minutes, int) and minutes >= 0 else None


def _words(payload: bytes) -> Value:
    return printable(payload, 32) or None


OF_A_TARGET: Final[Mapping[str, Kind]] = {
    "state": Kind(codec.parse_state),
    "doorSensorState": Kind(codec.parse_contact),
    "completionStatus": Kind(codec.parse_completion),
    "commandResult": Kind(codec.parse_result),
    "retry": Kind(codec.parse_retry),
    "ring": Kind(_ring),
    "binaryRing": Kind(codec.parse_bool),
    "continuousMode": Kind(codec.parse_bool),
    "trigger": Kind(codec.parse_trigger),
    "lastLockAction": Kind(codec.parse_action),
    "authorizationId": Kind(codec.parse_number),
    "availability": Kind(_presence),
    "statusUpdated": Kind(codec.parse_bool),
    "rssi": Kind(codec.parse_number, "dBm"),
    "battery/level": Kind(_percent, "%"),
    "battery/critical": Kind(codec.parse_bool),
    "battery/charging": Kind(codec.parse_bool),
    "battery/voltage": Kind(codec.parse_number, "V"),
    "battery/maxTurnCurrent": Kind(codec.parse_number, "A"),
    "battery/keypadCritical": Kind(codec.parse_bool),
    "battery/doorSensorCritical": Kind(codec.parse_bool),
    "info/firmwareVersion": Kind(_words),
}

_MORE_OF_A_TARGET: Final[Mapping[str, Kind]] = {
    "battery/drain": Kind(codec.parse_number),
    "battery/lockDistance": Kind(codec.parse_number),
    "info/hardwareVersion": Kind(_words),
    "query/lockstateCommandResult": Kind(codec.parse_result),
    "address": Kind(_words),
    "configuration/buttonEnabled": Kind(codec.parse_bool),
    "configuration/ledEnabled": Kind(codec.parse_bool),
    "configuration/ledBrightness": Kind(codec.parse_number),
    "configuration/autoUnlock": Kind(codec.parse_bool),
    "configuration/autoLock": Kind(codec.parse_bool),
    "configuration/singleLock": Kind(codec.parse_bool),
    "configuration/soundLevel": Kind(codec.parse_number),
}
"""Words that others could have, too: read of a hub that is known, never what makes one known."""

_OF_THE_HUB: Final[Mapping[str, Kind]] = {
    codec.PRESENCE: Kind(_presence),
    "maintenance/uptime": Kind(_uptime, "s"),
    "maintenance/wifiRssi": Kind(codec.parse_number, "dBm"),
    "maintenance/freeHeap": Kind(codec.parse_number),
    "maintenance/networkDevice": Kind(lambda payload: printable(payload) or None),
    "maintenance/restartReasonNukiHub": Kind(lambda payload: printable(payload) or None),
    "maintenance/restartReasonNukiEsp": Kind(lambda payload: printable(payload) or None),
    "maintenance/webserver/state": Kind(codec.parse_bool),
    "hybridConnected": Kind(codec.parse_bool),
    "info/nukiHubVersion": Kind(_words),
    "info/nukiHubBuild": Kind(_words),
    "info/nukiHubLatest": Kind(_words),
    "info/nukiHubIp": Kind(_words),
}

COMMANDS_OF_A_TARGET: Final = (
    "query/",
    "configuration/action",
    "keypad/command/",
    "keypad/actionJson",
    "timecontrol/action",
    "authorization/action",
    "doorsensorOverride",
)
COMMANDS_OF_THE_HUB: Final = frozenset(
    {"maintenance/reset", "maintenance/update", "maintenance/webserver/enable", "configuration/action"}
)
REPEATED: Final = frozenset({"hastate", "binaryState", "battery/advancedJson"})
REPORTS: Final[Mapping[str, Mapping[str, str]]] = {
    "json": {
        "lock_state": "state",
        "door_sensor_state": "doorSensorState",
        "continuous_mode": "continuousMode",
        "trigger": "trigger",
        "last_lock_action": "lastLockAction",
        "lock_completion_status": "completionStatus",
        "auth_id": "authorizationId",
    },
    "battery/basicJson": {
        name: f"battery/{name}"
        for name in ("critical", "charging", "level", "keypadCritical", "doorSensorCritical")
    },
}
"""Reports in JSON, the only ones of hubs that were told to write nothing else: key to the topic that says the
same. A name of a person in it is not read."""
_ABOUT_PEOPLE: Final = (
    "log",
    "shortLog",
    "rollingLog",
    "lastRollingLog",
    "authorizationName",
    "authorization/",
    "keypad",
    "timecontrol/",
    "presence/",
)
_PIN: Final = re.compile(r"gpio/pin_[0-9]{1,2}/(role|state)", re.ASCII)


def of_a_target(name: str) -> Kind | None:
    """How a topic below ``lock`` or ``opener`` is read; None for one that carries no reading."""
    return OF_A_TARGET.get(name) or _MORE_OF_A_TARGET.get(name)


def of_the_hub(rest: str) -> Kind | None:
    """How any other topic below the prefix is read; None for one that carries no reading."""
    if (match := _PIN.fullmatch(rest)) is not None:
        return Kind(codec.parse_bool if match[1] == "state" else _words)
    # Before version 8 a hub had one prefix per device, and these directly below it.
    old = rest.startswith(("battery/", "info/", "configuration/"))
    return _OF_THE_HUB.get(rest) or (of_a_target(rest) if old else None)


def why_left_out(name: str) -> str:
    """Why a topic is not read."""
    if name in REPEATED:
        return "says again what other topics say"
    if name.startswith(_ABOUT_PEOPLE):
        return "names people; not read"
    if name.startswith("configuration/"):
        return "settings of the device"
    return "log line" if name == "maintenance/log" else "not a reading of a nuki_hub"
