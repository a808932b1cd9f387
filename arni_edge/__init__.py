"""Arni Edge: runs a gym that has nobody at the desk."""

__version__ = "0.1.0"
