"""Simulated Shelly devices of generation 1, over a real Mosquitto and HTTP."""

import json

import httpx
from support.devices import plugged_in
from support.gen1 import FIXTURES, Listener
from support.gen1_house import DEVICE_ID, PREFIX, a_house, a_living_house
from support.mosquitto import Mosquitto
from support.mqtt import Device
from support.waiting import eventually

from arni_edge.devices.shelly.gen1 import subscriptions
from arni_edge.simulator.shelly_gen1_movers import SimulatedLightGen1, SimulatedRollerGen1
from arni_edge.simulator.shelly_gen1_sleeper import SimulatedSleeperGen1


async def test_the_simulated_relay_connects_in_the_order_of_the_captures(mosquitto: Mosquitto) -> None:
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor"), "shellies/#") as visitor:
        async with plugged_in(house.relay()):
            await eventually(lambda: any("input_event" in topic for topic, _ in visitor.got))
            said = [topic.removeprefix(PREFIX + "/") for topic, _ in visitor.got if "command" not in topic]
            assert said[:7] == [
                "online",
                "shellies/announce",
                "announce",
                "info",
                "relay/0",
                "input/0",
                "input_event/0",
            ]
        await eventually(lambda: visitor.got[-1] == (f"{PREFIX}/online", "false"))
        assert not any(message.retain for message in visitor.raw)


async def test_presses_are_events_only_after_the_baseline(mosquitto: Mosquitto) -> None:
    filters = subscriptions(PREFIX)
    async with a_house(mosquitto) as house, Device(mosquitto.address("visitor"), *filters) as visitor:
        relay = house.relay(keepalive=2)
        async with plugged_in(relay):
            await house.known()
            relay.press()
            relay.press("L")
            relay.power_off()
            await eventually(lambda: (f"{PREFIX}/online", "false") in visitor.got)
            gone = len(visitor.got)
            relay.power_on()
            await eventually(lambda: [p for t, p in visitor.got if t.endswith("/online")][-1] == "true")
            # It speaks of other things, too: what is waited for need not be its last word.
            await eventually(lambda: any(t.endswith("/input_event/0") for t, _ in visitor.got[gone:]))
            before = len(visitor.got)
            relay.press()
            await eventually(lambda: (f"{PREFIX}/relay/0", "on") in visitor.got[before:])
    listener = Listener()
    for topic, payload in visitor.got:
        if topic.startswith(PREFIX):
            listener.hear(topic.removeprefix(PREFIX + "/"), payload)
    presses = [name for name, entity in listener.events if entity == "input:0"]
    assert presses == ["single_push", "long_push", "single_push"]


async def test_the_simulated_relay_takes_its_timer_over_http(mosquitto: Mosquitto) -> None:
    async with a_living_house(mosquitto) as (house, relay), httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{relay.address_http}/settings/relay/0?auto_off=0.2")
        assert answer.json()["auto_off"] == 0.2
        settings = (await http.get(f"http://{relay.address_http}/settings")).json()
        assert settings["relays"][0]["auto_off"] == 0.2
        assert settings["mqtt"]["id"] == DEVICE_ID
        await house.driver.switch(on=True)
        await eventually(lambda: house.switched == [True, False])
        status = (await http.get(f"http://{relay.address_http}/status")).json()
        assert status["relays"][0]["source"] == "timer"


async def test_a_sleeper_wakes_bursts_and_is_gone(mosquitto: Mosquitto) -> None:
    flood = SimulatedSleeperGen1(
        "shellyflood-EC64C9C1DA9A",
        "SHWT-1",
        mosquitto.address("flood", tcp=True),
        readings={"sensor/temperature": "22.12", "sensor/flood": "false", "sensor/battery": "94"},
        details={"flood": False},
    )
    prefix, listener = "shellies/shellyflood-EC64C9C1DA9A", Listener()
    async with (
        Device(mosquitto.address("visitor"), *subscriptions(prefix)) as visitor,
        plugged_in(flood),
    ):
        assert not flood.connected
        flood.wake()
        await eventually(lambda: (f"{prefix}/online", "false") in visitor.got)
        flood.readings["sensor/flood"] = "true"
        flood.details["flood"] = True
        flood.wake("sensor")
        await eventually(lambda: visitor.got.count((f"{prefix}/online", "false")) == 2)
    for topic, payload in visitor.got:
        if topic.startswith(prefix):
            said = listener.hear(topic.removeprefix(prefix + "/"), payload)
            assert said.ignored is None
    assert listener.values["flood:0.alarm"] is True
    assert listener.values["sys.wakeup_reason.cause"] == "sensor"
    assert [name for name, _ in listener.events] == ["online", "offline", "online", "offline"]


async def test_the_simulated_roller_and_dimmer_say_what_the_captures_say(mosquitto: Mosquitto) -> None:
    roller = SimulatedRollerGen1("persiana_dormitorio", mosquitto.address("blind", tcp=True))
    dimmer = SimulatedLightGen1("shellydimmer2-XXX", mosquitto.address("lamp", tcp=True))
    async with (
        Device(mosquitto.address("visitor"), *subscriptions()) as visitor,
        plugged_in(roller),
        plugged_in(dimmer),
    ):
        last = {f"{roller.prefix}/roller/0/energy", f"{dimmer.prefix}/light/0/status"}
        await eventually(lambda: last <= {topic for topic, _ in visitor.got})
    said = dict(visitor.got)
    for name in ("gen1_shelly2_roller", "gen1_shellydimmer2"):
        for line in (FIXTURES / f"{name}.jsonl").read_text().splitlines():
            topic, payload = json.loads(line)["topic"], json.loads(line)["payload"]
            if "roller/0" in topic or "/light/0/status" in topic:
                assert _kinds(payload) == _kinds(said[topic]), topic


def _kinds(payload: str) -> object:
    """Names and types of a JSON object; of anything else, whether it is a number."""
    if payload.startswith("{"):
        return {name: type(value) for name, value in json.loads(payload).items()}
    return payload.lstrip("-").replace(".", "").isdecimal()
