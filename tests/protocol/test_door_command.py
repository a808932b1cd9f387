"""``arni-edge door …`` over a real control socket, with entry desk, controller, broker and simulated lock."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from support.database import open_database
from support.devices import plugged_in
from support.entry import entry_desk, rules_for
from support.mosquitto import Mosquitto
from support.mqtt import connected, running
from support.nuki import NUKI_ID, FakeLeaf, a_nuki
from support.waiting import eventually
from typer.testing import CliRunner

from arni_edge.access import EntryDesk
from arni_edge.access.controller import DoorController
from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.access.patrol import DoorPatrol
from arni_edge.broker import BrokerSession
from arni_edge.bus import Bus
from arni_edge.cli.app import app
from arni_edge.control import ControlServer
from arni_edge.daemon.doors_methods import doors_methods
from arni_edge.devices import NukiLockDriver
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import Incident, LockState
from arni_edge.domain.i18n import Catalogue
from arni_edge.settings import NukiLock, Settings
from arni_edge.storage import Database, door_audit

SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio", "capacity": 10},
        "doors": [{"id": "front", "name": "Front door", "lock": {"nuki_id": NUKI_ID, "reaction_seconds": 1}}],
    }
)


@dataclass(frozen=True)
class House:
    settings: Settings
    locks: Mapping[str, NukiLockDriver]
    patrols: Mapping[str, DoorPatrol]
    entry: EntryDesk
    incidents: IncidentDesk


@dataclass
class Box:
    """A daemon as far as doors are concerned, and the command beside it."""

    config: Path
    database: Database
    house: House
    mosquitto: Mosquitto

    async def run(self, *words: str) -> tuple[int, str]:
        """Type a command; returns its exit code and what it printed."""
        arguments = ["door", *words, "--config", str(self.config)]
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        said = "" if isinstance(result.exception, SystemExit | None) else str(result.exception)
        return result.exit_code, result.output + said

    async def ask(self, *words: str) -> Any:
        _, text = await self.run(*words, "--json")
        return orjson.loads(text)


@asynccontextmanager
async def a_box(mosquitto: Mosquitto, folder: Path) -> AsyncIterator[Box]:
    for account in ("arni-edge", f"nuki-{NUKI_ID}"):
        mosquitto.address(account)
    config = folder / "arni.toml"
    config.write_text(f'[paths]\nruntime = "{folder}"\n')
    clock, bus, (door,) = SystemClock(), Bus(), SETTINGS.doors
    assert isinstance(door.lock, NukiLock)
    async with open_database(folder / "arni.db") as database:
        session = BrokerSession(mosquitto.address(), client_id="edge", clock=clock)
        driver, desk = (
            NukiLockDriver("front", door.lock, session, bus, clock),
            IncidentDesk(database, bus, clock),
        )
        controller = DoorController(
            "front", driver, desk, clock, clock_is_set=lambda: True, second_instance=lambda: False
        )
        patrol = DoorPatrol(door, driver, desk, bus, clock, commanded_at=lambda: controller.commanded_at)
        entry = entry_desk(database, bus, clock, rules=rules_for("front"), locks={"front": controller})
        house = House(SETTINGS, {"front": driver}, {"front": patrol}, entry, desk)
        control = ControlServer(folder / "control.sock", doors_methods(Catalogue.load(), lambda: house))
        async with running(control.run), running(patrol.run), connected(session):
            await eventually((folder / "control.sock").exists)
            with capture_logs():  # the journal and the command share a process here
                yield Box(config, database, house, mosquitto)


async def test_staff_open_a_door_and_say_why(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_box(mosquitto, tmp_path) as box:
        async with plugged_in(a_nuki(mosquitto, FakeLeaf())):
            await eventually(lambda: box.house.locks["front"].state is LockState.UNLOCKED)
            code, said = await box.run("open", "front", "--reason", "forgot her phone", "--by", "kim")
            assert (code, said) == (0, "Front door is open\n")
        (row,) = await door_audit.newest(box.database, 5)
        assert (row["staff"], row["reason"], row["outcome"], row["evidence"]) == (
            "kim",
            "forgot her phone",
            "confirmed",
            "state=5",
        )


async def test_a_door_that_did_not_open_is_a_failure_with_a_sentence(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with a_box(mosquitto, tmp_path) as box:
        code, said = await box.run("open", "front", "--reason", "forgot her phone", "--by", "kim")
        assert (code, said) == (1, "Front door is offline; nothing was sent to it\n")
        answer = await box.ask("open", "front", "--reason", "again", "--by", "kim")
        assert (answer["confirmed"], answer["outcome"]) == (False, "offline")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("open", "back", "--reason", "test it", "--by", "kim"), "doors of this house: front"),
        (("open", "front", "--reason", " x ", "--by", "kim"), "'reason' must be a text of 3 to 300"),
        (("open", "front", "--reason", "two\nlines", "--by", "kim"), "'reason' must be a text"),
        (("open", "front", "--reason", "test it", "--by", "k" * 65), "'by' must be a text"),
        (("clear", "front", "nonsense", "--by", "kim"), "'incident' must be one of: propped"),
        (("clear", "front", "jammed", "--by", "kim"), "'jammed' is not open at Front door"),
    ],
)
async def test_what_cannot_be_done_is_said(
    mosquitto: Mosquitto, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    async with a_box(mosquitto, tmp_path) as box:
        code, said = await box.run(*words)
        assert code == 1
        assert sentence in said
        assert await door_audit.newest(box.database, 5) == []


async def test_what_is_wrong_is_shown_until_somebody_has_looked(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with a_box(mosquitto, tmp_path) as box:
        assert await box.run("status") == (
            0,
            "front        Front door: unknown, contact unknown, not heard\n",
        )
        for _ in range(2):
            await box.house.incidents.begin(Subject("door", "front"), Incident.JAMMED, "state=254")
        code, said = await box.run("status")
        assert code == 1
        assert "! jammed since" in said
        assert "(2 times): state=254" in said
        code, said = await box.run("clear", "front", "jammed", "--by", "kim")
        assert (code, said) == (0, "jammed at Front door is cleared\n")
        (door,) = await box.ask("status")
        assert (door["incidents"], door["kind"]) == ([], "nuki")
