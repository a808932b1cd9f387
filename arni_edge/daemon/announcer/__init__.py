"""Spoken announcements: espeak-ng renders into memory, a program of the owner's plays it. No file."""

from arni_edge.daemon.announcer.inside import InsideVoice
from arni_edge.daemon.announcer.speaker import Rank, Speaker

__all__ = ["InsideVoice", "Rank", "Speaker"]
