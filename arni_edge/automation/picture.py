"""What the rules look at, and what they may wish. Plain data: no clock, no wire, no database."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.domain.readings import Value
from arni_edge.settings import Sensor

# --- what is known ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """The present, on both clocks.

    Attributes:
        at: The wall clock (aware): for opening hours and announcements. It may jump.
        seconds: A clock that never jumps: for how long something has been so.
    """

    at: datetime
    seconds: float


@dataclass(frozen=True, slots=True)
class DoorView:
    """What a door says of itself now."""

    lock: LockState = LockState.UNKNOWN
    contact: DoorContact = DoorContact.UNKNOWN


@dataclass(frozen=True, slots=True)
class HoursView:
    """Where the moment lies in the opening hours, holidays included.

    Attributes:
        open: Whether the gym is open.
        opened_at: Since when it is open; None when it is closed.
        closes_at: When the present opening ends; None when it is closed.
        closed_at: The last end of an opening; None when it is open, or was not open for a week.
    """

    open: bool
    opened_at: datetime | None = None
    closes_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """What the house knows now. What is not there is unknown, and unknown is never empty.

    Attributes:
        hours: Where the moment lies in the opening hours.
        zones: People per camera zone of the settings.
        total: People in the whole gym, as far as it is watched.
        readings: Live values by device id and entity.
        doors: Doors by id.
        entered: Doors that were opened by an allowed request since the last step.
        opened: Doors that went from closed to open since the last step.
        alarm: An alarm is under way.
        quiet: These are quiet hours.
        ordered: Since the last step staff have put the house on guard (True) or off it (False).
    """

    hours: HoursView
    zones: Mapping[str, Occupancy] = field(default_factory=dict)
    total: Occupancy = UNKNOWN_OCCUPANCY
    readings: Mapping[tuple[str, str], Value] = field(default_factory=dict)
    doors: Mapping[str, DoorView] = field(default_factory=dict)
    entered: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    alarm: bool = False
    quiet: bool = False
    ordered: bool | None = None

    def value(self, sensor: Sensor) -> Value:
        """The reading of a sensor; None when unknown."""
        return self.readings.get((sensor.device, sensor.entity))

    def number(self, sensor: Sensor | None) -> float | None:
        """The reading of a sensor as a finite number; None when it is none, or unknown."""
        return as_number(self.value(sensor)) if sensor is not None else None

    def door(self, door: str) -> DoorView:
        """A door; one that has said nothing is unknown."""
        return self.doors.get(door, DoorView())


def as_number(value: Value) -> float | None:
    """A finite number, or None. ``True`` is not 1 here."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


# --- what is wished ---------------------------------------------------------------------------------------


class Priority(IntEnum):
    """Whose wish counts when two rules want different things of one relay.

    Higher wins; among equals, *on* wins, so that a light of two rules is dark only when both agree.
    """

    OWNER = 0
    """Schedules, comfort, saving."""
    SAFETY_LIGHT = 1
    """Somebody is, or may be, where it would be dark."""
    FROST = 2
    """Water in the pipes must not freeze."""
    ALARM = 3
    """Light for people who flee or help; no fan that feeds a fire."""


class Why(StrEnum):
    """Why a rule wishes something. In words for people: catalogue ``automation.why``."""

    ALARM = "alarm"
    SOMEBODY = "somebody"
    MAYBE_SOMEBODY = "maybe_somebody"
    JUST_EMPTY = "just_empty"
    EMPTY = "empty"
    SCHEDULE = "schedule"
    DOOR_OPENED = "door_opened"
    PATH_OVER = "path_over"
    LET_IN = "let_in"
    OPEN = "open"
    CLOSED = "closed"
    COLD = "cold"
    WARM = "warm"
    FROST = "frost"
    FROST_BLIND = "frost_blind"
    BLIND_PAUSE = "blind_pause"
    RUN_TIME = "run_time"
    SMOKE = "smoke"
    QUIET = "quiet"
    AIR_BAD = "air_bad"
    AIR_GOOD = "air_good"
    AIR_UNKNOWN = "air_unknown"
    AFTER_HOURS = "after_hours"
    ORDERED = "ordered"


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """This relay should be so. Wished anew at every step for as long as it is meant.

    Attributes:
        device: A Shelly of the settings.
        on: As it should be.
        why: The reason.
        detail: Numbers that belong to it, for instance ``18.2 °C``.
        priority: Whose wish it is.
    """

    device: str
    on: bool
    why: Why
    detail: str = ""
    priority: Priority = Priority.OWNER


@dataclass(frozen=True, slots=True)
class LockDoor:
    """This door should be locked. Wished anew at every step for as long as it is meant."""

    door: str
    why: Why


class Audience(StrEnum):
    """Who is told."""

    INSIDE = "inside"
    """Everybody in the gym, by the loudspeaker."""
    STAFF = "staff"


class Notice(StrEnum):
    """What is said. The words are in the catalogue, ``automation.notice``."""

    CLOSING_SOON = "closing_soon"
    STILL_INSIDE = "still_inside"
    UNSURE_INSIDE = "unsure_inside"
    NOT_LOCKED = "not_locked"


@dataclass(frozen=True, slots=True)
class Announce:
    """Somebody should be told something, once.

    Attributes:
        audience: Who.
        notice: What.
        number: Minutes until closing, or people inside; None where it has no number.
        subject: A door's id, or empty.
    """

    audience: Audience
    notice: Notice
    number: int | None = None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class RaiseTrouble:
    """Something began that somebody must know of, or is over; once each.

    Attributes:
        device: A Shelly's id, ``door/<id>`` or ``zone/<id>``.
        trouble: What it is.
        evidence: What was seen.
        over: It is over. Also said of what was found in order at the start, because it may have begun before.
    """

    device: str
    trouble: DeviceTrouble
    evidence: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class SetGuard:
    """The house should be on guard, or not. Wished anew at every step."""

    armed: bool
    why: Why


Wish = SetSwitch | LockDoor | Announce | RaiseTrouble | SetGuard
