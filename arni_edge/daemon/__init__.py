"""The daemon: builds the house from its settings, runs it, stops it in reverse."""

from arni_edge.daemon.run import Daemon

__all__ = ["Daemon"]
