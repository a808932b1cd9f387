"""Doors are opened by policy, never by persuasion."""

from arni_edge.access.entry import Entry, EntryDesk, Lock
from arni_edge.access.keys import EntryKeys
from arni_edge.access.policy import Rules, decide
from arni_edge.access.reader import DoorReaders
from arni_edge.access.rules import rules_of

__all__ = [
    "DoorReaders",
    "Entry",
    "EntryDesk",
    "EntryKeys",
    "Lock",
    "Rules",
    "decide",
    "rules_of",
]
