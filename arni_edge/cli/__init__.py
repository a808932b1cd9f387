"""The ``arni-edge`` command."""

from arni_edge.cli.app import main

__all__ = ["main"]
