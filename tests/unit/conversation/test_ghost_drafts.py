"""A risky answer of a chat that staff hold leaves once: by hand, or when its time is over."""

import asyncio
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.ghost import ALEX, KIM, MIA, Answering, Desk, open_desk

from arni_edge.conversation.pipeline import Pipeline
from arni_edge.conversation.risk import RISKS
from arni_edge.conversation.turn import Turn
from arni_edge.domain.errors import Refused
from arni_edge.domain.messages import Language
from arni_edge.storage.ghost import EVERY_CHAT
from arni_edge.swarm.router import Intent

_RISKY = "Könnt ihr meinen Vertrag umstellen?"
_HARMLESS = ["hallo", "Danke", "Wann habt ihr auf?", "Wie voll ist es?", "Bist du ein Bot?", "Tür auf bitte"]


def test_somebody_has_thought_about_every_intent() -> None:
    assert set(RISKS) == set(Intent)


async def _held(desk: Desk, who: str = EVERY_CHAT) -> str:
    """A draft that is held; its id."""
    await desk.mode.desk.read_along(KIM, who, "hold")
    await desk.write(_RISKY)
    ((draft, state),) = await desk.drafts()
    assert state == "held"
    return draft


async def test_without_a_holder_nothing_is_held(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT, "read")
        await desk.write(_RISKY)
        assert len(await desk.said()) == 1
        assert await desk.drafts() == []


async def test_answers_to_everyday_questions_are_never_held(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT, "hold")
        for number, text in enumerate(_HARMLESS, start=1):
            await desk.write(text)
            assert len(await desk.said()) == number, text
        assert await desk.drafts() == []


async def test_a_risky_answer_waits_and_is_shown_masked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        desk.answering.text = f"Ruf Frau Muster unter {MIA.phone} an."
        draft = await _held(desk)
        assert await desk.said() == []
        post = await desk.post("kim", f"draft/{draft}")
        assert "Mia …110" in post
        assert "ghost.approve" in post
        assert MIA.phone not in post
        assert "Muster" not in post
        rows = await desk.database.read("SELECT state FROM inbound")
        assert [row["state"] for row in rows] == ["handled"]


async def test_time_releases_it_and_it_is_said_once_with_the_key_of_the_answer(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await _held(desk)
        desk.clock.advance(29)
        await desk.mode.desk.step()
        assert await desk.said() == []
        desk.clock.advance(1)
        for _ in range(3):
            await desk.mode.desk.step()
        (said,) = await desk.said()
        assert "KI-Assistent" in said
        assert "kläre" in said
        rows = await desk.database.read("SELECT key, reply_to FROM outbox")
        assert rows[0]["key"].endswith(":answer")
        assert rows[0]["reply_to"] == "w0"


async def test_the_timer_releases_while_it_runs(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await _held(desk)
        running = asyncio.create_task(desk.mode.desk.run(lambda: None))
        desk.clock.advance(31)
        async with asyncio.timeout(20):
            while not await desk.said():
                await desk.database.next_commit()
        running.cancel()
        await asyncio.wait({running})


async def test_approved_it_leaves_at_once_and_only_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        assert "geht hinaus" in await desk.mode.held.approve(KIM, draft)
        assert await desk.mode.held.approve(KIM, draft)  # pressed twice
        desk.clock.advance(60)
        await desk.mode.desk.step()
        assert len(await desk.said()) == 1
        with pytest.raises(Refused, match="Kim"):
            await desk.mode.held.approve(ALEX, draft)
        assert "ghost.approve" not in await desk.post("kim", f"draft/{draft}")
        assert ("staff:kim", "ghost.released") in await desk.audit()


async def test_edited_it_leaves_in_the_words_of_staff(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        act = desk.mode.acts["ghost.edit"]
        assert act.question
        await act.do(KIM, draft, "Klar, das geht ab Montag.")
        (said,) = await desk.said()
        assert said.endswith("Klar, das geht ab Montag.")
        assert await desk.drafts() == [(draft, "edited")]


async def test_stopped_it_never_leaves_and_whoever_stopped_it_has_the_chat(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        await desk.mode.acts["ghost.stop"].do(KIM, draft, "")
        desk.clock.advance(60)
        await desk.mode.desk.step()
        assert await desk.said() == []
        assert await desk.drafts() == [(draft, "withdrawn")]
        ((_, post),) = (await desk.posts("ghost/")).items()
        assert "Kim schreibt bis" in post


async def test_who_was_slower_hears_what_became_of_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        desk.clock.advance(31)
        await desk.mode.desk.step()
        for act in ("ghost.approve", "ghost.stop"):
            with pytest.raises(Refused, match="Zu spät"):
                await desk.mode.acts[act].do(KIM, draft, "")
        with pytest.raises(Refused):
            await desk.mode.acts["ghost.edit"].do(KIM, "not-a-draft", "hallo")


async def test_the_greeting_is_said_once_also_when_two_answers_wait(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT, "hold")
        await desk.write(_RISKY)
        await desk.write(_RISKY + " Bitte!")
        desk.clock.advance(31)
        await desk.mode.desk.step()
        assert ["KI-Assistent" in said for said in await desk.said()] == [True, False]


async def test_a_withdrawn_greeting_is_still_owed(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        await desk.mode.acts["ghost.stop"].do(KIM, draft, "")
        await desk.mode.desk.back(KIM, await desk.handle_of())
        await desk.write("Danke")
        assert "KI-Assistent" in (await desk.said())[-1]


# --- crashes ----------------------------------------------------------------------------------------------


async def test_a_crash_before_the_commit_leaves_the_message_to_be_handled_again(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT, "hold")
        message = await desk.receive(_RISKY)
        turn = Turn(message, Language.GERMAN)
        await Pipeline.walk(desk.pipeline.turn[:-1], turn)  # answered, not delivered
    async with open_desk(tmp_path, clock=clock) as desk:
        assert await desk.drafts() == []
        await desk.handle(message)
        await desk.handle(message)  # again: nothing is doubled
        assert [state for _, state in await desk.drafts()] == ["held"]
        assert await desk.said() == []


async def test_a_restart_while_it_is_held_releases_it_once(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        await _held(desk)
    clock.advance(31)
    async with open_desk(tmp_path, clock=clock) as desk:
        await asyncio.gather(desk.mode.desk.step(), desk.mode.desk.step())
        assert len(await desk.said()) == 1
    async with open_desk(tmp_path, clock=clock) as desk:
        await desk.mode.desk.step()
        assert len(await desk.said()) == 1


async def test_a_crash_between_decision_and_answer_cannot_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        draft = await _held(desk)

        async def crash(*_: object) -> None:
            raise RuntimeError("power cut")

        with monkeypatch.context() as broken:
            broken.setattr("arni_edge.storage.outbox.add", crash)
            with pytest.raises(RuntimeError):
                await desk.mode.held.approve(KIM, draft)
        assert await desk.drafts() == [(draft, "held")]
        await desk.mode.held.approve(KIM, draft)
        assert len(await desk.said()) == 1


@pytest.mark.parametrize("text", [_RISKY, "Danke", "Tür auf bitte"])
async def test_the_answer_of_a_turn_that_a_person_overtook_is_not_given(tmp_path: Path, text: str) -> None:
    """Not even a harmless one: a person speaks now. The next message is told so, once."""
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle = await desk.handle_of()

        class TakenMeanwhile(Answering):
            async def __call__(self, turn: Turn) -> object:  # type: ignore[override]
                await desk.mode.desk.take(KIM, handle)
                return await super().__call__(turn)

        desk.pipeline = Pipeline(
            desk.pipeline.reception,
            (*desk.pipeline.turn[:3], TakenMeanwhile(), desk.pipeline.turn[-1]),  # type: ignore[arg-type]
        )
        before = await desk.said()
        await desk.write(text)
        assert await desk.said() == before
        assert [state for _, state in await desk.drafts()] == ["withdrawn"]
        for words in ("noch da?", "hallo?"):
            await desk.write(words)
        (told,) = (await desk.said())[len(before) :]
        assert "beim Team" in told


async def test_the_answer_to_what_was_taken_back_is_stopped_and_forgotten(tmp_path: Path) -> None:
    """It may repeat the words; staff see that nothing leaves, and the words no longer."""
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        assert desk.answering.text in await desk.post(KIM.id, f"draft/{draft}")
        await desk.take_back("w0")
        assert await desk.drafts() == [(draft, "withdrawn")]
        shown = await desk.post(KIM.id, f"draft/{draft}")
        assert "zurückgenommen" in shown
        assert desk.answering.text not in shown
        desk.clock.advance(3600)
        await desk.mode.held.release_due()
        assert await desk.said() == []
        with pytest.raises(Refused, match="zurückgenommen"):
            await desk.mode.held.approve(KIM, draft)


async def test_taking_something_else_back_stops_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        draft = await _held(desk)
        await desk.take_back("w-another")
        assert await desk.drafts() == [(draft, "held")]
