"""A building without internet: the daemon as a process, its own broker, simulated devices around it."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from arni_edge.broker import BrokerAddress
from arni_edge.simulator.nuki import SimulatedNuki
from arni_edge.simulator.reader import SimulatedReader
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.simulator.shelly_gen1 import SimulatedShellyGen1
from arni_edge.simulator.shelly_parts import Input, Switch
from support.daemon import DaemonProcess, quiet_port
from support.devices import plugged_in
from support.nuki import FAST, NUKI_ID, FakeLeaf
from support.waiting import eventually, eventually_is

PULSE = 1.0
_QUICK = (0.05, 0.2)
_STRIKE = "shellyplus1-a8032abe54dc"
_OLD_STRIKE = "shelly1-34945472A643"

HOURS = "[hours]\n" + "".join(
    f'{day} = ["00:00-24:00"]\n'
    for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
)
FRONT = f'[[doors]]\nid = "front"\nname = "Front"\nlock = {{ nuki_id = "{NUKI_ID}" }}\nreader = true\n'
_BACK = (
    '[[doors]]\nid = "back"\nname = "Back"\nkind = "staff"\n'
    f'lock = {{ kind = "strike", device = "strike-back", pulse_seconds = {PULSE} }}\n'
    f'[[shellies]]\nid = "strike-back"\nprefix = "{_STRIKE}"\nrole = "strike"\n'
)
_YARD = (
    '[[doors]]\nid = "yard"\nname = "Yard"\nkind = "staff"\n'
    f'lock = {{ kind = "strike", device = "strike-yard", pulse_seconds = {PULSE} }}\n'
    f'[[shellies]]\nid = "strike-yard"\nprefix = "shellies/{_OLD_STRIKE}"\nrole = "strike"\n'
    'generation = 1\naddress = "127.0.0.1:{port}"\n'
)


class CountedNuki(SimulatedNuki):
    """A lock that counts its connections to the broker."""

    connections = 0

    def on_connected(self) -> None:
        self.connections += 1
        super().on_connected()


@dataclass
class Building:
    """Three doors: a lock with a reader in front, strikes of two generations behind."""

    daemon: DaemonProcess
    front: CountedNuki
    reader: SimulatedReader
    back: SimulatedShellyGen2
    yard: SimulatedShellyGen1
    pulses: dict[str, list[bool]]

    def energised(self, door: str) -> bool:
        """What the strike itself does."""
        return self.pulses[door][-1:] == [True]

    async def doors(self) -> dict[str, dict[str, Any]]:
        """What the daemon says of each."""
        return {door["id"]: door for door in await self.daemon.ask("door.status")}

    async def there(self, *names: str) -> None:
        """Wait until the daemon hears these locks."""
        await eventually_is(self.doors, lambda doors: all(doors[name]["live"] for name in names))

    async def says(self, *words: str) -> str:
        """Type a command that must succeed; returns what it printed."""
        ended = await self.daemon.command(*words)
        assert (ended.returncode, ended.stderr) == (0, ""), f"{ended.stdout}{ended.stderr}"
        return ended.stdout.strip()

    async def log(self) -> list[dict[str, Any]]:
        """``arni-edge door log --json``, newest first."""
        rows: list[dict[str, Any]] = json.loads(await self.says("door", "log", "--json"))
        return rows


def account(daemon: DaemonProcess, username: str) -> BrokerAddress:
    """How a device reaches the managed broker, with the password that the daemon made for it."""
    passwords = json.loads((daemon.folder / "state" / "broker" / "accounts.json").read_text("utf-8"))
    return BrokerAddress("127.0.0.1", daemon.port, username, SecretStr(passwords[username]))


def a_lock(daemon: DaemonProcess) -> CountedNuki:
    """The lock of the front door."""
    return CountedNuki(
        NUKI_ID, account(daemon, "nuki-front"), FakeLeaf(), timing=FAST, reconnect=_QUICK, keepalive=60
    )


@asynccontextmanager
async def a_building(daemon: DaemonProcess, *, auto_off: float = PULSE) -> AsyncIterator[Building]:
    """The daemon runs, and every lock is heard.

    Args:
        daemon: Not started yet.
        auto_off: The timer in the strike of generation 1, seconds.
    """
    http = quiet_port()
    daemon.configure(more=HOURS + FRONT + _BACK + _YARD.replace("{port}", str(http)))
    await daemon.start_ready()
    # A lock that speaks before anybody listens is heard when it speaks again, and that is seldom.
    await eventually(lambda: '"event":"broker_connected"' in daemon.log)
    pulses: dict[str, list[bool]] = {"back": [], "yard": []}
    relay = Switch(0, pulses["back"].append)
    relay.config |= {"in_mode": "detached"}
    old = SimulatedShellyGen1(
        _OLD_STRIKE,
        account(daemon, "shelly-strike-yard"),
        pulses["yard"].append,
        auto_off=auto_off,
        reconnect=_QUICK,
        http_port=http,
    )
    building = Building(
        daemon,
        a_lock(daemon),
        SimulatedReader("probe", "front", account(daemon, "reader-front"), reconnect=_QUICK),
        SimulatedShellyGen2(
            _STRIKE,
            _STRIKE,
            account(daemon, "shelly-strike-back"),
            parts=[Input(0), relay],
            reconnect=_QUICK,
        ),
        old,
        pulses,
    )
    async with AsyncExitStack() as stack:
        for device in (building.front, building.reader, building.back, building.yard):
            await stack.enter_async_context(plugged_in(device))
        await building.there("front", "back", "yard")
        await eventually(lambda: building.reader.connected)
        yield building
