"""Staff read along, take a chat over, write in it and hand it back; nothing says who the member is."""

import asyncio
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.ghost import ALEX, KIM, MIA, Desk, open_desk

from arni_edge.domain.errors import ArniError, InvalidInput, Refused
from arni_edge.domain.staff import Contact, Role
from arni_edge.storage.ghost import EVERY_CHAT

_ENDED = "Du schreibst wieder mit dem KI-Assistenten."


async def _taken(desk: Desk) -> str:
    """A chat that Kim has; its handle."""
    await desk.write("hallo")
    handle = await desk.handle_of()
    await desk.mode.acts["ghost.take"].do(KIM, handle, "")
    return handle


async def test_the_list_shows_chats_by_handle_and_masked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        await desk.write("hi", "+4915999999777")
        stranger, mia = await desk.mode.desk.chats(KIM)
        assert (mia.face, stranger.face) == ("Mia …110", "…777")
        assert mia.handle != stranger.handle
        assert len(mia.handle) == 4
        # Asked again, they are called the same.
        assert [one.handle for one in await desk.mode.desk.chats(ALEX)] == [stranger.handle, mia.handle]


async def test_a_number_that_two_members_share_shows_no_name(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.database.write(
            lambda tx: tx.execute(
                "INSERT INTO members (member_id, name, phone, state)"
                " SELECT 'm2', 'Max', phone, state FROM members"
            )
        )
        await desk.write("hallo")
        assert (await desk.mode.desk.chats(KIM))[0].face == "…110"


async def test_who_reads_along_has_one_post_that_is_edited(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT)
        for text in ("hallo", "Ich bin Mia Muster, +49 151 23456110, mia@example.org", "Danke"):
            await desk.write(text)
            await desk.mode.desk.step()
        ((contact, key), text) = next(iter((await desk.posts("ghost/")).items()))
        assert contact == "kim"
        assert key == f"ghost/{await desk.handle_of()}"
        assert "Mitglied: hallo" in text
        assert "KI: " in text
        for secret in ("Muster", "23456110", "example.org"):
            assert secret not in text
        assert len(await desk.posts("ghost/")) == 1


async def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.mode.desk.read_along(KIM, EVERY_CHAT)
        await desk.write("hallo")
        await desk.mode.desk.step()
        await desk.mode.desk.step()
        commits = desk.database.commits
        for _ in range(3):
            await desk.mode.desk.step()
        assert desk.database.commits == commits


async def test_who_looks_away_sees_no_words_any_more(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo zusammen")
        handle = await desk.handle_of()
        await desk.mode.acts["ghost.hold"].do(KIM, handle, "")
        await desk.mode.acts["ghost.read"].do(ALEX, handle, "")
        await desk.mode.acts["ghost.off"].do(KIM, handle, "")
        await desk.mode.desk.step()
        posts = await desk.posts("ghost/")
        assert "zusammen" not in posts["kim", f"ghost/{handle}"]
        assert "zusammen" in posts["alex", f"ghost/{handle}"]
        await desk.write("Könnt ihr das ändern?")
        assert await desk.drafts() == []  # Kim held, nobody else does


async def test_a_taken_chat_says_so_once_and_is_silent(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await _taken(desk)
        asked = len(desk.answering.asked)
        before = len(await desk.said())
        for text in ("noch da?", "Tür auf bitte", "hallo?"):
            await desk.write(text)
        (acknowledged,) = (await desk.said())[before:]
        assert "beim Team" in acknowledged
        # No agent was asked: no door opens, nothing is confirmed.
        assert len(desk.answering.asked) == asked


async def test_staff_write_through_the_bot_and_read_what_comes_back(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        await desk.mode.acts["ghost.say"].do(KIM, handle, "Hallo Mia, was ist los?")
        await desk.write("Mein Spind klemmt")
        await desk.mode.acts["ghost.say"].do(KIM, handle, "Ich komme.")
        first, second = (await desk.said())[1:]
        assert first == "Hier schreibt jetzt jemand aus dem Team.\n\nHallo Mia, was ist los?"
        assert second == "Ich komme."
        await desk.mode.desk.step()
        text = (await desk.posts("ghost/"))["kim", f"ghost/{handle}"]
        assert "Mitglied: Mein Spind klemmt" in text
        assert "Team: Ich komme." in text


async def test_the_same_words_brought_twice_are_said_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        for _ in range(2):
            await desk.mode.desk.say(KIM, handle, "Ich komme.")
        assert len(await desk.said()) == 2
        desk.clock.advance(61)
        await desk.mode.desk.say(KIM, handle, "Ich komme.")
        assert len(await desk.said()) == 3


async def test_two_of_staff_cannot_have_the_same_chat(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        for act in ("ghost.take", "ghost.say"):
            with pytest.raises(Refused, match="Kim hat diesen Chat"):
                await desk.mode.acts[act].do(ALEX, handle, "hallo")
        assert len(await desk.said()) == 1


async def test_of_two_at_the_same_moment_the_first_wins(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle = await desk.handle_of()
        ends = await asyncio.gather(
            *(desk.mode.desk.take(who, handle) for who in (KIM, ALEX)), return_exceptions=True
        )
        assert sorted(isinstance(end, Refused) for end in ends) == [False, True]


async def test_handed_back_the_member_is_told_once_and_the_assistant_answers(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        for _ in range(2):
            await desk.mode.acts["ghost.back"].do(KIM, handle, "")
        assert (await desk.said()).count(_ENDED) == 1
        await desk.write("hallo")
        assert len(desk.answering.asked) == 2


async def test_a_chat_comes_back_by_itself_and_each_message_of_staff_keeps_it_longer(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        desk.clock.advance(29 * 60)
        await desk.mode.desk.say(KIM, handle, "Moment noch")
        desk.clock.advance(29 * 60)
        await desk.mode.desk.step()
        assert _ENDED not in await desk.said()
        desk.clock.advance(60)
        for _ in range(2):
            await desk.mode.desk.step()
        assert (await desk.said()).count(_ENDED) == 1
        assert ("system", "ghost.returned") in await desk.audit()


async def test_a_message_after_the_time_is_answered_though_nobody_looked(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await _taken(desk)
        desk.clock.advance(31 * 60)
        await desk.write("hallo?")
        assert len(desk.answering.asked) == 2
        assert (await desk.said()).count(_ENDED) == 1


async def test_the_ai_is_disclosed_after_a_person_only_to_whom_it_never_was(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        await desk.mode.desk.back(KIM, handle)
        await desk.write("hallo")
        assert sum("Ich bin der KI-Assistent" in said for said in await desk.said()) == 1


async def test_a_whisper_reaches_the_next_answer_and_never_the_member(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle = await desk.handle_of()
        await desk.mode.desk.read_along(KIM, handle)
        desk.answering.heard = True
        said = await desk.mode.acts["ghost.whisper"].do(KIM, handle, "Der Spind ist defekt")
        assert "gespeichert" in said
        await desk.write("Was ist mit dem Spind?")
        await desk.write("Und sonst?")
        assert [turn.whisper for turn in desk.answering.asked] == [None, "Der Spind ist defekt", None]
        assert not any("defekt" in said for said in await desk.said())
        await desk.mode.desk.step()
        assert "eingegangen" in await desk.post("kim", f"ghost/{handle}")


async def test_a_whisper_that_no_model_heard_is_told_so(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle = await desk.handle_of()
        await desk.mode.desk.read_along(KIM, handle)
        await desk.mode.desk.whisper(KIM, handle, "Der Spind ist defekt")
        assert "wartet" in await desk.post("kim", f"ghost/{handle}")
        await desk.write("Was ist mit dem Spind?")
        await desk.mode.desk.step()
        assert "kein Sprachmodell" in await desk.post("kim", f"ghost/{handle}")


async def test_an_old_whisper_is_not_for_another_conversation(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        await desk.mode.desk.whisper(KIM, await desk.handle_of(), "Der Spind ist defekt")
        desk.clock.advance(3601)
        await desk.write("hallo")
        assert desk.answering.asked[-1].whisper is None


async def test_everything_is_in_the_audit_and_no_words_of_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        await desk.mode.desk.whisper(KIM, handle, "geheim eins")
        await desk.mode.desk.say(KIM, handle, "geheim zwei")
        await desk.mode.desk.look(ALEX, handle)
        await desk.mode.desk.back(ALEX, handle)
        assert await desk.audit() == [
            ("staff:kim", "ghost.taken"),
            ("staff:kim", "ghost.whispered"),
            ("staff:kim", "ghost.said"),
            ("staff:alex", "ghost.viewed"),
            ("staff:alex", "ghost.returned"),
        ]
        rows = await desk.database.read("SELECT detail, subject FROM audit")
        text = " ".join(row["detail"] for row in rows)
        assert handle in text
        for secret in ("geheim", MIA.phone, "Mia", MIA.member_id):
            assert secret not in text
        assert all(row["subject"].startswith("m-") for row in rows)


async def test_what_is_no_message_is_not_sent(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        handle = await _taken(desk)
        for text in ("", "   ", "x" * 4001, "\0"):
            with pytest.raises(InvalidInput):
                await desk.mode.desk.say(KIM, handle, text)
        assert len(await desk.said()) == 1


async def test_a_handle_that_nobody_has_is_refused(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        for handle in ("", "zzzz", "*' OR 1=1", "x" * 5000):
            for name, act in desk.mode.acts.items():
                with pytest.raises(ArniError):
                    await act.do(KIM, handle, "hallo")
                assert act.role is Role.STAFF, name


async def test_somebody_at_the_console_can_have_a_chat(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle, root = await desk.handle_of(), Contact("console:root", "root", Role.OWNER)
        await desk.mode.desk.take(root, handle)
        assert ("console:root", "ghost.taken") in await desk.audit()
        with pytest.raises(Refused, match="console:root"):
            await desk.mode.desk.take(KIM, handle)


# --- crashes ----------------------------------------------------------------------------------------------


async def test_a_restart_forgets_nobody_who_has_or_reads_a_chat(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_desk(tmp_path, clock=clock) as desk:
        handle = await _taken(desk)
    async with open_desk(tmp_path, clock=clock) as desk:
        await desk.write("noch da?")
        await desk.mode.desk.step()
        assert "noch da?" in await desk.post("kim", f"ghost/{handle}")
        assert desk.answering.asked == []
    clock.advance(31 * 60)
    for _ in range(2):
        async with open_desk(tmp_path, clock=clock) as desk:
            await desk.mode.desk.step()
            assert (await desk.said()).count(_ENDED) == 1


@pytest.mark.parametrize("act", ["take", "back", "say", "whisper"])
async def test_an_act_whose_audit_cannot_be_written_did_not_happen(
    tmp_path: Path, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.write("hallo")
        handle = await desk.handle_of()
        if act == "back":
            await desk.mode.desk.take(KIM, handle)
        tables = ("conversations", "outbox", "whispers", "audit", "ghost_readers")

        async def everything() -> list[list[tuple[object, ...]]]:
            return [
                [tuple(row) for row in await desk.database.read(f"SELECT * FROM {name}")] for name in tables
            ]

        before = await everything()

        async def crash(*_: object, **__: object) -> None:
            raise RuntimeError("power cut")

        monkeypatch.setattr("arni_edge.storage.audit.AuditLog.note", crash)
        with pytest.raises(RuntimeError):
            await desk.mode.acts[f"ghost.{act}"].do(KIM, handle, "hallo")
        assert await everything() == before
