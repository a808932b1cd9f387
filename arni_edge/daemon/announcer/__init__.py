"""Spoken announcements: espeak-ng renders into memory, a program of the owner's plays it. No file."""

from arni_edge.daemon.announcer.speaker import Rank, Speaker

__all__ = ["Rank", "Speaker"]
