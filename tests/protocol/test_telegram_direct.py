"""Alarms to Telegram while nothing can be stored, and what becomes of their messages when it can."""

from pathlib import Path

import pytest
from support.alarms import alarm_desk
from support.disks import grow_the_log, no_file_grows
from support.mqtt import running
from support.telegram import Bot
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.staff import Contact
from arni_edge.safety import Cause, Report
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone
from arni_edge.storage import Database

_STAFF = [{"id": "kim", "name": "Kim", "telegram": 700000101, "role": "owner"}]


async def test_the_message_without_the_disk_becomes_the_post_with_its_buttons(
    telegram: SimulatedTelegram,
    database: Database,
    kim: SimulatedStaffPhone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("arni_edge.safety.unstored._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.unstored._STORE_AGAIN", 0.05)
    await grow_the_log(database)
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: bot.well)
        desk = alarm_desk(
            database, Bus(), bot.clock, on_call=["kim"], staff=_STAFF, direct=[bot.line.direct()], template=""
        )
        async with running(desk.run):
            with no_file_grows(tmp_path / "arni.db"):
                with pytest.raises(Unavailable):
                    await desk.raise_alarm(Report("m1", Cause.MEDICAL, "button", bot.clock.now()))
                message = await kim.wait_for(lambda one: "nichts speichern" in one.text, 20)
                assert (message.labels, message.silent) == ([], False)
            await kim.wait_for(lambda one: "Ich übernehme" in one.labels, 20)
            assert "nichts speichern" not in message.text
            (alarm,) = await desk.open()

            async def state() -> str:
                rows = await database.read("SELECT state FROM alarm_sinks WHERE sink = 'telegram/kim'")
                return str(rows[0]["state"])

            await eventually_is(state, lambda found: found == "done")
            await desk.acknowledge(alarm.alarm_id, Contact("kim", "Kim"))
            await eventually(lambda: "Ich übernehme" not in message.labels)
    assert len(kim.inbox) == 1
