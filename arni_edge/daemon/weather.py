"""How the outside is doing, from what the organs say, onto the health board."""

from collections.abc import Callable

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.domain.events import DeviceAvailabilityChanged
from arni_edge.domain.health import State
from arni_edge.supervision import HealthBoard


def reporter(board: HealthBoard, part: str) -> Callable[[State, str], None]:
    """A function with which a part reports its own health."""

    def report(state: State, reason: str) -> None:
        board.report(part, state, reason)

    return report


def report_broker(broker: BrokerSession, board: HealthBoard) -> None:
    """Show the session with the broker on the board."""

    async def connected(_: int) -> None:
        if broker.second_instance:
            board.report("broker", State.DEGRADED, "another instance uses our client id; doors stay shut")
        else:
            board.report("broker", State.OK)

    board.report("broker", State.DOWN, "not connected yet")
    broker.on_session(connected)
    broker.on_lost(lambda: board.report("broker", State.DOWN, "the connection was lost"))


async def report_devices(bus: Bus, board: HealthBoard) -> None:
    """Show devices on the board as they come and go."""
    async for event in bus.subscribe(DeviceAvailabilityChanged):
        if isinstance(event, DeviceAvailabilityChanged):
            state = State.OK if event.available else State.DOWN
            board.report(f"device/{event.device}", state, event.reason)
