"""The driver for generation 1, over a real Mosquitto."""

import asyncio

import pytest
from support.devices import plugged_in
from support.gen1_house import DEVICE_ID, PREFIX, RECONNECT, a_house, a_living_house
from support.mosquitto import Mosquitto
from support.mqtt import Device, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc
from arni_edge.devices.shelly.gen1_settings import Gen1Guard
from arni_edge.devices.shelly.gen1_switch import Gen1Switch
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1

# --- switching --------------------------------------------------------------------------------------------


async def test_a_switch_is_confirmed_by_its_effect(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        result = await house.driver.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "relay/0=on")
        assert house.driver.output is True
        assert (await house.driver.switch(on=False)).outcome is Outcome.CONFIRMED
        assert relay.executed == ["on", "off"]
        assert house.switched == [True, False]


async def test_what_is_so_already_is_told_apart(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, _relay):
        result = await house.driver.switch(on=False)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "relay/0=off, as before")


async def test_without_a_verified_timer_no_pulse_is_sent(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        house.auto_off = None
        result = await house.driver.switch(on=True, toggle_after=3.0)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "auto_off not verified")
        house.auto_off = 10.0
        result = await house.driver.switch(on=True, toggle_after=3.0)
        assert result.outcome is Outcome.FAILED
        assert result.evidence == "auto_off not verified: 10 s instead of at most 3 s"
        assert (await house.driver.switch(on=False, toggle_after=30.0)).outcome is Outcome.FAILED
        assert house.sent("relay/0/command") == 0
        assert relay.executed == []


async def test_the_device_ends_a_pulse_by_itself(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, auto_off=0.3) as (house, relay):
        result = await house.driver.switch(on=True, toggle_after=3.0)
        assert result.outcome is Outcome.CONFIRMED
        await eventually(lambda: house.switched == [True, False])
        await house.known(output=False)
        assert relay.executed == ["on"]


async def test_a_second_command_in_flight_is_refused(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        first, second = await asyncio.gather(house.driver.switch(on=True), house.driver.switch(on=False))
        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.BUSY)
        assert relay.executed == ["on"]


async def test_the_button_at_the_input_is_seen(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.press()
        await house.known(output=True)


async def test_a_tripped_relay_is_a_failure(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.deaf = True
        switching = asyncio.create_task(house.driver.switch(on=True))
        await eventually(lambda: relay.missed)
        relay.say("relay/0", "overpower")
        result = await switching
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "relay/0=overpower")


async def test_a_roller_is_no_switch(mosquitto: Mosquitto) -> None:
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
    roller = Shelly(id="blind", prefix=PREFIX, role="cover", generation=1, component="cover")
    rpc = ShellyRpc(session, "arni/studio/edge")
    with pytest.raises(ConfigurationError, match="is no switch"):
        Gen1Switch(roller, rpc, session, Bus(), SystemClock(), auto_off=lambda: None)


# --- failing honestly -------------------------------------------------------------------------------------


async def test_a_device_that_was_never_heard_is_offline(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        result = await house.driver.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "not live")


async def test_whoever_has_left_the_topic_is_offline_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor")) as ghost:
        await ghost.publish(f"{PREFIX}/relay/0", "off", qos=0)
        await house.known()
        result = await house.driver.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "no matching subscribers")
        assert result.seconds < 2.5  # it did not wait for an effect


async def test_a_frozen_device_is_unknown_and_acts_late_but_once(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, auto_off=0.2) as (house, relay):
        relay.freeze()
        result = await house.driver.switch(on=True, toggle_after=3.0)
        # What it said before it hung may still come in, and proves nothing.
        assert result.outcome is Outcome.UNKNOWN
        assert result.evidence in ("unconfirmed", "unconfirmed (relay/0=off)")
        assert 2.5 < result.seconds < 6
        assert relay.executed == []
        relay.thaw()
        await eventually(lambda: house.switched == [True, False])  # the pulse is finite all the same
        assert relay.executed == ["on"]


async def test_a_command_that_the_wifi_lost_is_unconfirmed(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        # What was seen of earlier commands proves nothing for this one.
        assert (await house.driver.switch(on=True)).outcome is Outcome.CONFIRMED
        assert (await house.driver.switch(on=False)).outcome is Outcome.CONFIRMED
        relay.deaf = True
        switching = asyncio.create_task(house.driver.switch(on=True))
        await eventually(lambda: f"{PREFIX}/relay/0/command" in relay.missed)
        relay.deaf = False
        result = await switching
        assert (result.outcome, result.evidence) == (Outcome.UNKNOWN, "unconfirmed (relay/0=off)")
        assert relay.executed == ["on", "off"]
        assert house.switched == [True, False]


async def test_a_broker_lost_during_a_command_is_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        switching = asyncio.create_task(house.driver.switch(on=True))
        await eventually(lambda: house.sent("relay/0/command") == 1)
        mosquitto.kill()
        result = await switching
        assert result.outcome is Outcome.UNKNOWN
        assert "unconfirmed" not in result.evidence  # it did not wait for an effect


async def test_history_neither_lives_nor_confirms(mosquitto: Mosquitto) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(f"{PREFIX}/online", "true", retain=True)
        await visitor.publish(f"{PREFIX}/relay/0", "on", retain=True)
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(f"{PREFIX}/relay/7", "on", qos=1)  # after it, the retained ones have come
        await eventually(lambda: house.driver.live)
        assert house.driver.output is None


# --- what is known ----------------------------------------------------------------------------------------


async def test_the_state_is_asked_for_after_every_broker_loss(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        assert (await house.driver.switch(on=True)).outcome is Outcome.CONFIRMED
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        assert house.driver.output is None
        assert (await house.driver.switch(on=False)).outcome is Outcome.OFFLINE
        mosquitto.start()
        await house.known(output=True)
        assert relay.executed == ["on"]


async def test_a_daemon_that_comes_later_asks_what_nobody_retains(mosquitto: Mosquitto) -> None:
    """With ``retain=false`` nothing of the device is on the broker: it has to be asked."""
    mosquitto.address("arni-edge")
    relay = SimulatedShellyGen1(
        DEVICE_ID, mosquitto.address("shelly", tcp=True), lambda _: None, update_period=0, reconnect=RECONNECT
    )
    async with plugged_in(relay):
        await eventually(lambda: relay.connected)
        relay.press()
        async with a_house(mosquitto) as house:
            await house.known(output=True)
            assert house.sent(f"'{PREFIX}/command'") >= 1


async def test_power_loss_is_announced_and_what_was_verified_is_doubted(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, keepalive=2) as (house, relay):
        before = len(house.restarts)
        await house.driver.switch(on=True)
        relay.power_off()
        assert house.switched == [True, False]
        await eventually(lambda: not house.driver.live)
        await eventually(lambda: house.ear.availability == [True, False])
        assert (await house.driver.switch(on=True)).outcome is Outcome.OFFLINE
        relay.power_on()
        await house.known(output=False)
        await eventually(lambda: house.ear.availability == [True, False, True])
        assert len(house.restarts) > before


# --- the timer in the device ------------------------------------------------------------------------------


async def test_the_timer_is_verified_again_after_a_reboot(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, auto_off=2.0, keepalive=2) as (house, relay):
        strike = Shelly(id="front", prefix=PREFIX, role="strike", generation=1, address=relay.address_http)
        guard = Gen1Guard(strike, relay.address_http, SystemClock())
        house.driver._auto_off = lambda: guard.auto_off
        house.driver.on_doubt(guard.doubt)
        assert (await house.driver.switch(on=True, toggle_after=3.0)).evidence == "auto_off not verified"
        async with running(guard.run):
            await eventually(lambda: guard.auto_off == 2.0)
            assert guard.problems == ()
            assert (await house.driver.switch(on=True, toggle_after=3.0)).outcome is Outcome.CONFIRMED
            relay.power_off()
            relay.settings["auto_off"] = 0.0  # somebody changed it
            relay.power_on()
            await eventually(lambda: guard.auto_off is None and guard.problems)
            await house.known()
            result = await house.driver.switch(on=True, toggle_after=3.0)
            assert (result.outcome, result.evidence) == (Outcome.FAILED, "auto_off not verified")
            assert house.switched == [True, False]
