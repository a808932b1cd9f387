"""The box's side of the cloud relay: fetch webhooks with a cursor that the box owns."""

from arni_edge.relay.client import Batch, Gap, RelayClient, RelayEvent
from arni_edge.relay.desk import Handler, RelayDesk
from arni_edge.relay.pull import RelayPull

__all__ = ["Batch", "Gap", "Handler", "RelayClient", "RelayDesk", "RelayEvent", "RelayPull"]
