"""uvicorn, with what it lacks: a deadline for the head of a request, and signals that are somebody else's."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from arni_edge.settings.relay_server import RelayServer

_HEAD_BYTES = 16_384
BACKLOG = 4096
"""Connections that may wait to be taken: all boxes at once, after a restart."""
_STOP_SECONDS = 5
# Longer than a box works on a full batch before it asks again.
_KEEP_SECONDS = 75


class _Patient(H11Protocol):
    """Closes a connection on which no complete head arrives in time: it costs its sender nothing."""

    head_seconds = 10.0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_is_there()
        elif self._deadline is None:
            self._expect_head()

    def _expect_head(self) -> None:
        self._deadline = self.loop.call_later(self.head_seconds, self.transport.close)

    def _head_is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Server(uvicorn.Server):
    """uvicorn without its signal handlers."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process."""
        yield


def http_server(app: ASGIApp, settings: RelayServer) -> Server:
    """A server for an application; it listens on sockets that it is given.

    Args:
        app: The application.
        settings: Limits and TLS.
    """
    limits, server = settings.limits, settings.server
    protocol = type("_Protocol", (_Patient,), {"head_seconds": limits.header_seconds})
    return Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=limits.connections,
            timeout_keep_alive=_KEEP_SECONDS,
            timeout_graceful_shutdown=_STOP_SECONDS,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            backlog=BACKLOG,
            ssl_certfile=server.tls_certificate,
            ssl_keyfile=server.tls_key,
        )
    )
