"""Words for the devices of the building."""

from enum import StrEnum


class DeviceTrouble(StrEnum):
    """What can be wrong with a device, or what it warns of."""

    BATTERY_LOW = "battery_low"
    SILENT = "silent"
    TAMPERED = "tampered"
    MISCONFIGURED = "misconfigured"
    """Its own settings are not as its role needs them."""
    RETAINED_COMMAND = "retained_command"
    LEAK = "leak"
    SMOKE = "smoke"
    GAS = "gas"
    FREEZER = "freezer"
    POWER = "power"
    OVERHEATED = "overheated"
    STUCK = "stuck"
    """A button reads as pressed all the time."""
    INTRUSION = "intrusion"
    """Somebody moves, opens or is seen while the house is armed."""


class DeviceState(StrEnum):
    """How the owner stands to a device."""

    SEEN = "seen"
    ADOPTED = "adopted"
    IGNORED = "ignored"


class Availability(StrEnum):
    """Whether a device is there. A sleeper that wakes up in time is ``ASLEEP``, not away."""

    UNKNOWN = "unknown"
    LIVE = "live"
    ASLEEP = "asleep"
    SILENT = "silent"
    OFFLINE = "offline"
