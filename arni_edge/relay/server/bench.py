"""Measures a relay with many waiting boxes: a real process, real connections, one poll each."""

import asyncio
import os
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from arni_edge.domain.errors import Unavailable
from arni_edge.relay import keys
from arni_edge.relay.server import gyms
from arni_edge.relay.server.boxes import enroll, new_code
from arni_edge.relay.server.stores import open_store
from arni_edge.settings.relay_server import load_relay_server

_AUDIENCE = "127.0.0.1"
_AT_ONCE = 64
_START_SECONDS = 30.0
_PROBES = 50
_TICKS = os.sysconf("SC_CLK_TCK")
_SECRET = "bench"  # noqa: S105 - of nobody
_WAIT_SECONDS = 50


@dataclass(frozen=True, slots=True)
class _Box:
    gym: str
    key: keys.BoxKey
    path: str

    def token(self) -> str:
        return keys.sign_token(self.key, box=self.gym, audience=_AUDIENCE, epoch=1, now=datetime.now(UTC))


async def measure(polls: int, seconds: float, database_url: str | None) -> dict[str, object]:
    """Have so many boxes wait for so long, then wake some of them.

    Args:
        polls: Boxes.
        seconds: How long they wait; they ask again every 50 s, as real ones do.
        database_url: An empty PostgreSQL database; None: SQLite.

    Returns:
        Figures: memory in MB, share of one core, milliseconds from a webhook to the box.

    Raises:
        Unavailable: The relay did not start, or did not take all boxes.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    folder = Path(tempfile.mkdtemp(prefix="arni-relay-bench-"))
    try:
        config, environment = _configuration(folder, polls, database_url)
        boxes = await _boxes(config, environment, polls)
        async with _relay(config, environment) as (pid, port):
            return await _measure(boxes, seconds, pid, port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(boxes: list[_Box], seconds: float, pid: int, port: int) -> dict[str, object]:
    empty = _memory(pid)
    lines = [_Line(box, port) for box in boxes]
    turns = asyncio.Semaphore(_AT_ONCE)
    began = time.monotonic()
    polling = [asyncio.create_task(line.run(turns)) for line in lines]
    try:
        await _until_waiting(port, len(boxes))
        gathered = time.monotonic() - began
        processor, at = _processor(pid), time.monotonic()
        await asyncio.sleep(seconds)
        share = (_processor(pid) - processor) / (time.monotonic() - at)
        idle, waiting = _memory(pid), await _waiting(port)
        woken = await _wake(lines[:_PROBES], port)
    finally:
        for task in polling:
            task.cancel()
        await asyncio.wait(polling)
    return {
        "polls": len(boxes),
        "waiting_at_the_end": waiting,
        "gathered_seconds": round(gathered, 1),
        "memory_mb": idle,
        "memory_mb_without_polls": empty,
        "core_share": round(share, 3),
        "webhook_to_box_ms_p50": woken[len(woken) // 2],
        "webhook_to_box_ms_max": woken[-1],
    }


class _Line:
    """One box's connection: raw, because five thousand of a comfortable client would be measured instead."""

    def __init__(self, box: _Box, port: int) -> None:
        self.box = box
        self._port = port
        self.woken = asyncio.Event()
        self._after = 0

    async def run(self, turns: asyncio.Semaphore) -> None:
        while True:
            try:
                async with turns:
                    reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                    self._ask(writer)
                    await writer.drain()
                while True:
                    await self._answer(reader)
                    self._ask(writer)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(1.0)

    def _ask(self, writer: asyncio.StreamWriter) -> None:
        query = f"after={self._after}&wait={_WAIT_SECONDS}"
        writer.write(
            f"GET /v1/events?{query} HTTP/1.1\r\nHost: {_AUDIENCE}\r\n"
            f"Authorization: Bearer {self.box.token()}\r\n\r\n".encode()
        )

    async def _answer(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if b'"sequence":' in body:
            self._after += body.count(b'"sequence":')
            self.woken.set()
        if later := re.search(rb"retry-after: (\d+)", head, re.IGNORECASE):
            await asyncio.sleep(int(later[1]))


async def _wake(lines: list[_Line], port: int) -> list[float]:
    """Milliseconds from a webhook's first byte until the box has the event, sorted."""
    took: list[float] = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        for line in lines:
            line.woken.clear()
            at = time.monotonic()
            await http.post(
                f"/w/{line.box.path}/magicline", content=b"{}", headers={"x-api-key": _SECRET}, timeout=30
            )
            async with asyncio.timeout(30):
                await line.woken.wait()
            took.append(round((time.monotonic() - at) * 1000, 1))
    return sorted(took)


def _configuration(folder: Path, polls: int, database_url: str | None) -> tuple[Path, dict[str, str]]:
    config = folder / "relay.toml"
    config.write_text(
        '[server]\npublic_url = "http://127.0.0.1"\nlisten_port = 0\n'
        f'[database]\npath = "{folder / "relay.db"}"\n[limits]\nconnections = {polls + 1000}\n',
        encoding="utf-8",
    )
    if database_url is None:
        return config, {}
    (folder / "database_url").write_text(database_url, encoding="utf-8")
    return config, {"CREDENTIALS_DIRECTORY": str(folder)}


async def _boxes(config: Path, environment: dict[str, str], count: int) -> list[_Box]:
    store = await open_store(load_relay_server(config, environment))
    running = asyncio.create_task(store.run(lambda _: None, lambda: None))
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(number: int) -> _Box:
        async with turns:
            gym, key, now = f"bench-{number}", keys.BoxKey(os.urandom(32)), datetime.now(UTC)
            passes = await gyms.add(store, gym, gyms.Secrets(magicline_key=_SECRET))
            code = await new_code(store, gym, now=now, good_for=keys.LIFETIME)
            await enroll(store, code, keys.read_public_key(key.public), now=now)
            return _Box(gym, key, passes.path)

    try:
        return await asyncio.gather(*(one(number) for number in range(count)))
    finally:
        running.cancel()
        await asyncio.wait({running})
        await store.aclose()


@asynccontextmanager
async def _relay(config: Path, environment: dict[str, str]) -> AsyncIterator[tuple[int, int]]:
    """A relay process on one core; gives its process id and port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from arni_edge.relay.server.command import main; main()",
        "serve", "--config", str(config), env=os.environ | environment, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = asyncio.create_task(_until_ready(process.stderr))
    try:
        async with asyncio.timeout(_START_SECONDS):
            port = await asyncio.shield(said)
        os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        reading = asyncio.create_task(process.stderr.read())
        yield process.pid, port
    except TimeoutError:
        raise Unavailable("the relay did not start") from None
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
    reading.cancel()


async def _until_ready(said: asyncio.StreamReader) -> int:
    while line := await said.readline():
        if b'"event":"ready"' in line and (port := re.search(rb'"port":(\d+)', line)):
            return int(port[1])
    raise Unavailable("the relay ended before it was ready")


async def _until_waiting(port: int, count: int) -> None:
    try:
        async with asyncio.timeout(300):
            while await _waiting(port) < count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise Unavailable(f"after five minutes only {await _waiting(port)} boxes wait") from None


async def _waiting(port: int) -> int:
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"http://127.0.0.1:{port}/metrics", timeout=60)).text
    found = re.search(r"^arni_relay_polls_waiting (\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return round(pages * resource.getpagesize() / 1e6, 1)


def _processor(pid: int) -> float:
    """Seconds of processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
