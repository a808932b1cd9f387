"""A double of the cloud relay: takes Meta's webhooks in, keeps them per box, hands them out by cursor.

Same wire as the real one (``arni_edge/relay/wire.py`` has the contract), kept in RAM.
"""

import asyncio
import base64
import hmac
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from arni_edge.channels.whatsapp.signature import HEADER, verify
from arni_edge.domain.clock import Clock
from arni_edge.simulator.serve import drop_connection

_BATCH = 100
"""Events in one answer at most."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One webhook in the log; the fields are those of the wire."""

    sequence: int
    source: str
    received_at: datetime
    body: bytes
    signature: str | None

    def as_json(self) -> dict[str, object]:
        """As it goes over the wire."""
        return {
            "sequence": self.sequence,
            "source": self.source,
            "received_at": self.received_at.isoformat(),
            "body": base64.b64encode(self.body).decode("ascii"),
            "signature": self.signature,
        }


class BoxLog:
    """The append-only log of one box: numbers count up by one; only the newest ``keep`` events stay."""

    def __init__(self, keep: int) -> None:
        self._events: deque[Stored] = deque(maxlen=keep)
        self._changed = asyncio.Event()
        self.newest = 0

    @property
    def oldest(self) -> int:
        """The first number that is still kept; ``newest + 1`` when there is none."""
        return self._events[0].sequence if self._events else self.newest + 1

    def append(self, source: str, at: datetime, body: bytes, signature: str | None) -> None:
        """Keep one webhook and wake who waits for it."""
        self.newest += 1
        self._events.append(Stored(self.newest, source, at, body, signature))
        self.wake()

    async def after(self, sequence: int, wait: float) -> list[Stored]:
        """Events after a number, at once or as soon as there are some; empty after ``wait`` seconds."""
        # A cursor beyond the end (this log was set up anew) is answered at once, too.
        if self.newest == sequence:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
        return [event for event in self._events if event.sequence > sequence][:_BATCH]

    def forget(self, up_to: int) -> None:
        """Retention: drop events up to a number."""
        while self._events and self._events[0].sequence <= up_to:
            self._events.popleft()

    def wake(self) -> None:
        """End the waiting of everybody who waits."""
        self._changed.set()
        self._changed = asyncio.Event()


class SimulatedRelay:
    """The relay for one box.

    Attributes:
        app: The ASGI application.
        log: What was received.
        repeat: How often each webhook is stored, as when Meta delivers it several times.
        down: The outage: every request is answered with 503, waiting polls as well.
        drops: During an outage connections are dropped without an answer instead.
        polls: How many polls were answered.
        waiting: How many polls are waiting.
    """

    def __init__(
        self, *, path: str, verify_token: str, app_secret: str, token: str, clock: Clock, keep: int = 10_000
    ) -> None:
        self._verify_token = verify_token
        self._app_secret = app_secret
        self._token = token
        self._clock = clock
        self.log = BoxLog(keep)
        self.repeat = 1
        self._down = False
        self.drops = False
        self.polls = 0
        self.waiting = 0
        self.app = Starlette(
            routes=[
                Route(f"/w/{path}", self._subscribe, methods=["GET"]),
                Route(f"/w/{path}", self._ingest, methods=["POST"]),
                Route("/v1/events", self._events, methods=["GET"]),
            ]
        )

    @property
    def down(self) -> bool:
        """The outage switch; waiting polls end with it."""
        return self._down

    @down.setter
    def down(self, value: bool) -> None:
        self._down = value
        self.log.wake()

    async def _subscribe(self, request: Request) -> Response:
        """Meta's verification of the callback: the challenge comes back as the plain body."""
        given = request.query_params.get("hub.verify_token", "")
        if not hmac.compare_digest(given.encode(), self._verify_token.encode()):
            return PlainTextResponse("wrong verify token", 403)
        return PlainTextResponse(request.query_params.get("hub.challenge", ""))

    async def _ingest(self, request: Request) -> Response:
        if outage := await self._outage(request):
            return outage
        body = await request.body()
        signature = request.headers.get(HEADER)
        if not verify(self._app_secret, body, signature):
            return PlainTextResponse("bad signature", 401)
        for _ in range(self.repeat):
            self.log.append("whatsapp", self._clock.now(), body, signature)
        return PlainTextResponse("")

    async def _events(self, request: Request) -> Response:
        if outage := await self._outage(request):
            return outage
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            return PlainTextResponse("wrong token", 401)
        try:
            after, wait = int(request.query_params["after"]), float(request.query_params["wait"])
        except (KeyError, ValueError):
            return PlainTextResponse("after and wait are needed", 400)
        self.waiting += wait > 0
        try:
            events = await self.log.after(after, min(max(wait, 0.0), 110.0))
        finally:
            self.waiting -= wait > 0
        if outage := await self._outage(request):  # it went down while we waited
            return outage
        self.polls += 1
        return JSONResponse(
            {
                "events": [event.as_json() for event in events],
                "oldest": self.log.oldest,
                "newest": self.log.newest,
            }
        )

    async def _outage(self, request: Request) -> Response | None:
        if not self._down:
            return None
        if self.drops:
            await drop_connection(request)
        return PlainTextResponse("down for maintenance", 503)
