"""A double of Meta's Graph API: takes messages, delivers them to phones, reports what became of them."""

from arni_edge.simulator.graph.errors import ErrorData, GraphError
from arni_edge.simulator.graph.faults import Fault, Operation, Plan
from arni_edge.simulator.graph.reports import StatusHabits
from arni_edge.simulator.graph.server import VERSION, SimulatedGraph
from arni_edge.simulator.graph.templates import Approval, Category, MessageTemplate

__all__ = [
    "VERSION",
    "Approval",
    "Category",
    "ErrorData",
    "Fault",
    "GraphError",
    "MessageTemplate",
    "Operation",
    "Plan",
    "SimulatedGraph",
    "StatusHabits",
]
