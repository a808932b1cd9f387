"""Voice notes: what they say, and what is said when nobody can listen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.house import House, open_house

from arni_edge.conversation.stages.listen import Listen
from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.messages import InboundMessage, Language, Media


@dataclass
class Ear:
    """Stands at the port of the speech worker, which is another process; and where media lie."""

    said: str = ""
    error: Exception | None = None
    heard: list[bytes] = field(default_factory=list)

    async def words(self, recording: bytes, mime: str, language: Language) -> str:
        del mime, language
        self.heard.append(recording)
        return self.said

    async def fetch(self, media: Media) -> bytes:
        if self.error is not None:
            raise self.error
        return media.media_id.encode()


async def _send(house: House, *, voice: bool = True) -> InboundMessage:
    note = replace(
        house.message("", kind="audio"), media=Media("media-1", "audio/ogg; codecs=opus", voice=voice)
    )
    await house.reception.receive([note])
    await house.pipeline.walk(house.pipeline.turn, Turn(note, Language.GERMAN))
    return note


async def test_what_was_said_is_answered_like_what_was_written(tmp_path: Path) -> None:
    ear = Ear("Wann habt ihr auf?")
    async with open_house(tmp_path, ears=ear) as house:
        note = await _send(house)
        assert ear.heard == [b"media-1"]
        (answer,) = await house.answers()
        assert "Sprachnachrichten" not in answer
        rows = await house.database.read("SELECT text FROM inbound WHERE message_id = ?", (note.message_id,))
        assert rows[0]["text"] == "Wann habt ihr auf?"


async def test_an_emergency_that_is_spoken_is_one(tmp_path: Path) -> None:
    """The words go past the first stage, with all that follows."""
    async with open_house(tmp_path, ears=Ear("Hilfe, hier ist jemand bewusstlos!"), on_call=1) as house:
        await _send(house)
        await house.alarms.drain()
        assert len(await house.alarms.open()) == 1


@pytest.mark.parametrize("error", [Refused("gone"), InvalidInput("not what was sent")])
async def test_what_cannot_be_heard_is_said(tmp_path: Path, error: Exception) -> None:
    async with open_house(tmp_path, ears=Ear("x", error)) as house:
        await _send(house)
        assert "Sprachnachrichten kann ich nicht anhören" in (await house.answers())[0]


async def test_what_cannot_be_fetched_now_waits(tmp_path: Path) -> None:
    """The turn is taken up again."""
    async with open_house(tmp_path, ears=Ear("x", Unavailable("away"))) as house:
        with pytest.raises(Unavailable):
            await _send(house)
        assert await house.answers() == []


async def test_with_nobody_to_listen_it_is_said(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await _send(house)
        assert "112" in (await house.answers())[0]


async def test_music_is_not_listened_to(tmp_path: Path) -> None:
    """Only what was spoken into the chat is meant for the gym."""
    ear = Ear("Tür auf")
    async with open_house(tmp_path, ears=ear) as house:
        await _send(house, voice=False)
        assert ear.heard == []
        assert house.lock.opened == 0


@dataclass
class FullDisk:
    """Stands where the first stage stands, on a disk that takes nothing."""

    asked: list[str] = field(default_factory=list)

    async def __call__(self, turn: Turn) -> Step:
        self.asked.append(turn.message.text)
        raise Unavailable("full")


async def test_what_was_not_looked_at_is_listened_to_again(tmp_path: Path) -> None:
    """Words that are kept are not listened to again: an emergency in them would never be seen."""
    ear, safety = Ear("Hilfe, hier ist jemand bewusstlos!"), FullDisk()
    async with open_house(tmp_path) as house:
        listen = Listen(house.database, house.clock, safety, ear, ear)
        note = replace(house.message("", kind="audio"), media=Media("media-1", "audio/ogg", voice=True))
        await house.reception.receive([note])
        with pytest.raises(Unavailable):
            await listen(Turn(note, Language.GERMAN))
        assert safety.asked == [ear.said]
        rows = await house.database.read("SELECT text FROM inbound")
        assert rows[0]["text"] == ""


@dataclass
class SlowEar(Ear):
    """Somebody does something while it listens."""

    meanwhile: Callable[[], Awaitable[None]] | None = None
    now: int = 0
    most: int = 0

    async def words(self, recording: bytes, mime: str, language: Language) -> str:
        self.now += 1
        self.most = max(self.most, self.now)
        if self.meanwhile is not None:
            await self.meanwhile()
        self.now -= 1
        return await super().words(recording, mime, language)


async def test_what_is_taken_back_while_it_is_heard_is_not_kept(tmp_path: Path) -> None:
    ear = SlowEar("Mein Knie ist operiert worden")
    async with open_house(tmp_path, ears=ear) as house:

        async def take_back() -> None:
            await house.reception.receive([replace(house.message("", kind="revoke"), refers_to="w1")])

        ear.meanwhile = take_back
        note = await _send(house)
        assert note.message_id == "w1"
        assert await house.answers() == []
        rows = await house.database.read("SELECT text FROM inbound")
        assert [row["text"] for row in rows] == ["", ""]


async def test_few_recordings_are_in_memory_at_once(tmp_path: Path) -> None:
    """Eight people speak; each note may be 16 MB."""
    ear = SlowEar("Wann habt ihr auf?", meanwhile=lambda: asyncio.sleep(0.01))
    async with open_house(tmp_path, ears=ear) as house:
        await asyncio.gather(*(_send(house) for _ in range(8)))
        assert len(ear.heard) == 8
        assert ear.most == 2
