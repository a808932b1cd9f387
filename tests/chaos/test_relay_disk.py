"""A disk that takes nothing: what can wait waits; whoever is in need is heard behind whatever it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.disks import grow_the_log, no_file_grows
from support.house import House, open_house
from support.waiting import eventually, eventually_is
from support.whatsapp import no_progress, running

from arni_edge.channels.whatsapp import SOURCE, WhatsAppChannel, WhatsAppIntake
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.relay import Papers, RelayClient, RelayDesk, RelayEvent, RelayPull
from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.phones import Phone
from arni_edge.storage.relay_cursor import Position

MIA, BEN, LEA = "+49 1512 3456789", "+49 1522 3433333", "+49 1522 4444444"


class Line:
    """A house at the end of a real relay."""

    def __init__(self, cloud: SimulatedCloud, house: House, papers: Papers) -> None:
        settings = cloud.whatsapp_settings()
        intake = WhatsAppIntake(house.database, house.clock, house.reception)
        channel = WhatsAppChannel(settings, intake)
        self.cloud, self.house = cloud, house
        self.health: list[tuple[State, str]] = []
        self.client = RelayClient(cloud.relay_settings(wait_seconds=20), SystemClock(), papers)
        self.desk = RelayDesk(house.database, {SOURCE: channel.consume}, urgent={SOURCE: channel.heed})
        self.pull = RelayPull(
            self.client,
            self.desk,
            clock=SystemClock(),
            health=lambda *said: self.health.append(said),
            longest_backoff=30.0,
        )

    async def send(self, phone: Phone, text: str) -> None:
        before = self.cloud.relay.log.newest
        phone.send(text)
        await eventually(lambda: self.cloud.relay.log.newest > before)

    async def texts(self) -> list[str]:
        return [row["text"] for row in await self.house.database.read("SELECT text FROM inbound ORDER BY id")]

    async def causes(self) -> list[str]:
        rows = await self.house.database.read("SELECT cause FROM alarms ORDER BY raised_at")
        return [row["cause"] for row in rows]


@asynccontextmanager
async def a_line(path: Path) -> AsyncIterator[Line]:
    async with SimulatedCloud() as cloud, open_house(path) as house:
        await grow_the_log(house.database)
        papers = Papers(path / "relay")
        await cloud.relay.enroll(papers)
        line = Line(cloud, house, papers)
        try:
            yield line
        finally:
            await line.client.aclose()


async def test_an_emergency_does_not_wait_behind_what_cannot_be_stored(tmp_path: Path) -> None:
    async with a_line(tmp_path) as line:
        mia, ben, lea = (line.cloud.phones.add(number, number) for number in (MIA, BEN, LEA))
        await line.send(mia, "Wie voll ist es?")
        await line.send(ben, "Hilfe, ich werde angegriffen!")
        await line.send(mia, "Danke")
        lit = line.house.act
        with no_file_grows(tmp_path / "arni.db"):
            async with running(line.pull.run(no_progress)):
                await eventually(lambda: lit.done == 1)
                await eventually(lambda: line.health and line.health[-1][0] is State.DOWN)
                # Behind all that was there when the disk failed: heard by listening, not at the next try.
                for number in range(3):
                    await line.send(mia, f"Noch etwas {number}")
                await line.send(lea, "Es brennt!")
                await eventually(lambda: lit.done == 2)
                assert await line.desk.position() == Position()
                assert await line.texts() == []
        line.pull._backoff.forget()
        async with running(line.pull.run(no_progress)):
            await eventually_is(
                line.desk.position, lambda found: found.sequence == line.cloud.relay.log.newest
            )
        texts = await line.texts()
        assert sorted(texts) == sorted(set(texts))
        assert [text for text in texts if text not in {"Hilfe, ich werde angegriffen!", "Es brennt!"}] == [
            "Wie voll ist es?",
            "Danke",
            *(f"Noch etwas {number}" for number in range(3)),
        ]
        await eventually_is(line.causes, lambda found: len(found) == 2)
        assert lit.done == 2
        # Listening is no reading: the box does not take itself for a backup, and everybody is answered.
        assert await line.house.database.read("SELECT 1 FROM relay_rereads") == []
        assert await line.house.database.read("SELECT 1 FROM inbound WHERE intent = 'read_again'") == []


async def test_many_in_one_event_are_all_looked_at(tmp_path: Path) -> None:
    """Meta puts up to a thousand updates into one webhook."""
    async with a_line(tmp_path) as line:
        house = line.house
        told = [house.message(text) for text in ("Hallo", "Hilfe, ich werde angegriffen!", "Danke")]
        with no_file_grows(tmp_path / "arni.db"):
            with pytest.raises(Unavailable):
                await house.reception.receive(told)
            assert house.act.done == 1
        await house.reception.receive(told)
        assert sorted(await line.texts()) == ["Danke", "Hallo", "Hilfe, ich werde angegriffen!"]
        assert house.act.done == 1


async def test_a_database_that_cannot_be_read_does_not_stop_the_line(tmp_path: Path) -> None:
    """How far it has come is known in memory: it goes on from there."""
    async with SimulatedCloud() as cloud, open_house(tmp_path) as house:
        papers = Papers(tmp_path / "relay")
        await cloud.relay.enroll(papers)
        line = Line(cloud, house, papers)
        tried: list[int] = []

        async def fails_twice(event: RelayEvent) -> None:
            tried.append(event.sequence)
            if tried.count(2) in {1, 2}:
                raise Unavailable("the disk is full")

        class Blind(RelayDesk):
            reads = 0

            async def position(self) -> Position:
                self.reads += 1
                if self.reads > 1:
                    raise Unavailable("the disk cannot be read")
                return await super().position()

        desk = Blind(house.database, {SOURCE: fails_twice})
        pull = RelayPull(line.client, desk, clock=SystemClock(), health=lambda *_: None, longest_backoff=0.1)
        phone = cloud.phones.add(MIA, "Mia")
        async with running(pull.run(no_progress)):
            for text in ("eins", "zwei", "drei"):
                await line.send(phone, text)
            await eventually(lambda: 3 in tried)
            await asyncio.sleep(0)
        assert tried == [1, 2, 2, 2, 3]
        await line.client.aclose()
