"""The relay on both of its databases. Everything here runs on one worker: it shares one PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from support.postgres import Postgres
from support.relay_server import RelayProcess

from arni_edge.relay.server.postgres import PostgresStore
from arni_edge.relay.server.sqlite import SqliteStore
from arni_edge.relay.server.store import Store, Transaction

KINDS = ["sqlite", "postgres"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("relay-server"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    cluster = Postgres()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres) -> str:
    """One database that tests empty before they use it: making one takes longer than they do."""
    return postgres.database()


@pytest.fixture(params=KINDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty database that is being run."""
    opened: Store
    if request.param == "sqlite":
        opened = await SqliteStore.open(tmp_path / "relay.db")
    else:
        opened = await PostgresStore.open(request.getfixturevalue("shared_database"))
        await opened.write(_empty)
    running = asyncio.create_task(opened.run(lambda _: None, lambda: None))
    try:
        yield opened
    finally:
        running.cancel()
        await asyncio.wait({running})
        await opened.aclose()


async def _empty(tx: Transaction) -> None:
    await tx.execute("DELETE FROM gym")


LIMITS = """
[limits]
body_megabytes = 0.5
answer_seconds = 1.5
header_seconds = 1.0
requests_per_gym = 3
batch_events = 5
batch_megabytes = 0.6
"""


@pytest.fixture(scope="session", params=KINDS)
def relay(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RelayProcess]:
    """A relay process with small limits; tests share it, each with gyms of its own."""
    database = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres").database()
    process = RelayProcess(tmp_path_factory.mktemp("relay"), database=database, settings=LIMITS)
    process.start()
    yield process
    assert process.stop() == 0, "".join(process.lines)


@pytest.fixture
async def http(relay: RelayProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=relay.url, trust_env=False, verify=False, timeout=20) as client:
        yield client
