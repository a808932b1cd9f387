"""Somebody wants a person: kept, told, watched, taken; the member is told what is so."""

from pathlib import Path

import pytest
from support.clock import ManualClock
from support.ghost import ALEX, KIM, MIA, Desk, open_desk

from arni_edge.domain.errors import Refused
from arni_edge.domain.events import HandoffChanged
from arni_edge.domain.handoff import HandoffReason
from arni_edge.domain.messages import Language

_LATE = "noch niemand gemeldet"


async def _asked(desk: Desk) -> tuple[str, str]:
    """A wish: its id, and what the member is told."""
    message = await desk.receive("Mitarbeiter")
    said = await desk.mode.handoffs.ask(message, HandoffReason.ASKED, Language.GERMAN)
    rows = await desk.database.read("SELECT handoff_id FROM handoffs WHERE state != 'ended'")
    return rows[0]["handoff_id"], said


async def test_a_wish_is_kept_told_to_who_is_on_call_and_answered_with_facts(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        heard = desk.bus.subscribe(HandoffChanged)
        wish, said = await _asked(desk)
        assert said == "Deine Nachricht liegt beim Team. Geantwortet hat noch niemand."
        ((contact, _), text) = next(iter((await desk.posts("handoff/")).items()))
        assert contact == "kim"
        assert "Mia …110 möchte mit einem Menschen sprechen" in text
        assert "handoff.take" in await desk.post("kim", f"handoff/{wish}")
        async for event in heard:
            assert isinstance(event, HandoffChanged)
            assert (event.handoff_id, event.state) == (wish, "asked")
            break


async def test_asking_again_is_the_same_wish(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        first, said = await _asked(desk)
    async with open_desk(tmp_path, clock=clock) as desk:
        assert await _asked(desk) == (first, said)
        assert len(await desk.posts("handoff/")) == 1
        assert await desk.audit() == [("member", "handoff.asked")]


async def test_when_nobody_is_on_call_the_member_hears_so_and_everybody_is_told(tmp_path: Path) -> None:
    async with open_desk(tmp_path, on_call=()) as desk:
        _, said = await _asked(desk)
        assert "niemand Dienst" in said
        # The viewer cannot take a chat over.
        assert {contact for contact, _ in await desk.posts("handoff/")} == {"alex", "kim"}


async def test_nobody_came_in_time(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        desk.clock.advance(299)
        await desk.mode.handoffs.step()
        assert await desk.said() == []
        desk.clock.advance(1)
        for _ in range(3):
            await desk.mode.handoffs.step()
        (said,) = await desk.said()
        assert _LATE in said
        late = await desk.posts(f"handoff/{wish}/1")
        assert {contact for contact, _ in late} == {"alex", "kim"}
        assert all("!" in text for text in late.values())
        rows = await desk.database.read(
            "SELECT silent FROM staff_posts WHERE key = ?", (f"handoff/{wish}/1",)
        )
        assert not any(row["silent"] for row in rows)


async def test_staff_are_called_three_times_and_the_member_is_told_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        for _ in range(10):
            desk.clock.advance(300)
            await desk.mode.handoffs.step()
        assert len(await desk.said()) == 1
        keys = {key for _, key in await desk.posts("handoff/")}
        assert keys == {f"handoff/{wish}", *(f"handoff/{wish}/{step}" for step in (1, 2, 3))}
        # It still can be taken.
        await desk.mode.acts["handoff.take"].do(ALEX, wish, "")


async def test_who_asks_again_later_is_heard_again_and_no_flood_comes_of_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        for _ in range(10):
            desk.clock.advance(300)
            await desk.mode.handoffs.step()
        for _ in range(5):
            await _asked(desk)
            await desk.mode.handoffs.step()
        keys = {key for _, key in await desk.posts("handoff/")}
        assert keys == {f"handoff/{wish}", *(f"handoff/{wish}/{step}" for step in (1, 2, 3, 4))}
        assert len(await desk.said()) == 1


async def test_a_restart_at_the_wrong_moment_tells_nobody_twice(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        await _asked(desk)
    clock.advance(301)
    for _ in range(2):
        async with open_desk(tmp_path, clock=clock) as desk:
            await desk.mode.handoffs.step()
            assert len(await desk.said()) == 1


async def test_taken_the_chat_belongs_to_that_person_and_the_others_see_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path, on_call=(KIM, ALEX)) as desk:
        wish, _ = await _asked(desk)
        await desk.mode.acts["handoff.take"].do(ALEX, wish, "")
        for contact in ("kim", "alex"):
            post = await desk.post(contact, f"handoff/{wish}")
            assert "Alex hat übernommen" in post
            assert "handoff.take" not in post
        with pytest.raises(Refused, match="Alex"):
            await desk.mode.acts["handoff.take"].do(KIM, wish, "")
        desk.clock.advance(301)
        await desk.mode.handoffs.step()
        assert await desk.said() == []


async def test_taking_the_chat_takes_the_wish(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        await desk.mode.desk.take(KIM, await desk.handle_of())
        assert "Kim hat übernommen" in await desk.post("kim", f"handoff/{wish}")


async def test_handed_back_the_wish_has_ended_and_the_next_one_is_another(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        await desk.mode.acts["handoff.take"].do(KIM, wish, "")
        await desk.mode.desk.back(KIM, await desk.handle_of())
        assert "erledigt von Kim" in await desk.post("kim", f"handoff/{wish}")
        again, _ = await _asked(desk)
        assert again != wish
        with pytest.raises(Refused):
            await desk.mode.acts["handoff.take"].do(KIM, wish, "")


async def test_not_understood_twice_in_a_row_a_person_is_offered(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        for text in ("Blub", "Blubb", "hallo", "Blub"):
            await desk.write(text)
        offered = ["schreib: Mitarbeiter" in said for said in await desk.said()]
        assert offered == [False, True, False, False]


async def test_not_understood_long_ago_is_another_conversation(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("Blub")
        desk.clock.advance(3601)
        await desk.write("Blub")
        assert not any("schreib: Mitarbeiter" in said for said in await desk.said())


async def test_no_post_says_who_it_is(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await _asked(desk)
        text = " ".join((await desk.posts("")).values())
        assert MIA.phone not in text
        assert "Muster" not in text


async def test_who_took_a_wish_and_forgot_it_does_not_end_it(tmp_path: Path) -> None:
    """Nobody has answered: the member is told so, and staff are called anew."""
    async with open_desk(tmp_path, on_call=(KIM, ALEX)) as desk:
        wish, _ = await _asked(desk)
        await desk.mode.acts["handoff.take"].do(KIM, wish, "")
        desk.clock.advance(30 * 60 + 1)
        await desk.mode.desk.step()
        await desk.mode.handoffs.step()
        assert "noch niemand gemeldet" in (await desk.said())[-1]
        assert "Noch hat niemand übernommen" in await desk.post("alex", f"handoff/{wish}/1")
        await desk.mode.acts["handoff.take"].do(ALEX, wish, "")
        assert "Alex hat übernommen" in await desk.post("alex", f"handoff/{wish}/1")


async def test_an_answered_wish_ends_when_the_time_is_over(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        wish, _ = await _asked(desk)
        await desk.mode.acts["handoff.take"].do(KIM, wish, "")
        desk.clock.advance(60)
        await desk.mode.desk.say(KIM, await desk.handle_of(), "Hallo, hier ist Kim")
        desk.clock.advance(30 * 60 + 1)
        await desk.mode.desk.step()
        assert "erledigt von Kim" in await desk.post("kim", f"handoff/{wish}")
