"""The worker's side of its link to the daemon: JSON lines over a socket pair.

Up: ``hello``, ``ready``, ``beat``, ``health``. Down: ``start``. The daemon closing its end means: stop.
"""

import asyncio
import os
import socket
import time
from contextlib import suppress
from typing import Any

import orjson

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State

FD_VARIABLE = "ARNI_WORKER_FD"
PROTOCOL = 1
LINE_LIMIT = 1 << 20
_BEAT_EVERY = 0.5
_START_SECONDS = 10.0


class WorkerLink:
    """Speaks to the daemon that started this process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._beaten_at = 0.0
        self._told: dict[str, tuple[State, str]] = {}
        self.start: dict[str, Any] = {}

    @classmethod
    async def open(cls, name: str) -> "WorkerLink":
        """Say hello and wait for the start message.

        Args:
            name: Name of the worker, checked by the daemon.

        Raises:
            Unavailable: This process was not started by the daemon, or the daemon went away.
        """
        fd = os.environ.pop(FD_VARIABLE, "")
        if not fd.isdigit():
            raise Unavailable(f"the {name} worker is started by the arni-edge daemon, not by hand")
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=int(fd)), limit=LINE_LIMIT)
        link = cls(reader, writer)
        link._send({"type": "hello", "worker": name, "protocol": PROTOCOL, "pid": os.getpid()})
        try:
            async with asyncio.timeout(_START_SECONDS):
                line = await reader.readline()
        except (TimeoutError, ConnectionError):
            line = b""
        if not line.endswith(b"\n"):
            raise Unavailable("the daemon went away before it sent the start message")
        link.start = orjson.loads(line)["start"]
        return link

    def ready(self) -> None:
        """Say that the worker works."""
        self._send({"type": "ready"})

    def beat(self) -> None:
        """Say that real progress was made. Call it as often as you like: it is sent twice a second."""
        now = time.monotonic()
        if now - self._beaten_at >= _BEAT_EVERY:
            self._beaten_at = now
            self._send({"type": "beat"})

    def health(self, part: str, state: State, reason: str) -> None:
        """Say how a part of this worker is doing; sent on change only."""
        if self._told.get(part) != (state, reason):
            self._told[part] = (state, reason)
            self._send({"type": "health", "part": part, "state": state, "reason": reason})

    async def closed(self) -> None:
        """Return when the daemon asked to stop or is gone."""
        # A daemon that was killed resets the link instead of closing it.
        with suppress(ConnectionError):
            while await self._reader.read(LINE_LIMIT):
                pass

    def _send(self, message: dict[str, Any]) -> None:
        self._writer.write(orjson.dumps(message) + b"\n")
