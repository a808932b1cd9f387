"""kill -9 of the relay and of the box while people write: nothing that was acknowledged is lost or doubled.

``ARNI_RELAY_LIVES_KILLS`` says how often each of them dies; a hundred times takes some minutes.
"""

import asyncio
import os
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from support.clock import ManualClock
from support.house import House, open_house
from support.postgres import Postgres
from support.relay_lives import BadLine, Nursery, ids_in, nursery, webhook
from support.relay_server import Gym, RelayProcess, add_gym, post
from support.waiting import eventually, eventually_is
from support.whatsapp import no_progress, running

from arni_edge.channels.whatsapp import SOURCE, WhatsAppChannel, WhatsAppIntake
from arni_edge.domain.clock import SystemClock
from arni_edge.relay import Papers, RelayClient, RelayDesk, RelayPull
from arni_edge.relay.server import events, gyms
from arni_edge.relay.server.store import Store
from arni_edge.settings import Relay
from arni_edge.simulator.cloud import SimulatedCloud

_KILLS = int(os.environ.get("ARNI_RELAY_LIVES_KILLS", "1"))
_SENDERS = 3
_DICE = random.Random(112)
_RETENTION = timedelta(days=35)

pytestmark = pytest.mark.timeout(60 + 30 * _KILLS)


# --- kill -9 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    cluster = Postgres()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(params=["sqlite", "postgres"])
async def relay(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelayProcess]:
    database = request.getfixturevalue("postgres").database() if request.param == "postgres" else None
    process = RelayProcess(tmp_path, database=database)
    await asyncio.to_thread(process.start)
    yield process
    assert await asyncio.to_thread(process.stop) == 0, "".join(process.lines)


class _Person:
    """Writes one message after the other; Meta brings each until it was taken."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.acknowledged: list[str] = []

    async def write(self, http: httpx.AsyncClient, gym: Gym) -> None:
        while True:
            message_id = f"wamid.{self.name}-{len(self.acknowledged)}"
            body = webhook(message_id, f"49155500000{self.name}")
            if await self._is_taken(http, gym, body):
                self.acknowledged.append(message_id)
                await asyncio.sleep(_DICE.uniform(0.0, 0.02))

    async def _is_taken(self, http: httpx.AsyncClient, gym: Gym, body: bytes) -> bool:
        try:
            answer = await post(http, gym, body)
        except httpx.HTTPError:
            await asyncio.sleep(0.02)
            return False
        return answer.status_code == 200


async def test_nothing_acknowledged_is_lost_or_doubled_whoever_dies(
    relay: RelayProcess, tmp_path: Path
) -> None:
    async with relay.store() as store:
        gym = await add_gym(store, "gym", gyms.Secrets(), enrolled=False)
    folder = tmp_path / "box"
    folder.mkdir()
    client = RelayClient(Relay(url=relay.url), SystemClock(), Papers(folder / "relay"))
    await client.enroll(gym.code)
    await client.aclose()
    people = [_Person(str(number)) for number in range(_SENDERS)]
    line = BadLine(relay.port, _DICE, 0.25)
    async with (
        line.running(),
        httpx.AsyncClient(base_url=relay.url, trust_env=False, timeout=10) as http,
    ):
        with nursery(folder) as lives:
            async with running(*(one.write(http, gym) for one in people)):
                await asyncio.gather(_kill_the_box(lives, line.url, folder), _kill_the_relay(relay))
                await asyncio.sleep(0.3)
            await asyncio.to_thread(lives.begin, relay.url)
            async with relay.store() as store:
                log = await _log(store)
            # What so many short lives have left over is thousands of events.
            await eventually(lambda: _cursor(folder) == len(log), within=60.0 + len(log) / 50)
            await asyncio.to_thread(lives.kill)
    acknowledged = [one for person in people for one in person.acknowledged]
    taken = _taken(folder)
    assert lives.lives == _KILLS + 1
    assert acknowledged
    assert set(acknowledged) - set(taken) == set(), "acknowledged and lost"
    assert len(taken) == len(set(taken)), "doubled"
    assert taken == list(dict.fromkeys(log)), "not in the order of the relay"
    for person in people:
        theirs = [one for one in taken if one.startswith(f"wamid.{person.name}-")]
        assert theirs[: len(person.acknowledged)] == person.acknowledged
    print(
        f"\n{_KILLS} kills each: {len(acknowledged)} acknowledged, {len(log)} events,"
        f" {lives.worked} lives that died at work, {line.cuts} cuts"
    )


async def _kill_the_box(lives: Nursery, url: str, folder: Path) -> None:
    for _ in range(_KILLS):
        before = _cursor(folder)
        await asyncio.to_thread(lives.begin, url)
        # Most die at work, some before they begin.
        patience = _DICE.choice([0.0, 5.0, 5.0, 5.0])
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while _cursor(folder) <= before:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
        await asyncio.sleep(_DICE.uniform(0.0, 0.4))
        await asyncio.to_thread(lives.kill)
        lives.worked += _cursor(folder) > before


async def _kill_the_relay(relay: RelayProcess) -> None:
    for _ in range(_KILLS):
        await asyncio.sleep(_DICE.uniform(0.05, 0.6))
        await asyncio.to_thread(relay.kill)
        await asyncio.to_thread(relay.start)


async def _log(store: Store) -> list[str]:
    """All messages in the relay's log, with those that came twice."""
    found: list[str] = []
    after = 0
    while (page := await events.page(store, "gym", 1, after, events=500, size=10**8)) and page.events:
        for event in page.events:
            assert event.body is not None
            found += ids_in(event.body)
        after = page.events[-1].sequence
    return found


def _cursor(folder: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{folder / 'arni.db'}?mode=ro", uri=True)) as database:
            (row,) = database.execute("SELECT coalesce(max(sequence), 0) FROM relay_cursor")
            return int(row[0])
    except sqlite3.OperationalError:  # before the first life, or in the middle of its first breath
        return 0


def _taken(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "arni.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [row[0] for row in database.execute("SELECT message_id FROM inbound ORDER BY id")]


# --- away for long ------------------------------------------------------------------------------------------


class _Away:
    """A house whose box and relay share one clock, so that weeks pass in a moment."""

    def __init__(self, cloud: SimulatedCloud, house: House, folder: Path) -> None:
        self.cloud, self.house = cloud, house
        intake = WhatsAppIntake(house.database, house.clock, house.reception)
        channel = WhatsAppChannel(cloud.whatsapp_settings(), intake)
        self.client = RelayClient(
            cloud.relay_settings(wait_seconds=0.2), house.clock, Papers(folder / "relay")
        )
        self.told = 0
        self.desk = RelayDesk(house.database, {SOURCE: channel.consume}, on_loss=[self._tell])

    async def _tell(self, *_: object) -> None:
        self.told += 1

    @asynccontextmanager
    async def online(self) -> AsyncIterator[None]:
        pull = RelayPull(self.client, self.desk, clock=self.house.clock, health=lambda *_: None)
        async with running(pull.run(no_progress), self.house.turns.run(no_progress)):
            yield

    async def is_caught_up(self) -> None:
        newest = self.cloud.relay.log.newest

        async def done() -> tuple[int, int]:
            (row,) = await self.house.database.read(
                "SELECT count(*) AS waiting FROM inbound WHERE state = 'received'"
            )
            return (await self.desk.position()).sequence, int(row["waiting"])

        await eventually_is(done, lambda found: found == (newest, 0))


@pytest.mark.parametrize(
    ("away", "answered", "lost"),
    [
        (timedelta(minutes=1), 1, False),
        (timedelta(hours=26), 0, False),
        (timedelta(days=8), 0, False),
        (timedelta(days=40), 0, True),
    ],
    ids=["1 min", "26 h", "8 d", "40 d"],
)
async def test_a_box_that_was_away_takes_everything_and_answers_nothing_stale(
    tmp_path: Path, away: timedelta, answered: int, lost: bool
) -> None:
    clock = ManualClock()
    async with SimulatedCloud(clock=clock) as cloud, open_house(tmp_path) as house:
        box = _Away(cloud, house, tmp_path)
        await cloud.relay.enroll(Papers(tmp_path / "relay"))
        mia = cloud.phones.add("+49 1512 3456789", "Mia")

        async def write(text: str) -> None:
            before = cloud.relay.log.newest
            mia.send(text)
            await eventually(lambda: cloud.relay.log.newest > before)

        async with box.online():
            await write("Danke")
            await box.is_caught_up()
        before = len(await house.answers())
        await write("Wie voll ist es gerade?")
        await write("Tür auf")
        for one in (clock, house.clock):
            one.advance(away.total_seconds())
        await events.expire_all(cloud.relay.store, clock.now(), _RETENTION)
        async with box.online():
            await write("Danke euch")
            await box.is_caught_up()
        texts = [row["text"] for row in await house.database.read("SELECT text FROM inbound ORDER BY id")]
        while_away = [] if lost else ["Wie voll ist es gerade?", "Tür auf"]
        assert texts == ["Danke", *while_away, "Danke euch"]
        assert house.lock.opened == answered, "the door opens for who stands there now"
        assert len(await house.answers()) - before == 1 + 2 * answered
        loss = await box.desk.last_loss()
        assert (box.told, loss is not None) == (int(lost), lost)
        if loss is not None:
            assert (loss.after, loss.oldest) == (1, 4)
        await box.client.aclose()
