"""Words of the Nuki MQTT API 1.5 (30.7.2024): topics and values, nothing else.

Nothing here raises on what a lock may send: what is not understood becomes *unknown*, because a reader that
dies on a new firmware's number leaves a door without eyes.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from arni_edge.domain.doors import DoorContact, LockState


class Action(IntEnum):
    """What ``lockAction`` can ask for."""

    UNLOCK = 1
    LOCK = 2
    UNLATCH = 3
    LOCK_N_GO = 4
    LOCK_N_GO_UNLATCH = 5
    FULL_LOCK = 6


class Trigger(IntEnum):
    """Who caused an action. Other numbers exist and are kept as numbers."""

    SYSTEM = 0
    MANUAL = 1
    BUTTON = 2
    AUTOMATIC = 3
    AUTO_LOCK = 6
    HOMEKIT = 171
    MQTT = 172


class Response(IntEnum):
    """The values of ``commandResponse`` on which a decision depends."""

    SUCCESS = 0
    BAD_PARAMETER = 35
    MOTOR_BLOCKED = 66
    BUSY = 69


class Code(IntEnum):
    """The numbers of ``state``."""

    UNCALIBRATED = 0
    LOCKED = 1
    UNLOCKING = 2
    UNLOCKED = 3
    LOCKING = 4
    UNLATCHED = 5
    UNLOCKED_LOCK_N_GO = 6
    UNLATCHING = 7
    CALIBRATION = 252
    BOOT_RUN = 253
    MOTOR_BLOCKED = 254
    UNDEFINED = 255


class SensorCode(IntEnum):
    """The numbers of ``doorsensorState`` that are readings; every other one means *unknown*."""

    CLOSED = 2
    OPEN = 3
    TAMPERED = 240


_STATES: dict[int, LockState] = {
    Code.UNCALIBRATED: LockState.UNCALIBRATED,
    Code.LOCKED: LockState.LOCKED,
    Code.UNLOCKING: LockState.UNLOCKING,
    Code.UNLOCKED: LockState.UNLOCKED,
    Code.LOCKING: LockState.LOCKING,
    Code.UNLATCHED: LockState.UNLATCHED,
    Code.UNLOCKED_LOCK_N_GO: LockState.UNLOCKED,
    Code.UNLATCHING: LockState.UNLATCHING,
    Code.MOTOR_BLOCKED: LockState.MOTOR_BLOCKED,
}

_CONTACTS: dict[int, DoorContact] = {
    SensorCode.CLOSED: DoorContact.CLOSED,
    SensorCode.OPEN: DoorContact.OPEN,
    SensorCode.TAMPERED: DoorContact.TAMPERED,
}

MOVING = frozenset({LockState.UNLOCKING, LockState.LOCKING, LockState.UNLATCHING})
"""States in which the motor turns. They are short, travel at QoS 0 and may be skipped."""

_RESPONSES = {
    0: "success",
    16: "pairing error 16",
    17: "pairing error 17",
    18: "pairing error 18",
    19: "pairing error 19",
    32: "not authorised",
    33: "wrong PIN",
    34: "bad nonce",
    35: "bad parameter",
    36: "invalid authorisation id",
    37: "authorisation disabled",
    38: "remote access not allowed",
    39: "not allowed at this time",
    40: "too many wrong PINs",
    41: "too many entries",
    42: "code already exists",
    43: "code invalid",
    44: "code timeout 1",
    45: "code timeout 2",
    46: "code timeout 3",
    64: "auto-unlock too recent",
    65: "position unknown",
    66: "motor blocked",
    67: "clutch failure",
    68: "motor timeout",
    69: "busy",
    70: "cancelled by the user",
    71: "not calibrated",
    72: "motor position limit",
    73: "motor low voltage",
    74: "motor power failure",
    75: "clutch power failure",
    76: "voltage too low",
    77: "firmware update needed",
    253: "bad CRC",
    254: "bad length",
    255: "unknown error",
}


@dataclass(frozen=True, slots=True)
class LockActionEvent:
    """An action is about to be executed; not a success message.

    Attributes:
        action: :class:`Action`, or 80 (fob) or 90 (button) without an action.
        trigger: :class:`Trigger`, or another number.
        auth: Id of the user's authorisation, 0 = none.
        code: Id of the keypad code, 0 = unknown or no keypad.
        context: Meaning depends on the source; None where it was not a number.
    """

    action: int
    trigger: int
    auth: int
    code: int
    context: int | None

    @property
    def by_mqtt(self) -> bool:
        """Whether it was asked for through the broker."""
        return self.trigger == Trigger.MQTT


class Subject(StrEnum):
    """What a topic of ours is about."""

    CONNECTED = "connected"
    STATE = "state"
    CONTACT = "doorsensorState"
    EVENT = "lockActionEvent"
    RESPONSE = "commandResponse"
    TIMESTAMP = "timestamp"


_SUBJECTS = {subject.value: subject for subject in Subject}


def spellings(nuki_id: str) -> tuple[str, ...]:
    """How a lock may write its id of 1 to 8 hex digits: as given, without and with leading zeros."""
    upper = nuki_id.upper()
    return tuple(dict.fromkeys((upper, upper.lstrip("0") or "0", upper.zfill(8))))


def subscriptions(nuki_id: str) -> list[str]:
    """Every topic that a driver listens to, one by one.

    A filter that also matched ``lockAction`` would take away the broker's "no matching subscribers", which is
    how an absent lock is noticed at once.
    """
    return [f"nuki/{name}/{subject}" for name in spellings(nuki_id) for subject in Subject]


def command_topic(spelling: str) -> str:
    """Where commands go. ``lock`` and ``unlock`` are never used: with a knob outside ``unlock`` opens."""
    return f"nuki/{spelling}/lockAction"


def split_topic(topic: str) -> tuple[str, Subject] | None:
    """The id as spelled and the subject of a topic, or None if it is none of ours."""
    parts = topic.split("/")
    if len(parts) != 3 or parts[0] != "nuki" or parts[2] not in _SUBJECTS:
        return None
    return parts[1], _SUBJECTS[parts[2]]


def parse_number(payload: bytes) -> int | None:
    """A decimal number as locks write it, or None."""
    text = payload.strip()
    # Ten digits hold every 32-bit id; longer ones would only feed int() a denial of service.
    return int(text) if text.isdigit() and len(text) <= 10 else None


def parse_bool(payload: bytes) -> bool | None:
    """``true`` or ``false``, or None."""
    return {b"true": True, b"false": False}.get(payload.strip())


def parse_state(payload: bytes) -> LockState:
    """The lock's state; every number that is not a resting or moving state of a lock is *unknown*."""
    number = parse_number(payload)
    return LockState.UNKNOWN if number is None else _STATES.get(number, LockState.UNKNOWN)


def parse_contact(payload: bytes) -> DoorContact:
    """The door sensor's reading; deactivated, calibrating and unknown numbers are *unknown*."""
    number = parse_number(payload)
    return DoorContact.UNKNOWN if number is None else _CONTACTS.get(number, DoorContact.UNKNOWN)


def parse_event(payload: bytes) -> LockActionEvent | None:
    """A ``lockActionEvent``, or None. More fields than today's five are allowed."""
    numbers = [parse_number(field) for field in payload.split(b",")]
    if len(numbers) < 5:
        return None
    action, trigger, auth, code = numbers[:4]
    if action is None or trigger is None:
        return None
    return LockActionEvent(action, trigger, auth or 0, code or 0, numbers[4])


def response_name(code: int) -> str:
    """What a ``commandResponse`` means, in English, for the audit."""
    return _RESPONSES.get(code, f"error {code}")
