"""WhatsApp: Meta's webhooks come in through the relay, answers go out through the Graph API."""

from arni_edge.channels.whatsapp.channel import SOURCE, Intake, WhatsAppChannel
from arni_edge.channels.whatsapp.graph import GraphApi, open_client
from arni_edge.channels.whatsapp.intake import WhatsAppIntake
from arni_edge.channels.whatsapp.letters import Letters
from arni_edge.channels.whatsapp.marks import ReadMarks
from arni_edge.channels.whatsapp.media import MediaFetcher
from arni_edge.channels.whatsapp.sender import WhatsAppSender
from arni_edge.channels.whatsapp.settling import Notices
from arni_edge.channels.whatsapp.silence import RelayView
from arni_edge.channels.whatsapp.webhook import DeliveryState, DeliveryStatus
from arni_edge.channels.whatsapp.window import HeardWindows, Windows

__all__ = [
    "SOURCE",
    "DeliveryState",
    "DeliveryStatus",
    "GraphApi",
    "HeardWindows",
    "Intake",
    "Letters",
    "MediaFetcher",
    "Notices",
    "ReadMarks",
    "RelayView",
    "WhatsAppChannel",
    "WhatsAppIntake",
    "WhatsAppSender",
    "Windows",
    "open_client",
]
