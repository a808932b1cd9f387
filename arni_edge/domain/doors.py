"""Words for doors: who asks, what the policy says, what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DenyReason(StrEnum):
    """Why a door stays shut. The public text (catalogue ``door.denied.*``) never says more than it must."""

    STRANGER = "stranger"
    UNKNOWN_DOOR = "unknown_door"
    PAUSED = "paused"
    ENDED = "ended"
    BANNED = "banned"
    NOT_YET = "not_yet"
    OUTSIDE_HOURS = "outside_hours"
    MIRROR_STALE = "mirror_stale"
    ASSURANCE = "assurance"
    STALE = "stale"


class AskReason(StrEnum):
    """Why a person decides (the owner chose so): ``access.*_policy = "ask_staff"``."""

    MIRROR_STALE = "mirror_stale"
    ARREARS = "arrears"
    FULL = "full"
    UNKNOWN_PLAN = "unknown_plan"


@dataclass(frozen=True, slots=True)
class Allow:
    """The policy lets this person in.

    Attributes:
        rule: Name of the rule that decided, for the audit.
    """

    rule: str


@dataclass(frozen=True, slots=True)
class Deny:
    """The policy does not let this person in."""

    reason: DenyReason


Decision = Allow | Deny


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """Somebody wants to come in.

    Attributes:
        request_id: Unique; the same request never opens a door twice.
        door: Door id from the settings.
        source: Where it came from, for instance ``whatsapp``.
        asked_at: When the person asked, by the clock of the channel (aware).
    """

    request_id: str
    door: str
    source: str
    asked_at: datetime


class Outcome(StrEnum):
    """What became of an unlatch command. Only ``CONFIRMED`` has evidence."""

    CONFIRMED = "confirmed"
    OFFLINE = "offline"
    NOT_PERMITTED = "not_permitted"
    BUSY = "busy"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class UnlatchResult:
    """The outcome of one unlatch command, with its evidence.

    Attributes:
        outcome: What became of it.
        evidence: What was seen on the wire, for the audit, for instance ``state=5``.
        seconds: From the command to the outcome.
    """

    outcome: Outcome
    evidence: str
    seconds: float


class Incident(StrEnum):
    """What can be wrong at a door."""

    PROPPED = "propped"
    """Open for longer than the owner wants."""
    FORCED = "forced"
    """Opened from outside although the bolt was out. From inside everybody may leave: see the watch."""
    LEFT_UNLOCKED = "left_unlocked"
    JAMMED = "jammed"
    TAMPERED = "tampered"
    BATTERY_LOW = "battery_low"
    SILENT = "silent"
    UNCONFIRMED = "unconfirmed"
    """A command came to no evidence: the door may be open."""
    UNREQUESTED = "unrequested"
    """It acted without a command of ours: late execution, or somebody else publishes."""
    RETAINED_COMMAND = "retained_command"
    """A command lies on the broker and would be carried out at every reconnect."""
    DROPS_ON_COMMAND = "drops_on_command"
    """The lock left the broker right after a command: another client with its id, or weak Wi-Fi."""
    UNSAFE = "unsafe"
    """A strike whose device would hold it open for ever: it is not used until that is mended."""


class LockState(StrEnum):
    """What a lock says of itself; ``UNKNOWN`` until it has spoken in the current broker session."""

    UNKNOWN = "unknown"
    UNCALIBRATED = "uncalibrated"
    LOCKED = "locked"
    UNLOCKING = "unlocking"
    UNLOCKED = "unlocked"
    LOCKING = "locking"
    UNLATCHED = "unlatched"
    UNLATCHING = "unlatching"
    MOTOR_BLOCKED = "motor_blocked"


class DoorContact(StrEnum):
    """The door sensor's reading."""

    UNKNOWN = "unknown"
    CLOSED = "closed"
    OPEN = "open"
    TAMPERED = "tampered"
