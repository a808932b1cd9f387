"""The database's machine dies or hangs under load, and its standby takes over: nothing acknowledged is lost.

``ARNI_RELAY_FAILOVERS`` says how often; half of each round is spent to make two clusters.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from support.postgres import Postgres
from support.relay_server import Gym, RelayProcess, add_gym, everything, post, pull
from support.relay_traffic import Reader, Sender, check, going_on
from support.waiting import eventually, eventually_is

from arni_edge.domain.errors import Unavailable
from arni_edge.relay.server import events, gyms
from arni_edge.relay.server.postgres import PostgresStore

_FAILOVERS = int(os.environ.get("ARNI_RELAY_FAILOVERS", "1"))
_SOME = 5
_WITHIN = 60.0
_LIMITS = "[limits]\nanswer_seconds = 1.0\n"

pytestmark = [pytest.mark.timeout(240), pytest.mark.parametrize("failover", range(_FAILOVERS))]


class _Pair:
    """A primary, and the standby that has to confirm each commit."""

    def __init__(self) -> None:
        self.primary = Postgres()
        self.standby: Postgres | None = None

    def start(self) -> None:
        # What is tried here are machines that are gone, not disks: without this it takes twice as long.
        self.primary.start(synchronous_standby_names="standby", fsync="off")
        self.standby = Postgres(copy_of=self.primary)
        self.standby.start(fsync="off")
        self.name = self.primary.database().rpartition("/")[2]

    def url(self, *clusters: Postgres) -> str:
        """As docs/relay.md says it."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in clusters)
        return f"postgresql://relay@{hosts}/{self.name}?target_session_attrs=read-write"

    def remove(self) -> None:
        if self.standby is not None:
            self.standby.remove()
        self.primary.remove()


@pytest.fixture
def pair() -> Iterator[_Pair]:
    made = _Pair()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def relays(pair: _Pair, tmp_path: Path) -> Iterator[list[RelayProcess]]:
    """Two instances on one database."""
    assert pair.standby is not None
    both = pair.url(pair.primary, pair.standby)
    made = [RelayProcess(tmp_path, database=both, settings=_LIMITS) for _ in range(2)]
    try:
        with ThreadPoolExecutor() as threads:
            list(threads.map(RelayProcess.start, made))
        yield made
        # Whatever happened to the database, no request ended in a bug.
        assert "crashed" not in "".join(line for one in made for line in one.lines)
    finally:
        for one in made:
            one.stop()


@asynccontextmanager
async def _clients(relays: Sequence[RelayProcess]) -> AsyncIterator[list[httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=one.url, trust_env=False, verify=False, timeout=30)
            )
            for one in relays
        ]


async def _gym(relay: RelayProcess) -> Gym:
    async with relay.store() as store:
        return await add_gym(store, "gym-a", gyms.Secrets(magicline_key="key"))


async def _what_only_the_primary_has_is_shown_to_nobody(
    pair: _Pair, standby: Postgres, gym: Gym, http: httpx.AsyncClient
) -> None:
    assert (await post(http, gym, b"0 both have it")).status_code == 200
    standby.send(signal.SIGSTOP)
    try:
        # PostgreSQL ends the wait for the standby when a COMMIT is cancelled, and shows what it has.
        assert (await post(http, gym, b"1 only the primary has it")).status_code == 503
        answer = (await pull(http, gym, 1, wait=0.5)).json()
        assert (answer["newest"], answer["events"]) == (1, [])
    finally:
        standby.send(signal.SIGCONT)

    async def newest() -> int:
        return int((await pull(http, gym, 1)).json()["newest"])

    # Its sender was told to come again, and may do so.
    await eventually_is(newest, lambda number: number == 2, within=_WITHIN)
    # A cluster without any primary is one that is away for a moment, not a wrong setting.
    with pytest.raises(Unavailable):
        await PostgresStore.open(pair.url(standby, standby))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "hangs"])
async def test_the_standby_takes_over(
    pair: _Pair, relays: list[RelayProcess], end: signal.Signals, failover: int
) -> None:
    standby = pair.standby
    assert standby is not None
    gym = await _gym(relays[0])
    senders, reader = [Sender(f"s{number}") for number in range(4)], Reader()

    async def more_acknowledged() -> None:
        had = [len(one.acknowledged) for one in senders]
        await eventually(
            lambda: all(len(one.acknowledged) >= n + _SOME for one, n in zip(senders, had, strict=True)),
            within=_WITHIN,
        )

    async def all_refused() -> None:
        had = [one.refused for one in senders]
        await eventually(
            lambda: all(one.refused > n for one, n in zip(senders, had, strict=True)), within=_WITHIN
        )

    async with _clients(relays) as https:
        if end is signal.SIGSTOP:
            await _what_only_the_primary_has_is_shown_to_nobody(pair, standby, gym, https[0])
        work = [one.run(https[number % 2], gym) for number, one in enumerate(senders)]
        async with going_on(*work, reader.run(https, gym)):
            await more_acknowledged()
            await asyncio.to_thread(pair.primary.send, end)
            await all_refused()  # the answers to what was on its way
            had = [len(one.acknowledged) for one in senders]
            await all_refused()
            assert had == [len(one.acknowledged) for one in senders]
            await asyncio.to_thread(standby.promote)
            await more_acknowledged()
        check(await everything(https[0], gym), senders, reader)
        if end is signal.SIGSTOP:
            await _old_primary_comes_back(pair, gym, https)
    said = f"{sum(len(one.acknowledged) for one in senders)} acknowledged"
    print(f"failover {failover}, {end.name}: {said}, {sum(one.refused for one in senders)} refused")


async def _old_primary_comes_back(pair: _Pair, gym: Gym, https: list[httpx.AsyncClient]) -> None:
    """It still takes itself for the primary; nobody confirms its commits."""
    pair.primary.send(signal.SIGCONT)
    for http in https:
        log = await everything(http, gym)
        assert (await post(http, gym, b"to the new one")).status_code == 200
        assert (await everything(http, gym))[-1]["sequence"] == len(log) + 1
    old = await PostgresStore.open(pair.url(pair.primary))
    try:
        before = await events.page(old, gym.id, gym.epoch, 0, events=10_000, size=10**9)
        with pytest.raises(Unavailable):
            await events.append(
                old, gym.id, "whatsapp", at=datetime.now(UTC), body=b"x", signature=None, deadline=1.0
            )
        assert await events.page(old, gym.id, gym.epoch, 0, events=10_000, size=10**9) == before
    finally:
        await old.aclose()
