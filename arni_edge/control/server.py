"""The daemon's end of the control socket: one JSON line in, one JSON line out.

``{"method": "status", "params": {}}`` → ``{"result": …}`` or ``{"error": "what happened and what to do"}``.
Who may open the socket file (mode 0660) may ask anything: it never leaves this machine.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import structlog

from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput, Unavailable
from arni_edge.domain.health import Progress

_LOG = structlog.get_logger(__name__)

Method = Callable[[Mapping[str, Any]], Awaitable[Any]]
"""Takes the params, returns something that JSON can carry, or raises an :class:`ArniError` for the caller."""

LINE_LIMIT = 4 << 20
"""Bytes of one request."""

_LONGEST_PATH = 107  # sockaddr_un
_IDLE_SECONDS = 60.0
# Shorter than the command waits, so that it hears of it.
_ANSWER_SECONDS = 25.0
_AT_ONCE = 32
_PROGRESS_SECONDS = 5.0
_STOP_SECONDS = 1.0


class ControlServer:
    """Answers requests on a Unix socket."""

    def __init__(
        self, path: Path, methods: Mapping[str, Method], *, longer: Mapping[str, float] | None = None
    ) -> None:
        """Nothing is opened before :meth:`run`.

        Args:
            path: Of the socket.
            methods: What can be asked, by name.
            longer: Seconds until a method must have answered, where it may take longer than others.

        Raises:
            ConfigurationError: The path is too long for a socket.
        """
        if len(os.fsencode(path)) > _LONGEST_PATH:
            raise ConfigurationError(
                f"{path}: is too long for a socket ({_LONGEST_PATH} bytes); choose a shorter paths.runtime"
            )
        self._path = path
        self._methods = methods
        self._longer = dict(longer or {})
        self._conversations: set[asyncio.Task[None]] = set()

    async def run(self, progress: Progress) -> None:
        """Serve until cancelled; the socket file of a dead daemon is replaced.

        Raises:
            Unavailable: The socket cannot be opened, or another daemon answers there.
        """
        with await asyncio.to_thread(_listen, self._path) as listener:
            server = await asyncio.start_unix_server(self._meet, sock=listener, limit=LINE_LIMIT)
            try:
                while True:
                    progress()
                    await asyncio.sleep(_PROGRESS_SECONDS)
            finally:
                self._path.unlink(missing_ok=True)
                server.close()
                await self._say_goodbye()

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A caller. The task is ours, so that we can end it: a server waits for its callers to leave."""
        task = asyncio.create_task(self._serve(reader, writer), name="control-caller")
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _say_goodbye(self) -> None:
        conversations = list(self._conversations)
        for task in conversations:
            task.cancel()
        if conversations:
            await asyncio.wait(conversations, timeout=_STOP_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(TimeoutError, ConnectionError):  # idle, or gone: nobody is there to be told
                await self._converse(reader, writer)
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._conversations) > _AT_ONCE:
            await _send(writer, _error("too many callers at once; try again"))
            return
        try:
            while line := await _next_line(reader):
                await _send(writer, await self._answer(line))
        except InvalidInput as error:
            await _send(writer, _error(str(error)))

    async def _answer(self, line: bytes) -> bytes:
        seconds = _ANSWER_SECONDS
        try:
            name, params = self._parse(line)
            seconds = self._longer.get(name, seconds)
            async with asyncio.timeout(seconds):
                return orjson.dumps({"result": await self._methods[name](params)})
        except ArniError as error:
            return _error(str(error))
        except TimeoutError:
            return _error(f"no answer within {seconds:g} s; the journal may say why")
        except Exception as error:  # noqa: BLE001 - a bug in a method must not end the daemon
            _LOG.exception("control_method_crashed")
            return _error(f"internal error ({type(error).__name__}); the journal has the details")

    def _parse(self, line: bytes) -> tuple[str, Mapping[str, Any]]:
        try:
            request = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise InvalidInput("the request is not JSON") from None
        if not isinstance(request, dict) or not isinstance(request.get("params", {}), dict):
            raise InvalidInput("a request needs 'method' and, if any, 'params' as an object")
        name = str(request.get("method"))
        if name not in self._methods:
            raise InvalidInput(f"unknown method; known here: {', '.join(sorted(self._methods))}")
        return name, request.get("params", {})


def _listen(path: Path) -> socket.socket:
    """A bound socket; its mode is right before the first caller can come."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _make_room(path)
        listener.bind(str(path))
        path.chmod(0o660)
    except BaseException as error:
        listener.close()
        if isinstance(error, OSError):
            raise Unavailable(f"the control socket {path} cannot be opened: {error.strerror}") from error
        raise
    return listener


def _make_room(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:  # nobody listens: it was left behind by a daemon that was killed
            path.unlink(missing_ok=True)
        else:
            raise Unavailable(f"another daemon answers at {path}")


async def _next_line(reader: asyncio.StreamReader) -> bytes:
    """The next request; nothing when the caller has left, perhaps in the middle of one."""
    try:
        async with asyncio.timeout(_IDLE_SECONDS):
            line = await reader.readline()
    except ValueError:
        raise InvalidInput(f"the request is longer than {LINE_LIMIT >> 20} MiB") from None
    return line if line.endswith(b"\n") else b""


async def _send(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer + b"\n")
    async with asyncio.timeout(_IDLE_SECONDS):
        await writer.drain()


def _error(words: str) -> bytes:
    return orjson.dumps({"error": words})
