"""The whole house listens, and still the broker says at once that a device is not there."""

import asyncio
import json
import signal
import time
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from support.daemon import DaemonProcess
from support.mqtt import Device, connected
from support.waiting import eventually, eventually_is

from arni_edge.access.sentry import command_topics
from arni_edge.broker import BrokerAddress, BrokerSession, Delivery
from arni_edge.broker.accounts import DAEMON
from arni_edge.domain.clock import SystemClock
from arni_edge.settings import load_settings

_MORE = """
newcomers = true
home_assistant = true
[[doors]]
id = "front"
name = "Front"
reader = true
[doors.lock]
nuki_id = "0BB28570"
[[doors]]
id = "street"
name = "Street"
[doors.lock]
kind = "nuki_hub"
[[doors]]
id = "side"
name = "Side"
[doors.lock]
kind = "strike"
device = "strike"
[[shellies]]
id = "strike"
prefix = "gym/strike"
role = "strike"
[[shellies]]
id = "lamp"
prefix = "shellies/shelly1-34945472A643"
role = "light"
generation = 1
[[shellies]]
id = "siren"
prefix = "a/b/c"
role = "siren"
"""


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


def account(daemon: DaemonProcess, username: str) -> BrokerAddress:
    passwords = json.loads((daemon.folder / "state" / "broker" / "accounts.json").read_text("utf-8"))
    return BrokerAddress("127.0.0.1", daemon.port, username, SecretStr(passwords[username]))


async def test_a_door_whose_device_is_away_is_offline_within_a_second(daemon: DaemonProcess) -> None:
    daemon.configure(more=_MORE)
    await daemon.start_ready()
    await eventually(lambda: '"event":"broker_connected"' in daemon.log, within=30)
    # For so long after a start a lock is waited for that may come back with the broker.
    began = time.monotonic()
    await eventually(lambda: time.monotonic() > began + 3.5)
    for door in ("front", "street", "side"):
        began = time.monotonic()
        answer = await daemon.ask("door.open", door=door, reason="test it", by="kim")
        assert (answer["outcome"], time.monotonic() - began < 1.0) == ("offline", True), door
    evidence = {row["door"]: row["evidence"] for row in await daemon.ask("door.log")}
    assert evidence == {
        "front": "no matching subscribers",
        "street": "no matching subscribers",
        "side": "not live",
    }


async def test_an_opening_that_a_crash_interrupted_is_told_of(daemon: DaemonProcess) -> None:
    daemon.configure(more=_MORE)
    await daemon.start_ready()
    await eventually(lambda: '"event":"broker_connected"' in daemon.log, within=30)
    command = "nuki/0BB28570/lockAction"
    async with Device(account(daemon, "nuki-front"), command) as lock:  # hears it and says nothing
        opening = asyncio.create_task(daemon.command("door", "open", "front", "--reason", "test it"))
        await eventually(lambda: lock.got == [(command, "3")])
        daemon.signal(signal.SIGKILL)
        await daemon.ends()
        await asyncio.wait({opening})
    await daemon.start_ready()
    (front, *_) = await daemon.ask("door.status")
    assert [(one["incident"], one["evidence"]) for one in front["incidents"]] == [
        ("unconfirmed", "the daemon was restarted during a command")
    ]


async def test_nobody_in_the_house_listens_where_a_device_obeys(daemon: DaemonProcess) -> None:
    daemon.configure(more=_MORE)
    await daemon.start_ready()
    await eventually(lambda: '"event":"broker_connected"' in daemon.log, within=30)
    address = account(daemon, DAEMON)
    settings = load_settings(daemon.config, {})
    topics = [
        one.replace("#", "switch:0").replace("+", "0")
        for one in command_topics(settings.doors, settings.shellies)
    ]
    assert len(topics) > 20
    beside = BrokerSession(address, client_id="beside", clock=SystemClock())

    async def heard() -> list[str]:
        return [one for one in topics if await beside.publish(one, b"") is not Delivery.NO_SUBSCRIBER]

    async with connected(beside):
        # The daemon itself listens there for a moment after its start, for commands that somebody has kept.
        await eventually_is(heard, lambda found: found == [])
