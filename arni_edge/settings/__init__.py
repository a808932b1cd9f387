"""The only reader of configuration, credentials and environment."""

from arni_edge.settings.access import Access, Holiday, Plan, Policy
from arni_edge.settings.automation import Automation
from arni_edge.settings.base import DAYS, Hours, Span
from arni_edge.settings.doors import Contact, Door, HubLock, Lock, NukiLock, Shelly, StrikeLock
from arni_edge.settings.load import control_socket, load_settings, settings_path
from arni_edge.settings.model import (
    Alarms,
    Broker,
    Camera,
    OnCall,
    Paths,
    Relay,
    Settings,
    Site,
    Vision,
    WhatsApp,
    Zone,
)

__all__ = [
    "DAYS",
    "Access",
    "Alarms",
    "Automation",
    "Broker",
    "Camera",
    "Contact",
    "Door",
    "Holiday",
    "Hours",
    "HubLock",
    "Lock",
    "NukiLock",
    "OnCall",
    "Paths",
    "Plan",
    "Policy",
    "Relay",
    "Settings",
    "Shelly",
    "Site",
    "Span",
    "StrikeLock",
    "Vision",
    "WhatsApp",
    "Zone",
    "control_socket",
    "load_settings",
    "settings_path",
]
