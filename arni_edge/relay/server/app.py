"""The relay as an ASGI application; between two requests it knows only who waits, and what it has counted."""

import asyncio
import traceback

import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.relay.keys import audience_of
from arni_edge.relay.server.answers import as_json
from arni_edge.relay.server.bell import Bell
from arni_edge.relay.server.ingest import Ingest
from arni_edge.relay.server.metrics import Metrics
from arni_edge.relay.server.pull import Pull
from arni_edge.relay.server.store import Store
from arni_edge.settings.relay_server import RelayServer

_LOG = structlog.get_logger(__name__)
_HEALTH_SECONDS = 2.0


class Relay:
    """One instance.

    Attributes:
        app: The application.
        bell: Who waits.
        metrics: What was done.
    """

    def __init__(self, settings: RelayServer, store: Store, clock: Clock) -> None:
        """Put the endpoints together.

        Args:
            settings: Of this instance.
            store: The database, open.
            clock: Time.
        """
        self.bell = Bell()
        self.metrics = Metrics()
        self._store = store
        shared = settings.meta.app_secret
        ingest = Ingest(
            store,
            self.bell,
            self.metrics,
            clock=clock,
            limits=settings.limits,
            app_secret=shared.get_secret_value() if shared else None,
        )
        pull = Pull(
            store,
            self.bell,
            self.metrics,
            clock=clock,
            limits=settings.limits,
            audience=audience_of(settings.server.public_url),
        )
        routes = [
            Route("/w/{path}/whatsapp", ingest.subscribe, methods=["GET"]),
            Route("/w/{path}/whatsapp", ingest.whatsapp, methods=["POST"]),
            Route("/w/{path}/magicline", ingest.magicline, methods=["POST"]),
            Route("/v1/events", pull.events, methods=["GET"]),
            Route("/v1/enroll", pull.enroll, methods=["POST"]),
            Route("/v1/erase", pull.erase, methods=["POST"]),
            Route("/healthz", self._health, methods=["GET"]),
        ]
        if settings.server.metrics:
            routes.append(Route("/metrics", self._numbers, methods=["GET"]))
        inner = Starlette(routes=routes)
        inner.router.redirect_slashes = False
        self.app: ASGIApp = _Quiet(inner)

    async def _health(self, _: Request) -> Response:
        """Whether webhooks can be taken: the database answers."""
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                await self._store.read("SELECT 1 AS one", {})
        except (Unavailable, TimeoutError):
            return as_json({"status": "the database does not answer"}, 503)
        return as_json({"status": "ok"})

    async def _numbers(self, _: Request) -> Response:
        return PlainTextResponse(self.metrics.text(len(self.bell)))


class _Quiet:
    """The outermost boundary: a bug ends one request, and what is said of it quotes nothing.

    An exception's own words may hold a value (PostgreSQL's do), and the path of a request is a secret.
    """

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._inner(scope, receive, noting)
        except Exception as error:  # noqa: BLE001 - told below, without what it says
            frame = traceback.extract_tb(error.__traceback__)[-1]
            _LOG.error("request_crashed", kind=type(error).__name__, place=f"{frame.filename}:{frame.lineno}")
            if not begun:
                await Response(status_code=500)(scope, receive, send)
