"""What arrives too late, and what its sender hears."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.house import House, open_house

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.messages import InboundMessage, Language


async def _say(house: House, text: str, *, age: timedelta, kind: str = "text") -> InboundMessage:
    """Something written a while ago arrives now, and goes through the house."""
    message = replace(house.message(text, kind=kind), sent_at=house.clock.now() - age)
    await house.reception.receive([message])
    await house.pipeline.walk(house.pipeline.turn, Turn(message, Language.GERMAN))
    return message


async def test_a_question_of_this_morning_is_not_answered_as_if_it_were_new(tmp_path: Path) -> None:
    """Whoever wrote it is told so, and why, instead of the number of people who are there now."""
    async with open_house(tmp_path) as house:
        await _say(house, "Wie voll ist es gerade?", age=timedelta(hours=2))
        (answer,) = await house.answers()
        assert "erst jetzt erreicht" in answer
        assert "schreib mir bitte noch einmal" in answer


async def test_ten_of_them_are_told_once(tmp_path: Path) -> None:
    """And again after the next outage."""
    async with open_house(tmp_path) as house:
        for _ in range(10):
            await _say(house, "Ist noch wer da?", age=timedelta(hours=3))
        assert len(await house.answers()) == 1
        house.clock.advance(timedelta(hours=7).total_seconds())
        await _say(house, "Ist noch wer da?", age=timedelta(hours=3))
        assert len(await house.answers()) == 2


@pytest.mark.parametrize(
    ("age", "kind"),
    [(timedelta(hours=25), "text"), (timedelta(days=8), "text"), (timedelta(hours=2), "reaction")],
)
async def test_nobody_waits_for_a_word_about_it_any_more(tmp_path: Path, age: timedelta, kind: str) -> None:
    """It is marked as handled, and that is all."""
    async with open_house(tmp_path) as house:
        message = await _say(house, "Wie voll ist es?", age=age, kind=kind)
        assert await house.answers() == []
        assert "late" in await house.trace(message)


async def test_a_door_does_not_open_for_whoever_stood_there_two_hours_ago(tmp_path: Path) -> None:
    """They have gone, and somebody else may stand there."""
    async with open_house(tmp_path) as house:
        await _say(house, "Tür auf", age=timedelta(hours=2))
        assert house.lock.opened == 0


async def test_an_emergency_is_never_too_late(tmp_path: Path) -> None:
    """The first stage has it."""
    async with open_house(tmp_path, on_call=1) as house:
        message = await _say(house, "Hilfe, jemand ist bewusstlos!", age=timedelta(hours=2))
        await house.alarms.drain()
        assert await house.trace(message) == ["safety"]


async def test_what_is_fresh_passes(tmp_path: Path) -> None:
    """Also with a clock that is a little behind the sender's."""
    async with open_house(tmp_path) as house:
        (late,) = [stage for stage in house.pipeline.turn if stage.name == "late"]
        for age in (timedelta(minutes=59), timedelta(0), timedelta(minutes=-5)):
            message = replace(house.message("hallo"), sent_at=house.clock.now() - age)
            assert await late(Turn(message, Language.GERMAN)) is Step.ON
