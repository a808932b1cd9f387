"""``arni-edge devices …`` over a real control socket, with a real broker, database and simulated relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
from support.database import open_database
from support.devices import plugged_in
from support.mosquitto import Mosquitto
from support.mqtt import Device, connected, running
from support.waiting import eventually
from typer.testing import CliRunner

from arni_edge.access.incidents import IncidentDesk
from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.cli.app import app
from arni_edge.control import ControlServer
from arni_edge.daemon.device_incidents import DeviceIncidents
from arni_edge.daemon.devices_methods import devices_methods
from arni_edge.devices import ShellyCover, ShellyRpc, ShellySwitch
from arni_edge.devices.adopted import adopted, with_adopted
from arni_edge.devices.book import DeviceBook
from arni_edge.devices.interpreter import Interpreter
from arni_edge.devices.listening import book_filters
from arni_edge.devices.registry import Registry
from arni_edge.devices.shelf import owned_devices
from arni_edge.domain.clock import SystemClock
from arni_edge.settings import Settings
from arni_edge.simulator.shelly import SimulatedShellyGen2
from arni_edge.storage import Database

PREFIX = "shellyplus1-a8032abe54dc"
KEY = "shelly:A8032ABE54DC"
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "shellies": [{"id": "light", "prefix": "gym/light", "role": "light", "name": "Hallenlicht"}],
    }
)


@dataclass(frozen=True)
class Ground:
    database: Database
    clock: SystemClock


@dataclass(frozen=True)
class Idle:
    """No hands: nothing is tried out here."""

    switches: dict[str, ShellySwitch] = field(default_factory=dict)
    covers: dict[str, ShellyCover] = field(default_factory=dict)


@dataclass
class Desk:
    """A daemon as far as devices are concerned, and the command beside it."""

    config: Path
    database: Database
    book: DeviceBook
    changes: list[str] = field(default_factory=list)

    async def run(self, *words: str) -> tuple[int, str]:
        """Type a command; returns its exit code and what it printed."""
        arguments = ["devices", *words, "--config", str(self.config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        return result.exit_code, result.output + (str(result.exception) if result.exception else "")

    async def ask(self, *words: str) -> Any:
        code, text = await self.run(*words, "--json")
        assert code == 0, text
        return orjson.loads(text)


@asynccontextmanager
async def a_desk(mosquitto: Mosquitto, folder: Path) -> AsyncIterator[Desk]:
    for account in ("arni-edge", "relay", "visitor"):
        mosquitto.address(account)
    config = folder / "arni.toml"
    config.write_text(f'[paths]\nruntime = "{folder}"\n')
    clock, bus = SystemClock(), Bus()
    async with open_database(folder / "arni.db") as database:
        registry = Registry(database, clock)
        session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
        rpc, strangers = ShellyRpc(session, "arni/studio/edge"), ShellyRpc(session, "arni/studio/newcomer")
        book = DeviceBook(
            Interpreter(),
            book_filters(SETTINGS),
            owned_devices(SETTINGS),
            broker=session,
            rpc=rpc,
            strangers_rpc=strangers,
            bus=bus,
            clock=clock,
            incidents=DeviceIncidents(IncidentDesk(database, bus, clock)),
            notebook=registry,
        )
        desk = Desk(config, database, book)

        async def changed() -> None:
            desk.changes.append("changed")

        methods = devices_methods(
            Ground(database, clock), lambda: book, registry, lambda: SETTINGS, Idle, changed
        )
        control = ControlServer(folder / "control.sock", methods)
        async with (
            running(rpc.run),
            running(strangers.run),
            running(book.run),
            running(control.run),
            connected(session),
        ):
            await eventually((folder / "control.sock").exists)
            yield desk


def a_relay(mosquitto: Mosquitto) -> SimulatedShellyGen2:
    address = mosquitto.address("relay", tcp=True)
    return SimulatedShellyGen2(PREFIX, PREFIX, address, lambda _: None, latency=0.01)


def _model(desk: Desk) -> str | None:
    picture = desk.book.find(KEY)
    return picture.identity.model if picture else None


async def test_from_seen_to_adopted_renamed_and_ignored(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk, plugged_in(a_relay(mosquitto)):
        await eventually(lambda: _model(desk) == "SNSW-001X16EU")
        rows = {row["key"]: row for row in await desk.ask("list")}
        assert rows["shelly:gym/light"]["state"] == "adopted"
        assert (rows["shelly:gym/light"]["id"], rows["shelly:gym/light"]["name"]) == ("light", "Hallenlicht")
        assert (rows[KEY]["state"], rows[KEY]["availability"], rows[KEY]["model"]) == (
            "seen",
            "live",
            "SNSW-001X16EU",
        )
        code, text = await desk.run("adopt", KEY, "--id", "siren", "--role", "siren", "--room", "Halle")
        assert code == 0, text
        assert desk.changes == ["changed"]
        (siren,) = await adopted(desk.database)
        assert (siren.prefix, siren.room) == (PREFIX, "Halle")
        assert [one.id for one in with_adopted(SETTINGS, [siren]).shellies] == ["light", "siren"]
        assert (await desk.run("rename", "siren", "Sirene"))[0] == 0
        assert [one.name for one in await adopted(desk.database)] == ["Sirene"]
        assert (await desk.run("ignore", "siren"))[0] == 0
        assert await adopted(desk.database) == []
        assert desk.changes == ["changed"] * 3
        assert KEY not in [row["key"] for row in await desk.ask("list")]
        assert KEY in [row["key"] for row in await desk.ask("list", "--all")]


async def test_what_stands_in_the_file_is_changed_in_the_file(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk:
        for words in (("rename", "light", "x"), ("ignore", "light")):
            code, text = await desk.run(*words)
            assert code != 0
            assert "settings file" in text
        assert desk.changes == []


async def test_show_tells_live_from_last_known(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with (
        a_desk(mosquitto, tmp_path) as desk,
        Device(mosquitto.address("visitor", tcp=True)) as visitor,
    ):
        await visitor.publish("nuki/77/state", "1")
        await visitor.publish("nuki/77/name", "\x1b[31mTür\x07")
        await visitor.publish("nuki/77/batteryChargeState", "33")
        await eventually(lambda: (lock := desk.book.find("nuki:77")) and len(lock.readings) == 3)
        answer = await desk.ask("show", "nuki:77")
        assert answer["battery"] == 33
        state = answer["entities"]["state"]
        assert (state["value"], state["live"]) == ("locked", True)
        code, text = await desk.run("show", "nuki:77")
        assert code == 0
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "live" in text
        code, text = await desk.run("adopt", "nuki:77", "--id", "front", "--role", "sensor")
        assert code != 0
        assert 'nuki_id = "77"' in text
        assert (await desk.run("show", "nobody\x1b"))[0] != 0


async def test_watch_shows_what_comes_and_ends(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_desk(mosquitto, tmp_path) as desk, plugged_in(a_relay(mosquitto)) as relay:
        assert isinstance(relay, SimulatedShellyGen2)
        await eventually(lambda: _model(desk) == "SNSW-001X16EU")
        watching = asyncio.create_task(desk.run("watch", KEY, "--json", "--seconds", "3"))
        pressed = 0
        while not watching.done():
            relay.press()
            pressed += 1
            await asyncio.wait({watching}, timeout=0.2)
        code, text = watching.result()
        assert code == 0, text
        events = [orjson.loads(line) for line in text.splitlines()]
        outputs = [one["value"] for one in events if one["entity"] == "switch:0.output"]
        assert len(outputs) >= 2
        assert all(one is not two for one, two in pairwise(outputs)), "each change once"
        assert {one["device"] for one in events} == {KEY}
        numbers = [one["number"] for one in events]
        assert numbers == sorted(set(numbers))
