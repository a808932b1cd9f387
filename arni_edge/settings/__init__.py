"""The only reader of configuration, credentials and environment."""

from arni_edge.settings.access import Access, Holiday, Plan, Policy, Tailgating
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
from arni_edge.settings.cameras import Camera, Counting, Line, Polygon, QrRegion, Vision, Zone
from arni_edge.settings.doors import Contact, Door, HubLock, Lock, NukiLock, Shelly, StrikeLock
from arni_edge.settings.load import control_socket, load_cameras, load_settings, settings_path
from arni_edge.settings.model import (
    Alarms,
    Broker,
    OnCall,
    Paths,
    Relay,
    Settings,
    Site,
    WhatsApp,
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
    "Counting",
    "Door",
    "Heating",
    "Holiday",
    "Hours",
    "HubLock",
    "Light",
    "Line",
    "Lock",
    "NukiLock",
    "OnCall",
    "PathLight",
    "Paths",
    "Plan",
    "Policy",
    "Polygon",
    "Presence",
    "QrRegion",
    "Relay",
    "Sensor",
    "Settings",
    "Shelly",
    "Site",
    "Span",
    "StrikeLock",
    "Tailgating",
    "Ventilation",
    "Vision",
    "Watch",
    "WhatsApp",
    "Zone",
    "automation_problems",
    "control_socket",
    "load_cameras",
    "load_settings",
    "settings_path",
]
