"""What a worker process is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from arni_edge.supervision.confine import Limits


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How to run one worker.

    Attributes:
        name: Its name; also the name of its part on the health board.
        module: Python module whose ``main()`` is the worker.
        limits: What the process is bound to.
        start: Makes the start message, JSON-able; asked anew for every start.
        handshake_seconds: Until ``ready``; loading a model takes its time.
        beat_seconds: So long may the heart be silent before the process is killed.
    """

    name: str
    module: str
    limits: Limits
    start: Callable[[], dict[str, Any]]
    handshake_seconds: float = 60.0
    beat_seconds: float = 10.0
