"""What stands on the board is what staff see, over real HTTP, whatever Telegram answers."""

import asyncio
from logging import WARNING

import pytest
from structlog.testing import capture_logs
from support.telegram import ACKNOWLEDGE, GROUP, KIM, Bot
from support.waiting import eventually, eventually_is

from arni_edge.domain.health import State
from arni_edge.settings import TelegramChat
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone
from arni_edge.storage import Database


async def shown(bot: Bot, **states: str) -> None:
    await eventually_is(
        bot.states, lambda found: found == {k.replace("_", " ", 1): v for k, v in states.items()}
    )


async def test_a_post_is_shown_edited_and_said_anew(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """One message that changes; said anew, a new one, and the old one's buttons go."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall <b>", alarm=True, buttons=ACKNOWLEDGE)
        first = await kim.wait_for(lambda message: message.text == "Notfall <b>", 20)
        assert first.labels == ["Ich kümmere mich"]
        await bot.post("kim", "alarm/7", "Vic kümmert sich", alarm=True)
        await kim.wait_for(lambda message: message.text == "Vic kümmert sich", 20)
        assert (first.edits, first.labels) == (1, [])
        await bot.post("kim", "alarm/7", "Noch einmal", alarm=True, buttons=ACKNOWLEDGE)
        await kim.wait_for(lambda message: message.text == "Noch einmal", 20)
        await bot.post("kim", "alarm/7", "Niemand kommt", alarm=True, anew=True, buttons=ACKNOWLEDGE)
        second = await kim.wait_for(lambda message: message.text == "Niemand kommt", 20)
        await eventually(lambda: not first.labels)
        await shown(bot, **{"kim_alarm/7": "shown"})
        await eventually(lambda: bot.well)
    assert len(kim.inbox) == 2
    assert second.labels == ["Ich kümmere mich"]


async def test_several_changes_are_one(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """What changes faster than Telegram likes is shown as it is in the end, and nobody is told to wait."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "people", "0 Personen")
        await kim.wait_for(lambda message: message.text == "0 Personen", 20)
        await asyncio.gather(*(bot.post("kim", "people", f"{number} Personen") for number in range(1, 31)))
        await kim.wait_for(lambda message: message.text == "30 Personen", 20)
    assert len(kim.inbox) == 1
    assert kim.inbox[0].edits <= 3
    assert telegram.limits.refused == 0


async def test_an_alarm_overtakes_notices(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Ten notices wait for their second each; the alarm does not."""
    async with Bot(telegram.settings(), database) as bot:
        for number in range(10):
            await bot.post("kim", f"notice/{number}", f"Hinweis {number}", silent=True)
        await eventually(lambda: len(kim.inbox) >= 3)
        await bot.post("kim", "alarm/7", "Notfall", alarm=True)
        alarm = await kim.wait_for(lambda message: message.text == "Notfall", 20)
        assert kim.inbox.index(alarm) <= 4
    assert not alarm.silent
    assert kim.inbox[0].silent
    assert telegram.limits.refused == 0


async def test_an_alarm_does_not_wait_for_a_notice_that_hangs(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Not even in the same chat."""
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: telegram.queue.waiting)
        telegram.hang()
        await bot.post("kim", "notice", "Hinweis")
        await eventually(lambda: telegram.asked("sendMessage"))
        telegram.hangs = False  # what hangs goes on doing so; the next request is answered
        await bot.post("kim", "alarm/7", "Notfall", alarm=True)
        await kim.wait_for(lambda message: message.text == "Notfall", 10)  # the notice hangs for 15 s
        assert len(kim.inbox) == 1


async def test_a_chat_that_must_wait_holds_up_nobody_else(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """A 429 concerns one chat, and is obeyed to the second."""
    telegram.fail("sendMessage", 429, "Too Many Requests: retry after 1", retry_after=1)
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall", alarm=True)
        await eventually(lambda: len(telegram.asked("sendMessage")) == 1)
        await bot.post("vic", "alarm/7", "Notfall", alarm=True)
        await vic.wait_for(lambda _: True, 20)
        assert not kim.inbox
        await bot.post("kim", "alarm/7", "Notfall!", alarm=True)  # changes nothing about the wait
        await kim.wait_for(lambda _: True, 20)
    to_kim = [one.at for one in telegram.requests if one.body.get("chat_id") == KIM and "text" in one.body]
    assert to_kim[1] - to_kim[0] >= 1.0


async def test_a_message_that_is_gone_is_said_anew(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Somebody deleted it: the change comes as a new message."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall", alarm=True)
        kim.delete(await kim.wait_for(lambda message: message.text == "Notfall", 20))
        await bot.post("kim", "alarm/7", "Vorbei", alarm=True)
        await kim.wait_for(lambda message: message.text == "Vorbei", 20)
        await shown(bot, **{"kim_alarm/7": "shown"})
    assert len(kim.inbox) == 2


async def test_whoever_blocked_the_bot_is_unreachable_until_they_let_it_in(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """The others are told all the same; the owner reads whom by id; what failed comes when they are back."""
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: bot.well)
        kim.chat.refuses = "Forbidden: bot was blocked by the user"
        for who in ("kim", "vic", "lee", "nobody"):
            await bot.post(who, "alarm/7", "Notfall", alarm=True)
        await vic.wait_for(lambda _: True, 20)
        # Lee has no account yet; nobody of the last name is of staff.
        no_chat = {"lee_alarm/7": "failed", "nobody_alarm/7": "failed"}
        await shown(bot, **{"kim_alarm/7": "failed", "vic_alarm/7": "shown"}, **no_chat)
        await eventually(lambda: bot.health[-1] == (State.DEGRADED, "kim has blocked the bot"))
        kim_contact, vic_contact = bot.line.roster.contacts[0], bot.line.roster.contacts[-1]
        assert not bot.line.roster.reaches(kim_contact)
        assert bot.line.roster.reaches(vic_contact)
        kim.block(False)
        await kim.wait_for(lambda message: message.text == "Notfall", 20)
        await eventually(lambda: bot.well)
        assert bot.line.roster.reaches(kim_contact)


async def test_a_group_that_became_a_supergroup_is_followed(
    telegram: SimulatedTelegram, database: Database
) -> None:
    """The new id is remembered beyond the end of the process, whoever tells of it."""
    group = telegram.add_group(GROUP, "Team")
    settings = telegram.settings(TelegramChat(id=GROUP))
    supergroup = telegram.upgrade(group, -1001000000013, told=False)
    async with Bot(settings, database) as bot:
        await bot.post(f"chat:{GROUP}", "alarm/7", "Notfall", alarm=True)
        await supergroup.wait_for(lambda _: True, 20)
        await shown(bot, **{f"chat:{GROUP}_alarm/7": "shown"})
    async with Bot(settings, database) as bot:
        await bot.post(f"chat:{GROUP}", "alarm/8", "Noch einer", alarm=True)
        await supergroup.wait_for(lambda message: message.text == "Noch einer", 20)
    said = [(one["chat_id"], one["text"]) for one in telegram.asked("sendMessage")]
    assert said == [(GROUP, "Notfall"), (supergroup.id, "Notfall"), (supergroup.id, "Noch einer")]


# --- the line -------------------------------------------------------------------------------------------


async def test_a_cut_line_loses_nothing(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """The alarm comes as soon as the line is back, with the last text; it is told that Telegram is away."""
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: bot.well)
        telegram.cut()
        await bot.post("kim", "alarm/7", "Notfall", alarm=True)
        await eventually(lambda: bot.health[-1][0] is not State.OK)
        await bot.post("kim", "alarm/7", "Notfall, niemand kommt", alarm=True)
        telegram.cut(on=False)
        await kim.wait_for(lambda message: message.text == "Notfall, niemand kommt", 20)
        await eventually(lambda: bot.well)


@pytest.mark.parametrize(("alarm", "messages"), [(True, 3), (False, 2)])
async def test_when_nobody_knows_whether_it_arrived(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, alarm: bool, messages: int
) -> None:
    """An alarm is repeated until it is accepted; a notice once."""
    telegram.drop("sendMessage", accepted=True, times=2)
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "post", "Hallo", alarm=alarm)
        await shown(bot, kim_post="shown" if alarm else "failed")
    assert len(kim.inbox) == messages


async def test_a_gateway_and_a_notice_that_is_refused(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """HTML is no answer; what can never work is given up and holds up nothing."""
    telegram.fail("sendMessage", 502)
    telegram.fail("sendMessage", 400, "Bad Request: BUTTON_DATA_INVALID")
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "a", "Erstens", alarm=True)
        await shown(bot, kim_a="failed")
        await bot.post("kim", "b", "Zweitens")
        await kim.wait_for(lambda message: message.text == "Zweitens", 20)
        await bot.post("kim", "a", "Erstens", alarm=True)  # a failed one is tried again when it is put again
        await kim.wait_for(lambda message: message.text == "Erstens", 20)


async def test_the_token_stands_in_no_log_and_no_reason(
    telegram: SimulatedTelegram,
    database: Database,
    kim: SimulatedStaffPhone,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in ours nor in the library's, whether the line is cut or the token was revoked."""
    with capture_logs() as logs:
        async with Bot(telegram.settings(), database) as bot:
            await eventually(lambda: bot.well)
            telegram.cut()
            telegram.queue.close()
            await bot.post("kim", "alarm/7", "Notfall", alarm=True)
            await eventually(lambda: bot.health[-1][0] is not State.OK)
            telegram.revoked = True
            telegram.cut(on=False)
            await eventually(lambda: "telegram_token" in bot.health[-1][1])
            assert bot.health[-1][0] is State.DOWN
            assert telegram.token not in f"{bot.line!r}{vars(bot.line)}{vars(bot.line.roster)}"
    assert telegram.token not in f"{logs}{bot.health}"
    # The library tells addresses below that level; our logging lets through what is above.
    assert telegram.token not in str([one.getMessage() for one in caplog.records if one.levelno >= WARNING])
