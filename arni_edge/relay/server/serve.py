"""One relay process: open the database, listen, say so to systemd, and stop without losing a word."""

import asyncio
import resource
import signal
import socket
import ssl
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ConfigurationError, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.relay.server.app import Relay
from arni_edge.relay.server.housekeeping import LookAround, Retention
from arni_edge.relay.server.http import BACKLOG, Server, http_server
from arni_edge.relay.server.store import Store
from arni_edge.relay.server.stores import open_store
from arni_edge.settings.relay_server import RelayServer
from arni_edge.supervision import Child, HealthBoard, Notifier, Supervisor

_LOG = structlog.get_logger(__name__)
_TICK_SECONDS = 0.05


async def serve(settings: RelayServer, clock: Clock, notifier: Notifier | None = None) -> None:
    """Run until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: The database or the certificate cannot be used.
        Unavailable: The database cannot be reached, or the port is taken.
    """
    _allow_many_connections(settings.limits.connections)
    listener = _listen(settings.server.listen_host, settings.server.listen_port)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = await open_store(settings)
    try:
        relay = Relay(settings, store, clock)
        server = _http_server(relay, settings)
        await _run(settings, relay, server, store, clock, listener, stop, notifier or Notifier())
    finally:
        listener.close()
        await store.aclose()
    _LOG.info("stopped")


async def _run(
    settings: RelayServer,
    relay: Relay,
    server: Server,
    store: Store,
    clock: Clock,
    listener: socket.socket,
    stop: asyncio.Event,
    notifier: Notifier,
) -> None:
    tree = Supervisor(HealthBoard(Bus(), clock), clock)

    async def keep_store(progress: Progress) -> None:
        await store.run(relay.bell.ring, progress)

    tree.add(Child("store", keep_store, silence_seconds=60.0))
    tree.add(Child("look-around", LookAround(store, relay.bell).run))
    days = timedelta(days=settings.retention.days)
    tree.add(Child("retention", Retention(store, relay.metrics, clock, days).run, silence_seconds=60.0))
    parts = {
        asyncio.create_task(tree.run(), name="tree"),
        asyncio.create_task(notifier.watch(lambda: tree.late), name="watchdog"),
    }
    serving = asyncio.create_task(server.serve([listener]), name="http")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn sets a flag, no event
            await asyncio.sleep(_TICK_SECONDS)
        notifier.ready()
        _LOG.info("ready", port=listener.getsockname()[1])
        (watchdog,) = (part for part in parts if part.get_name() == "watchdog")
        watched = {stopping, serving, *(parts - {watchdog})}
        await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        notifier.stopping()
        _LOG.info("stopping", waiting=len(relay.bell))
    finally:
        # Those who wait get an empty answer; what comes in now is still committed and answered.
        relay.bell.close()
        server.should_exit = True
        stopping.cancel()
        await asyncio.wait({serving})
        for part in parts:
            part.cancel()
        await asyncio.wait(parts)
    serving.result()
    for part in parts:
        with suppress(asyncio.CancelledError):
            part.result()


def _http_server(relay: Relay, settings: RelayServer) -> Server:
    if settings.server.tls_certificate is not None and settings.server.tls_key is not None:
        _check_certificate(settings.server.tls_certificate, settings.server.tls_key)
    server = http_server(relay.app, settings)
    server.config.load()
    return server


def _check_certificate(certificate: Path, key: Path) -> None:
    """Say which of the two files is wrong, and what is wrong with it.

    Raises:
        ConfigurationError: They cannot be used.
    """
    for name, file in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            file.open("rb").close()
        except OSError as error:
            raise ConfigurationError(f"server.{name} = {file}: cannot be read: {error.strerror}") from None
    try:
        # Without the password OpenSSL would ask for it at the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigurationError(f"server.tls_key = {key}: is not the key of {certificate}") from None
        raise ConfigurationError(
            f"server.tls_certificate = {certificate}, server.tls_key = {key}: must be a certificate with its "
            "chain and a key without password, both as PEM"
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise Unavailable(f"server.listen_port = {port}: cannot listen on {host}: {error.strerror}") from None
    # asyncio does it only for sockets with an explicit protocol number; without it every answer takes 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _allow_many_connections(wanted: int) -> None:
    """As many files as connections, if this process may: a login's limit is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + 200
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    raised = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if raised < needed:
        _LOG.warning("few_connections", files=raised, needed=needed)
    with suppress(OSError):  # under systemd we may not, and LimitNOFILE= has done it
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
