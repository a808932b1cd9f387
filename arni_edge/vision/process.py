"""How the daemon starts the vision worker; the confinement test starts its probe in exactly this way."""

from arni_edge.broker import BrokerAddress
from arni_edge.settings import Settings
from arni_edge.supervision import Limits, WorkerSpec
from arni_edge.vision.start import VisionStart

WORKER = "vision"
MODULE = "arni_edge.vision.worker"


def worker_limits(settings: Settings) -> Limits:
    """What the process is bound to: it may not put one byte into any file."""
    return Limits(nice=5, memory_bytes=settings.vision.memory_megabytes << 20, may_write=False)


def worker_spec(settings: Settings, address: BrokerAddress) -> WorkerSpec:
    """The worker as the supervision runs it.

    Args:
        settings: Of this box.
        address: The broker, with the worker's own account.
    """
    return WorkerSpec(
        name=WORKER,
        module=MODULE,
        limits=worker_limits(settings),
        start=lambda: VisionStart.from_settings(settings, address).as_message(),
    )
