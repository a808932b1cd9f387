"""The Shelly driver and the simulated relay, over a real Mosquitto."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson
import pytest
from support.devices import Ear, listening, plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually

from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.devices import ShellyRpc, ShellySwitch
from arni_edge.devices.shelly import rpc as rpc_module
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Outcome
from arni_edge.settings import Shelly
from arni_edge.simulator.shelly import SimulatedShellyGen2

PREFIX = "gym/light"
DEVICE_ID = "shellyplus1-a8032abe54dc"
REPLIES = "arni/studio/edge"
RECONNECT = (0.05, 0.2)


@dataclass
class House:
    """A broker session with one relay's driver, what the bus said, and a relay that may be there."""

    mosquitto: Mosquitto
    session: BrokerSession
    rpc: ShellyRpc
    driver: ShellySwitch
    ear: Ear
    switched: list[bool] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """Messages that the broker has given to the relay."""
        return self.mosquitto.log.count(f"Sending PUBLISH to {DEVICE_ID}")

    def relay(self, *, status_ntf: bool = False, keepalive: int = 60) -> SimulatedShellyGen2:
        return SimulatedShellyGen2(
            PREFIX,
            DEVICE_ID,
            self.mosquitto.address("shelly", tcp=True),
            self.switched.append,
            status_ntf=status_ntf,
            keepalive=keepalive,
            latency=0.01,
            reconnect=RECONNECT,
        )

    async def known(self, output: bool | None = False) -> None:
        await eventually(lambda: self.driver.live and self.driver.output is output)


@asynccontextmanager
async def a_house(mosquitto: Mosquitto) -> AsyncIterator[House]:
    clock, bus = SystemClock(), Bus()
    for account in ("arni-edge", "shelly", "visitor"):
        mosquitto.address(account)
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, REPLIES)
    driver = ShellySwitch(Shelly(id="light", prefix=PREFIX, role="light"), rpc, session, bus, clock)
    async with listening(bus) as ear, running(rpc.run), connected(session):
        yield House(mosquitto, session, rpc, driver, ear)


@asynccontextmanager
async def a_living_house(
    mosquitto: Mosquitto, *, status_ntf: bool = False, keepalive: int = 60
) -> AsyncIterator[tuple[House, SimulatedShellyGen2]]:
    async with (
        a_house(mosquitto) as house,
        plugged_in(relay := house.relay(status_ntf=status_ntf, keepalive=keepalive)),
    ):
        await house.known()
        # Known by its own words; the question about the state may still be on its way.
        await eventually(lambda: not house.rpc._asking and not house.rpc._pending)
        yield house, relay


# --- switching --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status_ntf", [False, True])
async def test_a_switch_is_confirmed_by_its_effect(mosquitto: Mosquitto, status_ntf: bool) -> None:
    async with a_living_house(mosquitto, status_ntf=status_ntf) as (house, relay):
        result = await house.driver.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "result and output=true")
        assert house.driver.output is True
        assert house.switched == [True]
        assert (await house.driver.switch(on=False)).outcome is Outcome.CONFIRMED
        assert relay.executed == [True, False]


async def test_what_is_so_already_is_confirmed_by_a_question(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, _relay):
        result = await house.driver.switch(on=False)
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "Switch.GetStatus output=false")
        assert result.seconds < 2


async def test_the_device_ends_a_pulse_by_itself(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, _relay):
        assert (await house.driver.switch(on=True, toggle_after=0.3)).outcome is Outcome.CONFIRMED
        await eventually(lambda: house.switched == [True, False])
        await house.known(output=False)


async def test_a_second_command_in_flight_is_refused(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        first, second = await asyncio.gather(house.driver.switch(on=True), house.driver.switch(on=False))
        assert (first.outcome, second.outcome) == (Outcome.CONFIRMED, Outcome.BUSY)
        assert relay.executed == [True]


async def test_the_wall_switch_is_seen(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.press()
        await house.known(output=True)


async def test_a_wrong_status_after_a_command_is_not_believed(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, status_ntf=True) as (house, relay):
        relay.stale_status = True
        async with Device(mosquitto.address("visitor"), f"{PREFIX}/status/#", f"{REPLIES}/rpc") as monitor:
            result = await house.driver.switch(on=True)
            assert result.outcome is Outcome.CONFIRMED
            # The wrong status has come in, and the device has been asked.
            await eventually(lambda: _statuses(monitor) == [False])
            await eventually(lambda: len(_replies(monitor)) == 2)
            assert house.driver.output is True
            assert relay.output is True


# --- failing honestly -------------------------------------------------------------------------------------


async def test_a_device_that_was_never_heard_is_offline(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        result = await house.driver.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.OFFLINE, "not live")
        assert house.driver.output is None


async def test_a_frozen_device_is_unknown_and_gets_no_second_command(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        result = await house.driver.switch(on=True)
        assert result.outcome is Outcome.UNKNOWN
        assert relay.executed == []
        relay.thaw()
        await house.known(output=True)
        assert relay.executed == [True]


async def test_a_slow_device_is_confirmed_by_a_question(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        before = house.sent
        switching = asyncio.create_task(house.driver.switch(on=True))
        await eventually(lambda: house.sent == before + 2)  # the command, and the question after it
        relay.thaw()
        result = await switching
        assert (result.outcome, result.evidence) == (Outcome.CONFIRMED, "Switch.GetStatus output=true")
        assert relay.executed == [True]


async def test_a_refused_command_is_a_failure(mosquitto: Mosquitto) -> None:
    clock, bus = SystemClock(), Bus()
    mosquitto.address("shelly")
    session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
    rpc = ShellyRpc(session, REPLIES)
    wrong = ShellySwitch(Shelly(id="x", prefix=PREFIX, role="light", switch=3), rpc, session, bus, clock)
    relay = SimulatedShellyGen2(
        PREFIX, DEVICE_ID, mosquitto.address("shelly", tcp=True), lambda _: None, reconnect=RECONNECT
    )
    async with running(rpc.run), connected(session), plugged_in(relay):
        await eventually(lambda: wrong.live)
        result = await wrong.switch(on=True)
        assert (result.outcome, result.evidence) == (Outcome.FAILED, "error -105")
        assert wrong.output is None


async def test_a_broker_lost_during_a_command_is_unknown(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        before = house.sent
        switching = asyncio.create_task(house.driver.switch(on=True))
        await eventually(lambda: house.sent == before + 1)
        mosquitto.kill()
        assert (await switching).outcome is Outcome.UNKNOWN


# --- what is known ----------------------------------------------------------------------------------------


async def test_a_retained_online_is_a_hint_only(mosquitto: Mosquitto) -> None:
    async with Device(mosquitto.address("visitor")) as visitor:
        await visitor.publish(f"{PREFIX}/online", "true", retain=True)
    async with a_house(mosquitto) as house:
        async with Device(mosquitto.address("visitor")) as visitor:
            await visitor.publish(f"{PREFIX}/elsewhere", "")
        assert not house.driver.live
        assert house.ear.availability == []


async def test_the_state_is_asked_for_after_every_broker_loss(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        assert (await house.driver.switch(on=True)).outcome is Outcome.CONFIRMED
        mosquitto.kill()
        await eventually(lambda: not house.session.connected)
        assert house.driver.output is None
        assert (await house.driver.switch(on=False)).outcome is Outcome.OFFLINE
        mosquitto.start()
        await house.known(output=True)
        assert relay.executed == [True]


async def test_power_loss_is_announced_and_coming_back_means_off(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto, keepalive=2) as (house, relay):
        await house.driver.switch(on=True)
        relay.power_off()
        assert house.switched == [True, False]
        await eventually(lambda: not house.driver.live)
        await eventually(lambda: house.ear.availability == [True, False])
        relay.power_on()
        await house.known(output=False)
        await eventually(lambda: house.ear.availability == [True, False, True])


async def test_a_reboot_makes_what_was_known_history(mosquitto: Mosquitto) -> None:
    """The uptime is smaller than before: whatever was missed meanwhile, the device is asked again."""
    async with (
        a_living_house(mosquitto) as (house, _relay),
        Device(mosquitto.address("visitor")) as visitor,
    ):
        doubts: list[None] = []
        house.driver.on_doubt(lambda: doubts.append(None))
        await _notify(visitor, {"sys": {"uptime": 5000}, "switch:0": {"output": True}})
        await house.known(output=True)
        assert doubts == []
        await _notify(visitor, {"sys": {"uptime": 0}})
        await house.known(output=False)
        assert doubts == [None]


async def test_a_changed_configuration_is_doubted(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay):
        doubts: list[None] = []
        house.driver.on_doubt(lambda: doubts.append(None))
        relay.parts["switch:0"].call("SetConfig", {"config": {"auto_off": True}})
        await eventually(lambda: doubts == [None])
        assert house.driver.output is False


async def _notify(visitor: Device, params: dict[str, Any]) -> None:
    frame = {"src": DEVICE_ID, "dst": f"{PREFIX}/events", "method": "NotifyStatus", "params": params}
    await visitor.publish(f"{PREFIX}/events/rpc", orjson.dumps(frame).decode())


# --- the simulated device itself --------------------------------------------------------------------------


async def ask(mosquitto: Mosquitto, *frames: Any) -> list[dict[str, Any]]:
    """Put frames to the relay and return as many replies."""
    async with Device(mosquitto.address("visitor"), "me/rpc") as device:
        for frame in frames:
            payload = frame if isinstance(frame, str) else orjson.dumps(frame).decode()
            await device.publish(f"{PREFIX}/rpc", payload)
        expected = sum(isinstance(frame, dict) and "src" in frame for frame in frames)
        await eventually(lambda: len(device.got) >= expected)
        return [orjson.loads(payload) for _, payload in device.got]


async def test_the_simulated_relay_answers_like_a_real_one(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (_house, _relay):
        replies = await ask(
            mosquitto,
            "no JSON",
            {"id": 1, "method": "Shelly.GetDeviceInfo"},  # without src: no reply topic
            {"id": "a", "src": "me", "method": "Shelly.GetDeviceInfo"},
            {"id": 2, "src": "me", "method": "Switch.Set", "params": {"on": True}},
            {"id": 3, "src": "me", "method": "Switch.GetStatus", "params": {"id": 4}},
            {"id": 4, "src": "me", "method": "Foo.Bar"},
            {"id": 5, "src": "me", "method": "Switch.Toggle", "params": {"id": 0}},
            {"id": 6, "src": "me", "method": "Switch.GetStatus", "params": {"id": 0}},
        )
    by_id = {reply["id"]: reply for reply in replies}
    assert all((reply["src"], reply["dst"]) == (DEVICE_ID, "me") for reply in replies)
    assert by_id["a"]["result"]["mac"] == "A8032ABE54DC"
    assert by_id[2]["error"] == {"code": -103, "message": "Argument 'id' is missing!"}
    assert [by_id[n]["error"]["code"] for n in (3, 4)] == [-105, 404]
    assert by_id[5]["result"] == {"was_on": False}
    assert by_id[6]["result"]["output"] is True


async def test_the_simulated_relay_knows_the_simple_commands(mosquitto: Mosquitto) -> None:
    topic = f"{PREFIX}/command/switch:0"
    async with (
        a_living_house(mosquitto) as (house, relay),
        Device(mosquitto.address("visitor"), f"{PREFIX}/error/#", f"{PREFIX}/status/#") as visitor,
    ):
        await visitor.publish(topic, "on,0.2")
        await eventually(lambda: house.switched == [True, False])
        await visitor.publish(topic, "open sesame")
        await visitor.publish(topic, "status_update")
        await eventually(lambda: _statuses(visitor) == [False])
        assert (f"{PREFIX}/error/switch:0", "Invalid command") in visitor.got
        assert relay.executed == [True]


async def test_birth_and_will_are_retained(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (_house, _relay):
        assert await _retained_online(mosquitto) == "true"
    assert await _retained_online(mosquitto) == "false"


async def _retained_online(mosquitto: Mosquitto) -> str:
    async with Device(mosquitto.address("visitor"), f"{PREFIX}/online") as visitor:
        await eventually(lambda: visitor.raw)
        assert visitor.raw[0].retain
        return visitor.got[0][1]


def _statuses(monitor: Device) -> list[bool]:
    return [orjson.loads(payload)["output"] for topic, payload in monitor.got if "/status/" in topic]


def _replies(monitor: Device) -> list[str]:
    return [payload for topic, payload in monitor.got if topic == f"{REPLIES}/rpc"]


# --- in whose name ------------------------------------------------------------------------------------------


async def test_nobody_answers_in_the_name_of_another_device(mosquitto: Mosquitto) -> None:
    """All devices may write to our reply topic; one that saw its own requests must not guess the others'."""
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        calling = asyncio.create_task(house.rpc.call(PREFIX, "Switch.Set", {}, deadline=1.0))
        await eventually(lambda: house.rpc._pending)
        (number,) = house.rpc._pending
        async with Device(mosquitto.address("visitor")) as visitor:
            frame = {"id": number, "src": "shellyplus1-000000000000", "dst": REPLIES, "result": {}}
            await visitor.publish(f"{REPLIES}/rpc", orjson.dumps(frame).decode())
            assert (await calling).reply is None


async def test_the_numbers_of_requests_cannot_be_guessed(mosquitto: Mosquitto) -> None:
    seen: list[int] = []
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor"), "gym/a/rpc") as device:
        for asked in range(1, 4):
            await house.rpc.call("gym/a", "Shelly.GetStatus", {}, deadline=0.01)
            await eventually(lambda asked=asked: len(device.got) == asked)  # type: ignore[misc]
        seen = [orjson.loads(payload)["id"] for _, payload in device.got]
    steps = {abs(later - earlier) for earlier, later in pairwise(seen)}
    assert min(steps) > 1000


async def test_strangers_who_were_asked_are_forgotten(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house:
        for number in range(50):
            await house.rpc.call(f"gym/{number}", "Shelly.GetStatus", {}, deadline=0.01)
        assert len(house.rpc._lines) == 0


async def test_a_command_does_not_wait_long_behind_questions(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rpc_module, "_LINE_SECONDS", 0.2)
    async with a_living_house(mosquitto) as (house, relay):
        relay.freeze()
        question = asyncio.create_task(house.rpc.call(PREFIX, "Shelly.GetStatus", {}, deadline=2.0))
        await eventually(lambda: house.rpc._pending)
        result = await house.driver.switch(on=True)
        assert result.outcome is Outcome.OFFLINE
        assert "nothing was sent" in result.evidence
        relay.thaw()
        await question
        assert relay.executed == []


@pytest.mark.parametrize("cfg_rev", ["[]", "{}", '"x"', "null", "1e999"])
async def test_a_status_that_makes_no_sense_stops_no_questions(mosquitto: Mosquitto, cfg_rev: str) -> None:
    # What the house's queue of questions raises is raised at the end of the block.
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor"), f"{PREFIX}/rpc") as device:
        for asked in (1, 2):
            await device.publish(f"{PREFIX}/online", "true")
            await eventually(lambda asked=asked: len(device.got) >= asked)  # type: ignore[misc]
            number = orjson.loads(device.got[-1][1])["id"]
            answer = f'{{"id":{number},"src":"x","result":{{"sys":{{"cfg_rev":{cfg_rev}}}}}}}'
            await device.publish(f"{REPLIES}/rpc", answer)
            await eventually(lambda: not house.rpc._pending)
