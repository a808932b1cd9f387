"""Emergencies: recognised by code, before anything else has a say."""

from arni_edge.safety.alarms import AlarmDesk
from arni_edge.safety.matcher import Cause, find_emergency
from arni_edge.safety.model import Alarm, Call, Display, LocalAct, Report, Reporter, Sink
from arni_edge.safety.rota import Roster
from arni_edge.safety.staff_line import StaffLine
from arni_edge.safety.words import AlarmWords

__all__ = [
    "Alarm",
    "AlarmDesk",
    "AlarmWords",
    "Call",
    "Cause",
    "Display",
    "LocalAct",
    "Report",
    "Reporter",
    "Roster",
    "Sink",
    "StaffLine",
    "find_emergency",
]
