"""Words for the numbers of the Nuki MQTT API, as readings and events carry them.

What a lock says as a number is a different thing on an Opener (device type 2). The vendor's tables list one,
although no Opener with its own MQTT exists yet.
"""

from collections.abc import Mapping
from typing import Final

from arni_edge.devices.nuki.codec import LockActionEvent, Trigger
from arni_edge.domain.readings import Value

OPENER: Final = 2
"""The number of ``deviceType`` that changes what the other numbers mean."""

STATES: Final[Mapping[int, str]] = {
    0: "uncalibrated",
    1: "locked",
    2: "unlocking",
    3: "unlocked",
    4: "locking",
    5: "unlatched",
    6: "unlocked_lock_n_go",
    7: "unlatching",
    252: "calibration",
    253: "boot_run",
    254: "motor_blocked",
}

OPENER_STATES: Final[Mapping[int, str]] = {
    0: "untrained",
    1: "online",
    3: "ring_to_open_active",
    5: "open",
    7: "opening",
    253: "boot_run",
}

CONTACTS: Final[Mapping[int, str]] = {2: "closed", 3: "open", 240: "tampered"}
"""Everything else (deactivated, calibrating, uncalibrated, unknown) says nothing about the door."""

MODES: Final[Mapping[int, str]] = {2: "door", 3: "continuous"}

DEVICE_TYPES: Final[Mapping[int, str]] = {
    0: "smart_lock",
    OPENER: "opener",
    3: "smart_door",
    4: "smart_lock_3_pro_or_4",
    5: "smart_lock_5",
}

_ACTIONS: Final[Mapping[int, str]] = {
    1: "unlock",
    2: "lock",
    3: "unlatch",
    4: "lock_n_go",
    5: "lock_n_go_unlatch",
    6: "full_lock",
    80: "fob",
    90: "button",
}

_OPENER_ACTIONS: Final[Mapping[int, str]] = {
    1: "activate_ring_to_open",
    2: "deactivate_ring_to_open",
    3: "electric_strike_actuation",
    4: "activate_continuous_mode",
    5: "deactivate_continuous_mode",
    80: "fob",
    90: "button",
}

_TRIGGERS: Final[Mapping[int, str]] = {
    Trigger.SYSTEM: "system",
    Trigger.MANUAL: "manual",
    Trigger.BUTTON: "button",
    Trigger.AUTOMATIC: "automatic",
    Trigger.AUTO_LOCK: "auto_lock",
    Trigger.HOMEKIT: "homekit",
    Trigger.MQTT: "mqtt",
}

_FOB_ACTION = 80
_BUTTON_ACTION = 90
_AUTO_UNLOCK = 1
_FEWEST_PRESSES_OF_A_FOB = 2  # one press cannot be told from auto-unlock, whose context is 1


def action_data(event: LockActionEvent, *, opener: bool) -> dict[str, Value]:
    """What a ``lockActionEvent`` says, in words; numbers that have none stay numbers."""
    actions = _OPENER_ACTIONS if opener else _ACTIONS
    return {
        "action": actions.get(event.action, event.action),
        "trigger": _TRIGGERS.get(event.trigger, event.trigger),
        "auth_id": event.auth,
        "code_id": event.code,
        "context": event.context,
        "source": _source(event),
    }


def _source(event: LockActionEvent) -> str | None:
    """By what the action was asked for.

    The same field means presses of a button or fob, the way of identifying at a keypad, or auto-unlock; which
    of them follows from the other fields. The vendor's example of a fob has the trigger of the time control,
    and only its number of presses and its user give it away.
    """
    if event.code:
        return "keypad"
    if event.action == _FOB_ACTION:
        return "fob"
    if event.trigger == Trigger.BUTTON or event.action == _BUTTON_ACTION:
        return "button"
    if event.trigger in {Trigger.MQTT, Trigger.HOMEKIT, Trigger.AUTO_LOCK}:
        return _TRIGGERS[event.trigger]
    presses = event.context or 0
    if event.trigger == Trigger.AUTOMATIC and event.auth and presses >= _FEWEST_PRESSES_OF_A_FOB:
        return "fob"
    if event.context == _AUTO_UNLOCK:
        return "auto_unlock"
    return _TRIGGERS.get(event.trigger)
