"""The things that act: locks and relays, reached through the local broker.

Each family has a *codec* (``nuki_codec``, ``shelly_codec``: pure functions between bytes and words, no state,
no wire) and *drivers* on top that hold the state of one device in the current broker session.
"""

from arni_edge.devices.nuki import LastKnown, NukiLockDriver
from arni_edge.devices.shelly import ShellySwitch, SwitchResult
from arni_edge.devices.shelly_rpc import ShellyRpc

__all__ = ["LastKnown", "NukiLockDriver", "ShellyRpc", "ShellySwitch", "SwitchResult"]
