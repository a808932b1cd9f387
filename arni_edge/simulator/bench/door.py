"""``arni-edge bench door``: from a request to the bytes at the lock, beside what nobody can do without.

*Door* is the product itself: the house that the composition root builds, with its managed Mosquitto,
database, entry desk, controller and driver; measured from the request to the moment when a lock in another
process has the command. *Bare* is one committed and synced row in a database of its own beside it, plus one
MQTT message from a plain client to the same lock through the same broker. Both are measured in turns, so that
the machine's moods meet both.
"""

import asyncio
import contextlib
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiomqtt

from arni_edge.broker import BrokerAddress
from arni_edge.broker.accounts import DAEMON
from arni_edge.broker.managed import ManagedMosquitto, broker_directory
from arni_edge.bus import Bus
from arni_edge.daemon.foundation import Foundation
from arni_edge.daemon.house import House
from arni_edge.daemon.residence import Residence
from arni_edge.devices.nuki.codec import command_topic
from arni_edge.devices.rights import nuki_username
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.doors import EntryRequest, Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.people import Assurance, Member
from arni_edge.settings import DAYS, Settings
from arni_edge.simulator.box import free_port
from arni_edge.storage import Database, members
from arni_edge.storage.audit import AuditLog, keep_key
from arni_edge.supervision import HealthBoard, Limits

_DOOR = "front"
_NUKI_ID = "2BB28570"
_MEMBER = Member("m1", "Bench", "+4915550000000")
_WARM_UP = 50
_UP_SECONDS = 30.0
_ANSWER_SECONDS = 20.0
_BARE = b"bare"


@dataclass(frozen=True, slots=True)
class Series:
    """Times in milliseconds."""

    bare: list[float]
    door: list[float]

    def ratio(self, percentile: int) -> float:
        """How many times the bare time the door takes."""
        return _percentile(self.door, percentile) / _percentile(self.bare, percentile)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, idle and with every core busy."""

    idle: Series
    loaded: Series

    def figures(self) -> dict[str, float]:
        """Milliseconds and ratios, by the names in the product's figures."""
        named = {
            "bare_p50_ms": _percentile(self.idle.bare, 50),
            "bare_p99_ms": _percentile(self.idle.bare, 99),
            "door_p50_ms": _percentile(self.idle.door, 50),
            "door_p99_ms": _percentile(self.idle.door, 99),
            "ratio_p50": self.idle.ratio(50),
            "ratio_p99": self.idle.ratio(99),
            "loaded_bare_p99_ms": _percentile(self.loaded.bare, 99),
            "loaded_door_p99_ms": _percentile(self.loaded.door, 99),
            "loaded_ratio_p99": self.loaded.ratio(99),
        }
        return {name: round(value, 3) for name, value in named.items()}


def bench_door(samples: int) -> Report:
    """Measure in a folder that is removed.

    Args:
        samples: How many times each way is walked, idle and loaded.

    Raises:
        Unavailable: The house or the lock did not come up, or the lock did not get a command.
    """
    # Not /tmp, which may be RAM: the disk is what durability costs.
    with tempfile.TemporaryDirectory(prefix="arni-bench-", dir=Path.cwd()) as folder:
        return asyncio.run(_measure(Path(folder), samples))


async def _measure(folder: Path, samples: int) -> Report:
    async with _house(folder) as house, _lock(house) as arrivals, _bare(folder, house) as bare:
        walk = _Walk(house, arrivals, bare)
        await walk.series(_WARM_UP)
        idle = await walk.series(samples)
        async with _saturated():
            await walk.series(_WARM_UP)
            loaded = await walk.series(samples)
    return Report(idle, loaded)


# --- the two ways -------------------------------------------------------------------------------------------


class _Arrivals:
    """What the lock has noted."""

    def __init__(self, lines: asyncio.StreamReader) -> None:
        self._lines = lines

    async def next(self, payload: bytes) -> int:
        """Nanoseconds at which the next message arrived, which must be this one."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            line = await self._lines.readline()
        moment, _, found = line.strip().partition(b" ")
        if found != payload:
            raise Unavailable(f"the lock noted {line!r} instead of {payload!r}")
        return int(moment)


class _Bare:
    """What nothing can do without: one synced row, one message."""

    def __init__(self, database: sqlite3.Connection, client: aiomqtt.Client) -> None:
        self._database = database
        self._client = client

    def commit(self) -> None:
        """Store one row, and have it on the disk."""
        self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("INSERT INTO bare (text) VALUES (?)", ("x" * 100,))
        self._database.execute("COMMIT")

    async def publish(self) -> None:
        """Send one message to the lock, at QoS 1 as commands are."""
        await self._client.publish(command_topic(_NUKI_ID), _BARE, qos=1)


class _Walk:
    """Goes both ways in turns."""

    def __init__(self, house: House, arrivals: _Arrivals, bare: _Bare) -> None:
        self._entry = house.entry
        self._arrivals = arrivals
        self._bare = bare
        self._clock = SystemClock()

    async def series(self, samples: int) -> Series:
        """Measure each way so many times."""
        series = Series([], [])
        for _ in range(samples):
            series.bare.append(await self._walk_bare())
            series.door.append(await self._walk_door())
        return series

    async def _walk_bare(self) -> float:
        began = time.monotonic_ns()
        self._bare.commit()
        receipt = asyncio.create_task(self._bare.publish())
        arrived = await self._arrivals.next(_BARE)
        await receipt
        return (arrived - began) / 1e6

    async def _walk_door(self) -> float:
        request = EntryRequest(new_id(), _DOOR, "bench", self._clock.now())
        began = time.monotonic_ns()
        entering = asyncio.create_task(self._entry.request(request, _MEMBER, Assurance.CHANNEL))
        arrived = await self._arrivals.next(b"3")
        entry = await entering
        if entry.outcome is not Outcome.CONFIRMED:
            raise Unavailable(f"the door did not open: {entry.outcome}")
        return (arrived - began) / 1e6


# --- what is measured on ------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[House]:
    """The product's house, with nothing at its wires but a door."""
    # Sockets have names of at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="arni-run-") as runtime:
        settings = Settings.model_validate(
            {
                "site": {"id": "bench", "name": "Bench", "capacity": 10},
                "paths": {"state": folder / "state", "runtime": runtime},
                "broker": {"listen_port": free_port()},
                "doors": [{"id": _DOOR, "name": _DOOR, "lock": {"nuki_id": _NUKI_ID}}],
                "hours": {day: ["00:00-24:00"] for day in DAYS},
            }
        )
        clock, bus = SystemClock(), Bus()
        database = await Database.open(settings.paths.database)
        mosquitto = ManagedMosquitto(broker_directory(settings))
        audit = AuditLog(keep_key(settings.paths.audit_key))
        base = Foundation(database, clock, bus, HealthBoard(bus, clock), Catalogue.load(), mosquitto, audit)
        residence = Residence(settings, base, lasting=())
        async with contextlib.AsyncExitStack() as running:
            running.push_async_callback(database.close)
            for work in (database.run, residence.run):
                await running.enter_async_context(_running(work))
            await database.write(lambda tx: members.put_by_hand(tx, [_MEMBER], clock.now()))
            await _until(lambda: mosquitto.ready and residence.house is not None)
            yield residence.house


@contextlib.asynccontextmanager
async def _lock(house: House) -> AsyncIterator[_Arrivals]:
    address = _account(house, nuki_username(_DOOR))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "arni_edge.simulator.bench.lock", str(address.socket), address.username, _NUKI_ID),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert address.password is not None
    process.stdin.write(address.password.get_secret_value().encode() + b"\n")
    try:
        await _until(lambda: house.locks[_DOOR].live)
        yield _Arrivals(process.stdout)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@contextlib.asynccontextmanager
async def _bare(folder: Path, house: House) -> AsyncIterator[_Bare]:
    address = _account(house, DAEMON)
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    assert address.password is not None
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, text TEXT)")
        async with aiomqtt.Client(
            str(address.socket),
            1,
            transport="unix",
            username=address.username,
            password=address.password.get_secret_value(),
            identifier="arni-bench-bare",
            protocol=aiomqtt.ProtocolVersion.V5,
        ) as client:
            yield _Bare(database, client)
    finally:
        database.close()


@contextlib.asynccontextmanager
async def _saturated() -> AsyncIterator[None]:
    """Keep every core busy twice over, at the priority at which our own workers are busy."""
    nice = Limits(may_write=False).nice
    code = f"import os; os.nice({nice})\nwhile True: pass"
    busy = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            await process.wait()


def _account(house: House, username: str) -> BrokerAddress:
    assert house.broker_plan is not None
    return house.broker_plan.address(username)


@contextlib.asynccontextmanager
async def _running(work: Callable[[Progress], Awaitable[None]]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work(lambda: None))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _until(true: Callable[[], bool]) -> None:
    try:
        async with asyncio.timeout(_UP_SECONDS):
            while not await _holds(true):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise Unavailable("the house did not come up; is Mosquitto installed?") from None


async def _holds(true: Callable[[], bool]) -> bool:
    try:
        return true()
    except Unavailable:
        return False


def _percentile(times: list[float], percentile: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percentile - 1]
