"""Ghost mode in the whole pipeline: emergencies run, doors and proposals do not, a wish reaches people."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from support.ghost import KIM
from support.house import House, open_house

from arni_edge.domain.messages import InboundMessage
from arni_edge.storage.ghost import EVERY_CHAT


async def _handle(house: House, *messages: InboundMessage) -> list[str]:
    """Let the turns run until nothing waits; everything that was said."""
    await house.reception.receive(messages)
    turns = asyncio.create_task(house.turns.run(lambda: None))
    waiting = True
    async with asyncio.timeout(20):
        while waiting:
            waiting = bool(await house.database.read("SELECT 1 FROM inbound WHERE state = 'received'"))
            await asyncio.sleep(0.01)
    turns.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await turns
    return await house.answers()


async def _taken(house: House) -> str:
    await _handle(house, house.message("hallo"))
    handle = (await house.ghost.desk.chats(KIM))[0].handle
    await house.ghost.desk.take(KIM, handle)
    return handle


async def test_in_a_taken_chat_no_door_opens_and_nothing_is_proposed(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=[KIM]) as house:
        await _taken(house)
        answers = await _handle(
            house, *(house.message(text) for text in ("Tür auf bitte", "Ich kündige", "ja"))
        )
        assert house.lock.opened == 0
        assert not await house.database.read("SELECT 1 FROM actions")
        assert not await house.database.read("SELECT 1 FROM door_audit")
        assert len(answers) == 2
        assert "beim Team" in answers[1]


async def test_in_a_taken_chat_an_emergency_runs(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=[KIM]) as house:
        await _taken(house)
        await house.reception.receive([house.message("Hilfe, hier ist jemand bewusstlos!")])
        await house.alarms.drain()
        assert house.act.done == 1
        assert any("112" in answer for answer in await house.answers())


async def test_where_everything_is_held_emergencies_and_doors_are_not(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=[KIM]) as house:
        await house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        await _handle(house, house.message("Tür auf bitte"), house.message("Hilfe, es brennt!"))
        await house.alarms.drain()
        answers = await house.answers()
        assert any("Die Tür ist offen" in answer for answer in answers)
        assert any("NOTFALL" in answer for answer in answers)
        assert not await house.database.read("SELECT 1 FROM drafts")


async def test_who_asks_for_a_person_gets_the_facts_and_staff_a_button(tmp_path: Path) -> None:
    async with open_house(tmp_path, staff=[KIM]) as house:
        await house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        (answer,) = await _handle(house, house.message("Ich will mit einem Mitarbeiter sprechen"))
        assert "liegt beim Team" in answer
        rows = await house.database.read(
            "SELECT contact, buttons FROM staff_posts WHERE key LIKE 'handoff/%'"
        )
        assert [(row["contact"], "handoff.take" in row["buttons"]) for row in rows] == [("kim", True)]


@pytest.mark.parametrize("kind", ["system", "reaction", "edit", "revoke"])
async def test_what_wants_no_answer_gets_none_in_a_taken_chat_either(tmp_path: Path, kind: str) -> None:
    """The number may be somebody else's by then; the next real message is told who writes."""
    async with open_house(tmp_path, staff=[KIM]) as house:
        await _taken(house)
        before = await house.answers()
        assert await _handle(house, house.message("", kind=kind)) == before
        assert len(await _handle(house, house.message("seid ihr da?"))) == len(before) + 1
