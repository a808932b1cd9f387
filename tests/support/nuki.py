"""A door with a simulated Nuki for tests: fast motor, and a leaf that a test moves by hand."""

from collections.abc import Callable

from arni_edge.simulator.nuki import SimulatedNuki, Timing
from support.mosquitto import Mosquitto

NUKI_ID = "2BB28570"
COMMAND = f"nuki/{NUKI_ID}/lockAction"
FAST = Timing(turn=0.1, unlatch=0.1, hold=0.2, lock_n_go=0.2, jam_shown=0.3, drop=0.1)


class FakeLeaf:
    """A door leaf that a test opens by hand."""

    def __init__(self) -> None:
        self.is_open = False
        self.listeners: list[Callable[[bool], None]] = []
        self.released: list[float] = []

    def release_latch(self, seconds: float) -> None:
        self.released.append(seconds)

    def move(self, *, to: bool) -> None:
        self.is_open = to
        for listener in self.listeners:
            listener(to)


def a_nuki(mosquitto: Mosquitto, leaf: FakeLeaf, *, keepalive: int = 60, seed: int = 0) -> SimulatedNuki:
    """A lock; it lives while it is plugged in."""
    return SimulatedNuki(
        NUKI_ID,
        mosquitto.address(f"nuki-{NUKI_ID}", tcp=True),
        leaf,
        seed=seed,
        keepalive=keepalive,
        timing=FAST,
        reconnect=(0.05, 0.2),
    )
