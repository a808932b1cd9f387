"""What somebody tries who wants more than is theirs, in real conversations."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.house import open_house
from support.talk import KIM, LEE, Talk, at_work, talking

from arni_edge.actions.confirmation import Reading, read
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.people import Member
from arni_edge.domain.staff import Role
from arni_edge.storage import members
from arni_edge.storage.ghost import EVERY_CHAT
from arni_edge.swarm.wishes import code_in

BEN = Member("10482", "Ben Beispiel", "+4915198765432")


async def _sure(talk: Talk) -> None:
    """It was proven that it is Mia; what she wished for she has taken back."""
    await talk.say("ich will kündigen")
    await talk.say(await talk.code())
    await talk.say("nein")


async def _handle(talk: Talk) -> str:
    (chat,) = await talk.house.ghost.desk.chats(KIM)
    return chat.handle


# --- a yes to a question that nobody has read ---------------------------------------------------------


async def test_the_word_is_no_yes_while_staff_hold_the_question(tmp_path: Path) -> None:
    """The wish said once more is impatience: what it means stands in an answer that has not left."""
    async with talking(tmp_path) as talk:
        await _sure(talk)
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        assert await talk.say("ich will kündigen") == ""
        await talk.say("Kündigen!")
        assert "wartet nichts" in await talk.say("ja")
        assert await talk.tickets() == []
        assert {state for _, state in await talk.actions()} <= {"denied", "expired", "proposed"}


async def test_the_word_is_no_yes_to_a_question_that_staff_withdrew(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _sure(talk)
        desk, handle = talk.house.ghost.desk, await _handle(talk)
        await desk.read_along(KIM, handle, "hold")
        await talk.say("ich will kündigen")
        await desk.take(KIM, handle)
        await desk.look_away(KIM, handle)
        await desk.back(KIM, handle)
        assert "nur mit dem Wort KÜNDIGEN" in await talk.say("kündigen")  # asked anew, and read this time
        assert await talk.tickets() == []
        await talk.say("kündigen")
        assert await talk.tickets() == ["contract.cancel"]


async def test_the_question_leaves_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    """Whoever reads it confirms what is stored: no other words may stand there, while it waits for a yes."""
    async with talking(tmp_path) as talk:
        await _sure(talk)
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        await talk.say("ich will kündigen")
        (held,) = await talk.house.database.read("SELECT draft_id, text FROM drafts")
        assert "KÜNDIGEN" in held["text"]
        (post,) = await talk.house.database.read("SELECT buttons FROM staff_posts WHERE key LIKE 'draft/%'")
        assert "ghost.edit" not in post["buttons"]
        assert "ghost.approve" in post["buttons"]
        acts, before = talk.house.ghost.acts, await talk.heard()
        with pytest.raises(Refused, match="bestätigt"):
            await acts["ghost.edit"].do(KIM, held["draft_id"], "Schreib KÜNDIGEN für ein Freigetränk!")
        assert await talk.heard() == before
        await acts["ghost.approve"].do(KIM, held["draft_id"], "")
        assert (await talk.heard())[-1] == held["text"]
        await talk.say("kündigen")
        assert await talk.tickets() == ["contract.cancel"]


async def test_a_no_ends_what_staff_hold(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _sure(talk)
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        await talk.say("ich will kündigen")
        await talk.say("nein")
        assert (await talk.actions())[-1] == ("contract.cancel", "denied")


async def test_what_was_written_before_the_question_is_no_yes_to_it(tmp_path: Path) -> None:
    """Two messages in a row, or a night without internet: the second is older than the question."""
    async with open_house(tmp_path, staff=(KIM, LEE)) as house:
        talk = Talk(house)
        async with at_work(house):
            await _sure(talk)
        texts = "Ich will meinen Vertrag kündigen", "Kündigen!"
        await house.reception.receive([house.message(text) for text in texts])
        house.clock.advance(1)
        async with at_work(house):
            await talk.handled()
            await house.office.executor.idle()
            assert await talk.tickets() == []
            assert "nur mit dem Wort KÜNDIGEN" in (await talk.heard())[-1]
            await talk.say("kündigen")
            assert await talk.tickets() == ["contract.cancel"]


@pytest.mark.parametrize("kind", ["image", "document", "edit", "reaction", "system"])
async def test_a_caption_or_a_changed_message_is_no_yes(tmp_path: Path, kind: str) -> None:
    async with talking(tmp_path) as talk:
        await _sure(talk)
        await talk.say("ich will kündigen")
        await talk.say("KÜNDIGEN", kind=kind)
        assert await talk.tickets() == []


@pytest.mark.parametrize(
    "text", ["~KÜNDIGEN~", "~KÜNDIGEN", "\u041aÜNDIGEN", "CANCEL CONTRACT", "> KÜNDIGEN"]
)
def test_a_word_that_is_struck_out_or_looks_like_it_is_none(text: str) -> None:
    assert read(text, "KÜNDIGEN") is Reading.OTHER


async def test_whose_proof_is_over_hears_how_it_goes_on(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _sure(talk)
        talk.house.clock.advance(13 * 60)
        await talk.say("ich will kündigen")
        talk.house.clock.advance(3 * 60)
        assert "noch einmal, was du möchtest" in await talk.say("KÜNDIGEN")
        assert "per SMS" in await talk.say("ich will kündigen")
        assert await talk.tickets() == []


# --- codes -----------------------------------------------------------------------------------------------


async def test_many_conversations_do_not_learn_who_is_a_member(tmp_path: Path) -> None:
    """Wrong tries are counted across conversations, for a number that nobody has like for any other."""
    async with talking(tmp_path) as talk:
        await talk.house.database.write(lambda tx: members.put_by_hand(tx, [BEN], talk.house.clock.now()))
        said: dict[str, list[str]] = {}
        for number, line in (("99999", 1), ("10482", 2), ("88888", 3)):
            said[number] = []
            for caller in range(4):
                stranger = f"+49151{line}111111{caller}"
                said[number].append(await talk.say(f"Mitgliedsnummer {number}", stranger))
                said[number] += [await talk.say("000000", stranger) for _ in range(5)]
        assert said["99999"] == said["10482"] == said["88888"]


async def test_wrong_tries_of_strangers_do_not_keep_a_member_from_proving_it(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        for caller in range(3):
            await talk.say("Mitgliedsnummer m1", f"+4915111111{caller}")
            for _ in range(5):
                await talk.say("000000", f"+4915111111{caller}")
        await talk.say("ich will kündigen")
        assert "jetzt weiß ich" in await talk.say(await talk.code())


@pytest.mark.parametrize("taken", [False, True])
async def test_a_code_is_shown_to_nobody_and_kept_nowhere_whoever_has_the_chat(
    tmp_path: Path, taken: bool
) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("ich will kündigen")
        code, desk, handle = await talk.code(), talk.house.ghost.desk, await _handle(talk)
        await desk.read_along(KIM, handle)
        if taken:
            await desk.take(KIM, handle)
        message = talk.house.message(f"Hier ist der Code: {code} danke")
        await talk.house.reception.receive([message])
        assert code not in "\n".join(await desk.look(KIM, handle))  # also before it was handled
        await talk.handled()
        await desk.step()
        tables = ("inbound", "outbox", "drafts", "staff_posts", "errands", "audit", "identity_codes")
        for table in tables:
            rows = await talk.house.database.read(f"SELECT * FROM {table}")
            assert not any(code in str(value) for row in rows for value in tuple(row)), table


@pytest.mark.parametrize(
    "text", ["Hier ist der Code: 123456", "ok, 123 456 danke", "It's 123456", "Hallo, mein Code ist 123456"]
)
def test_a_code_is_found_as_people_write_it(text: str) -> None:
    assert code_in(text) == "123456"


@pytest.mark.parametrize("text", ["ich habe 123456 Euro", "123456 789", "der Code 123456 geht nicht", "112"])
def test_other_numbers_are_no_code(text: str) -> None:
    assert code_in(text) is None


# --- staff -----------------------------------------------------------------------------------------------


async def test_new_words_for_an_answer_can_be_stored_and_read(tmp_path: Path) -> None:
    """What a client of Telegram may send: half of a surrogate pair, control characters."""
    async with talking(tmp_path) as talk:
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT, "hold")
        await talk.say("was kannst du alles?")
        (draft,) = await talk.house.database.read("SELECT draft_id FROM drafts")
        edit = talk.house.ghost.acts["ghost.edit"]
        with pytest.raises(InvalidInput):
            await edit.do(KIM, draft["draft_id"], "\ud800\x00")
        await edit.do(KIM, draft["draft_id"], "Ruf\x1b[2J mich\ud800 an")
        assert (await talk.heard())[-1].endswith("Ruf[2J mich an")


async def test_in_a_taken_chat_nothing_is_said_of_a_question_that_was_withdrawn(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await _sure(talk)
        desk, handle = talk.house.ghost.desk, await _handle(talk)
        await desk.read_along(KIM, handle, "hold")
        await talk.say("ich will kündigen")
        await desk.take(KIM, handle)
        before = await talk.heard()
        talk.house.clock.advance(301)
        await talk.house.office.executor.expire()
        assert (await talk.actions())[-1] == ("contract.cancel", "expired")
        assert await talk.heard() == before


async def test_who_is_no_staff_any_more_reads_no_chats(tmp_path: Path) -> None:
    async with talking(tmp_path) as talk:
        await talk.say("hallo")
        await talk.house.ghost.desk.read_along(KIM, EVERY_CHAT)
    async with talking(tmp_path, staff=(replace(KIM, role=Role.VIEWER), LEE)) as talk:
        talk.house.numbers[0] = 10  # a message of another id than those of the first life
        await talk.say("ich heiße Rumpelstilzchen")
        await talk.house.ghost.desk.step()
        assert "Rumpelstilzchen" not in await talk.post(KIM, "ghost")
