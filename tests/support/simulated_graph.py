"""A simulated Graph API with its own clock, somebody who asks it, and an address for its webhooks."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from arni_edge.channels.whatsapp.signature import HEADER, verify
from arni_edge.simulator.graph import VERSION
from arni_edge.simulator.graph.alone import GraphWorld
from arni_edge.simulator.phones import Phone
from support.clock import ManualClock
from support.meta import problems
from support.waiting import eventually

ANNA = "+4915223433333"
BEN = "+4915223433334"
BSUID = "DE.13491208655302741918"
VERIFY = "verify-me"


class Callback:
    """Where webhooks go: verifies and notes them.

    Attributes:
        url: Its address.
        bodies: What came, parsed, in order; refused ones too.
        refuses: So many of the next are answered with 503.
    """

    def __init__(self, app_secret: str) -> None:
        self.url = ""
        self.bodies: list[Any] = []
        self.refuses = 0
        self._app_secret = app_secret

    async def subscribe(self, request: Request) -> Response:
        if request.query_params["hub.verify_token"] != VERIFY:
            return PlainTextResponse("no", 403)
        assert request.query_params["hub.mode"] == "subscribe"
        return PlainTextResponse(request.query_params["hub.challenge"])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        assert verify(self._app_secret, body, request.headers.get(HEADER))
        assert request.headers["content-type"] == "application/json"
        assert body.isascii()
        self.bodies.append(json.loads(body))
        self.refuses -= 1
        return Response(status_code=503 if self.refuses >= 0 else 200)

    def changes(self, field: str = "messages") -> list[dict[str, Any]]:
        """The values that came for a field, as Meta describes them."""
        for body in self.bodies:
            messages = [
                change
                for entry in body["entry"]
                for change in entry["changes"]
                if change["field"] == "messages"
            ]
            assert [problem for change in messages for problem in problems("Change", change)] == []
        return [
            change["value"]
            for body in self.bodies
            for entry in body["entry"]
            for change in entry["changes"]
            if change["field"] == field
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """What was reported."""
        return [status for value in self.changes() for status in value.get("statuses", ())]

    def messages(self) -> list[dict[str, Any]]:
        """What people sent."""
        return [message for value in self.changes() for message in value.get("messages", ())]

    async def messages_soon(self, count: int) -> list[dict[str, Any]]:
        """As soon as there are so many."""
        await eventually(lambda: len(self.messages()) >= count)
        return self.messages()

    async def states_soon(self, *states: str) -> list[dict[str, Any]]:
        """What was reported, as soon as it is this, in any order."""
        await eventually(lambda: sorted(one["status"] for one in self.statuses()) == sorted(states))
        return self.statuses()


class Asking:
    """Somebody with a token.

    Attributes:
        world: Who is asked.
        clock: The world's.
        callback: Where its webhooks go.
        anna: Has written just now.
    """

    def __init__(
        self, world: GraphWorld, clock: ManualClock, callback: Callback, http: httpx.AsyncClient
    ) -> None:
        self.world = world
        self.graph = world.graph
        self.clock = clock
        self.callback = callback
        self.http = http
        self.anna: Phone = world.phones.add(ANNA, "Anna")
        self.anna.last_sent_at = clock.now()
        self.number = f"/{VERSION}/{world.phone_number_id}"

    async def __call__(self, content: dict[str, Any], to: str = ANNA) -> httpx.Response:
        """Send a message."""
        key = "recipient" if any(letter.isalpha() for letter in to) else "to"
        body = {"messaging_product": "whatsapp", "recipient_type": "individual", key: to, **content}
        return await self.http.post(f"{self.number}/messages", json=body)

    async def text(self, body: str = "Hallo", to: str = ANNA, **more: Any) -> httpx.Response:
        """Send words."""
        return await self({"type": "text", "text": {"body": body}, **more}, to)

    async def code(self, content: dict[str, Any], to: str = ANNA) -> int:
        """The code with which a message is refused; 0 when it is not."""
        return code(await self(content, to))

    async def upload(self, content: bytes, mime: str) -> httpx.Response:
        """Hand a file in."""
        return await self.http.post(
            f"{self.number}/media",
            data={"messaging_product": "whatsapp", "type": mime},
            files={"file": ("file", content, mime)},
        )


def code(answer: httpx.Response) -> int:
    """Meta's code of an answer; 0 for 200."""
    body = answer.json()
    if answer.status_code == 200:
        assert "error" not in body
        return 0
    assert problems("GraphAPIError", body) == []
    found = body["error"]["code"]
    assert isinstance(found, int)
    return found


def buttons(*replies: tuple[str, str], body: str = "Ja?", **more: Any) -> dict[str, Any]:
    """A message with buttons: id and title."""
    options = [{"type": "reply", "reply": {"id": one, "title": title}} for one, title in replies]
    interactive = {"type": "button", "body": {"text": body}, "action": {"buttons": options}, **more}
    return {"type": "interactive", "interactive": interactive}


def rows(
    count: int, *, sections: int = 1, body: str = "Wann?", button: str = "Zeiten", **row: str
) -> dict[str, Any]:
    """A message with a list."""
    per = count // sections
    parts = [
        {
            "title": f"Tag {section}",
            "rows": [{"id": f"{section}/{n}", "title": "Yoga", **row} for n in range(per)],
        }
        for section in range(sections)
    ]
    action = {"button": button, "sections": parts}
    return {"type": "interactive", "interactive": {"type": "list", "body": {"text": body}, "action": action}}


def template(name: str, *values: str, language: str = "de", copied: str | None = None) -> dict[str, Any]:
    """A message from a template; ``copied`` is what the button of an authentication template copies."""
    texts = [{"type": "text", "text": value} for value in values]
    components: list[dict[str, Any]] = [{"type": "body", "parameters": texts}] if texts else []
    if copied is not None:
        button = {"type": "button", "sub_type": "url", "index": "0"}
        components.append(button | {"parameters": [{"type": "text", "text": copied}]})
    return {
        "type": "template",
        "template": {"name": name, "language": {"code": language}, "components": components},
    }


@asynccontextmanager
async def asking() -> AsyncIterator[Asking]:
    """A world at its beginning, on a Wednesday at noon."""
    clock = ManualClock()
    world = GraphWorld(clock=clock)
    world.graph.habits.doubled = 0.0
    callback = Callback(world.app_secret)
    # On the same server as the rest: each takes its time to end.
    world.app.routes.insert(0, Route("/w", callback.subscribe, methods=["GET"]))
    world.app.routes.insert(0, Route("/w", callback.take, methods=["POST"]))
    headers = {"Authorization": f"Bearer {world.token}"}
    async with world:
        callback.url = f"{world.url}/w"
        await world.subscribe(callback.url, VERIFY)
        async with httpx.AsyncClient(
            base_url=world.url, headers=headers, trust_env=False, verify=False
        ) as http:
            yield Asking(world, clock, callback, http)
