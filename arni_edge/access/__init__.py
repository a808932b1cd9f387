"""Doors are opened by policy, never by persuasion."""

from arni_edge.access.entry import Entry, EntryDesk, Lock
from arni_edge.access.policy import Rules, decide

__all__ = ["Entry", "EntryDesk", "Lock", "Rules", "decide"]
