"""Emergencies: recognised by code, before anything else has a say."""

from arni_edge.safety.alarms import AlarmDesk, LocalAct, Report
from arni_edge.safety.matcher import Cause, find_emergency

__all__ = ["AlarmDesk", "Cause", "LocalAct", "Report", "find_emergency"]
