"""A new device comes into the house: seen, adopted while the others stay connected, used in an alarm."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.building import FRONT, HOURS, CountedNuki, a_lock, account
from support.daemon import DaemonProcess
from support.devices import plugged_in
from support.waiting import eventually, eventually_is

from arni_edge.relay import Papers
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.shelly import SimulatedShellyGen2

_SHELLY = "shelly1minig3-54320453a7c0"
_KEY = "shelly:54320453A7C0"
_ON_CALL = "+4915550000001"


@pytest.fixture
def daemon() -> Iterator[DaemonProcess]:
    box = DaemonProcess()
    yield box
    box.remove()


@asynccontextmanager
async def a_house(daemon: DaemonProcess, cloud: SimulatedCloud) -> AsyncIterator[CountedNuki]:
    """One door with a lock that is heard; newcomers may speak."""
    settings = cloud.whatsapp_settings()
    secrets = daemon.folder / "credentials"
    secrets.mkdir()
    write_secrets(secrets, cloud)
    await cloud.relay.enroll(Papers(daemon.folder / "state" / "relay"))
    daemon.configure(
        broker=f'mode = "managed"\nlisten_port = {daemon.port}\nnewcomers = true',
        more=(
            f'{HOURS}{FRONT}[relay]\nurl = "{cloud.relay_url}"\nwait_seconds = 20\n'
            f'[whatsapp]\nphone_number_id = "{settings.phone_number_id}"\n'
            f'graph_url = "{settings.graph_url}"\n'
            f'[alarms]\non_call = [{{ name = "Nora", phone = "{_ON_CALL}" }}]\n'
        ),
    )
    await daemon.start_ready(CREDENTIALS_DIRECTORY=str(secrets))
    await eventually(lambda: '"event":"broker_connected"' in daemon.log)
    lock = a_lock(daemon)
    async with plugged_in(lock):
        await eventually(lambda: lock.connections == 1)
        yield lock


def write_secrets(folder: Path, cloud: SimulatedCloud) -> None:
    (folder / "whatsapp_access_token").write_text(cloud.access_token)
    (folder / "whatsapp_app_secret").write_text(cloud.app_secret)


async def listed(daemon: DaemonProcess) -> dict[str, dict[str, Any]]:
    """``arni-edge devices list --json``."""
    ended = await daemon.command("devices", "list", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    return {row["key"]: row for row in json.loads(ended.stdout)}


def a_relay(daemon: DaemonProcess, username: str) -> SimulatedShellyGen2:
    return SimulatedShellyGen2(
        _SHELLY,
        _SHELLY,
        account(daemon, username),
        gen=3,
        model="S3SW-001X8EU",
        reconnect=(0.05, 0.2),
    )


async def test_a_newcomer_is_seen_adopted_and_lights_the_way_in_an_alarm(daemon: DaemonProcess) -> None:
    async with SimulatedCloud() as cloud, a_house(daemon, cloud) as lock:
        broker = await daemon.mosquitto()
        async with plugged_in(relay := a_relay(daemon, "arni-newcomer")):
            seen = await eventually_is(
                lambda: listed(daemon), lambda rows: _KEY in rows and rows[_KEY]["model"] == "S3SW-001X8EU"
            )
            assert (seen[_KEY]["state"], seen[_KEY]["availability"]) == ("seen", "live")
            assert [row["state"] for row in seen.values()] == ["adopted", "seen"]
            shown = await daemon.command("devices", "show", _KEY)
            assert shown.returncode == 0
            assert "switch:0.output" in shown.stdout
            said = await watched(daemon, relay)
            assert {one["entity"] for one in said} == {"switch:0.output"}
            assert {True, False} <= {one["value"] for one in said}

            strike = await daemon.command("devices", "adopt", _KEY, "--id", "x", "--role", "strike")
            assert strike.returncode == 1
            assert "[[doors]]" in strike.stderr
            adopted = await daemon.command(
                *("devices", "adopt", _KEY, "--id", "lamp", "--role", "light", "--room", "Halle")
            )
            assert (adopted.returncode, adopted.stderr) == (0, "")
            assert f"{_KEY} is 'lamp' now" in adopted.stdout
            # The account that it came with is for strangers; the command says which one is its own.
            assert "shelly-lamp" in adopted.stdout
            file = str(daemon.folder / "state" / "broker" / "accounts.json")
            assert file in adopted.stdout

        async with plugged_in(lamp := a_relay(daemon, "shelly-lamp")):
            rows = await eventually_is(
                lambda: listed(daemon), lambda rows: rows[_KEY]["availability"] == "live"
            )
            assert (rows[_KEY]["id"], rows[_KEY]["state"], rows[_KEY]["room"]) == ("lamp", "adopted", "Halle")
            assert (await daemon.ask("status"))["switches"] == {"lamp": {"on": False, "live": True}}
            caller = cloud.phones.add("+4915999999999", "Somebody")
            caller.send("Hilfe, hier ist jemand bewusstlos!")
            await eventually(lambda: lamp.output)
            await eventually_is(
                lambda: daemon.ask("alarms.log"),
                lambda log: (
                    ("light/lamp", "done") in [(one["sink"], one["state"]) for one in log[0]["sinks"]]
                ),
            )

        assert await daemon.mosquitto() == broker
        assert lock.connections == 1, "the lock did not notice"


async def watched(daemon: DaemonProcess, relay: SimulatedShellyGen2) -> list[dict[str, Any]]:
    """What ``arni-edge devices watch`` prints while somebody plays with the switch."""
    watching = asyncio.create_task(daemon.command("devices", "watch", _KEY, "--json", "--seconds", "3"))
    while not watching.done():
        relay.press()
        await asyncio.wait({watching}, timeout=0.2)
    ended = watching.result()
    assert (ended.returncode, ended.stderr) == (0, "")
    return [json.loads(line) for line in ended.stdout.splitlines()]
