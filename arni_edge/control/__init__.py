"""The control socket: how the command, and later the panel, reach the daemon."""

from arni_edge.control.client import call
from arni_edge.control.server import ControlServer, Method

__all__ = ["ControlServer", "Method", "call"]
