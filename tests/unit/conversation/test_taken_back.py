"""Messages that their sender takes back or changes."""

from dataclasses import replace
from pathlib import Path

from support.house import STRANGER, House, open_house

from arni_edge.conversation.turn import Turn
from arni_edge.domain.messages import InboundMessage, Language
from arni_edge.storage import relay_traces


async def _words(house: House, message: InboundMessage) -> list[tuple[str, str]]:
    rows = await house.database.read(
        "SELECT text, state FROM inbound WHERE message_id = ?", (message.message_id,)
    )
    return [(row["text"], row["state"]) for row in rows]


def _about(house: House, kind: str, original: InboundMessage, text: str = "") -> InboundMessage:
    return replace(house.message(text, kind=kind), refers_to=original.message_id)


async def test_what_is_taken_back_is_forgotten_and_not_answered(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        said = house.message("Mein Knie ist operiert worden")
        await house.reception.receive([said, _about(house, "revoke", said)])
        assert await _words(house, said) == [("", "handled")]


async def test_what_is_taken_back_before_it_comes_never_comes_in(tmp_path: Path) -> None:
    """Meta keeps no order."""
    async with open_house(tmp_path) as house:
        said = house.message("Mein Knie ist operiert worden")
        await house.reception.receive([_about(house, "revoke", said), said])
        assert await _words(house, said) == []


async def test_nobody_takes_back_what_another_said(tmp_path: Path) -> None:
    """The id of a message is no secret."""
    async with open_house(tmp_path) as house:
        said = house.message("Wie voll ist es?")
        other = replace(house.message("", STRANGER, kind="revoke"), refers_to=said.message_id)
        await house.reception.receive([said, other])
        assert await _words(house, said) == [("Wie voll ist es?", "received")]
        await house.reception.receive([said])
        assert len(await _words(house, said)) == 1


async def test_an_emergency_that_was_taken_back_is_one_all_the_same(tmp_path: Path) -> None:
    """Somebody looks after them; the words are forgotten."""
    async with open_house(tmp_path) as house:
        said = house.message("Hilfe, jemand ist bewusstlos!")
        await house.reception.receive([said, _about(house, "revoke", said)])
        await house.alarms.drain()
        assert len(await house.alarms.open()) == 1
        assert await _words(house, said) == [("", "handled")]


async def test_a_change_replaces_the_words_and_is_no_second_question(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        said = house.message("Wan habt ihr auf")
        changed = _about(house, "edit", said, "Wann habt ihr auf?")
        await house.reception.receive([said, changed])
        assert await _words(house, said) == [("Wann habt ihr auf?", "received")]


async def test_an_emergency_in_a_change_is_heard(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        said = house.message("Hi")
        await house.reception.receive([said, _about(house, "edit", said, "Hilfe, es brennt hier!")])
        await house.alarms.drain()
        assert len(await house.alarms.open()) == 1


async def test_the_words_of_a_change_go_with_what_they_changed(tmp_path: Path) -> None:
    """The change is a message of its own; it may also come when everything was taken back already."""
    async with open_house(tmp_path) as house:
        said = house.message("Mein Knie tut weh")
        changed = _about(house, "edit", said, "Mein linkes Knie tut weh")
        late = _about(house, "edit", said, "Mein rechtes Knie tut weh")
        await house.reception.receive([said, changed, _about(house, "revoke", said), late])
        kept = await house.database.read("SELECT group_concat(text) AS all_of_it FROM inbound")
        assert "Knie" not in kept[0]["all_of_it"]
        assert await _words(house, said) == [("", "handled")]


async def test_a_code_does_not_come_back_with_a_change(tmp_path: Path) -> None:
    """It is hidden when it was used, wherever it stands."""
    async with open_house(tmp_path) as house:
        said = house.message("Mein Code ist 123456")
        await house.reception.receive([said])
        await house.pipeline.walk(house.pipeline.turn, Turn(said, Language.GERMAN))
        changed = _about(house, "edit", said, "Mein Code ist 123456!")
        await house.reception.receive([changed])
        await house.pipeline.walk(house.pipeline.turn, Turn(changed, Language.GERMAN))
        kept = await house.database.read("SELECT group_concat(text) AS all_of_it FROM inbound")
        assert "123456" not in kept[0]["all_of_it"]


async def test_the_relay_forgets_nothing_for_a_stranger(tmp_path: Path) -> None:
    """What somebody may not take back stays there, too."""
    async with open_house(tmp_path) as house:
        said = house.message("Wie voll ist es?")
        await house.database.write(lambda tx: relay_traces.note(tx, [said.key], 7))
        other = replace(house.message("", STRANGER, kind="revoke"), refers_to=said.message_id)
        await house.reception.receive([said, other])
        assert await relay_traces.to_erase(house.database, 7, 9) == []
        await house.reception.receive([_about(house, "revoke", said)])
        assert await relay_traces.to_erase(house.database, 7, 9) == [7]
