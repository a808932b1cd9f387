"""What the house does by itself."""

from arni_edge.settings.base import Section


class Automation(Section):
    """Rules of the building."""
