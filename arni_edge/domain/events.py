"""The closed union of everything that happens in the house.

Numbers and identifiers only: no text that a person wrote, no name, no phone number.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from arni_edge.domain.doors import DenyReason, DoorContact, LockState, Outcome
from arni_edge.domain.health import State


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


class AlarmRaised(_Event):
    """An emergency was recognised and stored."""

    kind: Literal["alarm_raised"] = "alarm_raised"
    alarm_id: str
    cause: str
    source: str


Event = Annotated[
    HealthChanged
    | ZoneCounted
    | LockChanged
    | DeviceAvailabilityChanged
    | EntryDenied
    | DoorCommandEnded
    | UnrequestedOpening
    | AlarmRaised,
    Field(discriminator="kind"),
]

SAFETY_EVENTS = (AlarmRaised, EntryDenied, DoorCommandEnded, UnrequestedOpening)
"""Kinds that are never dropped; the rest is telemetry and may be coalesced."""
