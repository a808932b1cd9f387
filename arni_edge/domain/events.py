"""The closed union of everything that happens in the house.

Numbers and identifiers only: no text that a person wrote, no name, no phone number.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import AskReason, DenyReason, DoorContact, Incident, LockState, Outcome
from arni_edge.domain.health import State
from arni_edge.domain.readings import Value


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    at: AwareDatetime


class HealthChanged(_Event):
    """A part of the house came into another state."""

    kind: Literal["health_changed"] = "health_changed"
    part: str
    state: State
    reason: str


class ZoneCounted(_Event):
    """The vision worker saw so many people in a zone; ``count`` is None when it cannot see."""

    kind: Literal["zone_counted"] = "zone_counted"
    zone: str
    count: int | None


class LineCrossed(_Event):
    """Somebody went through a line of a camera. ``at`` is when that was seen, not when it was heard.

    Attributes:
        together: The most people who were at the line at once around the crossing.
    """

    kind: Literal["line_crossed"] = "line_crossed"
    camera: str
    line: str
    direction: Literal["in", "out"]
    together: int


class PeopleCounted(_Event):
    """So many people are in the gym; ``count`` is None when nobody knows."""

    kind: Literal["people_counted"] = "people_counted"
    count: int | None
    confidence: float


class CameraChanged(_Event):
    """A camera came into another state (words of the vision room), for instance ``stalled``."""

    kind: Literal["camera_changed"] = "camera_changed"
    camera: str
    state: str
    reason: str


class PersonDown(_Event):
    """Somebody seems to lie on the floor and not to get up, or that is over.

    A candidate for an alarm: it was held for as long as ``vision.person_down_seconds`` before it is said.
    Whoever asks the person over the speaker, and raises the alarm, listens to this.
    """

    kind: Literal["person_down"] = "person_down"
    camera: str
    zone: str | None
    evidence: str
    seconds: float
    over: bool = False


class ZoneCrowded(_Event):
    """More people than its limit are in a zone, or no longer."""

    kind: Literal["zone_crowded"] = "zone_crowded"
    zone: str
    count: int | None
    over: bool = False


class LonePerson(_Event):
    """Exactly one person has been in the gym for as long as the owner wants to know of, or no longer."""

    kind: Literal["lone_person"] = "lone_person"
    over: bool = False


class TailgatingSuspected(_Event):
    """More people went in than were let in by one opening.

    Attributes:
        request_id: Of the entry.
        entries: So many went in.
        together: So many were at the line at once.
        times: So often for the same member lately, this time included; 0 when nobody known was let in.
    """

    kind: Literal["tailgating_suspected"] = "tailgating_suspected"
    door: str
    request_id: str
    entries: int
    together: int
    times: int


class LockChanged(_Event):
    """A lock says something else than before. History (retained messages) never makes this event."""

    kind: Literal["lock_changed"] = "lock_changed"
    door: str
    state: LockState
    contact: DoorContact


class DeviceAvailabilityChanged(_Event):
    """A device is live now, or no longer."""

    kind: Literal["device_availability_changed"] = "device_availability_changed"
    device: str
    available: bool
    reason: str


class EntryDenied(_Event):
    """The policy said no."""

    kind: Literal["entry_denied"] = "entry_denied"
    door: str
    request_id: str
    reason: DenyReason


class DoorCommandEnded(_Event):
    """An unlatch command came to its end."""

    kind: Literal["door_command_ended"] = "door_command_ended"
    door: str
    request_id: str
    outcome: Outcome
    evidence: str
    seconds: float


class UnrequestedOpening(_Event):
    """A lock or relay acted without a command of ours: a late execution, or somebody else publishes."""

    kind: Literal["unrequested_opening"] = "unrequested_opening"
    door: str
    evidence: str


class DoorIncident(_Event):
    """Something at a door that somebody should know of began, or is over."""

    kind: Literal["door_incident"] = "door_incident"
    door: str
    incident: Incident
    over: bool = False
    evidence: str


class DeviceIncident(_Event):
    """Something at a device that somebody should know of began, or is over."""

    kind: Literal["device_incident"] = "device_incident"
    device: str
    incident: DeviceTrouble
    over: bool = False
    evidence: str


class CameraIncident(_Event):
    """Something at a camera, or something that it sees, that somebody should know of began, or is over.

    Attributes:
        camera: Its id; ``zone/<id>`` for what is about a zone.
    """

    kind: Literal["camera_incident"] = "camera_incident"
    camera: str
    incident: CameraTrouble
    over: bool = False
    evidence: str


class ReadingChanged(_Event):
    """An entity of a device has another live value than before; None is unknown. Never made by history."""

    kind: Literal["reading_changed"] = "reading_changed"
    device: str
    entity: str
    value: Value
    unit: str | None = None


class DeviceSignalled(_Event):
    """Something happened live at a device: a button was pressed, it rebooted."""

    kind: Literal["device_signalled"] = "device_signalled"
    device: str
    entity: str
    name: str


class LockUsed(_Event):
    """Somebody did something at the lock itself: keypad, button, fob, app. Information, not a request.

    Attributes:
        action: For instance ``unlatch``.
        source: By what, for instance ``keypad``; empty where the lock does not tell.
        auth_id: Id of the user's authorisation in the lock, 0 = none.
        code_id: Id of the keypad code in the lock, 0 = none.
    """

    kind: Literal["lock_used"] = "lock_used"
    door: str
    action: str
    source: str
    auth_id: int
    code_id: int


class StaffAsked(_Event):
    """The policy leaves it to a person whether this door opens."""

    kind: Literal["staff_asked"] = "staff_asked"
    door: str
    request_id: str
    reason: AskReason


class AnnouncementDue(_Event):
    """A rule of the building wants people told something; the words are ``automation.notice.<notice>``."""

    kind: Literal["announcement_due"] = "announcement_due"
    audience: Literal["inside", "staff"]
    notice: str
    number: int | None = None
    subject: str = ""


class AlarmRaised(_Event):
    """An emergency was recognised and stored."""

    kind: Literal["alarm_raised"] = "alarm_raised"
    alarm_id: str
    cause: str
    source: str


class AlarmChanged(_Event):
    """Somebody acknowledged, closed or cancelled an alarm, or it was escalated.

    Attributes:
        state: ``open``, ``acknowledged`` or ``closed``.
        step: How many times the next contact was called.
        outcome: How it ended (``helped``, ``false_alarm``, ``test``), or None.
    """

    kind: Literal["alarm_changed"] = "alarm_changed"
    alarm_id: str
    state: str
    step: int = 0
    outcome: str | None = None


class AlarmDelivery(_Event):
    """One sink of an alarm came into another state.

    Attributes:
        sink: For instance ``telegram/kim`` or ``light/floor``.
        state: ``trying``, ``done`` or ``failed``; one that failed is tried again. That a way is not needed
            any more is told by the state of the alarm.
    """

    kind: Literal["alarm_delivery"] = "alarm_delivery"
    alarm_id: str
    sink: str
    state: str


class ActionChanged(_Event):
    """An action that needs a confirmation came into another state."""

    kind: Literal["action_changed"] = "action_changed"
    action_id: str
    tool: str
    state: str


class HandoffChanged(_Event):
    """Somebody wants to talk to a person; ``state``: ``asked``, ``late``, ``taken`` or ``ended``."""

    kind: Literal["handoff_changed"] = "handoff_changed"
    handoff_id: str
    state: str


class DraftChanged(_Event):
    """An answer is held for staff to see; ``state``: ``held``, ``sent``, ``edited`` or ``withdrawn``."""

    kind: Literal["draft_changed"] = "draft_changed"
    draft_id: str
    state: str


class SosPressed(_Event):
    """Somebody pressed an SOS button."""

    kind: Literal["sos_pressed"] = "sos_pressed"
    button: str


Event = Annotated[
    HealthChanged
    | ZoneCounted
    | LineCrossed
    | PeopleCounted
    | CameraChanged
    | PersonDown
    | ZoneCrowded
    | LonePerson
    | TailgatingSuspected
    | LockChanged
    | DeviceAvailabilityChanged
    | EntryDenied
    | DoorCommandEnded
    | UnrequestedOpening
    | DoorIncident
    | DeviceIncident
    | CameraIncident
    | ReadingChanged
    | DeviceSignalled
    | LockUsed
    | StaffAsked
    | AnnouncementDue
    | AlarmRaised
    | AlarmChanged
    | AlarmDelivery
    | ActionChanged
    | HandoffChanged
    | DraftChanged
    | SosPressed,
    Field(discriminator="kind"),
]

SAFETY_EVENTS = (
    AlarmRaised,
    AlarmChanged,
    AlarmDelivery,
    ActionChanged,
    HandoffChanged,
    SosPressed,
    EntryDenied,
    DoorCommandEnded,
    UnrequestedOpening,
    DoorIncident,
    DeviceIncident,
    CameraIncident,
    DeviceSignalled,
    LockUsed,
    StaffAsked,
    AnnouncementDue,
    LineCrossed,
    PersonDown,
    LonePerson,
    TailgatingSuspected,
)
"""Kinds that are never dropped; the rest is telemetry and may be coalesced."""
