"""Lights and covers of generation 1, over a real Mosquitto."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc
from arni_edge.devices.shelly.gen1_cover import Gen1Cover
from arni_edge.devices.shelly.gen1_light import Gen1Light
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly_gen1_movers import SimulatedLightGen1, SimulatedRollerGen1

LAMP, BLIND = "shellydimmer2-E098068D0E70", "shellyswitch25-3494546BBF7E"


@asynccontextmanager
async def a_session(mosquitto: Mosquitto) -> AsyncIterator[tuple[BrokerSession, ShellyRpc]]:
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=SystemClock())
    yield session, ShellyRpc(session, "arni/studio/edge")


@asynccontextmanager
async def a_lamp(
    mosquitto: Mosquitto,
    kind: str = "light",
    component: Any = "light",
    *,
    number: int = 0,
    auto_off: Callable[[], float | None] = lambda: None,
) -> AsyncIterator[tuple[Gen1Light, SimulatedLightGen1]]:
    mosquitto.address("shelly")
    async with a_session(mosquitto) as (session, rpc):
        shelly = Shelly(
            id="x", prefix=f"shellies/{LAMP}", role="light", generation=1, component=component, switch=number
        )
        driver = Gen1Light(shelly, rpc, session, Bus(), SystemClock(), auto_off=auto_off)
        lamp = SimulatedLightGen1(LAMP, mosquitto.address("shelly", tcp=True), kind=kind, number=number)
        async with running(rpc.run), connected(session), plugged_in(lamp):
            await eventually(lambda: driver._part._known() and not rpc._asking)
            yield driver, lamp


@asynccontextmanager
async def a_blind(
    mosquitto: Mosquitto, **roller: Any
) -> AsyncIterator[tuple[Gen1Cover, SimulatedRollerGen1]]:
    mosquitto.address("shelly")
    async with a_session(mosquitto) as (session, rpc):
        shelly = Shelly(id="x", prefix=f"shellies/{BLIND}", role="cover", generation=1, component="cover")
        driver = Gen1Cover(shelly, rpc, session, Bus(), SystemClock())
        blind = SimulatedRollerGen1(BLIND, mosquitto.address("shelly", tcp=True), **roller)
        async with running(rpc.run), connected(session), plugged_in(blind):
            await eventually(lambda: driver._part._known() and "stop_reason" in driver._part.state)
            await eventually(lambda: not rpc._asking)
            yield driver, blind


# --- lights -----------------------------------------------------------------------------------------------


async def test_a_dimmer_is_confirmed_by_its_effect(mosquitto: Mosquitto) -> None:
    async with a_lamp(mosquitto) as (driver, lamp):
        result = await driver.set(True, brightness=40)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "light/0=on brightness=40")
        assert (driver.output, driver.brightness) == (True, 40)
        assert lamp.executed == [("light/0/set", '{"turn":"on","brightness":40}')]
        again = await driver.set(True, brightness=40)
        assert (again.outcome, again.evidence) == (Outcome.CONFIRMED, "light/0=on brightness=40, as before")
        off = await driver.switch(False)
        assert (off.outcome, off.evidence, lamp.output) == (Outcome.CONFIRMED, "light/0=off", False)
        lamp.press()
        await eventually(lambda: driver.output is True)


@pytest.mark.parametrize(
    ("kind", "component", "look", "sent", "evidence"),
    [
        (
            "color",
            "rgbw",
            {"rgb": (1, 2, 3), "white": 255, "brightness": 10},
            '{"turn":"on","red":1,"green":2,"blue":3,"white":255,"gain":10}',
            "color/0=on red=1 green=2 blue=3 white=255 gain=10",
        ),
        (
            "color",
            "rgb",
            {"rgb": (54, 97, 255), "transition": 0.5},
            '{"turn":"on","red":54,"green":97,"blue":255,"transition":500}',
            "color/0=on red=54 green=97 blue=255",
        ),
        (
            "duo",
            "cct",
            {"ct": 2700, "brightness": 10},
            '{"turn":"on","temp":2700,"brightness":10}',
            "light/0=on ct=2700 brightness=10",
        ),
    ],
)
async def test_colours(
    mosquitto: Mosquitto, kind: str, component: str, look: dict[str, Any], sent: str, evidence: str
) -> None:
    async with a_lamp(mosquitto, kind, component) as (driver, lamp):
        result = await driver.set(True, **look)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, evidence)
        assert [text for _, text in lamp.executed] == [sent]
        assert driver.brightness == look.get("brightness", 100)


async def test_a_white_channel_is_commanded_where_it_speaks(mosquitto: Mosquitto) -> None:
    """An RGBW2 that is set to white has four lights on topics of their own; the settings do not know that."""
    async with a_lamp(mosquitto, "white", number=2) as (driver, lamp):
        result = await driver.set(True, brightness=30)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "white/2=on brightness=30")
        assert [leaf for leaf, _ in lamp.executed] == ["white/2/set"]


async def test_what_the_device_would_silently_ignore_is_not_sent(mosquitto: Mosquitto) -> None:
    async with a_lamp(mosquitto) as (driver, lamp):
        result = await driver.set(True, brightness=400)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "brightness=400 is not from 0 to 100")
        result = await driver.set(True, transition=60)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "transition=60 s is not from 0 to 5 s")
        with pytest.raises(ValueError, match="light does not know ct"):
            await driver.set(True, ct=2700)
        assert lamp.executed == []


async def test_a_light_ends_by_itself_only_where_that_is_verified(mosquitto: Mosquitto) -> None:
    verified: list[float | None] = [None]
    async with a_lamp(mosquitto, auto_off=lambda: verified[0]) as (driver, lamp):
        result = await driver.set(True, toggle_after=5)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "auto_off not verified")
        assert lamp.executed == []
        verified[0] = 4.0
        assert (await driver.set(True, toggle_after=5)).outcome is Outcome.CONFIRMED


async def test_an_overloaded_dimmer_is_a_failure(mosquitto: Mosquitto) -> None:
    async with a_lamp(mosquitto) as (driver, lamp):
        lamp.overload = True
        result = await driver.set(True, brightness=40)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "overload=1")
        assert (await driver.switch(False)).outcome is Outcome.CONFIRMED


async def test_a_light_whose_brightness_did_not_change_is_not_confirmed(mosquitto: Mosquitto) -> None:
    async with a_lamp(mosquitto) as (driver, lamp):
        assert (await driver.set(True, brightness=40)).outcome is Outcome.CONFIRMED
        lamp.deaf = True
        setting = asyncio.create_task(driver.set(True, brightness=70))
        await asyncio.sleep(0)
        lamp.press()
        lamp.press()
        result = await setting
        assert (result.outcome, result.evidence) == (
            Outcome.UNKNOWN,
            "unconfirmed (light/0=on brightness=40)",
        )


async def test_a_frozen_light_is_unknown(mosquitto: Mosquitto) -> None:
    async with a_lamp(mosquitto) as (driver, lamp):
        lamp.freeze()
        result = await driver.switch(True)
        # What it said before it hung may still come in, and proves nothing.
        assert result.outcome is Outcome.UNKNOWN
        assert result.evidence in ("unconfirmed", "unconfirmed (light/0=off)")
        assert lamp.executed == []


async def test_a_relay_is_no_light(mosquitto: Mosquitto) -> None:
    async with a_session(mosquitto) as (session, rpc):
        relay = Shelly(id="x", prefix="shellies/x", role="light", generation=1)
        with pytest.raises(ConfigurationError, match="is no light"):
            Gen1Light(relay, rpc, session, Bus(), SystemClock(), auto_off=lambda: None)


# --- covers -----------------------------------------------------------------------------------------------


async def test_a_cover_opens_stops_and_closes(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto, travel_seconds=60.0) as (driver, blind):
        assert (driver.state, driver.position) == ("closed", 0)
        opened = await driver.open()
        assert (opened.outcome, opened.evidence) == (Outcome.CONFIRMED, "roller/0 state=opening")
        stopped = await driver.stop()
        assert stopped.outcome is Outcome.CONFIRMED
        assert stopped.evidence.startswith("roller/0 state=stopped")
        closed = await driver.close()
        assert (closed.outcome, driver.state) == (Outcome.CONFIRMED, "closing")
        assert blind.executed == [
            ("roller/0/command", "open"),
            ("roller/0/command", "stop"),
            ("roller/0/command", "close"),
        ]


async def test_a_cover_goes_to_a_position(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto, travel_seconds=4.0) as (driver, blind):
        result = await driver.go_to(50)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "roller/0 state=opening")
        await eventually(lambda: (driver.state, driver.position) == ("stopped", 50))
        again = await driver.go_to(50)
        assert (again.outcome, again.evidence) == (
            Outcome.CONFIRMED,
            "roller/0 state=stopped pos=50, as before",
        )
        assert (await driver.go_to(20)).evidence == "roller/0 state=closing"
        assert blind.executed == [("roller/0/command/pos", text) for text in ("50", "50", "20")]


async def test_an_open_cover_is_open(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto, travel_seconds=0.05) as (driver, _blind):
        await driver.open()
        await eventually(lambda: driver.state == "open")
        result = await driver.open()
        assert (result.outcome, result.evidence) == (
            Outcome.CONFIRMED,
            "roller/0 state=open pos=100, as before",
        )


@pytest.mark.parametrize("hindrance", ["obstacle", "safety_switch", "overpower"])
async def test_what_stops_at_once_has_not_moved(mosquitto: Mosquitto, hindrance: str) -> None:
    async with a_blind(mosquitto, travel_seconds=60.0) as (driver, blind):
        blind.hindrance = hindrance
        evidence = f"roller/0 state=closed pos=0 stop_reason={hindrance}"
        result = await driver.open()
        assert (result.outcome, result.evidence) == (Outcome.FAILED, evidence)
        # The same again, although the reason is none that is new.
        assert (await driver.go_to(50)).outcome is Outcome.FAILED
        # It stands still, as is wanted, whatever stopped it.
        assert (await driver.stop()).outcome is Outcome.CONFIRMED
        blind.hindrance = None
        assert (await driver.open()).outcome is Outcome.CONFIRMED


async def test_an_old_obstacle_is_none_of_a_cover_that_moves(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto, travel_seconds=60.0) as (driver, blind):
        blind.hindrance = "obstacle"
        assert (await driver.open()).outcome is Outcome.FAILED
        blind.hindrance = None
        opening = asyncio.create_task(driver.open())
        blind._tell_states()  # it says everything now and then, also why it stopped last
        result = await opening
        assert (result.outcome, result.evidence.split()[1]) == (Outcome.CONFIRMED, "state=opening")


async def test_a_cover_that_does_not_know_its_positions_refuses(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto, calibrated=False, travel_seconds=60.0) as (driver, blind):
        result = await driver.go_to(50)
        assert (result.outcome, result.evidence) == (
            Outcome.FAILED,
            "roller/0/pos=unknown: it is not calibrated",
        )
        assert blind.executed == []
        assert (driver.state, driver.position) == ("stopped", None)
        assert (await driver.open()).outcome is Outcome.CONFIRMED


async def test_a_position_that_is_none_is_not_sent(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto) as (driver, blind):
        result = await driver.go_to(101)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "pos=101 is not from 0 to 100")
        assert blind.executed == []


async def test_a_frozen_cover_is_unknown_and_gets_no_second_command(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto) as (driver, blind):
        blind.freeze()
        first, second = await asyncio.gather(driver.open(), driver.close())
        assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.BUSY)
        assert blind.executed == []


async def test_a_command_that_the_wifi_lost_is_unconfirmed(mosquitto: Mosquitto) -> None:
    async with a_blind(mosquitto) as (driver, blind):
        blind.deaf = True
        opening = asyncio.create_task(driver.open())
        await asyncio.sleep(0)
        blind._tell_states()
        result = await opening
        assert (result.outcome, result.evidence) == (
            Outcome.UNKNOWN,
            "unconfirmed (roller/0 state=closed pos=0)",
        )


async def test_commands_are_neither_retained_nor_kept(mosquitto: Mosquitto) -> None:
    async with (
        a_blind(mosquitto, travel_seconds=60.0) as (driver, _blind),
        Device(mosquitto.address("visitor"), f"shellies/{BLIND}/roller/+/command/#") as visitor,
    ):
        await driver.open()
        await driver.go_to(30)
        await eventually(lambda: len(visitor.raw) == 2)
        assert [message.retain for message in visitor.raw] == [False, False]
        assert [message.qos for message in visitor.raw] == [1, 1]
