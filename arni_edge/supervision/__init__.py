"""Keeps the parts of the house alive: tasks, worker processes, liveness, systemd."""

from arni_edge.supervision.board import HealthBoard
from arni_edge.supervision.confine import Limits
from arni_edge.supervision.notify import Notifier
from arni_edge.supervision.restarts import RestartPolicy
from arni_edge.supervision.spec import WorkerSpec
from arni_edge.supervision.tree import Child, Supervisor
from arni_edge.supervision.worker import WorkerProcess

__all__ = [
    "Child",
    "HealthBoard",
    "Limits",
    "Notifier",
    "RestartPolicy",
    "Supervisor",
    "WorkerProcess",
    "WorkerSpec",
]
