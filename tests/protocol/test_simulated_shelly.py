"""The simulated Shelly of generation 2 and newer speaks as our reader knows it from captures."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device
from support.waiting import eventually

from arni_edge.devices.shelly.reader import ShellyReader
from arni_edge.domain.readings import DeviceEvent, Identity, Interpretation, Update
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_movers import Cover, Light
from arni_edge.simulator.shelly_parts import Input, Part, Sensor, Switch

PREFIX = "a/b/thing"
DEVICE_ID = "shellyplusuni-d4d4da3b1f18"
KEY = "shelly:D4D4DA3B1F18"


class Monitor:
    """Somebody who hears everything, and asks."""

    def __init__(self, visitor: Device) -> None:
        self.visitor = visitor
        self._asked = 0

    def said(self) -> list[Interpretation]:
        reader = ShellyReader()
        return [
            reader.read(message.topic.value, bytes(message.payload), retained=message.retain)
            for message in self.visitor.raw
        ]

    def events(self) -> list[DeviceEvent]:
        return [event for said in self.said() for event in said.events]

    def updates(self) -> list[Update]:
        return [update for said in self.said() for update in said.updates]

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        self._asked += 1
        number = self._asked
        frame = {"id": number, "src": "me", "method": method, "params": params}
        await self.visitor.publish(f"{PREFIX}/rpc", orjson.dumps(frame).decode())
        await eventually(lambda: any(reply["id"] == number for reply in self._replies()))
        return next(reply for reply in self._replies() if reply["id"] == number)

    def _replies(self) -> list[dict[str, Any]]:
        return [orjson.loads(payload) for topic, payload in self.visitor.got if topic == "me/rpc"]


@asynccontextmanager
async def a_device(
    mosquitto: Mosquitto, *parts: Part, **more: Any
) -> AsyncIterator[tuple[Monitor, SimulatedShellyGen2]]:
    for account in ("shelly", "visitor"):
        mosquitto.address(account)
    device = SimulatedShellyGen2(
        PREFIX,
        DEVICE_ID,
        mosquitto.address("shelly", tcp=True),
        parts=parts or None,
        latency=0.01,
        reconnect=(0.05, 0.2),
        **more,
    )
    filters = ("me/rpc", "shellies/announce", *(f"{PREFIX}/{leaf}" for leaf in LEAVES))
    async with Device(mosquitto.address("visitor"), *filters) as visitor, plugged_in(device):
        monitor = Monitor(visitor)
        await eventually(lambda: any(said.full for said in monitor.said()))
        yield monitor, device


LEAVES = ("online", "announce", "events/rpc", "status/+", "error/+")


async def test_everything_it_says_is_understood(mosquitto: Mosquitto) -> None:
    parts = (Input(0), Switch(0), Light(), Cover(), Sensor("temperature", 100, tC=21.5, tF=70.7))
    async with a_device(mosquitto, *parts, status_ntf=True) as (monitor, _device):
        for method in ("Shelly.GetDeviceInfo", "Shelly.GetStatus", "Shelly.GetConfig", "Mqtt.GetConfig"):
            assert "result" in await monitor.ask(method)
        await eventually(lambda: {said.device for said in monitor.said()[-1:]} == {KEY})
        assert [said.ignored for said in monitor.said() if said.ignored] == []
        assert Update("temperature:100.tC", 21.5, "°C") in monitor.updates()
        assert Update("mqtt.config.topic_prefix", PREFIX) in monitor.updates()


async def test_a_button_and_a_contact(mosquitto: Mosquitto) -> None:
    button, contact = Input(0, kind="button"), Input(1)
    async with a_device(mosquitto, button, contact) as (monitor, _device):
        button.press()
        contact.set_level(True)
        await eventually(lambda: Update("input:1.state", True) in monitor.updates())
        assert [event.name for event in monitor.events() if event.entity == "input:0"] == [
            "btn_down",
            "btn_up",
            "single_push",
        ]
        assert Update("input:0.state", None) in monitor.updates()


async def test_an_alarm(mosquitto: Mosquitto) -> None:
    flood = Sensor("flood", 0, alarm=False, mute=False)
    async with a_device(mosquitto, flood, gen=4) as (monitor, _device):
        flood.read(alarm=True)
        await eventually(lambda: Update("flood:0.alarm", True) in monitor.updates())


async def test_a_sleeper_says_everything_and_sleeps_again(mosquitto: Mosquitto) -> None:
    power = Sensor("devicepower", 0, battery={"V": 2.99, "percent": 97})
    async with a_device(mosquitto, power, wakeup_period=7200.0, awake_seconds=0.1, keepalive=1) as (
        monitor,
        device,
    ):
        await eventually(lambda: not device.powered)
        device.wake_up()
        await eventually(lambda: len([said for said in monitor.said() if said.full]) == 2)
        last = [said for said in monitor.said() if said.full][-1]
        assert last.identity
        assert last.identity.sleeps_seconds == 7200
        assert Update("devicepower:0.battery.percent", 97, "%") in last.updates
        assert not any(event.name == "rebooted" for event in monitor.events())


async def test_components_come_in_pages(mosquitto: Mosquitto) -> None:
    heard = {"value": 21.5, "last_updated_ts": 1779364375}
    sensors = [Sensor("bthomesensor", 200 + n, {"obj_id": 69}, **heard) for n in range(7)]
    async with a_device(mosquitto, Switch(0), *sensors) as (monitor, _device):
        pages = [
            await monitor.ask(
                "Shelly.GetComponents", offset=offset, include=["status", "config"], dynamic_only=True
            )
            for offset in (0, 5)
        ]
        assert [len(page["result"]["components"]) for page in pages] == [5, 2]
        assert pages[1]["result"]["total"] == 7
        assert Update("bthomesensor:206.value", 21.5, "°C") in monitor.updates()
        status = (await monitor.ask("Shelly.GetStatus"))["result"]
        assert "bthomesensor:200" not in status


async def test_refusals_have_the_codes_of_the_vendor(mosquitto: Mosquitto) -> None:
    async with a_device(mosquitto, Switch(0), Light(), Cover(calibrated=False)) as (monitor, _device):
        codes = [
            (await monitor.ask(method, **params))["error"]["code"]
            for method, params in (
                ("Cover.GoToPosition", {"id": 0, "pos": 5}),
                ("Light.Set", {"id": 0}),
                ("Switch.SetConfig", {"id": 0}),
                ("Switch.Set", {"id": 7, "on": True}),
                ("Smoke.Mute", {"id": 0}),
                ("Switch.Fly", {"id": 0}),
            )
        ]
        assert codes == [-109, -103, -103, -105, 404, 404]


async def test_auto_off_is_the_second_net(mosquitto: Mosquitto) -> None:
    switched: list[bool] = []
    async with a_device(mosquitto, Switch(0, switched.append)) as (monitor, _device):
        config = {"auto_off": True, "auto_off_delay": 0.1}
        await monitor.ask("Switch.SetConfig", id=0, config=config)
        assert (await monitor.ask("Switch.GetConfig", id=0))["result"]["auto_off"] is True
        await monitor.ask("Switch.Set", id=0, on=True, toggle_after=60)
        await eventually(lambda: switched == [True, False])
        assert "config_changed" in {event.name for event in monitor.events()}


async def test_a_reboot_restores_the_initial_state(mosquitto: Mosquitto) -> None:
    switched: list[bool] = []
    async with a_device(mosquitto, Switch(0, switched.append)) as (monitor, device):
        await monitor.ask("Switch.SetConfig", id=0, config={"initial_state": "restore_last"})
        await monitor.ask("Switch.Set", id=0, on=True)
        assert (await monitor.ask("Shelly.Reboot"))["result"] is None
        await eventually(lambda: switched == [True, False, True])
        await eventually(lambda: len([said for said in monitor.said() if said.full]) == 2)
        assert device.output


async def test_it_announces_itself(mosquitto: Mosquitto) -> None:
    async with a_device(mosquitto, gen=3, model="S3SW-001X16EU") as (monitor, _device):
        await monitor.visitor.publish("shellies/command", "announce")
        identity = Identity("shelly", 3, "S3SW-001X16EU", "1.7.5", mac="D4D4DA3B1F18", prefix=PREFIX)
        await eventually(lambda: [said.identity for said in monitor.said()].count(identity) == 2)


async def test_simple_commands_for_covers_and_lights(mosquitto: Mosquitto) -> None:
    cover = Cover(travel_seconds=0.05)
    async with a_device(mosquitto, cover, Light()) as (monitor, _device):
        await monitor.visitor.publish(f"{PREFIX}/command/cover:0", "pos,40")
        await eventually(lambda: cover.position == 40)
        await monitor.visitor.publish(f"{PREFIX}/command/light:0", "toggle")
        await eventually(lambda: Update("light:0.output", True) in monitor.updates())
        await monitor.visitor.publish(f"{PREFIX}/command/cover:0", "fly")
        await eventually(lambda: "command_error" in {event.name for event in monitor.events()})
        await monitor.visitor.publish(f"{PREFIX}/command", "status_update")
        await eventually(lambda: any(topic == f"{PREFIX}/status/cover:0" for topic, _ in monitor.visitor.got))
