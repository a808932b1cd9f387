"""The house's side of device tests: what the bus says, and devices that live for a block."""

import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

from arni_edge.bus import Bus
from arni_edge.domain.events import DeviceAvailabilityChanged, Event
from arni_edge.simulator.mqtt_device import MqttDevice
from support.mqtt import running

E = TypeVar("E")


class Ear:
    """Keeps what the bus says while it listens."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def heard(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def availability(self) -> list[bool]:
        return [event.available for event in self.heard(DeviceAvailabilityChanged)]


@contextlib.asynccontextmanager
async def listening(bus: Bus) -> AsyncIterator[Ear]:
    ear, subscription = Ear(), bus.subscribe()

    async def listen() -> None:
        async for event in subscription:
            ear.events.append(event)

    async with running(lambda _: listen()):
        yield ear


@contextlib.asynccontextmanager
async def plugged_in(device: MqttDevice) -> AsyncIterator[MqttDevice]:
    async with running(lambda _: device.run()):
        yield device
