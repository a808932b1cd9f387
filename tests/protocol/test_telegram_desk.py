"""What staff press and write at Telegram, over real HTTP: who may, what is done, what they hear."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from support.telegram import ACKNOWLEDGE, GROUP, KIM, LEE, PEOPLE, STRANGER, TEXT, VIC, Bot
from support.waiting import eventually, eventually_is

from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Button, Role
from arni_edge.settings import TelegramChat
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone
from arni_edge.storage import Database

_DE, _EN = Language.GERMAN, Language.ENGLISH


async def answered(phone: SimulatedStaffPhone, query: str) -> str:
    await eventually(lambda: query in phone.answers)
    return phone.answers[query]


async def settled(bot: Bot) -> None:
    """Everything that came was acted on."""
    await eventually(lambda: bot.line.invites.bot is not None)
    await eventually_is(bot.open_updates, lambda left: left == 0)


# --- buttons ----------------------------------------------------------------------------------------------


async def test_a_press_is_done_and_answered_at_once(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """By whom it was shown to, once per press; another one's tokens are worth nothing."""
    async with Bot(telegram.settings(), database) as bot:
        for who in ("kim", "vic"):
            await bot.post(who, "alarm/7", "Notfall", alarm=True, buttons=ACKNOWLEDGE)
        await kim.wait_for(lambda message: bool(message.labels), 20)
        theirs = await vic.wait_for(lambda message: bool(message.labels), 20)
        query = kim.press("Ich kümmere mich")
        assert await answered(kim, query) == "Kim: alarm.acknowledge"
        assert bot.acts.done == [("alarm.acknowledge", "kim", "7", "")]
        token = theirs.buttons[0][0][1]
        for data in (token, "alarm.acknowledge", "x" * 64, "🔥", token[:-1]):
            assert await answered(kim, kim.press_raw(data, theirs)) == TEXT("telegram.button_gone", _DE)
        await settled(bot)
        assert len(bot.acts.done) == 1
    tokens = {data for row in telegram.asked("sendMessage") for line in row["reply_markup"]["inline_keyboard"]
              for data in [one["callback_data"] for one in line]}  # fmt: skip
    assert all(len(one) == 22 for one in tokens)
    assert len(tokens) == 2


async def test_rights_refusals_and_bugs(
    telegram: SimulatedTelegram, database: Database, vic: SimulatedStaffPhone, kim: SimulatedStaffPhone
) -> None:
    """The role is checked before anything is done; an error says its sentence; a bug stops nobody."""
    buttons = (tuple(Button(act, act, "1") for act in ("door.open", "bad", "bug", "gone")),)
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("vic", "post", "Bitte", buttons=buttons)
        await vic.wait_for(lambda message: bool(message.labels), 20)
        assert await answered(vic, vic.press("door.open")) == TEXT("telegram.not_allowed", _DE)
        assert await answered(vic, vic.press("bad")) == "Das geht gerade nicht."
        assert await answered(vic, vic.press("gone")) == TEXT("telegram.button_gone", _DE)
        with capture_logs() as logs:
            vic.press("bug")
            await vic.wait_for(lambda message: message.text == TEXT("telegram.failed", _DE), 20)
        assert "staff_update_failed" in {one["event"] for one in logs}
        kim.write("/status")
        await kim.wait_for(lambda message: message.text == "Alles gut.", 20)
        assert [one[0] for one in bot.acts.done] == ["/status"]


async def test_what_takes_longer_is_told_later_and_holds_up_nobody(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """The press is answered while the door opens; meanwhile somebody else acknowledges."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "door", "Tür", buttons=((Button("Öffnen", "door.open", "front"),),))
        await bot.post("vic", "alarm/7", "Notfall", buttons=ACKNOWLEDGE)
        await kim.wait_for(lambda message: bool(message.labels), 20)
        await vic.wait_for(lambda message: bool(message.labels), 20)
        opening = kim.press("Öffnen")
        await eventually_is(bot.open_updates, lambda left: left == 1)
        assert await answered(vic, vic.press("Ich kümmere mich"))
        assert await answered(kim, opening) == TEXT("telegram.moment", _DE)
        bot.acts.gate.set()
        await kim.wait_for(lambda message: message.text == "Die Tür ist offen.", 20)


async def test_a_press_that_is_too_old_to_be_answered_acts_all_the_same(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """They read as a message what the press could not show."""
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall", alarm=True, buttons=ACKNOWLEDGE)
        await kim.wait_for(lambda message: bool(message.labels), 20)
        telegram.fail(
            "answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired"
        )
        kim.press("Ich kümmere mich")
        await kim.wait_for(lambda message: message.text == "Kim: alarm.acknowledge", 20)
    assert bot.acts.done == [("alarm.acknowledge", "kim", "7", "")]


async def test_questions(telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone) -> None:
    """The reply, or the next message, is the text; /cancel ends it; a picture is none."""
    telegram.limits.on = False  # each life of ours keeps within them, but not three in one second
    note = ("alarm.close", "kim", "7")
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("kim", "alarm/7", "Notfall", buttons=((Button("Beenden", "alarm.close", "7"),),))
        await kim.wait_for(lambda message: bool(message.labels), 20)
        kim.press("Beenden")
        first = await kim.wait_for(lambda message: message.asks, 20)
        kim.press("Beenden")
        await eventually(lambda: sum(one.asks for one in kim.inbox) == 2)
        kim.reply(first, "Sturz, geht gut")
        kim.write("Fehlalarm")
        await eventually(lambda: [one[3] for one in bot.acts.done] == ["Sturz, geht gut", "Fehlalarm"])
        assert {one[:3] for one in bot.acts.done} == {note}
        await settled(bot)
    async with Bot(telegram.settings(), database) as bot:
        kim.write("noch etwas")
        await kim.wait_for(lambda message: message.text == TEXT("telegram.not_understood", _DE), 20)
    async with Bot(telegram.settings(), database) as bot:
        kim.press("Beenden")
        await eventually(lambda: sum(one.asks for one in kim.inbox) == 3)
        kim.write(None, photo=[{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}])
        await kim.wait_for(lambda message: message.text == TEXT("telegram.text_only", _DE), 20)
        kim.write("/cancel")
        await kim.wait_for(lambda message: message.text == TEXT("telegram.cancelled", _DE), 20)
        kim.write("doch")
        await settled(bot)
        assert not bot.acts.done


# --- commands ---------------------------------------------------------------------------------------------


async def test_commands(
    telegram: SimulatedTelegram, database: Database, vic: SimulatedStaffPhone, kim: SimulatedStaffPhone
) -> None:
    """In their language and with their rights; what came too late, too long or forwarded does nothing."""
    async with Bot(telegram.settings(), database) as bot:
        await settled(bot)
        vic.write("/status jetzt")
        answer = await vic.wait_for(lambda message: message.text == "Alles gut. jetzt", 20)
        assert answer.labels == ["Ich kümmere mich"]
        assert await answered(vic, vic.press("Ich kümmere mich")) == "Vic: alarm.acknowledge"
        vic.write("/door")
        await vic.wait_for(lambda message: message.text == TEXT("telegram.not_allowed", _DE), 20)
        kim.write("/door front", age=600)
        await kim.wait_for(lambda message: message.text == TEXT("telegram.late", _DE), 20)
        kim.write("/door " + "x" * 501)
        await kim.wait_for(lambda message: message.text == TEXT("telegram.too_long", _DE), 20)
        kim.write("/door@another_bot")
        kim.write("/door", forward_origin={"type": "hidden_user", "date": 1, "sender_user_name": "x"})
        kim.write("/nonsense")
        await kim.wait_for(lambda message: message.text == TEXT("telegram.unknown_command", _DE), 20)
        assert "/door" not in {one[0] for one in bot.acts.done}
        vic.write(f"/help@{telegram.bot_name}")
        helped = await vic.wait_for(lambda message: "/status" in message.text, 20)
        assert "/door" not in helped.text
        await settled(bot)
    assert [one["command"] for one in telegram.menus[VIC, ""]] == ["status", "help", "cancel"]
    assert [one["command"] for one in telegram.menus[KIM, ""]] == ["status", "door", "help", "cancel"]
    assert (None, "") not in telegram.menus


async def test_a_group_has_the_lower_rights(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone, vic: SimulatedStaffPhone
) -> None:
    """What is shown in a group is pressed by whoever of staff is there; the owner is a viewer in it."""
    group, foreign = telegram.add_group(GROUP, "Team"), telegram.add_group(-77, "Fremd")
    stranger = telegram.add_phone(STRANGER, "Wer")
    async with Bot(telegram.settings(TelegramChat(id=GROUP, role="viewer")), database) as bot:
        (board,) = bot.line.roster.boards(_DE)
        assert (board.id, board.role) == (f"chat:{GROUP}", Role.VIEWER)
        await bot.post(board.id, "alarm/7", "Notfall", alarm=True, buttons=ACKNOWLEDGE)
        await group.wait_for(lambda message: bool(message.labels), 20)
        nobody = stranger.press("Ich kümmere mich", chat=group)
        assert await answered(vic, vic.press("Ich kümmere mich", chat=group)) == "Vic: alarm.acknowledge"
        assert await answered(stranger, nobody) == TEXT("telegram.not_allowed", _DE)
        # A token of the group is worth nothing elsewhere.
        copied = group.inbox[0].buttons[0][0][1]
        query = kim.press_raw(copied, group.inbox[0])
        assert await answered(kim, query) == TEXT("telegram.button_gone", _DE)
        kim.write(f"/status@{telegram.bot_name}", chat=group)
        await group.wait_for(lambda message: message.text == "Alles gut.", 20)
        kim.write("/door", chat=group)
        await group.wait_for(lambda message: message.text == TEXT("telegram.not_allowed", _DE), 20)
        kim.write("/status", chat=foreign)
        stranger.write("/status", chat=group)
        kim.write("Mahlzeit", chat=group)
        await settled(bot)
    assert [one[0:2] for one in bot.acts.done] == [("alarm.acknowledge", "vic"), ("/status", "kim")]
    assert bot.acts.done[1][3] == "VIEWER"
    assert len(group.inbox) == 3
    assert not foreign.inbox


# --- who is known -----------------------------------------------------------------------------------------


async def test_strangers_hear_one_sentence_and_leave_no_trace(
    telegram: SimulatedTelegram, database: Database, kim: SimulatedStaffPhone
) -> None:
    """Whatever they write, whatever name they carry."""
    stranger = telegram.add_phone(STRANGER, "Kim", language="en-GB")
    async with Bot(telegram.settings(), database) as bot:
        stranger.start()
        stranger.start("x" * 32)
        stranger.rename("Kim", username="kim")
        stranger.write("/status")
        stranger.write("Notfall")
        await stranger.wait_for(lambda message: message.text == TEXT("telegram.stranger", _EN), 20)
        kim.write("/status")
        await kim.wait_for(lambda message: message.text == "Alles gut.", 20)
        await settled(bot)
        for table in ("telegram_updates", "staff_posts", "staff_channels", "telegram_unreachable"):
            rows = await database.read(f"SELECT * FROM {table}")
            assert not [row for row in rows if str(STRANGER) in map(str, tuple(row))]
    assert len(stranger.inbox) == 1
    assert [one[1] for one in bot.acts.done] == ["kim"]


async def test_a_code_binds_an_account_once(telegram: SimulatedTelegram, database: Database) -> None:
    """What could not be shown before comes then; the code is used, kept nowhere, and the audit knows."""
    lee, thief = telegram.add_phone(LEE, "L"), telegram.add_phone(STRANGER, "T")
    async with Bot(telegram.settings(), database) as bot:
        await bot.post("lee", "alarm/7", "Alarm", alarm=True)
        await eventually_is(bot.states, lambda states: states == {"lee alarm/7": "failed"})
        await eventually(lambda: bot.line.invites.bot is not None)
        void = await bot.line.invites.issue("lee", ordered_by="console:root")
        invite = await bot.line.invites.issue("lee", ordered_by="console:root")
        assert invite.link == f"https://t.me/{telegram.bot_name}?start={invite.code}"
        assert 0 < len(invite.code) <= 64
        thief.start(void.code)
        await thief.wait_for(lambda _: True, 20)
        lee.start(invite.code)
        await lee.wait_for(lambda message: message.text == TEXT("telegram.bound", _EN, name="Lee"), 20)
        await lee.wait_for(lambda message: message.text == "Alarm", 20)
        thief.start(invite.code)
        lee.write("/status")
        await lee.wait_for(lambda message: message.text == "Alles gut.", 20)
        with pytest.raises(Refused):
            await bot.line.invites.issue("kim", ordered_by="console:root")
        with pytest.raises(Refused):
            await bot.line.invites.issue("nobody", ordered_by="console:root")
        rows = await database.read("SELECT actor, act, detail FROM audit ORDER BY number")
        assert [(row["actor"], row["act"]) for row in rows] == [
            ("console:root", "staff.invited"),
            ("console:root", "staff.invited"),
            ("staff:lee", "staff.bound"),
        ]
        stored = ""
        for table in ("staff_invites", "telegram_updates", "audit"):
            rows = await database.read(f"SELECT * FROM {table}")
            stored += str([tuple(row) for row in rows])
        assert invite.code not in stored
    assert len(thief.inbox) == 1
    # Another life knows them; one whose settings do not name Lee any more, does not.
    async with Bot(telegram.settings(), database) as bot:
        await eventually(lambda: bot.line.roster.who(LEE) is not None)
    del PEOPLE["lee"]
    try:
        async with Bot(telegram.settings(), database) as bot:
            lee.write("/status")
            await lee.wait_for(lambda message: message.text.startswith("Dieser Bot"), 20)
            assert not await database.read("SELECT * FROM staff_channels")
    finally:
        PEOPLE["lee"] = _LEE


_LEE = PEOPLE["lee"]


async def test_an_expired_code_binds_nobody(telegram: SimulatedTelegram, database: Database) -> None:
    """A day, not longer."""
    lee = telegram.add_phone(LEE, "L")
    async with Bot(telegram.settings(), database) as bot:
        invite = await bot.line.invites.issue("lee", ordered_by="console:root")
        past = (invite.expires_at - timedelta(days=1, seconds=1)).isoformat()
        await database.write(lambda tx: tx.execute("UPDATE staff_invites SET expires_at = ?", (past,)))
        lee.start(invite.code)
        await lee.wait_for(lambda message: message.text == TEXT("telegram.stranger", _DE), 20)
        assert bot.line.roster.who(LEE) is None
