"""A simulated battery device of generation 1: flood sensor, door contact, button."""

import asyncio

import orjson

from arni_edge.broker import BrokerAddress
from arni_edge.domain.clock import Clock
from arni_edge.simulator.shelly_gen1_device import Gen1Device, Json

_BURST_SECONDS = 0.1
"""A sleeper says everything within about this time and is gone."""


class SimulatedSleeperGen1(Gen1Device):
    """A battery device (flood, door/window …): wakes up, says everything at once and is gone.

    Attributes:
        readings: Its state topics below the prefix, with their payloads.
        details: Its part of ``info``.
    """

    def __init__(
        self,
        device_id: str,
        model: str,
        address: BrokerAddress,
        *,
        readings: dict[str, str],
        details: Json | None = None,
        seed: int = 0,
        clock: Clock | None = None,
    ) -> None:
        """Put the battery in; it sleeps until :meth:`wake`.

        Args:
            device_id: For instance ``shellyflood-EC64C9C1DA9A``.
            model: For instance ``SHWT-1``.
            address: Of the broker.
            readings: For instance ``{"sensor/flood": "false"}``.
            details: For instance ``{"flood": False}``.
            seed: For the pauses before a reconnect.
            clock: For the uptime.
        """
        super().__init__(
            device_id, model, address,
            mac=None, seed=seed, keepalive=60, clock=clock, reconnect=(0.05, 0.2),
        )  # fmt: skip
        self.readings = readings
        self.details = details or {}
        self._reason = "poweron"
        self._sleep()

    def wake(self, reason: str = "periodic") -> None:
        """Wake up, for instance ``periodic``, because of a ``sensor`` or because of a ``button``."""
        self._reason = reason
        self._booted = self._clock.monotonic()
        self.power_on()

    def on_connected(self) -> None:
        """Everything in one burst, then back to sleep without a goodbye."""
        super().on_connected()
        asyncio.get_running_loop().call_later(_BURST_SECONDS, self._sleep)

    def status(self) -> Json:
        """What it measures, and why it woke up."""
        return {"is_valid": True, **self.details, "act_reasons": [self._reason], "sensor_error": 0}

    def states(self) -> list[tuple[str, str]]:
        """What it measures, and why it woke up."""
        reasons = orjson.dumps([self._reason]).decode()
        return [*self.readings.items(), ("sensor/act_reasons", reasons), ("sensor/error", "0")]

    def _sleep(self) -> None:
        self._powered.clear()
        self._unpowered.set()
        self.drop_connection()
