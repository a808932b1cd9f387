"""The store for many gyms: PostgreSQL, reached by any number of relay instances at once."""

import asyncio
import functools
import re
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.relay.server.hosts import NO_HOST, Hosts
from arni_edge.relay.server.store import Heard, Parameters, Row, T, Unit
from arni_edge.storage.migrate import migrations
from arni_edge.supervision.ticking import ticking

_CHANNEL = "arni_relay"
_MIGRATION_LOCK = 0x41524E52
_ACQUIRE_SECONDS = 5.0
_READ_SECONDS = 15.0
_TELL_SECONDS = 10.0
_UNDO_SECONDS = 1.0
_ANNOUNCE_SECONDS = 0.02
"""What gathers in this time is told in one notification: PostgreSQL commits those one at a time."""
_PAYLOAD_BYTES = 7900  # a notification takes less than 8,000
_ALIVE_SECONDS = 10.0

# A statement of ours that is wrong is a bug; all the rest is a database that cannot be used now.
_OURS = (asyncpg.SyntaxOrAccessError, asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
_AWAY = NO_HOST

# Every event rewrites the row of its gym: room on the page keeps that from touching the indexes.
_TUNING = "ALTER TABLE gym SET (fillfactor = 30)"


@functools.cache
def _positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """``:name`` as PostgreSQL wants it: ``$1``; and which name is which number."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return re.sub(r"(?<!:):([a-z_][a-z_0-9]*)", number, sql), tuple(names)


class _Transaction:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def execute(self, sql: str, parameters: Parameters = {}) -> int:  # noqa: B006 - only read
        text, names = _positional(sql)
        status: str = await self._connection.execute(text, *(parameters[name] for name in names))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def fetch(self, sql: str, parameters: Parameters = {}) -> Sequence[Row]:  # noqa: B006 - only read
        text, names = _positional(sql)
        rows: Sequence[Row] = await self._connection.fetch(text, *(parameters[name] for name in names))
        return rows


class PostgresStore:
    """A pool of connections, and one on which changes by other instances are heard.

    Attributes:
        poll_seconds: See :class:`Store`. Notifications are what is counted on; this heals a lost one.
    """

    poll_seconds = 5.0

    def __init__(self, hosts: Hosts, pool: Any) -> None:
        self._hosts = hosts
        self._pool = pool
        self._working: set[asyncio.Task[Any]] = set()
        self._news: set[str] = set()
        self._some = asyncio.Event()

    @classmethod
    async def open(cls, url: str, *, connections: int = 10) -> "PostgresStore":
        """Connect, and bring the tables to the present schema.

        Args:
            url: ``postgresql://user:password@host/database``; several hosts may be named.
            connections: At most so many at once.

        Raises:
            ConfigurationError: The address is none, the user may not, or the schema is newer than this code.
            Unavailable: The database cannot be reached now.
        """
        try:
            hosts = Hosts(url)
            pool = await asyncpg.create_pool(
                connect=lambda _, **settings: hosts.connect(**settings),
                min_size=1,
                max_size=connections,
                # Whatever the database's own default is: what was answered with 200 is on the disk.
                server_settings={"synchronous_commit": "on", "application_name": "arni-relay"},
            )
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError, ValueError):
            raise ConfigurationError(
                "database.url: PostgreSQL does not accept this user, password or database"
            ) from None
        except _AWAY as error:
            raise Unavailable(f"PostgreSQL cannot be reached ({type(error).__name__})") from None
        hosts.moved = pool.expire_connections
        store = cls(hosts, pool)
        try:
            async with store._connection() as connection:
                await _migrate(connection)
        except BaseException:
            await store.aclose()
            raise
        return store

    async def read(self, sql: str, parameters: Parameters) -> Sequence[Row]:
        """As :meth:`Store.read`."""

        async def query() -> Sequence[Row]:
            async with self._connection() as connection:
                return await _Transaction(connection).fetch(sql, parameters)

        return await self._within(_READ_SECONDS, query(), "answer")

    async def write(self, unit: Unit[T], *, deadline: float = 15.0) -> T:
        """As :meth:`Store.write`."""
        return await self._within(deadline, self._transact(unit), "commit")

    async def _within(self, seconds: float, work: Coroutine[Any, Any, T], what: str) -> T:
        """Do it, and do not wait for it any longer: a server that hangs does not even undo in time."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(task)
        except TimeoutError:
            raise Unavailable(f"PostgreSQL did not {what} within {seconds:g} s") from None
        finally:
            task.cancel()

    async def _transact(self, unit: Unit[T]) -> T:
        async with self._connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                result = await unit(_Transaction(connection))
            except BaseException:
                await self._undo(connection, transaction)
                raise
            await self._commit(connection, transaction)
            return result

    async def _undo(self, connection: Any, transaction: Any) -> None:
        try:
            async with asyncio.timeout(_UNDO_SECONDS):
                await transaction.rollback()
        except TimeoutError:
            await self._leave(connection)

    async def _commit(self, connection: Any, transaction: Any) -> None:
        """Commit; whoever has no time to wait for it leaves the connection, and never cancels the statement.

        A COMMIT that is cancelled while it waits for the standby is done at once, on the primary alone: boxes
        would read an event whose number is given a second time after a failover.
        """
        committing = asyncio.create_task(transaction.commit())
        try:
            await asyncio.shield(committing)
        except asyncio.CancelledError:
            await self._leave(connection)
            await asyncio.wait({committing})
            raise

    async def _leave(self, connection: Any) -> None:
        """Hang up without a word, and use none of the connections that lead to the same server."""
        connection.terminate()
        await self._pool.expire_connections()

    async def scrub(self) -> None:
        """Nothing to do at once: see docs/relay.md for when the room is written over."""

    def announce(self, gym: str) -> None:
        """Told to all instances within some hundredths of a second."""
        self._news.add(gym)
        self._some.set()

    async def run(self, heard: Heard, progress: Progress) -> None:
        """Listen, and tell; connects again for ever."""
        backoff = Backoff(first=0.2, longest=10.0)
        while True:
            progress()
            try:
                await self._listen(heard, progress)
            except _OURS:
                raise
            except _AWAY:
                heard(None)
                await ticking(asyncio.sleep(backoff.next()), progress)

    async def aclose(self) -> None:
        """Tell what was not told yet, and close the connections; those that do not end are cut."""
        try:
            async with asyncio.timeout(3.0):
                with suppress(Unavailable):
                    async with self._connection() as connection:
                        await self._tell(connection)
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()
        if self._working:
            await asyncio.wait(self._working)

    async def _listen(self, heard: Heard, progress: Progress) -> None:
        # Commits on this connection carry nothing but notifications, which may be lost.
        connection = await self._hosts.connect(
            command_timeout=_TELL_SECONDS,
            server_settings={"synchronous_commit": "off", "application_name": "arni-relay listener"},
        )
        own = connection.get_server_pid()

        def on_news(_: object, pid: int, __: str, payload: str) -> None:
            if pid != own:
                for gym in payload.split():
                    heard(gym)

        try:
            await connection.add_listener(_CHANNEL, on_news)
            connection.add_termination_listener(lambda _: self._some.set())
            heard(None)  # what was said before we listened
            while True:
                progress()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_ALIVE_SECONDS):
                        await self._some.wait()
                await asyncio.sleep(_ANNOUNCE_SECONDS)
                self._some.clear()
                await self._tell(connection)
        finally:
            connection.terminate()

    async def _tell(self, connection: Any) -> None:
        """Send what has gathered; nothing is sent too, to see whether the connection lives."""
        news, self._news = self._news, set()
        try:
            for payload in _payloads(sorted(news)) or [""]:
                await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, payload)
        except BaseException:
            self._news |= news
            raise

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """One of the pool.

        Raises:
            Unavailable: There is none, or it broke.
        """
        try:
            # The same limit holds for giving it back, which a network that swallows everything would delay.
            async with self._pool.acquire(timeout=_ACQUIRE_SECONDS) as connection:
                yield connection
        except _OURS:
            raise
        except TimeoutError:
            raise
        except asyncpg.ReadOnlySQLTransactionError:
            # After a failover: these connections lead to what is a standby now.
            await self._pool.expire_connections()
            raise Unavailable("PostgreSQL can only be read here") from None
        except _AWAY as error:
            # Its own words may quote a value.
            raise Unavailable(f"PostgreSQL cannot be used now ({type(error).__name__})") from None


def _payloads(gyms: list[str]) -> list[str]:
    """Ids in lines that fit into one notification each."""
    lines: list[str] = []
    for gym in gyms:
        if lines and len(lines[-1]) + 1 + len(gym) <= _PAYLOAD_BYTES:
            lines[-1] += f" {gym}"
        else:
            lines.append(gym)
    return lines


async def _migrate(connection: Any) -> None:
    """Apply what is missing; instances that start together take turns."""
    steps = migrations("arni_edge.relay.server")
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)")
        version = await connection.fetchval("SELECT coalesce(max(version), 0) FROM schema_version")
        if version > steps[-1][0]:
            raise ConfigurationError(
                f"database.url: was written by a newer relay (schema {version}; known here: {steps[-1][0]})"
            )
        for number, sql in steps:
            if number > version:
                await connection.execute(sql)
                await connection.execute("INSERT INTO schema_version VALUES ($1)", number)
                await connection.execute(_TUNING)
