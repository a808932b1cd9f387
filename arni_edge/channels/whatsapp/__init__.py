"""WhatsApp: Meta's webhooks come in through the relay, answers go out through the Graph API."""

from arni_edge.channels.whatsapp.channel import Intake, WhatsAppChannel
from arni_edge.channels.whatsapp.graph import GraphApi, open_client
from arni_edge.channels.whatsapp.outbox_port import OutboxItem, OutboxPort
from arni_edge.channels.whatsapp.sender import RelayView, WhatsAppSender
from arni_edge.channels.whatsapp.webhook import DeliveryState, DeliveryStatus

__all__ = [
    "DeliveryState",
    "DeliveryStatus",
    "GraphApi",
    "Intake",
    "OutboxItem",
    "OutboxPort",
    "RelayView",
    "WhatsAppChannel",
    "WhatsAppSender",
    "open_client",
]
