"""The machines of one database, of which one can be written: found again when it has become another one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_ALONE_SECONDS = 10.0
_EACH_SECONDS = 2.0
"""For one of several: a machine without power or network does not even say no."""
_LATER_SECONDS = 0.3
"""So much later than the first one may another answer. That is waited for: it may be the one that counts."""

NO_HOST = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.TargetServerAttributeNotMatched,
    OSError,
    TimeoutError,
)
"""What is raised when a host cannot be used now; the third: it can only be read."""

_WRONG = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
_TIMELINE = """SELECT CASE WHEN pg_is_in_recovery() THEN ''
ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END"""


class _Found(NamedTuple):
    timeline: int
    connection: Any


class Hosts:
    """Connects to the host whose timeline is the highest.

    Every promotion begins another timeline. So a primary that was given up, comes back and still takes itself
    for one, is not used while its successor answers, and by this process never again.

    Attributes:
        moved: Awaited when another host counts now: what was connected before is worth nothing.
    """

    def __init__(self, url: str) -> None:
        """Nothing is connected yet.

        Args:
            url: ``postgresql://user:password@host:port,host:port/database?target_session_attrs=read-write``.
        """
        self._urls = _one_by_one(url)
        self._timeline = 0
        self.moved: Callable[[], Awaitable[None]] | None = None

    async def connect(self, **settings: Any) -> Any:
        """A connection to the host that counts.

        Args:
            settings: As :func:`asyncpg.connect` takes them.

        Raises:
            asyncpg.PostgresError: A host does not accept the user, or has no such database.
            Exception: Another of :data:`NO_HOST`.
        """
        if len(self._urls) == 1:
            return await asyncpg.connect(self._urls[0], timeout=_ALONE_SECONDS, **settings)
        asked = [asyncio.create_task(_ask(url, settings)) for url in self._urls]
        chosen: asyncio.Task[_Found] | None = None
        try:
            chosen = _best(await _answers(asked))
            found = chosen.result()
            if found.timeline < self._timeline:
                chosen = None
                raise asyncpg.InterfaceError("only a primary that was given up can be written")
            before, self._timeline = self._timeline, found.timeline
            if before < found.timeline and self.moved is not None:
                await self.moved()
            return found.connection
        finally:
            for task in asked:
                if task is not chosen:
                    task.add_done_callback(_hang_up)
                    task.cancel()


async def _ask(url: str, settings: dict[str, Any]) -> _Found:
    async with asyncio.timeout(_EACH_SECONDS):
        connection = await asyncpg.connect(url, **settings)
        try:
            return _Found(int(await connection.fetchval(_TIMELINE) or "0", 16), connection)
        except BaseException:
            connection.terminate()
            raise


async def _answers(asked: "list[asyncio.Task[_Found]]") -> "list[asyncio.Task[_Found]]":
    """Those that are done when the others have had their time; in the order of the hosts."""
    waiting = set(asked)
    while waiting:
        seconds = _LATER_SECONDS if any(_is_good(task) for task in asked) else None
        done, waiting = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            break
    return [task for task in asked if task.done()]


def _best(answers: "list[asyncio.Task[_Found]]") -> "asyncio.Task[_Found]":
    """The one that counts; else the failure that tells most: a wrong password is not healed by waiting."""
    good = [task for task in answers if _is_good(task)]
    if good:
        return max(good, key=lambda task: task.result().timeline)
    return next((task for task in answers if isinstance(task.exception(), _WRONG)), answers[0])


def _is_good(task: "asyncio.Task[_Found]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _hang_up(task: "asyncio.Task[_Found]") -> None:
    if _is_good(task):
        task.result().connection.terminate()


def _one_by_one(url: str) -> list[str]:
    """The same address with each of its hosts alone."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]
