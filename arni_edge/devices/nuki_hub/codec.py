"""Words of nuki_hub's own MQTT topics: addresses and values, nothing else.

Source: README and source of the firmware (github.com/technyon/nuki_hub, release 9.15), read in November
2026. Nothing here raises on what a hub may send: what is not understood is None, *unknown*.
"""

from collections.abc import Mapping
from typing import Final, Literal

from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.readings import Value

Target = Literal["lock", "opener"]

UNLATCH: Final[Mapping[Target, str]] = {"lock": "unlatch", "opener": "electricStrikeActuation"}
"""The command that opens the door."""

ANSWERS: Final = frozenset({"ack", "unknown_action", "denied", "error"})
"""What the hub itself writes to the command topic after a command."""

BLANKS: Final = frozenset({"", "--", "0"})
"""No command: the hub writes ``--`` (``0`` on its query topics) there, retained, after each start, which also
wipes an old command out."""

DEAF_SECONDS: Final = 6.0
"""So long after its connect the hub throws commands away (``mqttRecentlyConnected`` in its source)."""

_STATES: Final[Mapping[str, str]] = {
    "uncalibrated": "uncalibrated",
    "locked": "locked",
    "unlocking": "unlocking",
    "unlocked": "unlocked",
    "locking": "locking",
    "unlatched": "unlatched",
    "unlockedLnga": "unlocked_lock_n_go",
    "unlatching": "unlatching",
    "calibration": "calibration",
    "bootRun": "boot_run",
    "motorBlocked": "motor_blocked",
    "RTOactive": "ring_to_open_active",
    "open": "open",
    "opening": "opening",
}

_CONTACTS: Final[Mapping[str, str]] = {"doorClosed": "closed", "doorOpened": "open", "tampered": "tampered"}

_COMPLETIONS: Final[Mapping[str, str]] = {
    "success": "success",
    "motorBlocked": "motor_blocked",
    "canceled": "cancelled",
    "tooRecent": "too_recent",
    "busy": "busy",
    "lowMotorVoltage": "low_motor_voltage",
    "clutchFailure": "clutch_failure",
    "motorPowerFailure": "motor_power_failure",
    "incompleteFailure": "incomplete_failure",
    "incomplete": "incomplete_failure",
    "failure": "failure",
    "invalidCode": "invalid_code",
    "otherError": "other_error",
}

_RESULTS: Final[Mapping[str, str]] = {
    "success": "success",
    "failed": "failed",
    "timeOut": "timeout",
    "working": "working",
    "notPaired": "not_paired",
    "error": "error",
}

_TRIGGERS: Final[Mapping[str, str]] = {
    "autoLock": "auto_lock",
    "automatic": "automatic",
    "button": "button",
    "manual": "manual",
    "system": "system",
    "homekit": "homekit",
    "mqtt": "mqtt",
}

_ACTIONS: Final[Mapping[str, str]] = {
    "unlock": "unlock",
    "lock": "lock",
    "unlatch": "unlatch",
    "lockngo": "lock_n_go",
    "lockngounlatch": "lock_n_go_unlatch",
    "fulllock": "full_lock",
    "fobnoaction": "fob",
    "buttonnoaction": "button",
    "fobaction1": "fob_action_1",
    "fobaction2": "fob_action_2",
    "fobaction3": "fob_action_3",
    "activaterto": "activate_ring_to_open",
    "deactivaterto": "deactivate_ring_to_open",
    "electricstrikeactuation": "electric_strike_actuation",
    "activatecm": "activate_continuous_mode",
    "deactivatecm": "deactivate_continuous_mode",
}

_BOOLS: Final[Mapping[str, bool]] = {
    "0": False,
    "1": True,
    "off": False,
    "on": True,
    "false": False,
    "true": True,
    "standby": False,
    "ring": True,
}

_LOCK_STATES: Final[Mapping[str, LockState]] = {
    "uncalibrated": LockState.UNCALIBRATED,
    "unlocking": LockState.UNLOCKING,
    "unlocked": LockState.UNLOCKED,
    "locking": LockState.LOCKING,
    "unlatched": LockState.UNLATCHED,
    "unlocked_lock_n_go": LockState.UNLOCKED,
    "unlatching": LockState.UNLATCHING,
    "motor_blocked": LockState.MOTOR_BLOCKED,
    "ring_to_open_active": LockState.UNLOCKED,
    "open": LockState.UNLATCHED,
    "opening": LockState.UNLATCHING,
}

_DOOR_CONTACTS: Final[Mapping[str, DoorContact]] = {
    "closed": DoorContact.CLOSED,
    "open": DoorContact.OPEN,
    "tampered": DoorContact.TAMPERED,
}

_LISTENED: Final = ("state", "doorSensorState", "completionStatus", "commandResult", "retry")
PRESENCE: Final = "maintenance/mqttConnectionState"
"""``online`` or, as its will, ``offline``: of the hub. Of the Bluetooth device it says nothing."""


def command_topic(prefix: str, target: Target) -> str:
    """Where commands go.

    Nobody of ours may subscribe to it: the hub answers there, and a subscription would hide that it is away.
    """
    return f"{prefix}/{target}/action"


def subscriptions(prefix: str, target: Target) -> list[str]:
    """Every topic that a driver listens to, one by one."""
    return [f"{prefix}/{PRESENCE}", *(f"{prefix}/{target}/{name}" for name in _LISTENED)]


def is_command(payload: bytes) -> bool:
    """Whether what lies on a command topic makes the hub act; its own marks and answers do not."""
    return parse_text(payload) not in BLANKS | ANSWERS


def parse_text(payload: bytes) -> str:
    """A short word as the hub writes it; empty for what is longer or no text."""
    if len(payload) > 64:
        return ""
    try:
        return payload.decode("ascii").strip()
    except UnicodeDecodeError:
        return ""


def parse_state(payload: bytes) -> str | None:
    """``<target>/state`` as a word."""
    return _STATES.get(parse_text(payload))


def parse_contact(payload: bytes) -> str | None:
    """``<target>/doorSensorState`` as a word; whatever is no reading of the door is None."""
    return _CONTACTS.get(parse_text(payload))


def parse_completion(payload: bytes) -> str | None:
    """``<target>/completionStatus``: how the Nuki device ended its last action, as a word."""
    return _COMPLETIONS.get(parse_text(payload))


def parse_result(payload: bytes) -> str | None:
    """``<target>/commandResult``: whether the hub got its command through by Bluetooth, as a word."""
    return _RESULTS.get(parse_text(payload))


def parse_retry(payload: bytes) -> int | Literal["failed"] | None:
    """``<target>/retry``: number of tries that failed so far, 0 when it got through, or ``failed``."""
    text = parse_text(payload)
    if text == "failed":
        return "failed"
    if text == "--":
        return 0
    return int(text) if text.isdigit() and len(text) <= 4 else None


def parse_trigger(payload: bytes) -> str | None:
    """``<target>/trigger`` as a word."""
    return _TRIGGERS.get(parse_text(payload))


def parse_action(payload: bytes) -> str | None:
    """``<target>/lastLockAction`` as a word."""
    return _ACTIONS.get(parse_text(payload).lower())


def parse_bool(payload: bytes) -> bool | None:
    """``1``/``0``; other firmwares write ``on``/``off``. The bell writes ``ring``/``standby``."""
    return _BOOLS.get(parse_text(payload))


def parse_number(payload: bytes) -> Value:
    """A finite decimal number, or None."""
    text = parse_text(payload)
    digits = text.removeprefix("-").replace(".", "", 1)
    if not digits.isdigit() or len(text) > 16:
        return None
    return float(text) if "." in text else int(text)


def parse_presence(payload: bytes) -> bool | None:
    """``online`` or ``offline``."""
    return {"online": True, "offline": False}.get(parse_text(payload))


def lock_state(word: str | None, target: Target) -> LockState:
    """What a state means for a door. A strike has no bolt: at rest only its latch holds."""
    if word == "locked":
        return LockState.LOCKED if target == "lock" else LockState.UNLOCKED
    return LockState.UNKNOWN if word is None else _LOCK_STATES.get(word, LockState.UNKNOWN)


def door_contact(word: str | None) -> DoorContact:
    """What the door sensor's word means for a door."""
    return DoorContact.UNKNOWN if word is None else _DOOR_CONTACTS.get(word, DoorContact.UNKNOWN)
