"""Acts of consequence: tools, and the one-way door that they pass. The executor alone calls an effect."""

from arni_edge.actions.tool import Actor, ActorKind, Tool

__all__ = ["Actor", "ActorKind", "Tool"]
