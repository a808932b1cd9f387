"""The things that act and sense: locks, relays and sensors, reached through the local broker.

Each family has *readers* (pure functions and small pure objects between bytes and words: no clock, no wire)
and *drivers* on top that hold the state of one device in the current broker session. What every family's
readers say is one vocabulary, :mod:`arni_edge.domain.readings`.
"""

from arni_edge.devices.lock_view import LastKnown
from arni_edge.devices.nuki.lock import NukiLockDriver
from arni_edge.devices.nuki_hub.lock import NukiHubDriver
from arni_edge.devices.shelly.cover import ShellyCover
from arni_edge.devices.shelly.guard import Gen2Guard
from arni_edge.devices.shelly.light import ShellyLight
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.devices.shelly.switch import ShellySwitch, SwitchResult

__all__ = [
    "Gen2Guard",
    "LastKnown",
    "NukiHubDriver",
    "NukiLockDriver",
    "ShellyCover",
    "ShellyLight",
    "ShellyRpc",
    "ShellySwitch",
    "SwitchResult",
]
