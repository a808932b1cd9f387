"""Spoken announcements: the real espeak-ng, and players that write what they hear into a pipe."""

import asyncio
import io
import os
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.daemon.acts import RANKS as ACT_RANKS
from arni_edge.daemon.announcer import InsideVoice, Rank, Speaker
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import AnnouncementDue
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

GERMAN, ENGLISH = Language.GERMAN, Language.ENGLISH
RANKS = {"announce.alarm": Rank.ALARM, "announce.down": Rank.QUESTION}
ALARM, QUESTION, NOTICE = "announce.alarm.help", "announce.down", "announce.drill"
PREPARED = [(ALARM, GERMAN), (ALARM, ENGLISH)]

pytestmark = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@dataclass
class Gym:
    """A speaker, what its player was given (one WAV after the other), and what it says of itself."""

    speaker: Speaker
    played: list[bytes]
    health: list[tuple[State, str]]

    def ready(self) -> bool:
        return bool(self.health) and self.health[-1][0] is State.OK

    @property
    def seconds(self) -> list[float]:
        lengths = []
        for sound in self.played:
            with wave.open(io.BytesIO(sound)) as file:
                lengths.append(file.getnframes() / file.getframerate())
        return lengths


@asynccontextmanager
async def gym(
    tmp_path: Path, *, sounds: float = 0.0, command: list[str] | None = None, renderer: str = "espeak-ng"
) -> AsyncIterator[Gym]:
    """A gym whose player takes ``sounds`` seconds after it has heard everything."""
    pipe = tmp_path / "ear"
    os.mkfifo(pipe)
    ear = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    heard, house = bytearray(), Gym(None, [], [])  # type: ignore[arg-type]

    def listen() -> None:
        try:
            heard.extend(os.read(ear, 1 << 20))
        except BlockingIOError:
            return
        while len(heard) >= 8 and len(heard) >= (size := int.from_bytes(heard[4:8], "little") + 8):
            house.played.append(bytes(heard[:size]))
            del heard[:size]

    play = ["sh", "-c", f"cat > '{pipe}'; exec sleep {sounds}"]
    house.speaker = Speaker(
        Catalogue.load(),
        SystemClock(),
        command or play,
        ranks=RANKS,
        prepared=PREPARED,
        health=lambda state, reason: house.health.append((state, reason)),
        renderer=renderer,
    )
    loop = asyncio.get_running_loop()
    loop.add_reader(ear, listen)
    try:
        async with running(house.speaker.run):
            yield house
    finally:
        loop.remove_reader(ear)
        os.close(ear)


async def test_an_alarm_is_spoken_in_both_languages_from_memory(tmp_path: Path) -> None:
    async with gym(tmp_path) as house:
        await eventually(house.ready)
        evidence = await house.speaker.announce(ALARM, GERMAN, ENGLISH)
        assert evidence.startswith("spoke after ")
        await eventually(lambda: house.played)
        (seconds,) = house.seconds
        assert 5 < seconds < 30
        assert [one.name for one in os.scandir(tmp_path)] == ["ear"]


async def test_the_same_words_are_not_said_twice_at_once(tmp_path: Path) -> None:
    async with gym(tmp_path, sounds=30.0) as house:
        await eventually(house.ready)
        await house.speaker.announce(ALARM, GERMAN)
        await house.speaker.announce(ALARM, GERMAN)
        await eventually(lambda: house.played)
        assert len(house.played) == 1


async def test_an_alarm_ends_what_is_being_said_and_goes_first(tmp_path: Path) -> None:
    async with gym(tmp_path, sounds=30.0) as house:
        await eventually(house.ready)
        await house.speaker.announce(NOTICE, GERMAN)
        await eventually(lambda: len(house.played) == 1)
        waiting = asyncio.create_task(house.speaker.announce(QUESTION, GERMAN))
        await eventually(lambda: len(house.played) == 2)
        await house.speaker.announce(ALARM, ENGLISH)
        await eventually(lambda: len(house.played) == 3)
        await waiting
        alarm = house.seconds[2]
        assert alarm != house.seconds[1]


async def test_a_notice_waits_for_the_alarm_to_end(tmp_path: Path) -> None:
    async with gym(tmp_path, sounds=0.6) as house:
        await eventually(house.ready)
        await house.speaker.announce(ALARM, GERMAN)
        notice = asyncio.create_task(house.speaker.announce(NOTICE, GERMAN))
        await eventually(lambda: len(house.played) == 1)
        assert not notice.done()
        await notice
        await eventually(lambda: len(house.played) == 2)


async def test_a_player_that_is_missing_is_told_before_it_is_needed(tmp_path: Path) -> None:
    async with gym(tmp_path, command=["no-such-player"]) as house:
        await eventually(
            lambda: (State.DEGRADED, "no-such-player is not installed; see alarms.speaker") in house.health
        )
        with pytest.raises(Unavailable, match="cannot be started"):
            await house.speaker.announce(ALARM, GERMAN)


async def test_a_player_without_a_loudspeaker_is_a_failure(tmp_path: Path) -> None:
    async with gym(tmp_path, command=["sh", "-c", "exit 3"]) as house:
        with pytest.raises(Unavailable, match="exit code 3"):
            await house.speaker.announce(ALARM, GERMAN)
        assert house.health[-1][0] is State.DEGRADED


async def test_without_espeak_nothing_is_claimed(tmp_path: Path) -> None:
    async with gym(tmp_path, renderer="no-such-voice") as house:
        with pytest.raises(Unavailable, match="no-such-voice"):
            await house.speaker.announce(ALARM, GERMAN)
        await eventually(lambda: house.health and house.health[-1][0] is State.DEGRADED)
        assert house.played == []


async def test_a_player_that_starts_others_is_ended_with_them(tmp_path: Path) -> None:
    """A script of the owner's: what it has started must neither go on speaking nor hold up the alarm."""
    begun = tmp_path / "begun"
    async with gym(tmp_path, command=["sh", "-c", f"echo >> '{begun}'; sleep 30; true"]) as house:
        await eventually(house.ready)
        await house.speaker.announce(NOTICE, GERMAN)
        async with asyncio.timeout(4):
            await house.speaker.announce(ALARM, GERMAN)
        assert begun.read_text() == "\n\n"


def test_who_has_to_leave_hears_it_first_and_a_test_last() -> None:
    assert ACT_RANKS["announce.alarm.fire"] < ACT_RANKS["announce.alarm"] < ACT_RANKS["announce.drill"]
    assert ACT_RANKS["announce.alone.fire"] < ACT_RANKS["announce.alone"]


async def test_what_a_rule_of_the_building_wants_said_inside_is_spoken(tmp_path: Path) -> None:
    bus, clock = Bus(), SystemClock()
    due = AnnouncementDue(at=clock.now(), audience="inside", notice="closing_soon", number=15)
    async with gym(tmp_path) as house:
        voice = InsideVoice(bus, clock, house.speaker, (GERMAN, ENGLISH))
        async with running(voice.run):
            bus.publish(due.model_copy(update={"audience": "staff"}))
            bus.publish(due.model_copy(update={"at": due.at - timedelta(minutes=5)}))  # would not be true
            bus.publish(due.model_copy(update={"notice": "no_such_words"}))
            bus.publish(due)
            await eventually(lambda: house.played)
            (seconds,) = house.seconds
            assert 4 < seconds < 20


async def test_what_cannot_be_said_ends_nothing(tmp_path: Path) -> None:
    bus, clock = Bus(), SystemClock()
    due = AnnouncementDue(at=clock.now(), audience="inside", notice="closing_soon", number=15)
    with capture_logs() as logs:
        async with gym(tmp_path, command=["no-such-player"]) as house:
            voice = InsideVoice(bus, clock, house.speaker, (GERMAN,))
            async with running(voice.run):
                for _ in range(2):
                    bus.publish(due)
                await eventually(lambda: [one["event"] for one in logs].count("not_announced_inside") == 2)
