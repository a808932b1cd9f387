"""The only reader of configuration, credentials and environment."""

from arni_edge.settings.access import Access, Holiday, Plan, Policy
from arni_edge.settings.automation import (
    Arming,
    Automation,
    Closing,
    Heating,
    Light,
    PathLight,
    Presence,
    Sensor,
    Ventilation,
    Watch,
)
from arni_edge.settings.automation_check import automation_problems
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
    "Arming",
    "Automation",
    "Broker",
    "Camera",
    "Closing",
    "Contact",
    "Door",
    "Heating",
    "Holiday",
    "Hours",
    "HubLock",
    "Light",
    "Lock",
    "NukiLock",
    "OnCall",
    "PathLight",
    "Paths",
    "Plan",
    "Policy",
    "Presence",
    "Relay",
    "Sensor",
    "Settings",
    "Shelly",
    "Site",
    "Span",
    "StrikeLock",
    "Ventilation",
    "Vision",
    "Watch",
    "WhatsApp",
    "Zone",
    "automation_problems",
    "control_socket",
    "load_settings",
    "settings_path",
]
