"""How the outside is doing, from what the organs say, onto the health board."""

import asyncio
from collections.abc import Callable, Collection

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.devices import Availability
from arni_edge.domain.events import DeviceAvailabilityChanged
from arni_edge.domain.health import Progress, State
from arni_edge.supervision import HealthBoard

_LOOK_SECONDS = 0.5
_NOT_HEARD = "not heard yet"


def reporter(board: HealthBoard, part: str) -> Callable[[State, str], None]:
    """A function with which a part reports its own health."""

    def report(state: State, reason: str) -> None:
        board.report(part, state, reason)

    return report


async def watch_broker(broker: BrokerSession, board: HealthBoard, progress: Progress) -> None:
    """Show the session with the broker on the board, until cancelled."""
    while True:
        progress()
        if not broker.connected:
            board.report("broker", State.DOWN, broker.problem)
        elif broker.second_instance:
            board.report("broker", State.DEGRADED, "another instance uses our client id; doors stay shut")
        else:
            board.report("broker", State.OK)
        await asyncio.sleep(_LOOK_SECONDS)


async def watch_devices(devices: Collection[str], bus: Bus, board: HealthBoard) -> None:
    """Show every device of the settings on the board, also one that never comes, until cancelled.

    Args:
        devices: Names as in :class:`DeviceAvailabilityChanged`.
        bus: Tells when they come and go.
        board: Where it is shown.
    """
    events = bus.subscribe(DeviceAvailabilityChanged)
    for device in devices:
        board.report(f"device/{device}", State.DEGRADED, _NOT_HEARD)
    async for event in events:
        if isinstance(event, DeviceAvailabilityChanged):
            if event.reason == Availability.UNKNOWN:
                # The broker is new, and nobody has denied anything: a sleeper wakes up in hours.
                board.report(f"device/{event.device}", State.DEGRADED, _NOT_HEARD)
                continue
            state = State.OK if event.available else State.DOWN
            board.report(f"device/{event.device}", state, event.reason)
