"""Lights and covers of generation 2 and newer, over a real Mosquitto."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyCover, ShellyLight, ShellyRpc
from arni_edge.devices.shelly.light import _shows
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_movers import Cover, Light
from arni_edge.simulator.shelly_parts import Input, Part

PREFIX = "gym/thing"
Driver = TypeVar("Driver", ShellyLight, ShellyCover)


@asynccontextmanager
async def a_house(
    mosquitto: Mosquitto, kind: type[Driver], component: Any, *parts: Part, status_ntf: bool = False
) -> AsyncIterator[tuple[Driver, SimulatedShellyGen2]]:
    clock, bus = SystemClock(), Bus()
    mosquitto.address("shelly")
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, "arni/studio/edge")
    role: Any = "cover" if component == "cover" else "light"
    driver = kind(Shelly(id="x", prefix=PREFIX, role=role, component=component), rpc, session, bus, clock)
    device = SimulatedShellyGen2(
        PREFIX,
        "shelly2pmg4-98a316721128",
        mosquitto.address("shelly", tcp=True),
        parts=[Input(0), *parts],
        status_ntf=status_ntf,
        latency=0.01,
        reconnect=(0.05, 0.2),
    )
    async with running(rpc.run), connected(session), plugged_in(device):
        await eventually(lambda: driver.live and driver._part.status)
        yield driver, device


# --- lights -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status_ntf", [False, True])
async def test_a_light_is_confirmed_by_its_effect(mosquitto: Mosquitto, status_ntf: bool) -> None:
    lamp = Light()
    async with a_house(mosquitto, ShellyLight, "light", lamp, status_ntf=status_ntf) as (driver, _device):
        result = await driver.set(True, brightness=40)
        assert (result.outcome, result.evidence) == (
            Outcome.CONFIRMED,
            "result and output=true brightness=40",
        )
        assert (driver.output, driver.brightness) == (True, 40)
        dimmed = await driver.set(True, brightness=70)
        assert (dimmed.outcome, lamp.look["brightness"]) == (Outcome.CONFIRMED, 70)
        off = await driver.switch(False)
        assert (off.outcome, driver.output, lamp.output) == (Outcome.CONFIRMED, False, False)


async def test_what_shines_already_is_confirmed_at_once(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, ShellyLight, "light", Light()) as (driver, _device):
        await driver.set(True, brightness=40)
        result = await driver.set(True, brightness=40)
        assert (result.outcome, result.evidence) == (
            Outcome.CONFIRMED,
            "Light.GetStatus output=true brightness=40",
        )
        assert result.seconds < 1.5


@pytest.mark.parametrize(
    ("component", "look", "evidence"),
    [
        ("rgb", {"rgb": (54, 97, 255)}, "result and output=true rgb=54,97,255"),
        ("rgbw", {"rgb": (1, 2, 3), "white": 255}, "result and output=true rgb=1,2,3 white=255"),
        ("cct", {"ct": 2700, "brightness": 10}, "result and output=true ct=2700 brightness=10"),
    ],
)
async def test_colours(mosquitto: Mosquitto, component: str, look: dict[str, Any], evidence: str) -> None:
    async with a_house(mosquitto, ShellyLight, component, Light(component)) as (driver, _device):
        result = await driver.set(True, **look)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, evidence)


async def test_the_device_ends_the_light_by_itself(mosquitto: Mosquitto) -> None:
    switched: list[bool] = []
    async with a_house(mosquitto, ShellyLight, "light", Light(on_switch=switched.append)) as (driver, _):
        assert (await driver.switch(True, toggle_after=0.2)).outcome is Outcome.CONFIRMED
        await eventually(lambda: switched == [True, False])
        await eventually(lambda: driver.output is False)


async def test_a_refused_light_is_a_failure(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, ShellyLight, "light", Light()) as (driver, _device):
        result = await driver.set(True, brightness=400)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "error -103")
        with pytest.raises(ValueError, match="light does not know ct"):
            await driver.set(True, ct=2700)


async def test_a_frozen_light_is_unknown(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, ShellyLight, "light", Light()) as (driver, device):
        device.freeze()
        assert (await driver.switch(True)).outcome is Outcome.UNKNOWN
        assert device.executed == []


def test_a_light_under_way_counts_as_there() -> None:
    status = {
        "output": True,
        "brightness": 12,
        "transition": {"target": {"output": True, "brightness": 80}, "duration": 5.0},
    }
    assert _shows(status, True, {"brightness": 80})
    assert not _shows(status, True, {"brightness": 50})
    assert not _shows({**status, "transition": "soon"}, True, {"brightness": 80})


# --- covers -----------------------------------------------------------------------------------------------


async def test_a_cover_opens_stops_and_closes(mosquitto: Mosquitto) -> None:
    cover = Cover(travel_seconds=30.0)
    async with a_house(mosquitto, ShellyCover, "cover", cover) as (driver, _device):
        assert (driver.state, driver.position) == ("closed", 0)
        opened = await driver.open()
        assert (opened.outcome, opened.evidence) == (Outcome.CONFIRMED, "result and state=opening")
        stopped = await driver.stop()
        assert (stopped.outcome, stopped.evidence) == (Outcome.CONFIRMED, "result and state=stopped")
        assert cover.state == "stopped"
        closed = await driver.close()
        assert (closed.outcome, driver.state) == (Outcome.CONFIRMED, "closing")


async def test_a_cover_goes_to_a_position(mosquitto: Mosquitto) -> None:
    cover = Cover(travel_seconds=0.4)
    async with a_house(mosquitto, ShellyCover, "cover", cover) as (driver, _device):
        assert (await driver.go_to(50)).outcome is Outcome.CONFIRMED
        await eventually(lambda: (driver.state, driver.position) == ("stopped", 50))
        again = await driver.go_to(50)
        assert (again.outcome, again.evidence) == (Outcome.CONFIRMED, "Cover.GetStatus state=stopped")


async def test_a_cover_under_way_to_its_position_is_confirmed(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, ShellyCover, "cover", Cover(travel_seconds=60.0)) as (driver, _device):
        result = await driver.go_to(50)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "result and state=opening")


async def test_an_open_cover_is_open(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto, ShellyCover, "cover", Cover(travel_seconds=0.05)) as (driver, _device):
        await driver.open()
        await eventually(lambda: driver.state == "open")
        result = await driver.open()
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "Cover.GetStatus state=open")


async def test_a_cover_that_does_not_know_its_positions_refuses(mosquitto: Mosquitto) -> None:
    cover = Cover(calibrated=False)
    async with a_house(mosquitto, ShellyCover, "cover", cover) as (driver, _device):
        result = await driver.go_to(50)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "error -109")
        assert driver.position is None


async def test_a_frozen_cover_is_unknown_and_gets_no_second_command(mosquitto: Mosquitto) -> None:
    cover = Cover(travel_seconds=30.0)
    async with a_house(mosquitto, ShellyCover, "cover", cover) as (driver, device):
        device.freeze()
        assert (await driver.open()).outcome is Outcome.UNKNOWN
        assert cover.state == "closed"
