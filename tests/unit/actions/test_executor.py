"""The one-way door: who may ask, what stops, who may confirm, what is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.actions import (
    BEN,
    BEN_CHAT,
    KIM,
    LEE,
    MIA,
    MIA_CHAT,
    PEOPLE,
    ROOT,
    STRANGER,
    SYSTEM,
    VIC,
    Door,
    build,
    member,
    open_door,
    staff,
)
from support.clock import ManualClock
from support.database import open_database

from arni_edge.actions.action import STAFF, Action, ActionState, Done, NeedsAssurance, Proposed, Waiting
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.events import ActionChanged
from arni_edge.domain.people import Assurance
from arni_edge.domain.staff import Contact, Role

OF_MIA = {"member_id": "M-1", "note": "x"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as door:
        yield door


async def proposed(door: Door, name: str = "cancel", actor: Actor = MIA) -> Action:
    became = await door.executor.do(name, OF_MIA, actor)
    assert isinstance(became, Proposed)
    return became.action


async def staff_post(door: Door, contact: Contact, action: Action) -> dict[str, Any]:
    rows = await door.rows(
        "SELECT * FROM staff_posts WHERE contact = ? AND key = ?", contact.id, f"action/{action.action_id}"
    )
    return rows[0] if rows else {}


# --- what runs at once -------------------------------------------------------------------------------------


async def test_reading_leaves_no_trace(door: Door) -> None:
    became = await door.executor.do("look", OF_MIA, MIA)
    assert isinstance(became, Done)
    assert became.result.model_dump() == {"what": "x"}
    assert await door.rows("SELECT * FROM actions") == []
    assert await door.acts() == []


async def test_what_can_be_undone_runs_at_once_and_is_written_down(door: Door) -> None:
    became = await door.executor.do("book", OF_MIA, MIA)
    assert isinstance(became, Done)
    assert len(door.effects.had("book")) == 1
    assert await door.acts() == ["action.executing", "action.done"]
    rows = await door.rows("SELECT subject, actor, detail FROM audit")
    assert all(row["subject"].startswith("m-") for row in rows)
    assert "M-1" not in str(rows)
    assert "+49" not in str(rows)


async def test_who_asks_twice_with_a_key_has_asked_once(door: Door) -> None:
    first, second = await asyncio.gather(*(door.executor.do("ring", OF_MIA, MIA, key="w1") for _ in range(2)))
    third = await door.executor.do("ring", OF_MIA, MIA, key="w1")
    assert isinstance(first, Done)
    assert first.result == second.result == third.result  # type: ignore[union-attr]
    assert len(door.effects.had()) == 1
    await door.executor.do("ring", {"member_id": "M-2"}, BEN, key="w1")
    assert len(door.effects.had()) == 2
    with pytest.raises(InvalidInput):
        await door.executor.do("ring", {"member_id": "M-1", "note": "y"}, MIA, key="w1")


async def test_what_was_not_done_may_be_asked_for_again_with_its_key(door: Door) -> None:
    door.tools["book"].trouble = Unavailable("away")
    with pytest.raises(Unavailable):
        await door.executor.do("book", OF_MIA, MIA, key="w1")
    door.tools["book"].trouble = None
    await door.executor.do("book", OF_MIA, MIA, key="w1")
    assert len(door.effects.had("book")) == 1


# --- who may ask -------------------------------------------------------------------------------------------


FORBIDDEN = [
    ("cancel", OF_MIA, BEN),
    ("look", OF_MIA, BEN),
    ("cancel", OF_MIA, STRANGER),
    ("look", {"member_id": ""}, STRANGER),
    ("refund", OF_MIA, MIA),
    ("ban", OF_MIA, MIA),
    ("ban", OF_MIA, staff(VIC)),
    ("refund", OF_MIA, SYSTEM),
    ("cancel", OF_MIA, Actor(ActorKind.SYSTEM, "rota", MIA_CHAT, Assurance.STAFF)),
    ("ban", OF_MIA, staff(Contact("nobody", "N", Role.OWNER))),
    ("ban", OF_MIA, Actor(ActorKind.STAFF, "kim", STAFF, Assurance.STAFF)),
    ("ban", OF_MIA, Actor(ActorKind.STAFF, "vic", STAFF, Assurance.STAFF, Role.OWNER)),
    ("cancel", OF_MIA, member(conversation=STAFF)),
]


async def test_who_may_not(door: Door) -> None:
    for name, arguments, actor in FORBIDDEN:
        with pytest.raises(Refused) as refused:
            await door.executor.do(name, arguments, actor)
        assert not isinstance(refused.value, NeedsAssurance)
    assert await door.rows("SELECT * FROM actions") == []
    assert door.effects.had() == []


async def test_who_is_not_sure_enough_hears_how_sure(door: Door) -> None:
    with pytest.raises(NeedsAssurance) as needs:
        await door.executor.do("cancel", OF_MIA, member(assurance=Assurance.CHANNEL))
    assert needs.value.needed is Assurance.CODE
    assert await door.rows("SELECT * FROM actions") == []


HOSTILE: list[Any] = [
    {},
    {"member_id": 5},
    {"member_id": None, "note": []},
    {"member_id": "M-1", "secret-word": "drop"},
    {"member_id": "M-1", "note": {"a": "b"}},
    {"member_id": "\ud800"},
    {"member_id": "M-1", "note": "x" * 100_000},
    {1: 2},
    {"member_id": float("nan")},
    None,
    [],
    "M-1",
    5,
    [("member_id",)],
]


async def test_hostile_arguments(door: Door) -> None:
    for name in ("look", "book", "cancel", "ban"):
        for arguments in HOSTILE:
            with pytest.raises(InvalidInput) as refused:
                await door.executor.do(name, arguments, staff() if name == "ban" else MIA)
            assert "secret-word" not in str(refused.value)
            assert len(str(refused.value)) < 200
    assert await door.rows("SELECT * FROM actions") == []


async def test_a_tool_that_is_none(door: Door) -> None:
    for name in ("", "cancel ", "__class__", "x" * 10_000):
        with pytest.raises(InvalidInput):
            await door.executor.do(name, OF_MIA, MIA)


# --- what stops --------------------------------------------------------------------------------------------


async def test_a_proposal_names_the_consequence_and_does_nothing(door: Door) -> None:
    became = await door.executor.do("cancel", OF_MIA, MIA)
    assert isinstance(became, Proposed)
    action = became.action
    assert action.consequence == "de: cancel x"
    assert action.strict_word == "KÜNDIGEN"
    assert action.consequence in became.question
    assert "KÜNDIGEN" in became.question
    assert (action.expires_at - door.clock.now()).total_seconds() == 300
    assert len(action.digest) == 64
    assert len(f"action.confirm:{action.button}".encode()) <= 64
    assert door.effects.had() == []
    assert await door.acts() == ["action.proposed"]
    assert await door.executor.pending(MIA_CHAT) == action
    assert await door.executor.pending(BEN_CHAT) is None


async def test_confirmed_once_done_once_and_told_once(door: Door) -> None:
    heard = door.bus.subscribe(ActionChanged)
    action = await proposed(door)
    became = await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    assert isinstance(became, Done)
    assert became.action is not None
    assert became.action.state is ActionState.DONE
    assert door.effects.had() == [f"cancel {action.action_id}"]
    assert await door.told() == ["Erledigt: de: cancel x"]
    assert await door.executor.pending(MIA_CHAT) is None
    assert (await door.executor.latest(MIA_CHAT)).state is ActionState.DONE  # type: ignore[union-attr]
    assert [event.state for event in heard._safety if isinstance(event, ActionChanged)] == [
        "proposed",
        "confirmed",
        "executing",
        "done",
    ]
    for _ in range(2):
        with pytest.raises(Refused, match="schon erledigt"):
            await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    with pytest.raises(Refused):
        await door.executor.deny(action.action_id, MIA)
    assert len(door.effects.had()) == 1
    assert len(await door.told()) == 1


async def test_two_confirmations_at_once_execute_once(door: Door) -> None:
    action = await proposed(door)
    ends = await asyncio.gather(
        *(door.executor.confirm(action.action_id, action.digest, MIA, "word") for _ in range(10)),
        return_exceptions=True,
    )
    assert sum(isinstance(end, Done) for end in ends) == 1
    assert all(isinstance(end, Done | Refused) for end in ends)
    assert len(door.effects.had()) == 1


async def test_nobody_else_confirms_or_denies_for_a_member(door: Door) -> None:
    action = await proposed(door)
    others = (BEN, STRANGER, SYSTEM, ROOT, staff(KIM), staff(LEE), member("M-2"), member("M-1", BEN_CHAT))
    for actor in others:
        with pytest.raises(Refused):
            await door.executor.confirm(action.action_id, action.digest, actor, "button")
        with pytest.raises(Refused):
            await door.executor.deny(action.action_id, actor)
    assert door.effects.had() == []
    assert await door.state(action.action_id) == "proposed"


async def test_a_confirmation_needs_the_assurance_too(door: Door) -> None:
    action = await proposed(door)
    with pytest.raises(NeedsAssurance):
        await door.executor.confirm(
            action.action_id, action.digest, member(assurance=Assurance.CHANNEL), "word"
        )
    assert door.effects.had() == []


async def test_a_confirmation_is_for_exactly_this(door: Door) -> None:
    action = await proposed(door, "change")
    wrong = [
        "",
        action.digest[:8],
        action.digest[:15],
        "0" * 64,
        action.digest[1:],
        "ü" * 64,
        action.digest[::-1],
    ]
    for digest in wrong:
        with pytest.raises(Refused):
            await door.executor.confirm(action.action_id, digest, MIA, "word")
    for action_id in ("", "x", action.action_id + "0", "\ud800", "x" * 10_000):
        with pytest.raises(Refused):
            await door.executor.confirm(action_id, action.digest, MIA, "word")
    assert door.effects.had() == []
    action_id, _, beginning = action.button.partition(".")
    await door.executor.confirm(action_id, beginning, MIA, "button")
    assert len(door.effects.had()) == 1


async def test_what_was_tampered_with_is_not_confirmed(door: Door) -> None:
    action = await proposed(door)

    async def tamper(tx: Any) -> None:
        await tx.execute("UPDATE actions SET arguments = replace(arguments, 'x', 'y')")

    await door.database.write(tamper)
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    assert door.effects.had() == []


async def test_a_newer_proposal_ends_the_older_one(door: Door) -> None:
    old = await proposed(door)
    new = await proposed(door, "change")
    assert await door.state(old.action_id) == "expired"
    assert await door.executor.pending(MIA_CHAT) == new
    with pytest.raises(Refused):
        await door.executor.confirm(old.action_id, old.digest, MIA, "word")
    assert await door.told() == []  # they asked for something else: nothing to say about it
    await door.executor.do("cancel", {"member_id": "M-2"}, BEN)
    assert await door.executor.pending(MIA_CHAT) == new


async def test_the_same_message_again_proposes_once(door: Door) -> None:
    first = await door.executor.do("cancel", OF_MIA, MIA, key="w1")
    assert await door.executor.do("cancel", OF_MIA, MIA, key="w1") == first
    assert isinstance(first, Proposed)
    await door.executor.confirm(first.action.action_id, first.action.digest, MIA, "word")
    assert isinstance(await door.executor.do("cancel", OF_MIA, MIA, key="w1"), Done)
    assert len(door.effects.had()) == 1


async def test_after_its_time_it_is_over_and_said_once(door: Door) -> None:
    action = await proposed(door)
    door.clock.advance(299)
    await door.executor.expire()
    assert await door.state(action.action_id) == "proposed"
    door.clock.advance(1)
    with pytest.raises(Refused, match="vorbei"):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    for _ in range(3):
        await door.executor.expire()
    assert await door.state(action.action_id) == "expired"
    assert len(await door.told()) == 1
    assert door.effects.had() == []
    assert await door.executor.waiting() == []


async def test_a_clock_that_was_wrong_gives_no_more_time(door: Door) -> None:
    action = await proposed(door)
    door.clock.advance(-3600)
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    assert door.effects.had() == []


async def test_a_no_is_a_no(door: Door) -> None:
    action = await proposed(door)
    assert (await door.executor.deny(action.action_id, MIA)).state is ActionState.DENIED
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    assert door.effects.had() == []
    assert (await door.acts())[-1] == "action.denied"


async def test_what_cannot_be_done_is_not_proposed(door: Door) -> None:
    door.tools["cancel"].cannot = Refused("Du hast keinen Vertrag.")
    with pytest.raises(Refused, match="keinen Vertrag"):
        await door.executor.do("cancel", OF_MIA, MIA)
    assert await door.rows("SELECT * FROM actions") == []


# --- how it ends -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "raised", "outcome", "ticket"),
    [
        (Refused("Zu spät."), Refused, "refused", False),
        (InvalidInput("Unsinn."), Refused, "refused", False),
        (Unavailable("socket closed"), Unavailable, "unavailable", False),
        (RuntimeError("bug"), Refused, "unknown", True),
        (TimeoutError(), Refused, "unknown", True),
    ],
)
async def test_an_effect_that_fails(
    door: Door, trouble: Exception, raised: type[Exception], outcome: str, ticket: bool
) -> None:
    door.tools["cancel"].trouble = trouble
    action = await proposed(door)
    with pytest.raises(raised):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    rows = await door.rows("SELECT state, outcome FROM actions")
    assert rows == [{"state": "failed", "outcome": outcome}]
    told = await door.told()
    assert len(told) == 1
    assert "socket" not in told[0]
    assert (outcome == "refused") == (told[0] == str(trouble))
    assert bool(await door.rows("SELECT * FROM tickets")) == ticket
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")


async def test_who_stops_waiting_does_not_cut_the_effect_off(door: Door) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    run = door.tools["cancel"].run

    async def slow(*arguments: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await run(*arguments)

    door.tools["cancel"].run = slow  # type: ignore[method-assign,assignment]
    action = await proposed(door)
    waiting = asyncio.create_task(door.executor.confirm(action.action_id, action.digest, MIA, "word"))
    await reached.wait()
    waiting.cancel()
    await asyncio.wait({waiting})
    go_on.set()
    await door.executor.idle()
    assert await door.state(action.action_id) == "done"
    assert len(await door.told()) == 1


# --- staff -------------------------------------------------------------------------------------------------


async def test_staff_confirm_by_button(door: Door) -> None:
    action = await proposed(door, "refund", staff(KIM))
    assert (action.expires_at - door.clock.now()).total_seconds() == 900
    post = await staff_post(door, LEE, action)
    assert "refund x" in post["text"]
    assert "Kim" in post["text"]
    assert action.button in post["buttons"]
    assert await staff_post(door, VIC, action) == {}
    acts = door.executor.staff_acts()
    for contact in (VIC, Contact("nobody", "N", Role.OWNER)):
        with pytest.raises(Refused):
            await acts["action.confirm"].do(contact, action.button, "")
    assert "Erledigt: de: refund x" in await acts["action.confirm"].do(LEE, action.button, "")
    assert len(door.effects.had("refund")) == 1
    done = await staff_post(door, KIM, action)
    assert done["text"].startswith("Ausgeführt")
    assert done["buttons"] == "[]"
    with pytest.raises(Refused):
        await acts["action.confirm"].do(LEE, action.button, "")
    assert await door.told() == []


async def test_hostile_buttons(door: Door) -> None:
    await proposed(door, "refund", staff(KIM))
    for argument in ("", ".", "x", "0" * 26, "0" * 26 + "." + "0" * 16, "ü", "x" * 9999, "\n", "\ud800"):
        for act in door.executor.staff_acts().values():
            with pytest.raises(Refused):
                await act.do(KIM, argument, "")
    assert door.effects.had() == []


async def test_each_of_staff_may_have_one_open(door: Door) -> None:
    of_kim = await proposed(door, "refund", staff(KIM))
    of_lee = await proposed(door, "refund", staff(LEE))
    again = await proposed(door, "refund", staff(KIM))
    assert [one.action_id for one in await door.executor.waiting()] == [of_lee.action_id, again.action_id]
    assert (await staff_post(door, LEE, of_kim))["buttons"] == "[]"


async def test_what_was_asked_at_the_console_is_confirmed_there(door: Door) -> None:
    action = await proposed(door, "refund", ROOT)
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, staff(KIM), "button")
    assert isinstance(await door.executor.confirm(action.action_id, action.digest, ROOT, "console"), Done)


async def test_what_the_house_proposes_staff_decide(door: Door) -> None:
    for name in ("cancel", "change"):
        action = await proposed(door, name, SYSTEM)
        for actor in (SYSTEM, MIA, Actor(ActorKind.SYSTEM, "kim", STAFF, Assurance.STAFF, Role.OWNER)):
            with pytest.raises(Refused):
                await door.executor.confirm(action.action_id, action.digest, actor, "button")
        assert door.effects.had(name) == []
        await door.executor.confirm(action.action_id, action.digest, staff(KIM), "button")
        assert len(door.effects.had(name)) == 1


# --- two people --------------------------------------------------------------------------------------------


async def test_what_is_grave_needs_two_different_people(door: Door) -> None:
    action = await proposed(door, "ban", staff(KIM))
    press = door.executor.staff_acts()["action.confirm"].do
    for _ in range(3):
        assert "1 von 2" in await press(KIM, action.button, "")
    assert door.effects.had() == []
    assert "(1 von 2)" in (await staff_post(door, LEE, action))["text"]
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, staff(LEE, "console"), "console")
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, ROOT, "console")
    assert door.effects.had() == []
    await press(LEE, action.button, "")
    assert len(door.effects.had("ban")) == 1
    assert [row["who"] for row in await door.rows("SELECT who FROM confirmations ORDER BY rowid")] == [
        "staff:kim",
        "staff:lee",
    ]


async def test_the_console_may_propose_what_is_grave_and_confirm_none_of_it(door: Door) -> None:
    action = await proposed(door, "ban", ROOT)
    with pytest.raises(Refused):
        await door.executor.confirm(action.action_id, action.digest, ROOT, "console")
    press = door.executor.staff_acts()["action.confirm"].do
    await press(KIM, action.button, "")
    await press(LEE, action.button, "")
    assert len(door.effects.had("ban")) == 1


async def test_one_of_two_may_say_no(door: Door) -> None:
    action = await proposed(door, "ban", staff(KIM))
    acts = door.executor.staff_acts()
    await acts["action.confirm"].do(KIM, action.button, "")
    await acts["action.deny"].do(LEE, action.button, "")
    with pytest.raises(Refused):
        await acts["action.confirm"].do(LEE, action.button, "")
    assert door.effects.had() == []


async def test_a_member_and_somebody_of_staff(door: Door) -> None:
    action = await proposed(door, "leave")
    press = door.executor.staff_acts()["action.confirm"].do
    assert await staff_post(door, KIM, action) == {}  # not before the member means it
    with pytest.raises(Refused, match="erst das Mitglied"):
        await press(KIM, action.button, "")
    for _ in range(2):
        became = await door.executor.confirm(action.action_id, action.digest, MIA, "word")
        assert became == Waiting(1, 2, became.sentence)
    assert door.effects.had() == []
    door.clock.advance(600)  # a person has to be found: longer than members have
    assert (await staff_post(door, KIM, action))["buttons"] != "[]"
    await press(KIM, action.button, "")
    assert len(door.effects.had("leave")) == 1
    assert len(await door.told()) == 1


async def test_somebody_of_staff_who_is_the_member_is_one_person(tmp_path: Path) -> None:
    people = {**PEOPLE, "mia": Contact("mia", "Mia", Role.OWNER, MIA_CHAT.partition(":")[2])}
    async with open_database(tmp_path / "arni.db") as database:
        door = build(database, tmp_path, ManualClock(), people)
        action = await proposed(door, "leave")
        await door.executor.confirm(action.action_id, action.digest, MIA, "word")
        with pytest.raises(Refused, match="verschiedene"):
            await door.executor.confirm(action.action_id, action.digest, staff(people["mia"]), "button")
        assert door.effects.had() == []


async def test_two_entries_with_one_phone_are_one_person(tmp_path: Path) -> None:
    people = {**PEOPLE, "kim2": Contact("kim2", "Kim", Role.OWNER, KIM.phone, 7777)}
    async with open_database(tmp_path / "arni.db") as database:
        door = build(database, tmp_path, ManualClock(), people)
        action = await proposed(door, "ban", staff(KIM))
        await door.executor.confirm(action.action_id, action.digest, staff(KIM), "button")
        with pytest.raises(Refused, match="verschiedene"):
            await door.executor.confirm(action.action_id, action.digest, staff(people["kim2"]), "button")
        assert door.effects.had() == []


async def test_staff_who_say_no_to_a_member_are_heard(door: Door) -> None:
    action = await proposed(door, "leave")
    await door.executor.confirm(action.action_id, action.digest, MIA, "word")
    await door.executor.staff_acts()["action.deny"].do(KIM, action.button, "")
    assert len(await door.told()) == 1
