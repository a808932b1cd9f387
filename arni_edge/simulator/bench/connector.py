"""Events a second into the relay and out of it into the box, beside rows a second into a bare database.

All in one process and one run: the relay is its application without an HTTP server in front (ASGI), the
box is real from the long poll to the inbox. Bare is one row, committed and synced, after the other.
"""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import httpx
from pydantic import SecretStr

from arni_edge.channels.whatsapp import SOURCE, WhatsAppChannel, WhatsAppIntake
from arni_edge.conversation import Pipeline, Reception, Turns
from arni_edge.conversation.stages.deduplicate import Deduplicate
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.relay import Papers, RelayClient, RelayDesk, RelayPull
from arni_edge.relay.server import gyms
from arni_edge.relay.server.app import Relay
from arni_edge.relay.server.stores import open_store
from arni_edge.relay.signature import HEADER, sign
from arni_edge.settings import Relay as RelaySettings
from arni_edge.settings import WhatsApp
from arni_edge.settings.relay_server import Database as DatabaseSettings
from arni_edge.settings.relay_server import RelayServer, Server
from arni_edge.simulator.relay import SimulatedRelay
from arni_edge.simulator.serve import serve
from arni_edge.storage import Database

_SECRET: Final = "bench"  # noqa: S105 - of nobody
_NUMBER: Final = "106540352242922"
_TOGETHER: Final = 30
_WORDS: Final = "Wann habt ihr am Samstag offen, und ist in der Sauna noch ein Platz frei? " * 4

Sending = Callable[[int], Awaitable[None]]


Figures = dict[str, float]


async def bench_connector(events: int, postgres: str | None) -> dict[str, Any]:
    """Measure it.

    Args:
        events: How many of each kind.
        postgres: Address of an empty PostgreSQL database; None: that part is left out.

    Returns:
        ``sqlite`` and ``postgres``: of a bare database ``bare_rows_per_second``; of the relay on it
        ``ingest_per_second`` by one sender and ``ingest_together_per_second`` by 30; ``sqlite`` has the box's
        ``catch_up_per_second`` too. Each with its ``…_ratio`` to the bare rows. ``postgres`` is None when it
        was not measured.

    Raises:
        Unavailable: A database cannot be reached, or an event was not taken.
    """
    # The other database first: that it is away is told before anybody has waited for this one.
    other = None if postgres is None else await _on_postgres(postgres, events)
    with tempfile.TemporaryDirectory(prefix="arni-bench-") as name:
        folder = Path(name)
        bare = await asyncio.to_thread(_bare_rows, folder / "bare.db", events)
        own = _relay(bare, *await _ingest(RelayServer(**_server(folder)), events))
        caught_up = await _catch_up(folder, events)
        own |= {"catch_up_per_second": caught_up, "catch_up_ratio": caught_up / bare}
    return {"events": events, "sqlite": _rounded(own), "postgres": other and _rounded(other)}


async def _on_postgres(postgres: str, events: int) -> Figures:
    bare = await _bare_postgres(postgres, events)
    with tempfile.TemporaryDirectory(prefix="arni-bench-") as name:
        settings = _server(Path(name)) | {"database": DatabaseSettings(url=SecretStr(postgres))}
        return _relay(bare, *await _ingest(RelayServer(**settings), events))


def _relay(bare: float, alone: float, together: float) -> Figures:
    return {
        "bare_rows_per_second": bare,
        "ingest_per_second": alone,
        "ingest_ratio": alone / bare,
        "ingest_together_per_second": together,
        "ingest_together_ratio": together / bare,
    }


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, 3) for name, value in figures.items()}


def _server(folder: Path) -> dict[str, Any]:
    return {
        "server": Server(public_url="http://127.0.0.1"),
        "database": DatabaseSettings(path=folder / "relay.db"),
    }


def webhook(number: int) -> bytes:
    """One message, as Meta sends it."""
    message = {
        "id": f"wamid.{number}",
        "from": f"49155{number % 1000:07d}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": _WORDS},
    }
    value = {"metadata": {"phone_number_id": _NUMBER}, "messages": [message]}
    return json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]}).encode()


# --- bare -------------------------------------------------------------------------------------------------


def _bare_rows(path: Path, rows: int) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        database.execute("CREATE TABLE event (sequence INTEGER PRIMARY KEY, body BLOB)")
        body = webhook(0)
        began = time.perf_counter()
        for _ in range(rows):
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO event (body) VALUES (?)", (body,))
            database.execute("COMMIT")
        return rows / (time.perf_counter() - began)


async def _bare_postgres(url: str, rows: int) -> float:
    import asyncpg  # noqa: PLC0415 - of the extra "relay"; only where there is a PostgreSQL

    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unavailable(f"PostgreSQL cannot be reached ({type(error).__name__})") from None
    try:
        await connection.execute("DROP TABLE IF EXISTS bench_bare")
        await connection.execute("CREATE TABLE bench_bare (sequence BIGSERIAL PRIMARY KEY, body BYTEA)")
        body = webhook(0)
        began = time.perf_counter()
        for _ in range(rows):
            await connection.execute("INSERT INTO bench_bare (body) VALUES ($1)", body)
        took = time.perf_counter() - began
        await connection.execute("DROP TABLE bench_bare")
    finally:
        await connection.close()
    return rows / took


# --- into the relay ---------------------------------------------------------------------------------------


async def _ingest(settings: RelayServer, events: int) -> tuple[float, float]:
    """Events a second from one sender, and from many of one gym."""
    store = await open_store(settings)
    relay = Relay(settings, store, SystemClock())
    working = asyncio.create_task(store.run(relay.bell.ring, lambda: None))
    gym = f"bench-{time.time_ns()}"
    try:
        passes = await gyms.add(store, gym, gyms.Secrets(_SECRET))
        transport = httpx.ASGITransport(app=relay.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://relay") as http:

            async def send(number: int) -> None:
                body = webhook(number)
                headers = {HEADER: sign(_SECRET, body), "Content-Type": "application/json"}
                answer = await http.post(f"/w/{passes.path}/whatsapp", content=body, headers=headers)
                if answer.status_code != 200:
                    raise Unavailable(f"the relay answers with HTTP {answer.status_code}")

            return await _rate(send, events, 1), await _rate(send, events, _TOGETHER)
    finally:
        await gyms.remove(store, gym)
        working.cancel()
        await asyncio.wait({working})
        await store.aclose()


async def _rate(send: Sending, events: int, senders: int) -> float:
    numbers = iter(range(events))

    async def sender() -> None:
        for number in numbers:
            await send(number)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(senders):
            group.create_task(sender())
    return events / (time.perf_counter() - began)


# --- out of it, into the box ------------------------------------------------------------------------------


async def _catch_up(folder: Path, events: int) -> float:
    """Events a second of a box that was away."""
    clock, papers = SystemClock(), Papers(folder / "relay")
    cloud = SimulatedRelay(app_secret=_SECRET, clock=clock, keep=10 * events)
    async with cloud.running(), serve(cloud) as url, _box_database(folder / "arni.db") as database:
        await cloud.enroll(papers)
        path = f"/w/{cloud.passes.path}/whatsapp"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:

            async def send(number: int) -> None:
                body = webhook(number)
                await http.post(path, content=body, headers={HEADER: sign(_SECRET, body)})

            await _rate(send, events, _TOGETHER)
        pipeline = Pipeline(reception=(Deduplicate(database, clock),), turn=())
        turns = Turns(database, clock, Catalogue.load(), pipeline, Language.GERMAN)
        intake = WhatsAppIntake(database, clock, Reception(pipeline, turns, Language.GERMAN))
        channel = WhatsAppChannel(WhatsApp(phone_number_id=_NUMBER, app_secret=SecretStr(_SECRET)), intake)
        client = RelayClient(RelaySettings(url=url, wait_seconds=1), clock, papers)
        problems: list[str] = []

        def health(state: State, reason: str) -> None:
            if state is not State.OK:
                problems.append(reason)

        pull = RelayPull(client, RelayDesk(database, {SOURCE: channel.consume}), clock=clock, health=health)
        began = time.perf_counter()
        pulling = asyncio.create_task(pull.run(lambda: None))
        try:
            while pull.position is None or pull.position.sequence < cloud.log.newest:
                if problems:
                    raise Unavailable(problems[0])
                await asyncio.sleep(0.002)
            return cloud.log.newest / (time.perf_counter() - began)
        finally:
            pulling.cancel()
            await asyncio.wait({pulling})
            await client.aclose()


@asynccontextmanager
async def _box_database(path: Path) -> AsyncIterator[Database]:
    database = await Database.open(path)
    writing = asyncio.create_task(database.run(lambda: None))
    try:
        yield database
    finally:
        writing.cancel()
        await asyncio.wait({writing})
        await database.close()
