"""A broker session with the driver of a Shelly of generation 1, and its simulated relay."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc
from arni_edge.devices.shelly.gen1_switch import Gen1Switch
from arni_edge.domain.clock import SystemClock
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

DEVICE_ID = "shelly1-34945472A643"
PREFIX = f"shellies/{DEVICE_ID}"
RECONNECT = (0.05, 0.2)


@dataclass
class House:
    """A broker session with one relay's driver, what the bus said, and a relay that may be there."""

    mosquitto: Mosquitto
    session: BrokerSession
    rpc: ShellyRpc
    driver: Gen1Switch
    ear: Ear
    restarts: list[bool] = field(default_factory=list)
    auto_off: float | None = 3.0
    switched: list[bool] = field(default_factory=list)

    def relay(self, *, auto_off: float = 0.0, keepalive: int = 60) -> SimulatedShellyGen1:
        return SimulatedShellyGen1(
            DEVICE_ID,
            self.mosquitto.address("shelly", tcp=True),
            self.switched.append,
            auto_off=auto_off,
            keepalive=keepalive,
            reconnect=RECONNECT,
        )

    def sent(self, what: str) -> int:
        """Messages on topics that end so which the broker has given to the relay."""
        return sum(
            f"Sending PUBLISH to {DEVICE_ID}" in line and what in line
            for line in self.mosquitto.log.splitlines()
        )

    async def known(self, output: bool | None = False) -> None:
        await eventually(lambda: self.driver.live and self.driver.output is output)


@asynccontextmanager
async def a_house(mosquitto: Mosquitto) -> AsyncIterator[House]:
    clock, bus = SystemClock(), Bus()
    for account in ("arni-edge", "shelly", "visitor"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, "arni/studio/edge")
    strike = Shelly(id="front", prefix=PREFIX, role="strike", generation=1, address="127.0.0.1")
    async with listening(bus) as ear:
        driver = Gen1Switch(
            strike,
            rpc,
            session,
            bus,
            clock,
            auto_off=lambda: house.auto_off,
        )
        house = House(mosquitto, session, rpc, driver, ear)
        driver.on_doubt(lambda: house.restarts.append(True))
        async with running(rpc.run), connected(session):
            yield house


@asynccontextmanager
async def a_living_house(
    mosquitto: Mosquitto, *, auto_off: float = 0.0, keepalive: int = 60
) -> AsyncIterator[tuple[House, SimulatedShellyGen1]]:
    async with a_house(mosquitto) as house:
        relay = house.relay(auto_off=auto_off, keepalive=keepalive)
        async with plugged_in(relay):
            await house.known()
            # Known by its own words; the question about the state may still be on its way.
            await eventually(lambda: not house.rpc._asking)
            yield house, relay
