"""The daemon's side of a worker process: start, handshake, heartbeat, kill when hung."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.logs import mask_text
from arni_edge.supervision.board import HealthBoard
from arni_edge.supervision.confine import Limits
from arni_edge.supervision.link import FD_VARIABLE, LINE_LIMIT, PROTOCOL

_LOG = structlog.get_logger(__name__)
_STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """How to run one worker.

    Attributes:
        name: Its name; also the name of its part on the health board.
        module: Python module whose ``main()`` is the worker.
        limits: What the process is bound to.
        start: Makes the start message, JSON-able; asked anew for every start.
        handshake_seconds: Until ``ready``; loading a model takes its time.
        beat_seconds: So long may the heart be silent before the process is killed.
    """

    name: str
    module: str
    limits: Limits
    start: Callable[[], dict[str, Any]]
    handshake_seconds: float = 60.0
    beat_seconds: float = 10.0


class WorkerProcess:
    """Runs one worker process at a time; the supervisor restarts it."""

    def __init__(self, spec: WorkerSpec, board: HealthBoard, clock: Clock) -> None:
        self._spec = spec
        self._board = board
        self._clock = clock
        self._parts: set[str] = set()
        self.pid: int | None = None

    async def run(self, progress: Progress) -> None:
        """Start the worker and stay with it.

        Raises:
            Unavailable: The worker ended, never became ready or stopped beating; it is gone for certain.
        """
        ours, theirs = socket.socketpair()
        try:
            process = await self._spawn(theirs)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = process.pid
        reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_LIMIT)
        log = asyncio.create_task(_forward_log(process, self._spec.name))
        try:
            await self._attend(process, reader, writer, progress)
        finally:
            self.pid = None
            writer.close()  # the worker sees the end of its link and stops by itself
            await _end(process)
            log.cancel()
            self._mourn()

    async def _spawn(self, link: socket.socket) -> asyncio.subprocess.Process:
        command = ("-m", "arni_edge.supervision.launch", json.dumps(self._spec.limits.as_dict()))
        environment = {
            **os.environ,
            FD_VARIABLE: str(link.fileno()),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        # Credentials are handed over in the start message; the worker has no business with the rest.
        environment.pop("CREDENTIALS_DIRECTORY", None)
        environment.pop("NOTIFY_SOCKET", None)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            self._spec.module,
            pass_fds=[link.fileno()],
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # A pipe even when our own stderr is a file: a worker that must not write files could not log.
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    async def _attend(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        progress: Progress,
    ) -> None:
        hello = await self._receive(reader, self._spec.handshake_seconds)
        if hello.get("worker") != self._spec.name or hello.get("protocol") != PROTOCOL:
            raise Unavailable(f"the {self._spec.name} worker speaks another protocol: is its code older?")
        writer.write(orjson.dumps({"start": self._spec.start()}) + b"\n")
        limit = self._spec.handshake_seconds
        deadline = self._clock.monotonic() + limit
        while True:
            progress_every = 1.0
            try:
                message = await self._receive(reader, progress_every)
            except TimeoutError:
                message = {}
            now = self._clock.monotonic()
            progress()
            if message.get("type") == "ready":
                _LOG.info("worker_ready", worker=self._spec.name, pid=process.pid)
                limit = self._spec.beat_seconds
            if message.get("type") in {"ready", "beat"}:
                deadline = now + limit
            if message.get("type") == "health":
                self._relay_health(message)
            if now > deadline:
                raise Unavailable(f"gave no sign of life for {limit:.0f} s and was killed")

    async def _receive(self, reader: asyncio.StreamReader, seconds: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                line = await reader.readline()
            message = orjson.loads(line) if line else None
        except (ConnectionError, ValueError) as error:
            raise Unavailable(f"broke its link: {type(error).__name__}") from error
        if not isinstance(message, dict):
            raise Unavailable("the process ended")
        return message

    def _relay_health(self, message: dict[str, Any]) -> None:
        part = str(message.get("part", ""))
        if not part.startswith(f"{self._spec.name}/"):
            return
        self._parts.add(part)
        self._board.report(part, State(message["state"]), str(message.get("reason", "")))

    def _mourn(self) -> None:
        """What a dead worker said of its parts is no longer true."""
        for part in self._parts:
            self._board.report(part, State.DOWN, f"the {self._spec.name} worker is away")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Wait a moment for a clean end, then kill the whole group; never leave a process behind."""
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        _LOG.warning("worker_killed", pid=process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def _forward_log(process: asyncio.subprocess.Process, name: str) -> None:
    """Carry the worker's stderr into ours; native libraries' lines become fields of an event."""
    assert process.stderr is not None
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:  # a line beyond the limit: the reader has dropped it
            continue
        if not line:
            return
        text = mask_text(line.decode(errors="replace").rstrip())
        if text.startswith("{"):
            print(text, file=sys.stderr, flush=True)  # noqa: T201 - already a log line of ours
        elif text:
            _LOG.warning("worker_said", worker=name, line=text[:500])
