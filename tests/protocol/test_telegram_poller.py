"""The line from Telegram into the house over real HTTP: confirmed when stored, and never in a spin."""

import asyncio

import pytest
from support.telegram import ACKNOWLEDGE, STRANGER, Bot
from support.waiting import eventually, eventually_is

from arni_edge.channels.telegram.updates import ALLOWED
from arni_edge.domain.health import State
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone
from arni_edge.storage import Database


async def test_everything_is_confirmed_and_nothing_is_done_twice(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Unknown kinds and hostile shapes too; each poll says what it wants; there is no hurry."""
    for content in (
        {"new_update_kind": {"some_field_idk": 1}},
        {"message": {"from": 7, "chat": [], "text": {}}},
        {"callback_query": {"id": 5, "from": None}},
        {"message": None},
    ):
        telegram.happen(content)
    kim.write("/status 1")
    async with Bot(telegram.settings(), database) as bot:
        await kim.wait_for(lambda message: message.text == "Alles gut. 1", 20)
        kim.write("/status 2")
        await kim.wait_for(lambda message: message.text == "Alles gut. 2", 20)
        await eventually(lambda: telegram.queue.waiting)
        assert telegram.queue.pending == 0
        assert bot.health == [(State.OK, "")] * len(bot.health)
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: telegram.queue.waiting)
        assert not bot.acts.done
    polls = telegram.asked("getUpdates")
    assert all(one["allowed_updates"] == ALLOWED for one in polls)
    assert len(polls) <= 7
    assert polls[-1]["timeout"] == 50


async def test_the_numbers_begin_anew_after_a_week(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """A lower number is new all the same."""
    async with Bot(telegram.settings(), database) as bot:
        kim.write("/status 1")
        await kim.wait_for(lambda message: message.text == "Alles gut. 1", 20)
        await eventually_is(bot.open_updates, lambda left: left == 0)
    telegram.queue.renumber(5000)
    await database.write(lambda tx: tx.execute("UPDATE telegram_cursor SET at = '2020-01-01T00:00:00+00:00'"))
    async with Bot(telegram.settings(), database) as bot:
        kim.write("/status 2")
        await kim.wait_for(lambda message: message.text == "Alles gut. 2", 20)
        kim.write("/status 3")
        await kim.wait_for(lambda message: message.text == "Alles gut. 3", 20)
        assert [one[2] for one in bot.acts.done] == ["2", "3"]
    assert telegram.asked("getUpdates")[-1]["offset"] == 5002


async def test_a_flood_of_strangers_holds_up_nobody(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Hundreds of strangers are read and forgotten; what staff do in between is done."""
    for number in range(300):
        telegram.add_phone(STRANGER + number, "X").start("guess")
    kim.write("/status")
    async with Bot(telegram.settings(), database) as bot:
        await kim.wait_for(lambda message: message.text == "Alles gut.", 20)
        await eventually(lambda: telegram.queue.pending == 0)
        assert len(await database.read("SELECT 1 FROM telegram_updates")) == 1
        assert len(telegram.asked("sendMessage")) <= 6
        assert len(bot.acts.done) == 1


async def test_who_else_polls_is_named(telegram: SimulatedTelegram, database: Database) -> None:
    """One conflict may be a connection of ours that was forgotten; three are somebody."""
    telegram.queue.conflict_seconds = 0.0
    other = (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    telegram.fail("getUpdates", 409, other)
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: telegram.queue.waiting)
        assert {state for state, _ in bot.health} == {State.OK}
        telegram.fail("getUpdates", 409, other)
        telegram.queue.abort(other)
        await eventually(lambda: bot.health[-1][0] is State.DOWN)
        assert "somebody else polls" in bot.health[-1][1]
        await eventually(lambda: telegram.queue.waiting)
        assert not bot.well  # a poll that works now and then proves nothing


async def test_a_webhook_is_removed_once(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """What waits is kept; if somebody sets it again, they are told of and not fought with."""
    kim.write("/status")
    telegram.set_webhook("https://example.org/hook")
    telegram.queue.conflict_seconds = 0.0
    async with Bot(telegram.settings(), database) as bot:
        await kim.wait_for(lambda message: message.text == "Alles gut.", 20)
        assert telegram.asked("deleteWebhook") == [{"drop_pending_updates": False}]
        await eventually(lambda: telegram.queue.waiting)
        telegram.set_webhook("https://example.org/hook")
        await eventually(lambda: bot.health[-1][0] is State.DOWN)
        assert "webhook" in bot.health[-1][1]
    assert len(telegram.asked("deleteWebhook")) == 1


@pytest.mark.parametrize("trouble", ["html", "cut", "garbage"])
async def test_a_trouble_shows_and_ends(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, trouble: str
) -> None:
    """What happened meanwhile is done when it is over."""
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: telegram.queue.waiting)
        if trouble == "html":
            telegram.fail("getUpdates", 502)
        elif trouble == "garbage":
            telegram.fail("getUpdates", 400, "Bad Request: no idea")
        telegram.cut(trouble == "cut")
        telegram.queue.abort("Conflict: terminated by other getUpdates request; make sure …")
        kim.write("/status")
        await eventually(lambda: bot.health[-1][0] is not State.OK)
        telegram.cut(on=False)
        await kim.wait_for(lambda message: message.text == "Alles gut.", 20)
        await eventually(lambda: bot.well)


async def test_a_press_is_lost_when_the_box_was_away_and_the_next_one_counts(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Telegram keeps a press for 150 s; the button is still there afterwards."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall", alarm=True, buttons=ACKNOWLEDGE)
        await kim.wait_for(lambda message: bool(message.labels), 20)
    kim.press("Ich kümmere mich")
    telegram.advance(151)
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: telegram.queue.waiting)
        assert not bot.acts.done
        query = kim.press("Ich kümmere mich")
        await eventually(lambda: query in kim.answers)
        assert len(bot.acts.done) == 1


async def test_a_poll_that_hangs_is_cancelled_with_the_house(
    telegram: SimulatedTelegram, database: Database
) -> None:
    """Nobody waits for Telegram when the house is closed; progress is shown meanwhile."""
    bot = Bot(telegram.settings(), database)
    poller = bot.line.children({}, {})[2]
    beats: list[int] = []
    task = asyncio.ensure_future(poller.run(lambda: beats.append(1)))
    await eventually(lambda: telegram.queue.waiting)
    telegram.hang()
    before = len(beats)
    await eventually(lambda: len(beats) > before)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.cancelled()
    await bot.line.aclose()
