"""A relay in a Shelly of generation 2 or newer, driven over the local broker."""

from collections.abc import Callable

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices.shelly import frames
from arni_edge.devices.shelly.frames import Status
from arni_edge.devices.shelly.orders import Order, SwitchResult, told
from arni_edge.devices.shelly.part import ShellyPart
from arni_edge.devices.shelly.rpc import ShellyRpc
from arni_edge.domain.clock import Clock
from arni_edge.settings import Shelly

__all__ = ["ShellySwitch", "SwitchResult"]


class ShellySwitch:
    """One relay. Its output is known only after the device has told it in the current broker session."""

    def __init__(self, shelly: Shelly, rpc: ShellyRpc, broker: BrokerSession, bus: Bus, clock: Clock) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            rpc: Shared by all devices of the house; its ``run`` also fetches the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
        """
        self._number = shelly.switch
        self._part = ShellyPart(
            shelly, f"switch:{shelly.switch}", rpc, broker, bus, clock, core=frames.component_output
        )

    @property
    def live(self) -> bool:
        """Whether the device was heard, or answered, in this broker session and has not left since."""
        return self._part.live

    @property
    def output(self) -> bool | None:
        """Whether the relay is on; None when unknown."""
        return frames.component_output(self._part.status)

    def on_doubt(self, doubt: Callable[[], None]) -> None:
        """Call this when the device has rebooted or its configuration has changed."""
        self._part.on_doubt(doubt)

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch the relay and wait for the effect; never repeated by itself.

        Args:
            on: As it shall be.
            toggle_after: Seconds until the *device* switches back, so that a dead daemon leaves nothing on.
        """
        params: Status = {"id": self._number, "on": on}
        if toggle_after is not None:
            params["toggle_after"] = toggle_after
        order = Order(
            "Switch.Set",
            params,
            keys=frozenset({"output"}),
            shows=lambda status: frames.component_output(status) is on,
            words=lambda status: f"output={told(frames.component_output(status))}",
            unchanged=lambda result: result.get("was_on") is on,
            passing=toggle_after is not None,
        )
        return await self._part.carry_out(order)
