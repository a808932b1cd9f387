"""A double of Magicline: Open API, Device API and webhooks of one studio, with the habits of the real one."""

from arni_edge.simulator.magicline.faults import ANY, Fault, Plan
from arni_edge.simulator.magicline.quirks import NEW_ENUMS, Quirks
from arni_edge.simulator.magicline.server import Asked, SimulatedMagicline
from arni_edge.simulator.magicline.webhooks import Habits

__all__ = ["ANY", "NEW_ENUMS", "Asked", "Fault", "Habits", "Plan", "Quirks", "SimulatedMagicline"]
