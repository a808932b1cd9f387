"""Words for doors: who asks and what they show, what the policy says, what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum

from arni_edge.domain.people import Assurance

Spans = Sequence[tuple[time, time]]
"""Spans of local time of one day; the end is exclusive, ``time.max`` means midnight."""

Windows = Mapping[int, Spans]
"""Weekday (0 = Monday) to its spans; a weekday that is missing has none."""


class Via(StrEnum):
    """How somebody shows that they may come in."""

    CHANNEL = "channel"
    """Their number or account is on file."""
    QR = "qr"
    """The signed token on their phone."""
    CODE = "code"
    """A one-time code that was sent to them."""
    VISIT = "visit"
    """A code for a delivery, a cleaner, a trade: no member."""
    STAFF = "staff"
    """A member of staff opens from afar, and says why."""


class Verdict(StrEnum):
    """What looking at a credential alone has shown."""

    GENUINE = "genuine"
    UNKNOWN = "unknown"
    """Nothing of ours, withdrawn, or signed with a key that is gone."""
    FORGED = "forged"
    """It looks like ours, and its signature is wrong."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What somebody shows, after it was looked at.

    Attributes:
        via: What it is.
        assurance: How sure we are who shows it.
        verdict: Whether it is ours.
        not_before: Nothing opens before (aware); tolerance for clocks is in it already.
        expires_at: Nothing opens from then on (aware). Only the channel and staff have none.
        used: It has opened as often as it may.
        holder: Whom it was issued to: a member's id, a visit's, or a name of staff.
        doors: The doors it is for; None when it is bound to none.
        windows: When it is good, in the studio's time; None when it says nothing about that.
        credential_id: For the audit; never the code or token itself.
    """

    via: Via
    assurance: Assurance
    verdict: Verdict = Verdict.GENUINE
    not_before: datetime | None = None
    expires_at: datetime | None = None
    used: bool = False
    holder: str | None = None
    doors: frozenset[str] | None = None
    windows: Windows | None = None
    credential_id: str | None = None


class DenyReason(StrEnum):
    """Why a door stays shut; for staff in full (catalogue ``door.staff.*``).

    What everybody may hear (``door.denied.*``) is less: see :func:`arni_edge.access.words.public_text`.
    """

    # who
    STRANGER = "stranger"
    ASSURANCE = "assurance"
    BANNED = "banned"
    PAUSED = "paused"
    ENDED = "ended"
    NOT_YET = "not_yet"
    ARREARS = "arrears"
    UNKNOWN_PLAN = "unknown_plan"
    # what they show
    UNREADABLE = "unreadable"
    UNKNOWN_CREDENTIAL = "unknown_credential"
    FORGED = "forged"
    EXPIRED = "expired"
    TOO_EARLY = "too_early"
    USED = "used"
    WRONG_DOOR = "wrong_door"
    WRONG_HOLDER = "wrong_holder"
    TOO_MANY_TRIES = "too_many_tries"
    # where
    UNKNOWN_DOOR = "unknown_door"
    STAFF_ONLY = "staff_only"
    GROUP = "group"
    PLAN_DOOR = "plan_door"
    FULL = "full"
    PASSED_BACK = "passed_back"
    # when
    OUTSIDE_HOURS = "outside_hours"
    HOLIDAY = "holiday"
    PLAN_HOURS = "plan_hours"
    VISIT_HOURS = "visit_hours"
    MIRROR_STALE = "mirror_stale"
    STALE = "stale"
    CLOCK = "clock"


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


@dataclass(frozen=True, slots=True)
class AskStaff:
    """The owner wants a person to decide; until then the door stays shut."""

    reason: AskReason


Decision = Allow | Deny | AskStaff


@dataclass(frozen=True, slots=True)
class EntryRequest:
    """Somebody wants to come in.

    Attributes:
        request_id: Unique; the same request never opens a door twice.
        door: Door id from the settings.
        source: Where it came from, for instance ``whatsapp``.
        asked_at: When the person asked, by the clock of the channel (aware).
        inside: People in the gym, or None when nobody knows: unknown is neither empty nor full.
        capacity: People that the gym holds, or None when that does not matter.
        last_entry: When this member last came in through this door (aware), or None.
        last_exit: When they were last seen leaving (aware), or None when nothing sees that.
    """

    request_id: str
    door: str
    source: str
    asked_at: datetime
    inside: int | None = None
    capacity: int | None = None
    last_entry: datetime | None = None
    last_exit: datetime | None = None


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
    UNCALIBRATED = "uncalibrated"
    """The lock does not know where its bolt is, and is not commanded."""
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
