"""Every message walks down the one list: stored, handled and answered exactly once."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.house import MIA, STRANGER, House, open_house
from support.talk import KIM
from support.waiting import eventually

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.doors import Outcome
from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.domain.occupancy import Occupancy
from arni_edge.storage import Database, Transaction, ghost, inbox

_STAGES = "safety deduplicate listen identify consent mode late approval route answer deliver".split()


@asynccontextmanager
async def _running(house: House) -> AsyncIterator[None]:
    task = asyncio.create_task(house.turns.run(lambda: None))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _handle(house: House, *messages: InboundMessage) -> list[str]:
    """Receive, let the turns run until nothing waits, and return everything that was said."""
    await house.reception.receive(messages)
    async with _running(house):
        await _settled(house)
    return await house.answers()


async def _settled(house: House) -> None:
    waiting = 1
    async with asyncio.timeout(20):
        while waiting:
            rows = await house.database.read("SELECT count(*) AS n FROM inbound WHERE state = 'received'")
            waiting = rows[0]["n"]
            await asyncio.sleep(0.01)


async def _take_over(house: House) -> None:
    """Kim has Mia's chat from now on."""
    chat = await house.database.write(lambda tx: ghost.name(tx, Channel.WHATSAPP, MIA.phone))
    await house.ghost.desk.take(KIM, chat.handle)


async def test_the_stages_stand_in_their_order(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        assert list(house.pipeline.stages) == _STAGES


async def test_an_ordinary_message_sees_every_stage(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.eyes.occupancy = Occupancy(3, 1.0)
        message = house.message("Wie voll ist es gerade?")
        (answer,) = await _handle(house, message)
        assert "mäßig viel los" in answer
        assert "KI-Assistent" in answer
        assert await house.trace(message) == _STAGES


async def test_the_ai_is_disclosed_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        first, second = house.message("hallo"), house.message("Wann habt ihr auf?")
        answers = await _handle(house, first, second)
        assert ["KI-Assistent" in answer for answer in answers] == [True, False]


async def test_an_emergency_of_a_stranger_meets_no_other_stage(tmp_path: Path) -> None:
    async with open_house(tmp_path, on_call=2) as house:
        message = house.message("Hilfe, hier ist jemand bewusstlos!", STRANGER)
        await house.reception.receive([message])
        await house.alarms.drain()
        assert await house.trace(message) == ["safety"]
        answers = await house.answers()
        assert "112" in answers[0]
        assert "2 Personen" in answers[0]
        assert len(answers) == 3
        assert house.act.done == 1
        sinks = await house.database.read("SELECT sink, state FROM alarm_sinks WHERE sink LIKE 'light/%'")
        assert [tuple(row) for row in sinks] == [("light/floor", "done")]


async def test_an_emergency_delivered_three_times_is_one_alarm(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        message = house.message("Notfall!")
        for _ in range(3):
            await house.reception.receive([message])
        await house.alarms.drain()
        assert len(await house.database.read("SELECT 1 FROM alarms")) == 1
        assert len(await house.answers()) == 2
        assert house.act.done == 1


async def test_an_emergency_interrupts_a_chat_that_a_human_has(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=(KIM,)) as house:
        await _take_over(house)
        await house.reception.receive([house.message("es brennt im Keller")])
        assert "NOTFALL" in (await house.answers())[0]


async def test_the_local_act_is_tried_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.act.failures = 2
        await house.reception.receive([house.message("Notfall!")])
        await house.alarms.drain()
        assert house.act.done == 1


async def test_a_crash_before_the_local_act_is_made_good_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.reception.receive([house.message("Notfall!")])
        await house.alarms.drain()
        await house.database.write(lambda tx: tx.execute("UPDATE alarm_sinks SET state = 'trying'"))
        for _ in range(2):
            await house.alarms.resume()
            await house.alarms.drain()
        assert house.act.done == 2


async def test_a_slow_disk_keeps_no_light_off_and_the_act_is_recorded_all_the_same(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        writable = threading.Event()

        async def hangs(_: Transaction) -> None:
            assert writable.wait(60)

        writing = asyncio.create_task(house.database.write(hangs))
        receiving = asyncio.create_task(house.reception.receive([house.message("Notfall!")]))
        await eventually(lambda: house.act.done)
        assert not await house.database.read("SELECT 1 FROM alarms")
        writable.set()
        await asyncio.gather(writing, receiving)
        await house.alarms.drain()
        assert house.act.done == 1
        sinks = await house.database.read("SELECT sink, state FROM alarm_sinks WHERE sink LIKE 'light/%'")
        assert [tuple(row) for row in sinks] == [("light/floor", "done")]


async def test_the_same_message_three_times_is_answered_once(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        message = house.message("Danke")
        assert len(await _handle(house, message, message, message)) == 1
        assert len(await _handle(house, message)) == 1


async def test_unknown_is_never_empty(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        (answer,) = await _handle(house, house.message("Wie voll ist es?"))
        assert "niemand" not in answer
        assert "nicht verfügbar" in answer


async def test_the_age_of_an_old_figure_is_said(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        house.eyes.occupancy = Occupancy(0, 130.0)
        (answer,) = await _handle(house, house.message("how busy is it?"))
        assert "Nobody is in the gym right now (2 minutes ago)." in answer


async def test_a_member_is_let_in_and_a_stranger_is_not(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        mia, stranger = house.message("Tür auf bitte"), house.message("Tür auf bitte", STRANGER)
        answers = await _handle(house, mia, stranger)
        assert any("Die Tür ist offen" in answer for answer in answers)
        assert any("kenne ich nicht" in answer for answer in answers)
        assert house.lock.opened == 1
        rows = await house.database.read("SELECT state, rule, member_id FROM door_audit ORDER BY rule")
        assert [tuple(row) for row in rows] == [
            ("ended", "member_in_hours", "m1"),
            ("denied", "stranger", None),
        ]


async def test_a_number_that_two_members_share_identifies_nobody(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.database.write(
            lambda tx: tx.execute(
                "INSERT INTO members (member_id, name, phone, state)"
                " SELECT 'm2', 'Max', phone, state FROM members"
            )
        )
        await _handle(house, house.message("Tür auf bitte"))
        assert house.lock.opened == 0


@pytest.mark.parametrize("outcome", [one for one in Outcome if one is not Outcome.CONFIRMED])
async def test_only_evidence_says_that_the_door_is_open(tmp_path: Path, outcome: Outcome) -> None:
    async with open_house(tmp_path) as house:
        house.lock.outcome = outcome
        (answer,) = await _handle(house, house.message("Tür auf bitte"))
        assert "ist offen" not in answer


async def test_a_door_request_interrupted_by_a_crash_is_not_repeated(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        message = house.message("Tür auf bitte")
        await house.reception.receive([message])
        await house.database.write(
            lambda tx: tx.execute(
                "INSERT INTO door_audit (request_id, door, source, at, state, rule)"
                " VALUES (?, 'front', 'whatsapp', '2026', 'commanded', 'member_in_hours')",
                (message.key,),
            )
        )
        await house.entry.abandon()
        async with _running(house):
            await _settled(house)
        assert house.lock.opened == 0
        assert "keine Bestätigung" in (await house.answers())[0]


async def test_a_human_chat_is_acknowledged_once_and_then_silent(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=(KIM,)) as house:
        first, second = house.message("hallo"), house.message("noch da?")
        await _take_over(house)
        answers = await _handle(house, first, second)
        assert len(answers) == 1
        assert "beim Team" in answers[0]


async def test_a_bare_yes_is_bound_to_nothing(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        message = house.message("Ja!")
        (answer,) = await _handle(house, message)
        assert "wartet nichts auf dein Ja" in answer
        assert "route" not in await house.trace(message)


@pytest.mark.parametrize(("kind", "answers"), [("reaction", 0), ("revoke", 0), ("audio", 1), ("image", 1)])
async def test_what_is_no_text_gets_a_fitting_answer(tmp_path: Path, kind: str, answers: int) -> None:
    async with open_house(tmp_path) as house:
        assert len(await _handle(house, house.message("", kind=kind))) == answers


async def test_a_caption_can_raise_the_alarm(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.reception.receive([house.message("sie atmet nicht mehr", kind="image")])
        assert "112" in (await house.answers())[0]


async def test_messages_of_one_conversation_keep_their_order(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        texts = ["Wann habt ihr auf?", "Danke", "Bist du ein Bot?", "hallo"]
        answers = await _handle(house, *(house.message(text) for text in texts))
        said = ["06:00", "Gern", "eine KI und gehöre", "Womit"]
        assert all(part in answer for part, answer in zip(said, answers, strict=True))


async def test_a_turn_that_always_crashes_is_set_aside_and_its_sender_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_house(tmp_path) as house:

        class Crashes:
            name = "identify"

            async def __call__(self, turn: Turn) -> Step:
                if "kaputt" in turn.message.text:
                    raise RuntimeError("bug")
                return Step.ON

        pipeline = replace(house.pipeline, turn=(Crashes(), *house.pipeline.turn[1:]))
        monkeypatch.setattr(house.turns, "_pipeline", pipeline)
        monkeypatch.setattr("arni_edge.conversation.turns._AFTER_CRASH", 0.0)
        answers = await _handle(house, house.message("kaputt"), house.message("hallo", STRANGER))
        assert any("schiefgegangen" in answer for answer in answers)
        assert any("Womit" in answer for answer in answers)


async def test_in_a_chat_that_a_human_has_nobody_apologises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has it sees the message."""
    async with open_house(tmp_path, staff=(KIM,)) as house:

        class Crashes:
            name = "identify"

            async def __call__(self, turn: Turn) -> Step:
                raise RuntimeError(turn.message.text)

        await _take_over(house)
        pipeline = replace(house.pipeline, turn=(Crashes(),))
        monkeypatch.setattr(house.turns, "_pipeline", pipeline)
        monkeypatch.setattr("arni_edge.conversation.turns._AFTER_CRASH", 0.0)
        assert await _handle(house, house.message("kaputt")) == []
        assert (await house.database.read("SELECT state FROM inbound"))[0]["state"] == "failed"


async def test_a_message_that_was_erased_before_its_turn_is_nobodys_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = inbox.waiting
    erased = asyncio.Event()

    async def erased_meanwhile(database: Database, limit: int) -> list[InboundMessage]:
        found = await waiting(database, limit)
        await database.write(lambda tx: inbox.forget(tx, [1], house.clock.now()))
        erased.set()
        return found

    async with open_house(tmp_path) as house:
        monkeypatch.setattr("arni_edge.storage.inbox.waiting", erased_meanwhile)
        await house.reception.receive([house.message("Danke")])
        with capture_logs() as logs:
            async with _running(house):
                await erased.wait()
                monkeypatch.setattr("arni_edge.storage.inbox.waiting", waiting)
                await _handle(house, house.message("hallo", STRANGER))
                await _settled(house)
        assert [one["event"] for one in logs if one["log_level"] in {"warning", "error"}] == []
        assert len(await house.answers()) == 1


async def test_a_crash_of_the_safety_stage_does_not_lose_the_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: str) -> None:
        raise RuntimeError("bug")

    async with open_house(tmp_path) as house:
        monkeypatch.setattr("arni_edge.conversation.stages.safety.find_emergency", crash)
        (answer,) = await _handle(house, house.message("Danke"))
        assert "Gern" in answer


async def test_a_message_that_cannot_be_stored_does_not_take_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = inbox.add

    async def crash(tx: Transaction, message: InboundMessage, now: datetime) -> bool:
        if "kaputt" in message.text:
            raise TypeError("bug")
        return await add(tx, message, now)

    async with open_house(tmp_path) as house:
        monkeypatch.setattr("arni_edge.storage.inbox.add", crash)
        with pytest.raises(TypeError):
            await house.reception.receive([house.message("kaputt"), house.message("Danke")])
        rows = await house.database.read("SELECT text FROM inbound")
        assert [row["text"] for row in rows] == ["Danke"]


async def test_a_turn_that_was_cut_off_is_taken_up_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.reception.receive([house.message("Danke")])
        # A new life: nothing in memory, only the database.
        async with _running(house):
            await eventually(lambda: house.database.commits >= 4)
            await _settled(house)
        assert len(await house.answers()) == 1
