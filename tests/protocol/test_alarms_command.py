"""``arni-edge alarms …`` over a real control socket, with the alarm desk and its database."""

import asyncio
import csv
import importlib.util
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from support.alarms import alarm_desk
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually
from typer.testing import CliRunner, Result

from arni_edge.bus import Bus
from arni_edge.cli.alarms import app
from arni_edge.control import ControlServer
from arni_edge.daemon.alarms_methods import alarms_methods
from arni_edge.domain.errors import ArniError, ConfigurationError
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact
from arni_edge.safety import AlarmDesk, Cause, Report, Roster, StaffLine
from arni_edge.safety.self_test import SelfTest
from arni_edge.settings import Settings
from arni_edge.storage import Database

STAFF = [
    {"id": "kim", "name": "Kim Öztürk", "phone": "+4915550000001"},
    {"id": "olena", "name": "Олена", "phone": "+4915550000002"},
]
SETTINGS = Settings.model_validate(
    {
        "site": {"id": "studio", "name": "Studio Łódź", "capacity": 10},
        "staff": STAFF,
        "alarms": {"on_call": ["kim"]},
    }
)
KIM, OLENA = Contact("kim", "Kim Öztürk"), Contact("olena", "Олена")


@dataclass(frozen=True)
class House:
    settings: Settings
    alarms: AlarmDesk
    self_test: SelfTest


@dataclass
class Box:
    """A daemon as far as alarms are concerned, and the command beside it."""

    config: Path
    database: Database
    clock: ManualClock
    desk: AlarmDesk

    async def run(self, *words: str, ask: str | None = None) -> Result:
        arguments = [words[0], "--config", str(self.config), *words[1:]]
        return await asyncio.to_thread(CliRunner().invoke, app, arguments, input=ask)

    async def json(self, *words: str) -> Any:
        return orjson.loads((await self.run(*words, "--json")).stdout)

    async def alarm(self, key: str = "a", cause: Cause = Cause.MEDICAL) -> str:
        """Raise one; gives its id."""
        before = {one.alarm_id for one in await self.desk.open()}
        await self.desk.raise_alarm(Report(key, cause, "whatsapp", self.clock.now(), place=key))
        (alarm_id,) = {one.alarm_id for one in await self.desk.open()} - before
        return alarm_id


@asynccontextmanager
async def a_box(tmp_path: Path) -> AsyncIterator[Box]:
    config = tmp_path / "arni.toml"
    runtime = Path(f"/tmp/arni-alarms-{os.getpid()}")
    config.write_text(
        f'[site]\nid = "studio"\nname = "Studio"\n[paths]\nruntime = "{runtime}"\nstate = "{tmp_path}"\n'
    )
    clock = ManualClock(datetime(2026, 11, 21, 3, 0, tzinfo=UTC))
    async with open_database(tmp_path / "arni.db") as database:
        desk = alarm_desk(database, Bus(), clock, settings=SETTINGS)
        line = StaffLine(Roster.of(SETTINGS), template="alarm")
        test = SelfTest(database, clock, Catalogue.load(), line, desk, plan=None, gym="Studio")
        house = House(SETTINGS, desk, test)
        socket = runtime / "control.sock"
        server = ControlServer(socket, alarms_methods(database, clock, lambda: house))
        async with running(server.run):
            await eventually(socket.exists)
            try:
                yield Box(config, database, clock, desk)
            finally:
                await desk.aclose()


async def test_an_alarm_is_listed_taken_and_ended_by_a_named_person(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        assert (await box.run("list")).stdout == "no alarms\n"
        alarm_id = await box.alarm()
        assert alarm_id[-6:] in (await box.run("list")).stdout
        assert [one["alarm_id"] for one in await box.json("list")] == [alarm_id]
        taken = await box.run("ack", alarm_id[-6:], "--by", "kim")
        assert taken.exit_code == 0, taken.output
        assert (await box.json("show", alarm_id))["acknowledged_by"] == "kim"
        ended = await box.run("close", alarm_id, "--by", "Kim Öztürk", "--note", "Rettungsdienst war da")
        assert ended.exit_code == 0, ended.output
        shown = (await box.run("show", alarm_id)).stdout
        assert "helped: Rettungsdienst war da" in shown
        withdrawn = "whatsapp/kim: not needed (not needed any more: acknowledged)"
        assert withdrawn in shown
        assert withdrawn in (await box.run("list")).stdout
        assert "whatsapp/kim: nicht mehr nötig" in (await box.run("export", "--csv", "-")).stdout
        row = await box.json("show", alarm_id)
        assert (row["state"], row["closed_by"], row["outcome"]) == ("closed", "kim", "helped")
        assert "closed" in [line["what"] for line in row["history"]]


async def test_what_cannot_be_done_is_said_with_an_exit_code(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        alarm_id = await box.alarm()
        for words in (["show", "nobody"], ["ack", "nobody"], ["close", alarm_id, "--note", " "]):
            result = await box.run(*words)
            assert result.exit_code != 0
            assert isinstance(result.exception, ArniError)
        assert (await box.run("close", alarm_id, "--note", "x", "--outcome", "bored")).exit_code == 2
        assert (await box.run("export")).exit_code == 2


async def test_a_false_alarm_is_ended_only_when_confirmed(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        alarm_id = await box.alarm()
        assert (await box.run("cancel", alarm_id, "--by", "kim", ask="n\n")).exit_code == 1
        assert len(await box.desk.open()) == 1
        result = await box.run("cancel", alarm_id, "--by", "kim", ask="y\n")
        assert result.exit_code == 0, result.output
        assert (await box.json("show", alarm_id))["outcome"] == "false_alarm"
        second = await box.alarm("b")
        assert (await box.run("cancel", second, "--by", "kim", "--yes")).exit_code == 0
        assert await box.desk.open() == []


async def test_a_question_that_was_answered_with_no_ends_nothing_when_it_is_asked_again(
    tmp_path: Path,
) -> None:
    async with a_box(tmp_path) as box:
        alarm_id = await box.alarm()
        for _ in range(2):
            assert (await box.run("cancel", alarm_id, "--by", "kim", ask="n\n")).exit_code == 1
            box.clock.advance(10)
        assert len(await box.desk.open()) == 1
        assert (await box.run("cancel", alarm_id, "--by", "kim", "--yes")).exit_code == 0


async def test_a_test_is_started_once(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        result = await box.run("test", "--by", "kim")
        assert result.exit_code == 0, result.output
        (alarm,) = await box.desk.open()
        assert alarm.drill
        assert (await box.run("test", "--by", "kim")).exit_code == 1


async def with_a_history(box: Box) -> list[str]:
    """A test and two alarms; gives their ids."""
    await box.desk.drill(KIM)
    (drill,) = await box.desk.open()
    box.clock.advance(5)
    await box.desk.acknowledge(drill.alarm_id, KIM)
    await box.desk.close(drill.alarm_id, KIM, "test", "Alles gut")
    first = await box.alarm("a")
    box.clock.advance(42)
    await box.desk.acknowledge(first, OLENA)
    await box.desk.close(first, OLENA, "helped", "=HYPERLINK() Олена")
    return [drill.alarm_id, first, await box.alarm("b", Cause.FIRE)]


async def test_the_proof_log_as_a_table(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        ids = await with_a_history(box)
        file = tmp_path / "proof.csv"
        result = await box.run("export", "--csv", str(file))
        assert result.exit_code == 0, result.output
        assert file.stat().st_mode & 0o777 == 0o600
        head, *rows = csv.reader(io.StringIO(file.read_bytes().decode(), newline=""))
        assert [one[0] for one in rows] == ids
        table = [dict(zip(head, one, strict=True)) for one in rows]
        assert table[1]["Angenommen von"] == "Олена (olena)"
        assert table[1]["Angenommen nach"] == "42 s"
        assert table[1]["Vermerk"].startswith("'=HYPERLINK")
        assert table[0]["Probe"] == "ja"
        assert (await box.run("export", "--csv", "-")).stdout.splitlines()[0].startswith("Alarm,")


async def test_the_period_is_of_days_in_the_studio(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        await with_a_history(box)

        async def alarms(*words: str) -> int:
            return len((await box.json("export", *words))["alarms"])

        assert await alarms() == 3
        assert await alarms("--since", "2026-11-21", "--until", "2026-11-21") == 3
        assert await alarms("--since", "2026-11-01", "--until", "2026-11-20") == 0
        for words in (["--since", "yesterday"], ["--since", "2026-11-21", "--until", "2026-11-20"]):
            assert isinstance((await box.run("export", "--json", *words)).exception, ArniError)


async def test_the_proof_log_as_a_document_with_any_name(tmp_path: Path) -> None:
    async with a_box(tmp_path) as box:
        await with_a_history(box)
        file = tmp_path / "proof.pdf"
        result = await box.run("export", "--pdf", str(file))
        assert result.exit_code == 0, result.output
        content = file.read_bytes()
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        empty = await box.run("export", "--pdf", str(file), "--since", "2020-01-01", "--until", "2020-02-01")
        assert empty.exit_code == 0, empty.output


async def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    async with a_box(tmp_path) as box:
        result = await box.run("export", "--pdf", str(tmp_path / "proof.pdf"))
    assert isinstance(result.exception, ConfigurationError)
    assert "proof" in str(result.exception)
    assert not (tmp_path / "proof.pdf").exists()
