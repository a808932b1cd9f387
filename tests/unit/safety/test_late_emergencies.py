"""Cries for help that arrive long after they were written: an alarm, or one notice to staff; not nothing."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.house import MIA, House, open_house
from support.talk import KIM, LEE
from support.unsaid import notice_to, posts

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.health import State
from arni_edge.domain.messages import InboundMessage, Language, Media

HELP = "Hilfe, jemand liegt am Boden"


async def arrives(house: House, text: str, age: timedelta, **more: bool) -> InboundMessage:
    """Something written a while ago arrives now, and goes through the house."""
    message = replace(house.message(text), sent_at=house.clock.now() - age, **more)  # type: ignore[arg-type]
    await house.reception.receive([message])
    if await house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"):
        await house.pipeline.walk(house.pipeline.turn, Turn(message, Language.GERMAN))
    return message


async def alarms(house: House) -> int:
    await house.alarms.drain()
    return len(await house.database.read("SELECT 1 FROM alarms"))


@pytest.mark.parametrize(
    ("age", "raised", "answered"),
    [
        (timedelta(minutes=2), True, True),
        (timedelta(hours=11, minutes=59), True, True),
        (timedelta(hours=12, minutes=1), False, True),
        (timedelta(days=8), False, False),
        (timedelta(minutes=-30), True, True),
    ],
)
async def test_half_a_day_is_the_line(tmp_path: Path, age: timedelta, raised: bool, answered: bool) -> None:
    """Until then everybody is called; then staff read of it, and its sender hears what is so, with 112."""
    async with open_house(tmp_path) as house:
        await arrives(house, HELP, age)
        assert await alarms(house) == int(raised)
        said = [text for text in await house.answers() if "112" in text]
        assert bool(said) == answered
        house.clock.advance(11)
        await notice_to(house, KIM).look()
        assert len(await posts(house)) == int(not raised)
        if answered and not raised:
            assert "erst jetzt angekommen" in said[0]
            assert "niemand gerufen" in said[0]
            assert "ausgelöst und gespeichert" not in said[0]


async def test_an_alarm_says_how_old_it_is(tmp_path: Path) -> None:
    """To staff and to whoever wrote it; light and siren stay off, as ever."""
    async with open_house(tmp_path) as house:
        await arrives(house, HELP, timedelta(hours=3, minutes=5))
        assert await alarms(house) == 1
        assert house.act.done == 0
        said = await house.answers()
        assert any("erst 3:05 Stunden nach dem Schreiben" in text for text in said)
        assert any(
            text.startswith("Deine Nachricht von 08:55 Uhr ist erst jetzt angekommen") for text in said
        )


async def test_ten_old_ones_are_one_notice_that_lists_them(tmp_path: Path) -> None:
    """Who, when, what; that nobody was called; and once, also after a restart and when they come again."""
    async with open_house(tmp_path) as house:
        old = [await arrives(house, f"{HELP} Nummer {n}", timedelta(days=8, hours=n)) for n in range(10)]
        notice = notice_to(house, KIM)
        await notice.look()
        assert await posts(house) == []  # more may come
        house.clock.advance(11)
        await notice.look()
        (text,) = await posts(house)
        assert text.startswith("Demo: 10 Hilferufe kamen mehr als 12 Stunden nach dem Schreiben an.")
        assert "kein Alarm ausgelöst" in text
        assert "10.11.2026 03:00 Uhr, Mia (…789), medizinischer Notfall" in text
        assert text.count("hat keine Antwort bekommen") == 10
        assert MIA.phone not in text
        await house.reception.receive(old)
        house.clock.advance(11)
        await notice_to(house, KIM).look()
        assert len(await posts(house)) == 1
        assert await alarms(house) == 0
        assert await house.answers() == []


async def test_what_another_box_had_taken_in_is_said_to_be_so(tmp_path: Path) -> None:
    """Whether it was handled cannot be known here; its sender had an answer then."""
    async with open_house(tmp_path) as house:
        await arrives(house, HELP, timedelta(hours=20), again=True)
        house.clock.advance(11)
        await notice_to(house, KIM).look()
        assert "ob geholfen wurde, ist hier nicht bekannt" in (await posts(house))[0]
        assert await house.answers() == []


async def test_a_young_emergency_is_an_alarm_even_if_it_was_read_before(tmp_path: Path) -> None:
    """The alarm of then is in no database any more: better twice than not at all."""
    async with open_house(tmp_path) as house:
        await arrives(house, HELP, timedelta(minutes=20), again=True)
        assert await alarms(house) == 1


async def test_a_person_who_cries_again_and_again_is_answered_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for number in range(5):
            await arrives(house, f"{HELP}! {number}", timedelta(hours=13))
        assert len(await house.answers()) == 1


async def test_staff_read_what_was_said_in_a_voice_note(tmp_path: Path) -> None:
    """It was stored before anybody had listened to it."""
    async with open_house(tmp_path) as house:
        recording = Media("1", "audio/ogg", "", voice=True)
        message = replace(
            house.message(""),
            kind="audio",
            media=recording,
            sent_at=house.clock.now() - timedelta(hours=13),
        )
        await house.reception.receive([message])
        turn = Turn(message, Language.GERMAN)
        turn.hear(HELP, Language.GERMAN)
        assert await house.pipeline.reception[0](turn) is Step.END
        house.clock.advance(11)
        await notice_to(house, KIM).look()
        assert HELP in (await posts(house))[0]


async def test_a_crisis_gets_the_lines_that_help_with_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await arrives(house, "Ich will nicht mehr leben", timedelta(hours=13))
        assert "Telefonseelsorge" in (await house.answers())[0]


async def test_while_nobody_can_be_told_it_waits(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await arrives(house, HELP, timedelta(days=2))
        house.clock.advance(11)
        health: list[tuple[State, str]] = []
        await notice_to(house, replace(KIM, telegram=None), health=health).look()
        assert [state for state, _ in health] == [State.DEGRADED]
        await notice_to(house, KIM, health=health).look()
        assert len(await posts(house)) == 1
        await notice_to(house, KIM, health=health).look()
        assert [state for state, _ in health[1:]] == [State.OK, State.OK]


async def test_a_notice_that_reaches_nobody_is_given_again_to_everybody(tmp_path: Path) -> None:
    """An emergency of which nobody was told must not rest on a message that Meta or Telegram refused."""
    async with open_house(tmp_path) as house:

        async def hours_later(state: str) -> list[str]:
            sql = "UPDATE staff_posts SET state = ? WHERE key GLOB 'unsaid/*' AND state != 'shown'"
            await house.database.write(lambda tx: tx.execute(sql, (state,)))
            house.clock.advance(timedelta(hours=2).total_seconds())
            for _ in range(2):
                await notice.look()
            rows = await house.database.read("SELECT contact FROM staff_posts WHERE key GLOB 'unsaid/*'")
            return [row["contact"] for row in rows]

        await arrives(house, HELP, timedelta(days=2))
        notice = notice_to(house, KIM, LEE, on_call=[KIM])
        house.clock.advance(11)
        await notice.look()
        assert await hours_later("queued") == [KIM.id]  # on its way
        assert await hours_later("failed") == [KIM.id, KIM.id, LEE.id]
        assert await hours_later("shown") == [KIM.id, KIM.id, LEE.id]
        assert all(HELP in text for text in await posts(house))


async def test_a_line_that_is_never_quiet_does_not_keep_it_back(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        notice = notice_to(house, KIM)
        for number in range(40):
            await arrives(house, f"{HELP} {number}", timedelta(days=1))
            await notice.look()
            house.clock.advance(8)
        assert 1 <= len(await posts(house)) <= 2


@pytest.mark.parametrize("seed", range(2))
async def test_no_message_is_both_ignored_and_unsaid(tmp_path: Path, seed: int) -> None:
    """Whatever is written, however old, read once or again: an answer, an alarm, or staff know."""
    dice = random.Random(seed)
    texts = (HELP, "Es brennt!", "Wie voll ist es?", "Tür auf", "ja", "Kündigung", "Ist da wer?")
    async with open_house(tmp_path) as house:
        written = []
        for number in range(30):
            age = timedelta(hours=dice.choice((0, 0.5, 2, 11, 13, 20, 30, 200, 800)))
            text, again = dice.choice(texts), dice.random() < 0.3
            message = replace(
                house.message(text, f"+49151000000{number:02}"), sent_at=house.clock.now() - age, again=again
            )
            await house.reception.receive([message])
            if await house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"):
                await house.pipeline.walk(house.pipeline.turn, Turn(message, Language.GERMAN))
            written.append(message)
        await house.alarms.drain()
        house.clock.advance(11)
        await notice_to(house, KIM).look()
        told = {
            row["message_id"]
            for row in await house.database.read(
                "SELECT message_id FROM inbound WHERE unsaid_told_at NOT NULL"
            )
        }
        raised = {
            row["source_key"] for row in await house.database.read("SELECT source_key FROM alarm_reports")
        }
        spoken_to = {row["recipient"] for row in await house.database.read("SELECT recipient FROM outbox")}
        for message in written:
            known = message.message_id in told or message.key in raised or message.conversation in spoken_to
            assert known, message.text
        assert house.lock.opened == 0
        assert len(await posts(house)) == 1
