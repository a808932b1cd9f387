"""A number answers what was offered as numbered lines: once, while it is fresh, never for the strict word."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.house import MIA
from support.talk import Talk, talking

from arni_edge.conversation.offers import number_in
from arni_edge.domain.messages import Channel, Choice, Option, OutboundMessage
from arni_edge.storage import Transaction, outbox

_ASKED = {"busy": "Wie voll ist es?", "hours": "Wann habt ihr auf?", "ai": "Bist du eine KI?"}
_WHAT = Choice(tuple(Option(*one) for one in _ASKED.items()))
_HOURS, _BUSY, _AI = "06:00", "Zählung", "Ich bin eine KI"


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(tmp_path) as talk:
        await talk.say("hallo")
        yield talk


async def _offer(
    talk: Talk, key: str = "offer", choice: Choice | None = _WHAT, *, numbered: bool = True
) -> None:
    """As the sender leaves it behind when it has written the options as lines."""
    now = talk.house.clock.now()
    message = OutboundMessage(key, Channel.WHATSAPP, MIA.phone, "Was möchtest du wissen?", choice=choice)

    async def unit(tx: Transaction) -> None:
        await outbox.add(tx, message, now)
        await tx.execute(
            "UPDATE outbox SET state = 'sent', provider_id = 'wamid.' || key, result = ? WHERE key = ?",
            ('{"numbered": true}' if numbered else '{"numbered": false}', key),
        )
        # What was said before has left by now, too.
        await tx.execute("UPDATE outbox SET state = 'sent' WHERE state = 'queued'")

    await talk.house.database.write(unit)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2), ("2.", 2), ("2)", 2), (" 02 ", 2),
        ("zwei", 2), ("die zweite", 2), ("Die Zweite, bitte!", 2),
        ("Nummer 2", 2), ("nr. 2", 2), ("Option zwei", 2), ("the second one", None), ("the second", 2),
        ("number three please", 3), ("ich nehme die fünfte", 5), ("2️⃣", 2), ("10", 10), ("99", 99),
        ("zwei Leute", None), ("2 oder 3", None), ("2,5", None), ("123456", None), ("", None), ("ja", None),
        ("nicht 2", None), ("um zwei", None), ("0", 0), ("zwei" * 20, None), ("bitte", None),
    ],
)  # fmt: skip
def test_what_is_a_number_and_nothing_else(text: str, number: int | None) -> None:
    assert number_in(text) == number


async def test_a_number_is_the_option_that_stood_behind_it(talk: Talk) -> None:
    for text, answer in (("2", _HOURS), ("die erste", _BUSY), ("drei", _AI)):
        await _offer(talk, f"offer {text}")
        assert answer in await talk.say(text)


async def test_it_counts_once(talk: Talk) -> None:
    """Quoted again, it is over; the same message again, after a crash, is the same answer."""
    await _offer(talk)
    message = talk.house.message("2")
    assert _HOURS in await talk.send(message)
    assert await talk.send(message) == ""
    again = replace(talk.house.message("1"), refers_to="wamid.offer")
    assert "gilt nicht mehr" in await talk.send(again)


async def test_a_number_that_was_not_offered_is_said_to_be_none(talk: Talk) -> None:
    """And uses nothing up."""
    await _offer(talk)
    assert "von 1 bis 3" in await talk.say("7")
    await _offer(talk, "again")
    assert "von 1 bis 3" in await talk.say("0")


@pytest.mark.parametrize("why", ["none", "tapped", "spoken over", "another's"])
async def test_where_nothing_was_numbered_a_number_is_only_a_number(talk: Talk, why: str) -> None:
    if why == "tapped":
        await _offer(talk, numbered=False)
    elif why == "spoken over":
        await _offer(talk)
        await _offer(talk, "something else", None)
    elif why == "another's":
        await _offer(talk)
        assert "nicht verstanden" in await talk.say("2", "+4915112121212")
        return
    assert "nicht verstanden" in await talk.say("2")


async def test_after_half_an_hour_it_is_over(talk: Talk) -> None:
    await _offer(talk)
    talk.house.clock.advance(timedelta(minutes=31).total_seconds())
    assert "gilt nicht mehr" in await talk.say("2")


async def test_what_was_written_before_is_no_answer(talk: Talk) -> None:
    early = talk.house.message("2")
    talk.house.clock.advance(60)
    await _offer(talk)
    assert "nicht verstanden" in await talk.send(early)


async def test_a_number_never_stands_for_the_strict_word(talk: Talk) -> None:
    """It may say no; of the yes it says which word it takes; of something that is over, that it is."""
    await talk.say("ich will kündigen")
    await talk.say(await talk.code())
    (row,) = await talk.house.database.read("SELECT action_id, digest FROM actions")
    button = f"{row['action_id']}.{row['digest'][:16]}"
    yes_or_no = Choice(
        (Option(f"action.confirm:{button}", "KÜNDIGEN"), Option(f"action.deny:{button}", "Nein"))
    )
    await _offer(talk, "question", yes_or_no)
    assert "Nur „KÜNDIGEN“ gilt als Ja" in await talk.say("1")
    assert await talk.actions() == [("contract.cancel", "proposed")]
    await _offer(talk, "question again", yes_or_no)
    await talk.say("die zweite")
    assert await talk.actions() == [("contract.cancel", "denied")]
    await _offer(talk, "too late", yes_or_no)
    assert "gilt nicht mehr" in await talk.say("1")
    assert await talk.tickets() == []
