"""A strike is used only while its device would close it by itself: generation 2 and newer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.clock import ManualClock
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import Gen2Guard, ShellyRpc, ShellySwitch
from arni_edge.devices.shelly.guard import judge_contact, judge_switch
from arni_edge.domain.clock import SystemClock
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_parts import Input, Switch

GOOD: dict[str, Any] = {
    "initial_state": "off", "in_mode": "detached", "auto_on": False, "auto_off": True, "auto_off_delay": 5.0,
}  # fmt: skip


@asynccontextmanager
async def a_strike(
    mosquitto: Mosquitto, *, contact: int | None = None, **config: Any
) -> AsyncIterator[tuple[Gen2Guard, SimulatedShellyGen2, ManualClock]]:
    system, bus, clock = SystemClock(), Bus(), ManualClock()
    mosquitto.address("shelly")
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=system)
    rpc = ShellyRpc(session, "arni/studio/edge")
    shelly = Shelly(id="strike", prefix="gym/strike", role="strike")
    guard = Gen2Guard(shelly, ShellySwitch(shelly, rpc, session, bus, system), rpc, clock, contact=contact)
    switch = Switch()
    switch.config |= GOOD | config
    relay = SimulatedShellyGen2(
        "gym/strike",
        "shellyplus1-a8032abe54dc",
        mosquitto.address("shelly", tcp=True),
        parts=[Input(0), switch],
        latency=0.01,
        reconnect=(0.05, 0.2),
    )
    async with running(rpc.run), running(guard.run), connected(session), plugged_in(relay):
        yield guard, relay, clock


async def test_a_strike_is_verified_before_it_is_used(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto) as (guard, _relay, _clock):
        assert guard.safe is None
        await eventually(lambda: guard.safe)
        assert not guard.problems


async def test_a_contact_at_the_input_must_not_switch_the_strike(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto, contact=0, in_mode="follow") as (guard, relay, _clock):
        await eventually(lambda: guard.safe is False)
        assert [problem.split(":")[0] for problem in guard.problems] == [
            "in_mode is follow",
            "factory_reset is on",
        ]
        relay.parts["input:0"].call("SetConfig", {"config": {"factory_reset": False}})
        relay.parts["switch:0"].call("SetConfig", {"config": {"in_mode": "detached"}})
        await eventually(lambda: guard.safe)
        assert not guard.problems


async def test_a_change_on_the_device_is_noticed(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto) as (guard, relay, _clock):
        await eventually(lambda: guard.safe)
        relay.parts["switch:0"].call("SetConfig", {"config": {"initial_state": "on"}})
        await eventually(lambda: guard.safe is False)
        assert guard.problems[0].startswith("initial_state is on")


async def test_a_reboot_is_doubted_until_verified(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto) as (guard, relay, _clock):
        await eventually(lambda: guard.safe)
        relay.parts["switch:0"].config["auto_on"] = True  # nobody was told
        relay.reboot()
        await eventually(lambda: guard.safe is False)


async def test_what_was_verified_long_ago_is_not_certain(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto) as (guard, relay, clock):
        await eventually(lambda: guard.safe)
        relay.freeze()
        after = []
        for _ in range(2):
            clock.advance(3700)
            after.append(guard.safe)
        assert after == [True, None]
        relay.thaw()
        await eventually(lambda: guard.safe)


async def test_a_device_without_that_switch_is_refused(mosquitto: Mosquitto) -> None:
    async with a_strike(mosquitto) as (guard, relay, _clock):
        await eventually(lambda: guard.safe)
        relay.parts.pop("switch:0")
        guard.doubt()
        await eventually(lambda: guard.safe is False)


@pytest.mark.parametrize(
    ("change", "danger", "warning"),
    [
        ({}, "", ""),
        ({"initial_state": "restore_last"}, "initial_state is restore_last", ""),
        ({"initial_state": None}, "initial_state is unknown", ""),
        ({"auto_on": True}, "auto_on is true", ""),
        ({"auto_on": "no"}, "auto_on is no", ""),
        ({"auto_off": False}, "", "auto_off is not set"),
        ({"auto_off_delay": 60.0}, "", "auto_off_delay is 60.0 s"),
        ({"auto_off_delay": True}, "", "auto_off_delay is true s"),
    ],
)
def test_what_a_configuration_means(change: dict[str, Any], danger: str, warning: str) -> None:
    verdict = judge_switch(GOOD | change, contact=True)
    assert [one.partition(":")[0] for one in verdict.dangers] == ([danger] if danger else [])
    assert len(verdict.warnings) == bool(warning)
    assert not warning or verdict.warnings[0].startswith(warning)


def test_a_device_that_does_not_tell_is_dangerous() -> None:
    assert len(judge_switch({}, contact=True).dangers) == 3
    assert len(judge_switch({}, contact=False).dangers) == 2


def test_what_the_input_of_a_contact_should_be() -> None:
    assert judge_contact({"factory_reset": False, "type": "switch", "enable": True}).warnings == ()
    assert len(judge_contact({"factory_reset": True, "type": "button", "enable": False}).warnings) == 3
