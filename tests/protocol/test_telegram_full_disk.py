"""Telegram while the disk has room for nothing but what is vital: alarms are shown, and can be taken."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.disks import VitalOnly
from support.telegram import ACKNOWLEDGE, Bot
from support.waiting import eventually

from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[VitalOnly]:
    opened = await VitalOnly.open(tmp_path / "arni.db")
    assert isinstance(opened, VitalOnly)
    writer = asyncio.create_task(opened.run(lambda: None))
    yield opened
    writer.cancel()
    await asyncio.wait({writer})
    await opened.close()


async def test_an_alarm_is_shown_and_taken_though_notices_cannot_be(
    telegram: SimulatedTelegram, disk: VitalOnly, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """Also by a box that has only just started; the notice follows when there is room, and nothing twice."""
    bot = Bot(telegram.settings(), disk)
    await bot.post("vic", "notice", "Hinweis")
    await bot.post("kim", "alarm/7", "Notfall", alarm=True, buttons=ACKNOWLEDGE)
    disk.full = True
    async with bot:
        await kim.wait_for(lambda message: bool(message.labels), 10)
        kim.press("Ich kümmere mich")
        await eventually(lambda: ("alarm.acknowledge", "kim", "7", "") in bot.acts.done)
        assert not vic.inbox
        disk.full = False
        await vic.wait_for(lambda message: message.text == "Hinweis", 10)
    assert len(kim.inbox) == 1
    assert len(bot.acts.done) == 1
