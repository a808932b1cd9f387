"""``arni-edge occupancy …`` over a real control socket, with a real book and a real history behind it."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually
from support.worker_words import camera, line, zone
from typer.testing import CliRunner

from arni_edge.broker import BrokerAddress, BrokerSession
from arni_edge.bus import Bus
from arni_edge.cli.occupancy import app
from arni_edge.control import ControlServer, call
from arni_edge.daemon.occupancy_methods import occupancy_methods
from arni_edge.domain.errors import ArniError
from arni_edge.domain.headcount import WHOLE_GYM, HourTally
from arni_edge.settings import load_settings
from arni_edge.storage import Database, Transaction
from arni_edge.storage import occupancy as kept
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.history import OccupancyHistory, hour_of
from arni_edge.vision.occupancy import OccupancyBook

BERLIN = ZoneInfo("Europe/Berlin")
_CONFIG = """
[site]
id = "gym"
name = "Probestudio"
capacity = 40
[paths]
runtime = "{folder}/run"
[vision]
enabled = false
[[cameras]]
id = "cam"
url = "rtsp://10.0.0.2/s"
[[cameras.zones]]
id = "floor"
name = "Fläche"
kind = "floor"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
legal_basis = "sign at the door"
[[cameras.lines]]
id = "door"
name = "Tür"
points = [[0.2, 0.5], [0.8, 0.5]]
"""


@dataclass
class Box:
    config: Path
    clock: ManualClock
    book: OccupancyBook
    database: Database

    async def says(self, *words: str, code: int = 0) -> str:
        """Run the command; what an expected error says is what its user reads."""
        asked = [*words, "--config", str(self.config)]
        ended = await asyncio.to_thread(CliRunner().invoke, app, asked)
        assert ended.exit_code == code, ended.output
        assert ended.exception is None or isinstance(ended.exception, ArniError | SystemExit)
        return f"{ended.output}{ended.exception or ''}"

    async def remember(self, weeks: int) -> None:
        """Every hour of so many weeks; on Tuesday from 14 to 16 it is quiet."""
        tallies = []
        for back in range(1, 24 * 7 * weeks):
            hour = hour_of(self.clock.now() - timedelta(hours=back), BERLIN)
            local = hour.astimezone(BERLIN)
            people = 2 if (local.weekday(), local.hour) in {(1, 14), (1, 15)} else local.hour
            tallies.append(HourTally(WHOLE_GYM, hour, 3600, people * 3600, people))

        async def unit(tx: Transaction) -> None:
            await kept.add_hours(tx, tallies)

        await self.database.write(unit)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    with tempfile.TemporaryDirectory(prefix="arni-c-", dir="/tmp") as short:
        config = Path(short) / "arni.toml"
        config.write_text(_CONFIG.format(folder=short))
        settings, clock = load_settings(config), ManualClock()
        async with open_database(tmp_path / "arni.db") as database:
            broker = BrokerSession(BrokerAddress("x", 1, "u", None), client_id="c", clock=clock)
            zones = {one.id: one.name for one in settings.cameras[0].zones}
            book = OccupancyBook("gym", zones, broker, Bus(), clock, plan=CountingPlan.of(settings))
            history = OccupancyHistory(settings, book, database, clock)
            methods = occupancy_methods(clock, lambda: settings, lambda: book, lambda: history)
            async with running(ControlServer(settings.paths.control_socket, methods).run):
                await eventually(settings.paths.control_socket.exists)
                yield Box(config, clock, book, database)


async def test_now_says_the_number_or_why_there_is_none(box: Box) -> None:
    said = await box.says("now", code=1)
    assert "Unbekannt, wie viele im Studio sind" in said
    assert "Nullstellung" in said
    assert "Fläche (floor): unbekannt" in said
    await box.says("set", "4")
    await box.book.receive(camera("ok"))
    await box.book.receive(line(0, 0))
    await box.book.receive(line(1, 0, "in"))
    await box.book.receive(zone(2, 1))
    said = await box.says("now")
    assert "5 Personen im Studio (wenig los)" in said
    assert "gezählt an den Linien" in said
    assert "1 hinein, 0 hinaus" in said
    answer = json.loads(await box.says("now", "--json"))
    assert (answer["count"], answer["band"], answer["basis"]) == (5, "quiet", "lines")
    assert answer["zones"][0]["count"] == 2
    assert answer["cameras"]["cam"]["state"] == "ok"


async def test_a_zone_that_nobody_sees_says_why(box: Box) -> None:
    await box.book.receive(zone(2, 1))
    assert "Fläche (floor): 2" in await box.says("now", "--zone", "floor")
    await box.book.receive(camera("covered"))
    assert "(cam: covered)" in await box.says("now", "--zone", "floor", code=1)
    assert "there is no such zone; there are: floor" in await box.says("now", "--zone", "roof", code=1)


async def test_an_empty_history_says_so_and_draws_all_the_same(box: Box, tmp_path: Path) -> None:
    assert "noch nichts aufgezeichnet" in await box.says("today", "--svg", str(tmp_path / "today.svg"))
    assert "noch nicht genug" in await box.says("week", "--svg", str(tmp_path / "week.svg"))
    assert "noch nichts aufgezeichnet" in (tmp_path / "today.svg").read_text()
    assert "noch nicht genug" in (tmp_path / "week.svg").read_text()


async def test_today_shows_what_was_what_is_usual_and_what_nobody_saw(box: Box) -> None:
    await box.remember(weeks=5)
    hours = json.loads(await box.says("today", "--json"))["hours"]
    assert len(hours) == 24
    assert hours[9]["people"] == 9
    assert hours[9]["typical"]["expected"] == 9
    assert (hours[12]["state"], hours[12]["people"]) == ("running", None)
    assert (hours[18]["state"], hours[18]["people"]) == ("ahead", None)
    assert hours[18]["typical"]["low"] <= 18 <= hours[18]["typical"]["high"]
    text = await box.says("today")
    row = next(one for one in text.splitlines() if one.startswith("18 "))
    assert "Vorhersage 18" in row
    assert "unbekannt" in next(one for one in text.splitlines() if one.startswith("12 "))


async def test_the_week_is_a_map_and_can_be_drawn(box: Box, tmp_path: Path) -> None:
    await box.remember(weeks=5)
    png, svg = tmp_path / "week.png", tmp_path / "week.svg"
    text = await box.says("week", "--png", str(png), "--svg", str(svg))
    tuesday = next(one for one in text.splitlines() if one.startswith("Dienstag"))
    assert tuesday.split()[15:17] == ["2", "2"]
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "Dienstag" in svg.read_text()
    answer = json.loads(await box.says("week", "--json"))
    assert len(answer["days"]) == 7
    assert all(len(day) == 24 for day in answer["days"])
    assert answer["days"][1][14]["observations"] >= 4


async def test_a_file_that_cannot_be_written_is_one_sentence(box: Box) -> None:
    assert "/nowhere/x.svg cannot be written" in await box.says("week", "--svg", "/nowhere/x.svg", code=1)


async def test_without_the_extra_a_sentence_names_it(box: Box) -> None:
    code = "import sys; sys.modules['matplotlib'] = None; from arni_edge.cli import main; main()"
    words = ["occupancy", "week", "--png", "/nowhere/x.png", "--config", str(box.config)]
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert ended.stderr == "arni-edge: matplotlib is not installed: drawing files needs the extra 'plots'\n"


@pytest.mark.parametrize("params", [{"zone": 7}, {"zone": "x" * 5000}, {"zone": ["floor"]}])
async def test_hostile_questions_get_one_sentence(box: Box, params: dict[str, Any]) -> None:
    socket = load_settings(box.config).paths.control_socket
    with pytest.raises(ArniError, match="no such zone"):
        await asyncio.to_thread(call, socket, "occupancy.today", params, timeout=20.0)


def test_the_clock_of_these_tests_stands_at_noon_in_the_studio() -> None:
    assert ManualClock().now().astimezone(BERLIN) == datetime(2026, 11, 18, 12, tzinfo=BERLIN)
