"""Somebody whose number the channel hides wants what needs one: they are offered a button that sends it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.house import MIA, STRANGER
from support.talk import KIM, Talk, talking

from arni_edge.channels.whatsapp import WhatsAppIntake
from arni_edge.storage.ghost import EVERY_CHAT

HIDDEN = "DE.13491208655302741918"


async def _has_button(talk: Talk) -> bool:
    """Whether the last answer has the button below it."""
    rows = await talk.house.database.read("SELECT payload FROM outbox ORDER BY position DESC LIMIT 1")
    return bool(json.loads(rows[0]["payload"]).get("asks_phone"))


async def _say(talk: Talk, text: str) -> str:
    return await _arrive(talk, text)


async def _send_number(talk: Talk, number: str) -> str:
    """The button is pressed, and Meta vouches for what it sends."""
    return await _arrive(talk, "", number)


async def _arrive(talk: Talk, text: str, number: str | None = None) -> str:
    message = talk.house.message(text, address=HIDDEN, kind="contacts" if number else "text")
    message = replace(message, user_id=HIDDEN, shared_phone=number)
    before = await talk.heard(HIDDEN)
    intake = WhatsAppIntake(talk.house.database, talk.house.clock, talk.house.reception)
    await intake.receive([message], [], 1)
    await talk.handled()
    await talk.house.office.executor.idle()
    return "\n".join((await talk.heard(HIDDEN))[len(before) :])


@pytest.mark.parametrize("wish", ["Tür auf bitte", "ich will kündigen", "lösch meine Daten"])
async def test_they_are_asked_for_it_where_it_is_needed(tmp_path: Path, wish: str) -> None:
    async with talking(tmp_path) as talk:
        assert "mit dem Knopf unter dieser Nachricht" in await _say(talk, wish)
        assert await _has_button(talk)


@pytest.mark.parametrize("question", ["Wie voll ist es?", "hallo", "Wie kann ich kündigen?", "asdf"])
async def test_nobody_is_asked_for_it_without_need(tmp_path: Path, question: str) -> None:
    async with talking(tmp_path) as talk:
        assert "Knopf" not in await _say(talk, question)
        assert not await _has_button(talk)


@pytest.mark.parametrize("phone", [MIA.phone, STRANGER])
async def test_whoever_shows_their_number_is_not_asked_for_it(tmp_path: Path, phone: str) -> None:
    async with talking(tmp_path) as talk:
        assert "Knopf" not in await talk.say("ich will kündigen", phone)
        assert not await _has_button(talk)


async def test_the_door_opens_for_the_number_that_was_sent(tmp_path: Path) -> None:
    """As for anybody who shows it; the wish itself is too old by then and is asked for again."""
    async with talking(tmp_path) as talk:
        await _say(talk, "Tür auf bitte")
        assert "jetzt weiß ich, wer du bist" in await _send_number(talk, MIA.phone)
        assert talk.house.lock.opened == 0
        assert "Die Tür ist offen" in await _say(talk, "Tür auf bitte")
        assert not await _has_button(talk)


async def test_what_waited_goes_on_and_still_needs_its_proof(tmp_path: Path) -> None:
    """A number makes nobody surer than a visible one does."""
    async with talking(tmp_path) as talk:
        await _say(talk, "ich will kündigen")
        assert "per SMS" in await _send_number(talk, MIA.phone)
        assert "KÜNDIGEN" in await _say(talk, await talk.code())


async def test_a_number_that_nobody_has_is_asked_for_once(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _say(talk, "ich will kündigen")
        assert "Mitgliedsnummer" in await _send_number(talk, STRANGER)
        assert "Knopf" not in await _say(talk, "ich will kündigen")


async def test_a_staff_hold_does_not_take_the_button_away(tmp_path: Path) -> None:
    """Asking who it is begins nothing: it is not held."""
    async with talking(tmp_path) as talk:
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        await _say(talk, "ich will kündigen")
        assert await _has_button(talk)
