"""Whether a device is there, told apart from whether the broker remembers it."""

import asyncio
from collections.abc import Callable

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.events import DeviceAvailabilityChanged

_log = structlog.get_logger(__name__)

FLICKER_SECONDS = 1.0
"""When a device takes its own old connection over, ``false`` and ``true`` come within the same instant
(measured with Mosquitto 2.0.11): an absence shorter than this alarms nobody."""


class Liveness:
    """Live: something not retained was heard in the current broker session, and no ``offline`` since.

    Attributes:
        live: Whether the device is there now.
        offline: Whether it, or its last will, said in this session that it is away.
    """

    def __init__(self, device: str, bus: Bus, clock: Clock, on_gone: Callable[[], None]) -> None:
        """Watch one device.

        Args:
            device: Name in events and logs, for instance ``lock/front``.
            bus: Told of every change.
            clock: For the events' time.
            on_gone: Called when the device is certainly away: what it said is history now.
        """
        self._device = device
        self._bus = bus
        self._clock = clock
        self._on_gone = on_gone
        self._heard = False
        self.offline = False
        self._announced: bool | None = None
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def live(self) -> bool:
        """Whether the device is there now."""
        return self._heard and not self.offline

    def hear(self) -> None:
        """A live message came. After ``offline`` it may be a straggler, so that it does not count then."""
        if not self.offline:
            self._heard = True
            self._announce(True, "heard")

    def come_online(self) -> None:
        """The device says that it is there, or has answered."""
        self._stop_leaving()
        self.offline = False
        self.hear()

    def go_offline(self, reason: str) -> None:
        """The device, or its last will, says live that it is away."""
        self.offline = True
        self._stop_leaving()
        loop = asyncio.get_running_loop()
        self._leaving = loop.call_later(FLICKER_SECONDS, self._leave, reason)

    def forget(self, reason: str) -> None:
        """The broker session ended or began: nothing is known."""
        self._stop_leaving()
        self._heard = self.offline = False
        self._on_gone()
        if self._announced:
            self._announce(False, reason)

    def _leave(self, reason: str) -> None:
        self._leaving = None
        self._heard = False
        self._on_gone()
        self._announce(False, reason)

    def _stop_leaving(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    def _announce(self, available: bool, reason: str) -> None:
        if self._announced is available:
            return
        self._announced = available
        _log.info(
            "device_available" if available else "device_unavailable", device=self._device, reason=reason
        )
        self._bus.publish(
            DeviceAvailabilityChanged(
                at=self._clock.now(), device=self._device, available=available, reason=reason
            )
        )
