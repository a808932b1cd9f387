"""The automation desk with real relays' drivers and simulated relays, over a real Mosquitto."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from support.automation import settings
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

from arni_edge.automation import AutomationDesk
from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc, ShellySwitch
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.events import ReadingChanged
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.simulator.shelly import SimulatedShellyGen2

_RECONNECT = (0.05, 0.2)


@dataclass
class People:
    """Who is inside, as the eyes would say it."""

    count: int | None = 0

    def zone(self, _zone: str, /) -> Occupancy:
        return UNKNOWN_OCCUPANCY if self.count is None else Occupancy(self.count, 0.1)

    def total(self) -> Occupancy:
        return self.zone("")


class Book:
    """What was wrong."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, DeviceTrouble]] = []

    async def begin(self, device: str, trouble: DeviceTrouble, _evidence: str, /) -> None:
        self.begun.append((device, trouble))

    async def over(self, _device: str, _trouble: DeviceTrouble, _evidence: str, /) -> None:
        pass


@dataclass
class Building:
    bus: Bus
    desk: AutomationDesk
    people: People
    light: SimulatedShellyGen2
    heater: SimulatedShellyGen2
    drivers: dict[str, ShellySwitch]
    book: Book

    def read(self, device: str, entity: str, value: float | bool) -> None:
        now = SystemClock().now()
        self.bus.publish(ReadingChanged(at=now, device=device, entity=entity, value=value))


@asynccontextmanager
async def a_building(mosquitto: Mosquitto) -> AsyncIterator[Building]:
    """A light that follows the people, and a heater that follows a thermometer."""
    climate = {"device": "climate", "entity": "temperature:0.tC"}
    config = settings(
        step_seconds=0.1,
        presence={"complete": True},
        lights=[{"id": "floor", "devices": ["light-floor"]}],
        heating=[{"id": "room", "heater": "heater", "sensor": climate, "minimum_on_minutes": 0}],
        watches=[{"kind": "leak", "device": "leak"}],
    )
    for account in ("arni-edge", "light-floor", "heater"):
        mosquitto.address(account)
    clock, bus, people, book = SystemClock(), Bus(), People(2), Book()
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, "arni/demo/edge")
    used = {one.id: one for one in config.shellies if one.id in {"light-floor", "heater"}}
    drivers = {name: ShellySwitch(one, rpc, session, bus, clock) for name, one in used.items()}
    desk = AutomationDesk(config, bus, clock, switches=drivers, eyes=people, incidents=book, bolts={})
    relays = {
        name: SimulatedShellyGen2(
            one.prefix, f"shelly-{name}", mosquitto.address(name, tcp=True), lambda _: None,
            latency=0.01, keepalive=2, reconnect=_RECONNECT,
        )
        for name, one in used.items()
    }  # fmt: skip
    async with (
        running(rpc.run),
        connected(session),
        plugged_in(relays["light-floor"]),
        plugged_in(relays["heater"]),
        running(desk.run),
    ):
        yield Building(bus, desk, people, relays["light-floor"], relays["heater"], drivers, book)


async def test_a_light_is_on_while_somebody_may_be_inside(mosquitto: Mosquitto) -> None:
    async with a_building(mosquitto) as house:
        house.people.count = None
        await eventually(lambda: house.light.output)
        status = house.desk.status
        await eventually(lambda: status()["switches"]["light-floor"]["outcome"] == "confirmed")
        assert status()["switches"]["light-floor"]["why"] == "maybe_somebody"
        assert house.light.executed == [True]  # once is enough


async def test_a_light_that_is_needed_comes_back_after_a_hand_and_after_a_power_cut(
    mosquitto: Mosquitto,
) -> None:
    async with a_building(mosquitto) as house:
        await eventually(lambda: house.drivers["light-floor"].output)
        house.light.press()  # the switch on the wall
        await eventually(lambda: house.light.executed == [True, True] and house.light.output)
        house.light.power_off()
        await eventually(lambda: not house.drivers["light-floor"].live)
        house.light.power_on()
        await eventually(lambda: house.light.output)


async def test_a_heater_is_left_to_a_hand_but_not_to_frost(mosquitto: Mosquitto) -> None:
    async with a_building(mosquitto) as house:
        await eventually(lambda: house.heater.output)  # its temperature is unknown
        house.read("climate", "temperature:0.tC", 21.0)
        await eventually(lambda: not house.heater.output)
        # A press during a command of ours could be its effect as well: let the hand be done.
        await eventually(lambda: house.desk._hands["heater"]._last is False)
        house.heater.press()
        status = house.desk.status
        await eventually(lambda: status()["switches"]["heater"]["by_hand"])
        assert house.heater.output
        house.heater.press()
        await eventually(lambda: house.drivers["heater"].output is False)
        house.read("climate", "temperature:0.tC", 4.0)
        await eventually(lambda: house.heater.output)
        assert status()["switches"]["heater"]["why"] == "frost"


async def test_a_relay_without_electricity_does_not_keep_the_others_waiting(mosquitto: Mosquitto) -> None:
    async with a_building(mosquitto) as house:
        await eventually(lambda: house.heater.output and house.drivers["light-floor"].output)
        house.heater.power_off()
        house.light.press()
        await eventually(lambda: house.light.executed == [True, True])


async def test_a_leak_is_told_while_the_broker_is_away(mosquitto: Mosquitto) -> None:
    async with a_building(mosquitto) as house:
        await eventually(lambda: house.light.output)
        mosquitto.kill()
        await eventually(lambda: not house.drivers["light-floor"].live)
        house.read("leak", "flood:0.alarm", True)
        await eventually(lambda: house.book.begun == [("leak", DeviceTrouble.LEAK)])
