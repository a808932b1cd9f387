"""The box's side of the cloud relay: fetch webhooks with a cursor that the box owns."""

from arni_edge.relay.client import Batch, Gap, RelayClient, RelayEvent
from arni_edge.relay.desk import Handler, OnLoss, RelayDesk
from arni_edge.relay.eraser import RelayEraser
from arni_edge.relay.errors import ShutOut
from arni_edge.relay.identity import Identity, Papers
from arni_edge.relay.pull import RelayPull

__all__ = [
    "Batch",
    "Gap",
    "Handler",
    "Identity",
    "OnLoss",
    "Papers",
    "RelayClient",
    "RelayDesk",
    "RelayEraser",
    "RelayEvent",
    "RelayPull",
    "ShutOut",
]
