"""A reload changes rights on the running broker: devices stay connected, and no door waits for them."""

import json
import os
import signal
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from support.daemon import DaemonProcess
from support.mqtt import Device
from support.processes import alive
from support.waiting import eventually

from arni_edge.broker import BrokerAddress

LAMP = '[[shellies]]\nid = "lamp"\nprefix = "shelly-1"\nrole = "light"\n'
FAN = '[[shellies]]\nid = "fan"\nprefix = "shelly-2"\nrole = "ventilation"\n'


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


def account(daemon: DaemonProcess, username: str) -> BrokerAddress:
    passwords = json.loads((daemon.folder / "state" / "broker" / "accounts.json").read_text("utf-8"))
    return BrokerAddress("127.0.0.1", daemon.port, username, SecretStr(passwords[username]))


async def mosquitto(daemon: DaemonProcess) -> int:
    """Its process id, as soon as it lets devices in."""
    await eventually(lambda: '"event":"mosquitto_ready"' in daemon.log, within=30)
    pid: int = (await daemon.ask("status"))["processes"]["mosquitto"]
    return pid


async def test_a_new_device_gets_its_account_and_the_others_do_not_notice(daemon: DaemonProcess) -> None:
    daemon.configure(more=LAMP)
    await daemon.start_ready()
    broker = await mosquitto(daemon)
    async with Device(account(daemon, "shelly-lamp"), "shelly-1/rpc", client_id="lamp") as lamp:
        await eventually(lambda: "broker_connected" in daemon.log)
        await lamp.publish("shelly-1/online", "true")
        await eventually(lambda: lamp.got)  # the daemon asks it how it is
        asked = len(lamp.got)
        daemon.configure(more=LAMP + FAN)
        await daemon.ask("reload")
        assert (await daemon.ask("status"))["processes"]["mosquitto"] == broker
        # The same connection, in which it hears the new house asking.
        await eventually(lambda: len(lamp.got) > asked)
        async with Device(account(daemon, "shelly-fan"), "shelly-2/rpc") as fan:
            await fan.publish("shelly-2/online", "true")
            await eventually(lambda: fan.got)
        # And it goes without a word: no other connection has taken its name, so nothing was closed before.
        await lamp.publish("shelly-1/online", "true")
    assert alive(broker)
    assert daemon.log.count('"event":"mosquitto_ready"') == 1
    assert '"event":"mosquitto_rights_changed"' in daemon.log


async def test_a_device_that_was_taken_out_is_out(daemon: DaemonProcess) -> None:
    daemon.configure(more=LAMP + FAN)
    await daemon.start_ready()
    broker = await mosquitto(daemon)
    fan = account(daemon, "shelly-fan")
    async with Device(fan):
        daemon.configure(more=LAMP)
        await daemon.ask("reload")
    assert (await daemon.ask("status"))["processes"]["mosquitto"] == broker
    assert "user shelly-fan" not in (daemon.folder / "state" / "broker" / "acl").read_text()


async def test_from_managed_to_external_and_back(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    first = await mosquitto(daemon)
    daemon.configure(broker=f'mode = "external"\nport = {daemon.port}')
    await daemon.ask("reload")
    assert not alive(first)
    assert (await daemon.ask("status"))["processes"]["mosquitto"] is None
    daemon.configure()
    await daemon.ask("reload")
    second = (await daemon.is_well())["processes"]["mosquitto"]
    assert second != first
    assert await daemon.stop() == 0
    assert not alive(second)


async def test_a_broker_that_dies_is_started_again_after_a_reload_too(daemon: DaemonProcess) -> None:
    await daemon.start_ready()
    await daemon.is_well()
    await daemon.ask("reload")
    broker = (await daemon.is_well())["processes"]["mosquitto"]
    os.kill(broker, signal.SIGKILL)
    await eventually(lambda: daemon.log.count('"event":"mosquitto_ready"') == 2)
    assert (await daemon.is_well())["processes"]["mosquitto"] != broker
