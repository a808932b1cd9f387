"""A strike behind a simulated relay of generation 2, over a real Mosquitto."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import Gen2Guard, ShellyRpc, ShellySwitch
from arni_edge.devices.strike import StrikeDriver
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.events import UnrequestedOpening
from arni_edge.settings import Shelly, StrikeLock
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_parts import Switch

PREFIX = "gym/strike"
PULSE = 0.5


@dataclass
class House:
    """A strike's driver, its guard, and a relay that may be there."""

    mosquitto: Mosquitto
    session: BrokerSession
    guard: Gen2Guard
    driver: StrikeDriver
    ear: Ear

    def relay(self, **config: Any) -> SimulatedShellyGen2:
        switch = Switch()
        switch.config |= {"initial_state": "off", "in_mode": "detached", "auto_on": False} | config
        return SimulatedShellyGen2(
            PREFIX,
            "shellyplus1-a8032abe54dc",
            self.mosquitto.address("shelly", tcp=True),
            parts=[switch],
            latency=0.01,
            reconnect=(0.05, 0.2),
        )

    @property
    def unrequested(self) -> list[str]:
        return [event.evidence for event in self.ear.heard(UnrequestedOpening)]

    async def known(self) -> None:
        await eventually(lambda: self.driver.live and self.driver.output is False and self.guard.safe)


@asynccontextmanager
async def a_house(mosquitto: Mosquitto, *, verified_first: bool = False) -> AsyncIterator[House]:
    """The house without the relay, and with a guard that asks it."""
    clock, bus = SystemClock(), Bus()
    for account in ("arni-edge", "shelly", "visitor"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, "arni/studio/edge")
    shelly = Shelly(id="strike", prefix=PREFIX, role="strike")
    switch = ShellySwitch(shelly, rpc, session, bus, clock)
    guard = Gen2Guard(shelly, switch, rpc, clock)
    lock = StrikeLock(device="strike", pulse_seconds=PULSE)
    driver = StrikeDriver("street", lock, switch, guard, bus, clock, verified_first=verified_first)
    async with (
        listening(bus) as ear,
        running(rpc.run),
        running(guard.run),
        running(driver.run),
        connected(session),
    ):
        yield House(mosquitto, session, guard, driver, ear)


@asynccontextmanager
async def a_living_house(mosquitto: Mosquitto) -> AsyncIterator[tuple[House, SimulatedShellyGen2]]:
    async with a_house(mosquitto) as house, plugged_in(relay := house.relay()):
        await house.known()
        yield house, relay


async def _passes(seconds: float) -> None:
    began = time.monotonic()
    await eventually(lambda: time.monotonic() > began + seconds)


async def test_the_pulse_ends_in_the_device_and_is_nobodys_crime(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        result = await house.driver.unlatch()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "result and output=true")
        mosquitto.kill()  # nobody could switch it off now
        await eventually(lambda: not relay.output)
        assert relay.executed == [True]
        assert house.unrequested == []


async def test_two_openings_in_a_row_are_ours(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        for _ in range(2):
            assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        await eventually(lambda: house.driver.output is False)
        assert relay.executed == [True, True]
        assert house.unrequested == []


async def test_a_second_command_in_flight_is_refused(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        first, second = await asyncio.gather(house.driver.unlatch(), house.driver.unlatch())
        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.BUSY)
        assert relay.executed == [True]


async def test_a_device_that_would_hold_the_door_open_is_not_used(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house, plugged_in(relay := house.relay(initial_state="on")):
        relay.parts["switch:0"].call("Set", {"id": 0, "on": False})
        await eventually(lambda: house.driver.live and house.guard.safe is False)
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.FAILED
        assert result.evidence.startswith("unsafe: initial_state is on")
        assert house.driver.unsafe == result.evidence.removeprefix("unsafe: ")
        assert True not in relay.executed


class Undecided:
    """A guard that never got an answer; stands at the port of the driver."""

    safe: bool | None = None
    problems: tuple[str, ...] = ("not verified yet",)


async def test_where_only_the_device_ends_the_pulse_it_is_verified_first(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, verified_first=True) as house, plugged_in(relay := house.relay()):
        await house.known()
        assert (await house.driver.unlatch()).outcome is Outcome.CONFIRMED
        house.driver._guard = Undecided()
        before = house.driver.unsafe
        assert before is None
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.FAILED
        assert result.evidence == "unsafe: its timer (auto_off) could not be verified"
        assert house.driver.unsafe == "its timer (auto_off) could not be verified"
        assert relay.executed == [True]


async def test_a_relay_that_comes_a_moment_after_us_is_waited_for(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        wish = asyncio.create_task(house.driver.unlatch())
        async with plugged_in(relay := house.relay()):
            assert (await wish).outcome is Outcome.CONFIRMED
            assert relay.executed == [True]


async def test_a_relay_that_has_been_away_is_offline_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        await _passes(3.1)
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.OFFLINE
        assert result.seconds < 1


async def test_somebody_elses_command_is_told_of_once(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        frame = {"id": 1, "method": "Switch.Set", "params": {"id": 0, "on": True, "toggle_after": PULSE}}
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(f"{PREFIX}/rpc", orjson.dumps(frame).decode())
        await eventually(lambda: house.unrequested == ["output=true"])
        await eventually(lambda: not relay.output and house.driver.output is False)
        assert house.unrequested == ["output=true"]


async def test_a_frozen_relay_is_unknown_and_its_late_act_is_recognised(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        result = await house.driver.unlatch()
        assert result.outcome is Outcome.UNKNOWN
        assert not relay.executed
        relay.thaw()
        await eventually(lambda: house.unrequested == ["late execution: output=true"])
        await eventually(lambda: house.driver.output is False)
        assert relay.executed == [True]


async def test_a_strike_that_does_not_let_go_is_told_of(mosquitto: Mosquitto) -> None:
    """On since before we came: the end of an earlier pulse, unless it stays."""
    async with a_house(mosquitto) as house, plugged_in(relay := house.relay()):
        relay.parts["switch:0"].call("Set", {"id": 0, "on": True})
        await eventually(lambda: house.driver.output is True)
        assert house.unrequested == []
        await eventually(lambda: house.unrequested)
        assert house.unrequested[0].startswith("output=true for ")


async def test_a_retained_output_is_history(mosquitto: Mosquitto) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(f"{PREFIX}/status/switch:0", '{"id":0,"output":true}', retain=True)
        await visitor.publish(f"{PREFIX}/online", "true", retain=True)
    async with a_house(mosquitto) as house:
        await _passes(PULSE + 2.5)
        assert house.driver.output is None
        assert house.unrequested == []
