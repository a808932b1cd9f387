"""One worker process: started, attended, ended; never left behind."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.supervision.attendance import LINE_LIMIT, Attendance
from arni_edge.supervision.board import HealthBoard
from arni_edge.supervision.link import FD_VARIABLE
from arni_edge.supervision.spec import WorkerSpec
from arni_edge.supervision.stderr import forward

_LOG = structlog.get_logger(__name__)

_STOP_SECONDS = 1.5
_LAST_WORDS_SECONDS = 0.5
# Where secrets may be; what a worker needs is in its start message.
_NOT_ITS_BUSINESS = ("ARNI_", "CREDENTIALS_DIRECTORY")


class WorkerProcess:
    """Runs one worker process at a time; the supervisor restarts it.

    Attributes:
        pid: Its process id while it runs.
    """

    def __init__(self, spec: WorkerSpec, board: HealthBoard, clock: Clock) -> None:
        self._spec = spec
        self._board = board
        self._clock = clock
        self.pid: int | None = None

    async def run(self, progress: Progress) -> None:
        """Start the worker and stay with it.

        Raises:
            Unavailable: The worker ended, never became ready or stopped beating; it is gone for certain.
        """
        attendance = Attendance(self._spec, self._board, self._clock)
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                process = await self._spawn(theirs)
            assert process.stderr is not None
            log = asyncio.create_task(forward(process.stderr, self._spec.name))
            self.pid = process.pid
            try:
                await self._attend(attendance, ours, progress)
            except Unavailable:
                _kill_group(process.pid)  # it was judged: nobody waits for a clean end
                raise
            finally:
                self.pid = None
                self._mourn(attendance.parts)
                await _end(process, log)
        raise Unavailable(f"the process ended {_how(process.returncode)}")

    async def _spawn(self, link: socket.socket) -> asyncio.subprocess.Process:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(_NOT_ITS_BUSINESS)
        }
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "arni_edge.supervision.launch", json.dumps(self._spec.limits.as_dict())),
            self._spec.module,
            pass_fds=[link.fileno()],
            env={**inherited, FD_VARIABLE: str(link.fileno()), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            # A pipe even when our own stderr is a file: a worker that must not write files could not log.
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    @staticmethod
    async def _attend(attendance: Attendance, link: socket.socket, progress: Progress) -> None:
        reader, writer = await asyncio.open_connection(sock=link, limit=LINE_LIMIT)
        try:
            await attendance.run(reader, writer, progress)
        finally:
            # The worker sees the end of its link and stops by itself. Not close(): that would wait for a
            # hung worker to read what was written.
            writer.transport.abort()

    def _mourn(self, parts: set[str]) -> None:
        """What a dead worker said of its parts is no longer true."""
        for part in parts:
            self._board.report(part, State.DOWN, f"the {self._spec.name} worker is away")


async def _end(process: asyncio.subprocess.Process, log: asyncio.Task[None]) -> None:
    """Wait a moment for a clean end, then kill the whole group; never leave a process behind."""
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        _LOG.warning("worker_killed", pid=process.pid)
    finally:
        _kill_group(process.pid)  # in any case: it may have children
    try:
        await process.wait()
        # The last words of a process that crashed say why.
        await asyncio.wait({log}, timeout=_LAST_WORDS_SECONDS)
    finally:
        log.cancel()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _how(code: int | None) -> str:
    if code is None or code >= 0:
        return f"with code {code}"
    return f"by {signal.Signals(-code).name}"
