"""What needs two people, where only one may confirm it: the same person, twice, with time between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.actions import KIM, LEE, MIA, PEOPLE, ROOT, VIC, Door, build, staff
from support.clock import ManualClock
from support.database import open_database

from arni_edge.actions.action import Action, ActionState, Proposed
from arni_edge.actions.tool import Actor
from arni_edge.domain.errors import ArniError, Refused
from arni_edge.domain.staff import Contact, Role

ALONE = {one.id: one for one in (LEE, VIC)}
"""Vic may look only: there is one who may confirm."""
MINUTES_10 = 600


@asynccontextmanager
async def gym(folder: Path, *people: Contact) -> AsyncIterator[Door]:
    async with open_database(folder / "arni.db") as database:
        known = {one.id: one for one in people} or ALONE
        door = build(database, folder, ManualClock(), known)
        yield door
        await door.executor.idle()


async def proposed(door: Door, actor: Actor, name: str = "ban") -> Action:
    became = await door.executor.do(name, {"member_id": "M-1", "note": "x"}, actor)
    assert isinstance(became, Proposed)
    return became.action


async def press(door: Door, act: str, action: Action, text: str = "", who: Contact = LEE) -> str:
    return await door.executor.staff_acts()[f"action.{act}"].do(who, action.button, text)


async def post(door: Door, action: Action, who: Contact = LEE) -> dict[str, Any]:
    key = f"action/{action.action_id}"
    (row,) = await door.rows(
        "SELECT text, buttons FROM staff_posts WHERE contact = ? AND key = ?", who.id, key
    )
    return row


@pytest.mark.parametrize("asker", [staff(LEE), ROOT], ids=["owner", "console"])
async def test_the_only_one_confirms_twice_with_time_between_and_the_word(
    tmp_path: Path, asker: Actor
) -> None:
    async with gym(tmp_path) as door:
        action = await proposed(door, asker)
        for _ in range(3):
            said = await press(door, "confirm", action)
            assert "10 Min." in said
            assert "BESTÄTIGEN" in said
        shown = await post(door, action)
        assert "action.again" in shown["buttons"]
        assert "action.confirm" not in shown["buttons"]
        assert "action.deny" in shown["buttons"]
        assert "BESTÄTIGEN" in shown["text"]
        door.clock.advance(MINUTES_10 - 1)
        with pytest.raises(Refused, match="1 Min"):
            await press(door, "again", action, "Bestätigen")
        assert door.effects.had() == []
        door.clock.advance(1)
        assert "noch einmal" in await press(door, "confirm", action)  # the first button is no second yes
        for text in ("", "ja", "ok", "bestätigen?", "Sperren", "x" * 500):
            with pytest.raises(Refused, match="BESTÄTIGEN"):
                await press(door, "again", action, text)
        assert door.effects.had() == []
        assert "Erledigt" in await press(door, "again", action, "Bestätigen")
        assert len(door.effects.had("ban")) == 1
        for act in ("again", "confirm"):
            with pytest.raises(Refused):
                await press(door, act, action, "Bestätigen")
        assert len(door.effects.had("ban")) == 1
        (row,) = await door.rows("SELECT who, how, at, again_at FROM confirmations")
        assert (row["who"], row["how"]) == ("staff:lee", "button")
        assert row["at"] < row["again_at"]
        assert (await door.acts()).count("action.confirmation") == 2


async def test_it_is_told_at_once_by_every_way_that_they_have(tmp_path: Path) -> None:
    """Once, however often they press; not what it is about: others read along on a lock screen."""
    async with gym(tmp_path) as door:
        action = await proposed(door, staff(LEE))
        assert door.heralded.stored == []
        for _ in range(2):
            await press(door, "confirm", action)
        ((who, text),) = door.heralded.stored
        assert who == "lee"
        assert action.action_id[-6:] in text
        assert "M-1" not in text
        assert "ban x" not in text
        assert door.heralded.called == door.heralded.stored


async def test_who_hears_of_it_and_did_not_do_it_stops_it(tmp_path: Path) -> None:
    """By the button, or at the box when somebody else has their account."""
    async with gym(tmp_path) as door:
        for who in (staff(LEE), ROOT):
            action = await proposed(door, staff(LEE))
            await press(door, "confirm", action)
            assert (await door.executor.deny(action.action_id, who)).state is ActionState.DENIED
            door.clock.advance(MINUTES_10)
            with pytest.raises(Refused):
                await press(door, "again", action, "Bestätigen")
        action = await proposed(door, staff(LEE))
        await press(door, "confirm", action)
        await press(door, "again", action, "nein")
        assert await door.state(action.action_id) == "denied"
        assert door.effects.had() == []


async def test_it_is_over_a_quarter_of_an_hour_after_it_could_be_said(tmp_path: Path) -> None:
    async with gym(tmp_path) as door:
        action = await proposed(door, staff(LEE))
        await press(door, "confirm", action)
        door.clock.advance(MINUTES_10 + 899)
        await door.executor.expire()
        assert await door.state(action.action_id) == "proposed"
        door.clock.advance(1)
        await door.executor.expire()
        with pytest.raises(Refused):
            await press(door, "again", action, "Bestätigen")
        assert door.effects.had() == []


async def test_no_second_word_without_a_first_yes(tmp_path: Path) -> None:
    async with gym(tmp_path) as door:
        action = await proposed(door, staff(LEE))
        door.clock.advance(MINUTES_10)
        with pytest.raises(Refused):
            await press(door, "again", action, "Bestätigen")
        with pytest.raises(ArniError):
            await press(door, "again", action, "Bestätigen", VIC)
        with pytest.raises(Refused):
            await door.executor.confirm_again(action.action_id, action.digest, ROOT, "Bestätigen")
        assert await door.rows("SELECT 1 FROM confirmations") == []


@pytest.mark.parametrize("name", ["ban", "leave"])
async def test_where_two_may_one_is_never_enough(tmp_path: Path, name: str) -> None:
    """Neither where a second person could always have confirmed, nor for what a member asks for."""
    people = (KIM, LEE, VIC) if name == "ban" else (LEE, VIC)
    async with gym(tmp_path, *people) as door:
        first = staff(LEE) if name == "ban" else MIA
        action = await proposed(door, first, name)
        await door.executor.confirm(action.action_id, action.digest, first, "button")
        assert "action.again" not in (await post(door, action))["buttons"]
        door.clock.advance(MINUTES_10)
        for who in (first, staff(LEE)):
            with pytest.raises(Refused):
                await door.executor.confirm_again(action.action_id, action.digest, who, "Bestätigen")
        assert door.heralded.stored == []
        assert door.effects.had() == []
        await press(door, "confirm", action, who=KIM if name == "ban" else LEE)
        assert len(door.effects.had(name)) == 1


async def test_who_was_alone_and_is_not_any_more_needs_the_other_one(tmp_path: Path) -> None:
    """The settings were changed meanwhile: the stricter rule holds at once."""
    async with open_database(tmp_path / "arni.db") as database:
        clock = ManualClock()
        door = build(database, tmp_path, clock, ALONE)
        action = await proposed(door, staff(LEE))
        await press(door, "confirm", action)
        clock.advance(MINUTES_10)
        door = build(database, tmp_path, clock, PEOPLE)
        with pytest.raises(Refused, match="verschiedene"):
            await press(door, "again", action, "Bestätigen")
        assert door.effects.had() == []
        await press(door, "confirm", action, who=KIM)
        assert len(door.effects.had("ban")) == 1


async def test_two_entries_of_one_person_are_alone_too(tmp_path: Path) -> None:
    """Only whoever said it first says it again; a member with the same number is no second person."""
    twin = Contact("lee2", "Lee", Role.OWNER, LEE.phone, 7777)
    async with gym(tmp_path, LEE, twin) as door:
        action = await proposed(door, staff(LEE))
        await press(door, "confirm", action)
        door.clock.advance(MINUTES_10)
        for act in ("confirm", "again"):
            with pytest.raises(Refused):
                await press(door, act, action, "Bestätigen", twin)
        assert door.effects.had() == []
        await press(door, "again", action, "Bestätigen")
        assert len(door.effects.had("ban")) == 1
