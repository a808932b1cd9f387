"""A backup is put back, or another box takes over: what was read before is done by nobody a second time."""

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from support.clock import PassingClock
from support.house import MIA
from support.relay_house import RelayTalk, a_life
from support.talk import KIM
from support.unsaid import notice_to, posts
from support.waiting import eventually, eventually_is

from arni_edge.domain.messages import Channel, OutboundMessage
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.phones import Phone
from arni_edge.storage import Database, Transaction, credentials, outbox
from arni_edge.storage.credentials import Visit

WELCOME = "KI"


@dataclass
class Gym:
    """The world outside of the box, which no backup takes back."""

    cloud: SimulatedCloud
    clock: PassingClock
    phone: Phone
    codes: list[str] = field(default_factory=list)
    opened: int = 0

    async def hears(self, words: str) -> None:
        """Mia reads something."""
        await eventually(lambda: any(words in one.text for one in self.phone.inbox))

    async def settled(self, talk: RelayTalk) -> None:
        """Everything was read, also what Meta reports of what was sent, and nothing is under way."""

        async def quiet() -> bool:
            states = {row["state"] for row in await talk.house.database.read("SELECT state FROM outbox")}
            done = not states & {"queued", "sending", "retry", "uncertain"}
            return done and await talk.read() == self.cloud.relay.log.newest and not talk.pull.away_since

        await eventually_is(quiet, bool)
        await talk.handled()

    def note(self, talk: RelayTalk) -> None:
        """What was done in a life."""
        self.codes += [text for _, text in talk.house.sms.sent]
        self.opened += talk.house.lock.opened


@pytest.fixture
async def gym() -> AsyncIterator[Gym]:
    clock = PassingClock()
    async with SimulatedCloud(clock=clock) as cloud:
        yield Gym(cloud, clock, cloud.phones.add(MIA.phone, "Mia"))


async def _until(gym: Gym, written: str, words: str) -> None:
    """Mia writes, and reads an answer with these words, after everything that she has read so far."""
    heard = len(gym.phone.inbox)
    gym.phone.send(written)
    await eventually(lambda: any(words in one.text for one in gym.phone.inbox[heard:]))


def _a_visit(talk: RelayTalk) -> Visit:
    now = talk.house.clock.now()
    return Visit("v1", "Paket", ("front",), {}, now, now + timedelta(days=30), 1, b"s" * 16, b"d" * 32)


async def _put(database: Database, *messages: OutboundMessage, at: PassingClock) -> None:
    async def unit(tx: Transaction) -> None:
        for message in messages:
            await outbox.add(tx, message, at.now())

    await database.write(unit)


@pytest.mark.parametrize("later", [timedelta(minutes=20), timedelta(days=3)])
async def test_a_backup_does_nothing_a_second_time(tmp_path: Path, gym: Gym, later: timedelta) -> None:
    """One welcome, one code, one cancellation, one opening, each letter once; staff are told how it is."""
    clock, phone = gym.clock, gym.phone
    async with a_life(tmp_path, gym.cloud, clock) as talk:
        await _until(gym, "Hallo", "KI")
        await talk.house.database.write(lambda tx: credentials.add_visit(tx, _a_visit(talk), clock.now()))
        await gym.settled(talk)
        gym.cloud.graph.down = True  # one letter waits when the backup is made
        letter = OutboundMessage("letter", Channel.WHATSAPP, phone.digits, "Dein Handtuch liegt hier.")
        await _put(talk.house.database, letter, at=clock)
    (tmp_path / "backup").mkdir()
    shutil.copy(tmp_path / "arni.db", tmp_path / "backup" / "arni.db")

    gym.cloud.graph.down = False
    async with a_life(tmp_path, gym.cloud, clock) as talk:
        await gym.hears("Handtuch")
        await _until(gym, "Mach bitte die Tür auf", "offen")
        await _until(gym, "Hiermit kündige ich meinen Vertrag fristgerecht", "per SMS")
        await _until(gym, await talk.code(), "KÜNDIGEN")
        await _until(gym, "KÜNDIGEN", "eingegangen")
        await eventually_is(talk.tickets, lambda tickets: tickets)
        await talk.house.database.write(lambda tx: credentials.count_visit(tx, "v1"))
        await gym.settled(talk)
        gym.note(talk)
    read, heard = len(phone.sent), [one.text for one in phone.inbox]
    assert (len(gym.codes), gym.opened) == (1, 1)
    clock.advance(later.total_seconds())

    shutil.copy(tmp_path / "backup" / "arni.db", tmp_path / "arni.db")
    for left in ("arni.db-wal", "arni.db-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    async with a_life(tmp_path, gym.cloud, clock) as talk:
        await gym.settled(talk)
        assert [one.text for one in phone.inbox] == heard
        assert sum(WELCOME in text for text in heard) == 1
        assert await talk.actions() == []
        assert await talk.tickets() == []
        (visit,) = await credentials.list_visits(talk.house.database)
        assert visit.uses == 1, "a code that opens once opens again"
        clock.advance(11)
        await notice_to(talk.house, KIM).look()
        (text,) = await posts(talk.house)
        assert "mit einer Sicherung weiter" in text
        assert f"{read - 1} Nachrichten aus der Zeit danach" in text
        await _until(gym, "Wie voll ist es?", "Zählung")  # whoever writes now is answered
        gym.note(talk)
    assert (len(gym.codes), gym.opened) == (1, 1)
    async with a_life(tmp_path, gym.cloud, clock) as talk:  # it is told once, and no backup any more
        await gym.settled(talk)
        clock.advance(11)
        await notice_to(talk.house, KIM).look()
        assert len(await posts(talk.house)) == 1
        assert await talk.house.database.read("SELECT 1 FROM relay_rereads") != []


async def test_a_code_that_was_open_in_the_backup_is_void(tmp_path: Path, gym: Gym) -> None:
    """Whether it was used since, or how often somebody tried, nobody knows; what it would prove neither."""
    async with a_life(tmp_path, gym.cloud, gym.clock) as talk:
        await _until(gym, "Hiermit kündige ich meinen Vertrag fristgerecht", "per SMS")
        digits = await talk.code()
        await gym.settled(talk)
        await talk.house.database.write(lambda tx: tx.execute("UPDATE identity_codes SET tries = 1"))
    shutil.copy(tmp_path / "arni.db", tmp_path / "backup")
    async with a_life(tmp_path, gym.cloud, gym.clock) as talk:
        await _until(gym, digits, "KÜNDIGEN")
        await gym.settled(talk)
    shutil.copy(tmp_path / "backup", tmp_path / "arni.db")
    for left in ("arni.db-wal", "arni.db-shm"):
        (tmp_path / left).unlink(missing_ok=True)
    async with a_life(tmp_path, gym.cloud, gym.clock) as talk:
        await gym.settled(talk)
        gym.phone.send(digits)
        await gym.settled(talk)
        assert await talk.house.database.read("SELECT 1 FROM assurances") == []
        assert await talk.house.database.read("SELECT 1 FROM errands") == []
        assert await talk.actions() == []


async def test_a_box_that_replaces_another_answers_nothing_that_was_read(tmp_path: Path, gym: Gym) -> None:
    """What came after the other one died is its own; of what that one had read it says only that."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
    async with a_life(old, gym.cloud, gym.clock) as talk:
        await _until(gym, "Hallo", "KI")
        gym.phone.send("Hilfe, jemand liegt am Boden")
        await gym.settled(talk)
        await _until(gym, "Wie voll ist es?", "Zählung")
        await gym.settled(talk)
    gym.phone.send("Ist da noch wer?")
    await eventually(lambda: gym.cloud.relay.log.newest)
    heard = len(gym.phone.inbox)
    gym.clock.advance(timedelta(hours=13).total_seconds())
    gym.phone.send("Seid ihr wieder da?")
    async with a_life(new, gym.cloud, gym.clock) as talk:
        await eventually(lambda: len(gym.phone.inbox) == heard + 2)  # the late one, and the new one
        await gym.settled(talk)
        assert not await talk.house.database.read("SELECT 1 FROM alarms")
        gym.clock.advance(11)
        await notice_to(talk.house, KIM).look()
        (text,) = await posts(talk.house)
        assert "Diese Box ersetzt eine andere. 2 Nachrichten" in text
        assert re.search(r"1 Hilferuf .*\n- .*Mia \(…789\), medizinischer Notfall", text)
        assert "War schon einmal angekommen" in text
