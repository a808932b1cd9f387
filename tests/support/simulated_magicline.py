"""A simulated Magicline and somebody who asks it over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.simulator.magicline import SimulatedMagicline
from arni_edge.simulator.serve import serve


@dataclass
class Asking:
    """Asks with the right key; what is not 200 is an ``httpx.Response`` all the same."""

    magicline: SimulatedMagicline
    http: httpx.AsyncClient

    async def __call__(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        content = None if body is None else orjson.dumps(body)
        return await self.http.request(
            method,
            f"{self.magicline.url}{path}",
            content=content,
            params=query,
            headers={"X-API-KEY": self.magicline.api_key, "Content-Type": "application/json"},
        )

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of a good answer."""
        answer = await self("GET", path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a good answer."""
        answer = await self("POST", path, body)
        assert answer.status_code == 200, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None, **query: Any) -> str:
        """Status and code of a refusal."""
        answer = await self(method, path, body, **query)
        return f"{answer.status_code} {answer.json().get('errorCode', '')}".strip()


@asynccontextmanager
async def asking(**options: Any) -> AsyncIterator[Asking]:
    """A simulated Magicline and somebody who asks it."""
    async with (
        SimulatedMagicline(**options) as magicline,
        httpx.AsyncClient(trust_env=False, timeout=20) as http,
    ):
        yield Asking(magicline, http)


@dataclass
class Listener:
    """Takes webhooks, as a relay does."""

    url: str = ""
    status: int = 200
    got: list[tuple[Mapping[str, str], dict[str, Any]]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), orjson.loads(await request.body())))
        return Response(status_code=self.status)

    @property
    def types(self) -> list[str]:
        return [body["payload"][0]["type"] for _, body in self.got]


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """An address that events can be sent to."""
    listener = Listener()
    async with serve(Starlette(routes=[Route("/w", listener.take, methods=["POST"])])) as url:
        listener.url = f"{url}/w"
        yield listener
