"""WhatsApp: Meta's webhooks come in through the relay, answers go out through the Graph API."""

from arni_edge.channels.whatsapp.channel import SOURCE, Intake, WhatsAppChannel
from arni_edge.channels.whatsapp.graph import GraphApi, open_client
from arni_edge.channels.whatsapp.intake import WhatsAppIntake
from arni_edge.channels.whatsapp.sender import RelayView, WhatsAppSender
from arni_edge.channels.whatsapp.webhook import DeliveryState, DeliveryStatus

__all__ = [
    "SOURCE",
    "DeliveryState",
    "DeliveryStatus",
    "GraphApi",
    "Intake",
    "RelayView",
    "WhatsAppChannel",
    "WhatsAppIntake",
    "WhatsAppSender",
    "open_client",
]
