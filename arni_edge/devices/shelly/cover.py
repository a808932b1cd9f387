"""A shutter, blind or awning at a Shelly of generation 2 or newer."""

from collections.abc import Callable
from typing import Final

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly import units
from arni_edge.devices.shelly.frames import Status
from arni_edge.devices.shelly.orders import Order, SwitchResult, told
from arni_edge.devices.shelly.part import ShellyPart
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.domain.clock import Clock
from arni_edge.settings import Shelly

_MOVING: Final = frozenset({"opening", "closing"})
_AT_REST: Final = frozenset({"open", "closed", "stopped"})
_KEYS: Final = frozenset({"state", "target_pos", "current_pos"})

_TOLERANCE: Final = 2
"""Per cent. A motor without a sensor stops by time: it hardly ever stands where it was sent."""


class ShellyCover:
    """One cover. What it does is known only after the device has told it in the current broker session."""

    def __init__(self, shelly: Shelly, rpc: ShellyRpc, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings; its component is ``cover``.
            rpc: Shared by all devices of the house; its ``run`` also fetches the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
        """
        self._number = shelly.switch
        self._part = ShellyPart(shelly, f"cover:{shelly.switch}", rpc, broker, bus, clock, core=_state)

    @property
    def live(self) -> bool:
        """Whether the device was heard, or answered, in this broker session and has not left since."""
        return self._part.live

    @property
    def state(self) -> str | None:
        """``open``, ``closed``, ``opening``, ``closing``, ``stopped`` or ``calibrating``; None is unknown."""
        return _state(self._part.status)

    @property
    def position(self) -> float | None:
        """0 (closed) to 100 (open); None when unknown, as of a cover that was never calibrated."""
        return _position(self._part.status, "current_pos")

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device has rebooted or its configuration has changed."""
        self._part.on_doubt(doubt)

    async def open(self) -> SwitchResult:
        """Have it open; confirmed when it moves, or is open."""
        return await self._move("Cover.Open", {}, lambda status: _state(status) in {"open", "opening"})

    async def close(self) -> SwitchResult:
        """Have it close; confirmed when it moves, or is closed."""
        return await self._move("Cover.Close", {}, lambda status: _state(status) in {"closed", "closing"})

    async def stop(self) -> SwitchResult:
        """Have it stand still."""
        return await self._move("Cover.Stop", {}, lambda status: _state(status) in _AT_REST)

    async def go_to(self, position: int) -> SwitchResult:
        """Have it go to a position; confirmed when it is under way to there, or there.

        Args:
            position: 0 (closed) to 100 (open). A cover that was never calibrated refuses.
        """
        return await self._move(
            "Cover.GoToPosition", {"pos": position}, lambda status: _goes_to(status, position)
        )

    async def _move(self, method: str, params: Status, shows: Callable[[Status], bool]) -> SwitchResult:
        order = Order(
            method,
            {"id": self._number, **params},
            keys=_KEYS,
            shows=shows,
            words=lambda status: f"state={told(_state(status))}",
        )
        return await self._part.carry_out(order)


def _goes_to(status: Status, position: int) -> bool:
    state, here = _state(status), _position(status, "current_pos")
    if state in _MOVING:
        return _position(status, "target_pos") == position
    return state in _AT_REST and here is not None and abs(here - position) <= _TOLERANCE


def _state(status: Status) -> str | None:
    state = status.get("state")
    return state if isinstance(state, str) and state in units.WORDS["cover.state"] else None


def _position(status: Status, key: str) -> float | None:
    value = status.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
