"""The daemon's end of the control socket: one JSON line in, one JSON line out.

``{"method": "status", "params": {}}`` → ``{"result": …}`` or ``{"error": "what happened and what to do"}``.
Who may open the socket file (0660, group arni-edge) may ask anything: it never leaves this machine.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
import structlog

from arni_edge.domain.errors import ArniError, InvalidInput
from arni_edge.domain.health import Progress

_LOG = structlog.get_logger(__name__)

Method = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Takes the params, returns something that JSON can carry, or raises an :class:`ArniError` for the caller."""

_LINE_LIMIT = 4 << 20
_IDLE_SECONDS = 60.0
_AT_ONCE = 32


class ControlServer:
    """Answers requests on a Unix socket."""

    def __init__(self, path: Path, methods: Mapping[str, Method]) -> None:
        self._path = path
        self._methods = methods
        self._open = 0

    async def run(self, progress: Progress) -> None:
        """Serve until cancelled; an old socket file is replaced."""
        await asyncio.to_thread(_make_room, self._path)
        server = await asyncio.start_unix_server(self._serve, self._path, limit=_LINE_LIMIT)
        try:
            self._path.chmod(0o660)
            async with server:
                while True:
                    progress()
                    await asyncio.sleep(5.0)
        finally:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            while self._open <= _AT_ONCE:
                async with asyncio.timeout(_IDLE_SECONDS):
                    line = await reader.readline()
                if not line:
                    return
                writer.write(orjson.dumps(await self._answer(line), default=str) + b"\n")
                await writer.drain()
        except (TimeoutError, ConnectionError, ValueError):
            return  # gone, idle, or a line beyond the limit: the caller sees the end of the connection
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            method, params = self._parse(line)
            return {"result": await method(params)}
        except ArniError as error:
            return {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - a bug in a method must not end the daemon
            _LOG.exception("control_method_crashed")
            return {"error": f"internal error ({type(error).__name__}); the journal has the details"}

    def _parse(self, line: bytes) -> tuple[Method, Mapping[str, Any]]:
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise InvalidInput("the request is not JSON") from None
        if not isinstance(request, dict) or not isinstance(request.get("params", {}), dict):
            raise InvalidInput("a request needs 'method' and, if any, 'params' as an object")
        method = self._methods.get(str(request.get("method")))
        if method is None:
            raise InvalidInput(f"unknown method; known here: {', '.join(sorted(self._methods))}")
        return method, request.get("params", {})


def _make_room(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
