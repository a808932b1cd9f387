"""What the health board shows of a device that comes, goes, or has not spoken since the broker is new."""

from support.clock import ManualClock
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.daemon.weather import watch_devices
from arni_edge.domain.devices import Availability
from arni_edge.domain.events import DeviceAvailabilityChanged
from arni_edge.domain.health import State
from arni_edge.supervision import HealthBoard

_FLOOD = "shelly/flood"


async def test_a_sleeper_is_not_down_because_the_broker_is_new() -> None:
    clock, bus = ManualClock(), Bus()
    board = HealthBoard(bus, clock)

    def shown() -> tuple[State, str] | None:
        health = board.of(f"device/{_FLOOD}")
        return (health.state, health.reason) if health else None

    def says(available: bool, reason: str) -> None:
        bus.publish(
            DeviceAvailabilityChanged(at=clock.now(), device=_FLOOD, available=available, reason=reason)
        )

    async with running(lambda _: watch_devices([_FLOOD], bus, board)):
        await eventually(lambda: shown() == (State.DEGRADED, "not heard yet"))
        says(True, Availability.ASLEEP)
        await eventually(lambda: shown() == (State.OK, "asleep"))
        says(False, Availability.UNKNOWN)
        await eventually(lambda: shown() == (State.DEGRADED, "not heard yet"))
        says(False, Availability.SILENT)
        await eventually(lambda: shown() == (State.DOWN, "silent"))
