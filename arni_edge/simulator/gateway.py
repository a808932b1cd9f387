"""A simulated service that sends SMS and calls: takes, refuses, hangs or breaks, as the real ones do."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from arni_edge.simulator.serve import drop_connection, serve

PATH: Final = "/v1/messages"
_KINDS: Final = ("sms", "call")
_FIELDS: Final = ("to", "text", "language", "alarm_id", "idempotency_key")


class Mood(StrEnum):
    """How it treats requests."""

    TAKES = "takes"
    REFUSES = "refuses"
    """422: the account has no credit, the number cannot be called."""
    THROTTLES = "throttles"
    """429."""
    BREAKS = "breaks"
    """500."""
    HANGS = "hangs"
    AWAY = "away"
    """The line to it is cut: the connection ends before anything is taken."""
    CUTS = "cuts"
    """The connection ends before an answer; the request was taken."""
    REDIRECTS = "redirects"
    FLOODS = "floods"
    """Takes it, with an answer that is far too long."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One SMS or call that left the service.

    Attributes:
        kind: ``sms`` or ``call``.
        to: The number.
        text: What was written or read out.
        key: Its idempotency key.
        alarm_id: What it was about.
    """

    kind: str
    to: str
    text: str
    key: str
    alarm_id: str


class SimulatedGateway:
    """The service; lives in :meth:`run`.

    Attributes:
        mood: How it treats requests from now on.
        sent: What left it, each key once.
        asked: How many requests came, whatever became of them.
        url: Where it is; empty while it does not run.
        answer: The body of its answers; None: JSON with an id.
    """

    def __init__(self, token: str = "", *, port: int = 0) -> None:
        """Nothing is served yet.

        Args:
            token: That it wants; empty: none.
            port: Where; 0 is a port that is free.
        """
        self.mood = Mood.TAKES
        self.sent: list[Sent] = []
        self.asked = 0
        self.url = ""
        self.answer: bytes | None = None
        self._token = token
        self._port = port
        self._ids: dict[str, str] = {}
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncIterator[str]:
        """Serve for as long as the block lasts; gives the address of its one endpoint."""
        routes = [
            Route(PATH, self._take, methods=["POST"]),
            Route("/elsewhere", self._take, methods=["GET", "POST"]),
        ]
        async with serve(Starlette(routes=routes), self._port) as base:
            self.url = f"{base}{PATH}"
            try:
                yield self.url
            finally:
                self.url = ""
                self._closing.set()

    async def _take(self, request: Request) -> Response:
        self.asked += 1
        if self.mood is Mood.AWAY:
            await drop_connection(request)
            return Response()
        if self.mood is Mood.HANGS:
            await self._closing.wait()
        if (answer := self._unwilling()) is not None:
            return answer
        if self._token and not hmac.compare_digest(
            request.headers.get("authorization", "").encode(), f"Bearer {self._token}".encode()
        ):
            return JSONResponse({"error": "unauthorised"}, status_code=401)
        said = _parse(await request.body())
        if said is None:
            return JSONResponse({"error": "not such a request"}, status_code=400)
        own_id = self._send(said)
        if self.mood is Mood.CUTS:
            await drop_connection(request)
        if self.answer is not None:
            return Response(self.answer, media_type="application/json")
        more = {"padding": "x" * 1_000_000} if self.mood is Mood.FLOODS else {}
        return JSONResponse({"id": own_id, "status": "queued", **more}, status_code=202)

    def _unwilling(self) -> Response | None:
        if self.mood is Mood.REDIRECTS:
            return RedirectResponse("/elsewhere", status_code=307)
        status = {Mood.REFUSES: 422, Mood.THROTTLES: 429, Mood.BREAKS: 500}.get(self.mood)
        return None if status is None else JSONResponse({"error": str(self.mood)}, status_code=status)

    def _send(self, said: dict[str, Any]) -> str:
        key = said["idempotency_key"]
        if key not in self._ids:
            self._ids[key] = f"SM{len(self._ids) + 1:06d}"
            self.sent.append(Sent(said["kind"], said["to"], said["text"], key, said["alarm_id"]))
        return self._ids[key]


def _parse(body: bytes) -> dict[str, Any] | None:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(said, dict) or said.get("kind") not in _KINDS:
        return None
    return said if all(isinstance(said.get(name), str) for name in _FIELDS) else None
