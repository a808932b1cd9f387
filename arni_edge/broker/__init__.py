"""The local Mosquitto: the session with it, its accounts, and the broker itself in managed mode."""

from arni_edge.broker.model import BrokerAddress, Delivery, Handler, NotSent, Received, Will
from arni_edge.broker.session import BrokerSession

__all__ = ["BrokerAddress", "BrokerSession", "Delivery", "Handler", "NotSent", "Received", "Will"]
