"""Serves an ASGI application on loopback, in the running loop, with connections that can be cut."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

_START_SECONDS = 10.0
_open: dict[tuple[str, int], asyncio.BaseTransport] = {}
"""Connections by the client's address, for :func:`drop_connection`; ASGI itself cannot cut a wire."""


class _CuttableProtocol(H11Protocol):
    """uvicorn's HTTP protocol; notes each connection while it lasts."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        _open[tuple(transport.get_extra_info("peername"))] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _open.pop(tuple(self.transport.get_extra_info("peername")), None)
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers (signals belong to the process that simulates); ends at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending = asyncio.Event()

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self.ending.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def drop_connection(request: Request) -> None:
    """Cut the client's connection in the middle of its request, as a failing network does."""
    assert request.client is not None
    transport = _open.get((request.client.host, request.client.port))
    if isinstance(transport, asyncio.Transport):
        transport.abort()
        await asyncio.sleep(0.01)  # so that uvicorn has seen the loss before we return something to it


@asynccontextmanager
async def serve(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Serve an application on 127.0.0.1; gives its address, ``http://127.0.0.1:port``.

    Args:
        app: The application.
        port: Where; 0 is a port that is free.

    Raises:
        RuntimeError: The server did not come up.
    """
    listener = socket.create_server(("127.0.0.1", port))
    # asyncio does it only for sockets with an explicit protocol number; without it every answer takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(
        app, http=_CuttableProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    server = _Server(config)
    running = asyncio.create_task(server.serve([listener]), name="simulated-http")
    try:
        await _until_started(server, running)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.ending.set()
        await asyncio.wait({running})
        listener.close()
    running.result()


async def _until_started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while not server.started:
            if running.done():
                raise RuntimeError("the simulated server ended before it was up")
            await asyncio.sleep(0.005)
