"""Serves the simulated Magicline: keys, scopes, limits, faults; and counts what it was asked."""

import asyncio
from collections import Counter, deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import orjson
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.domain.errors import InvalidInput
from arni_edge.settings import Magicline
from arni_edge.simulator.magicline.api.device import NO_CONTENT, PREFIX
from arni_edge.simulator.magicline.asking import ApiError, Ask, Operation
from arni_edge.simulator.magicline.control import Control
from arni_edge.simulator.magicline.faults import ANY, BEFORE, Fault, Faults, Plan
from arni_edge.simulator.magicline.gym import Gym
from arni_edge.simulator.magicline.limits import Limits
from arni_edge.simulator.magicline.quirks import Quirks
from arni_edge.simulator.magicline.routes import Routes
from arni_edge.simulator.magicline.strikes import struck, throttled
from arni_edge.simulator.magicline.webhooks import Webhooks
from arni_edge.simulator.serve import drop_connection, serve

METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
PROBE: Final = "probe"
"""The name of ``HEAD`` on any path."""
_LARGEST: Final = 5_000_000
_KEPT: Final = 50_000


@dataclass(slots=True)
class Asked:
    """One request.

    Attributes:
        operation: Its ``operationId``; :data:`PROBE`, or empty where there is none.
        method: Of HTTP.
        path: As it was asked.
        query: The parameters behind it.
        content: The body.
        at: The server's clock.
        unknown: Query parameters that this operation does not know.
        status: What was answered; None: nothing.
    """

    operation: str
    method: str
    path: str
    query: dict[str, str]
    content: bytes
    at: datetime
    unknown: tuple[str, ...] = ()
    status: int | None = field(default=None)

    @property
    def body(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.content)


class SimulatedMagicline:
    """One studio at Magicline. Use as ``async with SimulatedMagicline() as magicline``.

    Attributes:
        url: Where it is served; the Device API too.
        api_key: Of the studio.
        gym: What it keeps; tests change it as the desk would.
        quirks: Its habits, to be switched at any time.
        faults: What goes wrong; see :meth:`fail`.
        limits: How fast it may be asked.
        webhooks: Who is told, and how.
        scopes: What the key is allowed; None: everything that is simulated.
        down: The line is cut: every connection is dropped.
        revoked: The key is not valid any more.
        requests: The latest that was asked, in order.
        counts: How often each operation was asked.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        port: int = 0,
        seed: int = 1,
        members: int = 40,
        api_key: str = "sim-magicline-key",
        webhook_key: str = "sim-magicline-webhook-key",
        quirks: Quirks | None = None,
    ) -> None:
        """The gym is there, nobody is served yet.

        Args:
            clock: The server's; :meth:`advance` moves it on.
            port: Where it is served; 0: where there is room.
            seed: Of everything that is left to chance.
            members: How many, besides one of each of ``people.ROLES``.
            api_key: With which it is asked.
            webhook_key: With which it tells.
            quirks: Its habits; None: as they are by default.
        """
        self._clock = clock or SystemClock()
        self._shift = timedelta()
        self._port = port
        dice = Random(seed)
        self.api_key = api_key
        self.quirks = quirks or Quirks()
        self.gym = Gym(self.now, dice, crowd=members, quirks=self.quirks)
        self.gym.tell = self._tell
        self.faults = Faults(Random(seed))
        self.limits = Limits(lambda: self.now().timestamp())
        self.webhooks = Webhooks(webhook_key, Random(seed))
        self.scopes: set[str] | None = None
        self.url = ""
        self.down = self.revoked = False
        self.requests: deque[Asked] = deque(maxlen=_KEPT)
        self.counts: Counter[str] = Counter()
        self._routes = Routes()
        self._closing = asyncio.Event()
        self._stack = AsyncExitStack()
        control = Control(self)
        self.app = Starlette(routes=[*control.routes(), Route("/{path:path}", self._serve, methods=METHODS)])

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.url = await stack.enter_async_context(serve(self.app, self._port))
            stack.push_async_callback(self.webhooks.aclose)
            stack.callback(self._closing.set)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    # --- what a test can order --------------------------------------------------------------------------

    def now(self) -> datetime:
        """The server's clock."""
        return self._clock.now() + self._shift

    def advance(self, seconds: float) -> None:
        """The server's clock goes on by so much at once."""
        self._shift += timedelta(seconds=seconds)

    @property
    def device_token(self) -> str:
        """With which the card reader at the door asks; it is activated by this."""
        reader = self.gym.devices[26]
        reader.token = reader.token or "53cda15a-5652-4f62-9b97-508f870ff40b"
        return reader.token

    def settings(self, **changes: Any) -> Magicline:
        """The ``[magicline]`` section of a box in this studio."""
        given: dict[str, Any] = {
            "url": self.url,
            "api_key": SecretStr(self.api_key),
            "device_url": self.url,
            "device_token": SecretStr(self.device_token),
        }
        return Magicline(**(given | changes))

    def fail(
        self,
        operation: str,
        fault: Fault,
        *,
        times: int | None = 1,
        after: int = 0,
        seconds: float = 1.0,
        chance: float = 1.0,
    ) -> Plan:
        """Let something go wrong with the next requests.

        Args:
            operation: The ``operationId``, ``probe``, or ``faults.ANY``.
            fault: What.
            times: How often; None: until ``faults.clear()``.
            after: How many requests of it pass before.
            seconds: For ``SLOW``: how late.
            chance: How likely for each.

        Returns:
            The plan; its ``hit`` says how often it struck.
        """
        return self.faults.add(Plan(fault, operation, times, after, seconds, chance))

    def order(self, plan: Plan) -> None:
        """Let something go wrong as somebody outside has ordered it.

        Raises:
            InvalidInput: There is no such operation.
        """
        if plan.operation not in {ANY, PROBE, *(one.name for one in self._routes.operations.values())}:
            raise InvalidInput(f"there is no operation '{plan.operation}': it is an operationId, or {PROBE}")
        self.faults.add(plan)

    def asked(self, operation: str) -> list[Asked]:
        """The latest requests of an operation."""
        return [one for one in self.requests if one.operation == operation]

    def class_bookings(self, customer_id: int, slot_id: int) -> int:
        """How many bookings of a slot a customer has now, the waiting list too."""
        bookings = self.gym.timetable.of(customer_id)
        return sum(one.holds and one.slot.slot_id == slot_id for one in bookings)

    def appointments(self, customer_id: int, start: datetime) -> int:
        """How many appointments at a time a customer has now."""
        return sum(one.status == "BOOKED" and one.start == start for one in self.gym.diary.of(customer_id))

    def visits(self, customer_id: int) -> int:
        """How often a customer was checked in."""
        return len(self.gym.members[customer_id].visits)

    def doubled(self) -> list[tuple[int, int | datetime]]:
        """Who holds one slot or time more than once: customer, and slot or start. Mostly nobody."""
        classes = Counter(
            (one.customer_id, one.slot.slot_id) for one in self.gym.timetable.bookings.values() if one.holds
        )
        times = Counter(
            (one.customer_id, one.start) for one in self.gym.diary.bookings.values() if one.status == "BOOKED"
        )
        return [key for key, count in classes.items() if count > 1] + [
            key for key, count in times.items() if count > 1
        ]

    # --- the wire ---------------------------------------------------------------------------------------

    def _tell(self, kind: str, entity_id: int, **content: Any) -> None:
        if self.gym.activated:
            self.webhooks.tell(kind, entity_id, int(self.now().timestamp() * 1000), content)

    async def _serve(self, request: Request) -> Response:
        if self.down:
            await drop_connection(request)
            return Response()
        try:
            content = await request.body()
        except ClientDisconnect:
            return Response()
        query = dict(request.query_params)
        asked = Asked("", request.method, request.url.path, query, content, self.now())
        self.requests.append(asked)
        try:
            answer = await self._obey(request, asked)
        except ApiError as error:
            answer = self._refusal(error, request)
        asked.status = answer.status_code if answer is not None else None
        if answer is None:
            await drop_connection(request)
            return Response()
        return answer

    async def _obey(self, request: Request, asked: Asked) -> Response | None:
        """The answer; None: the connection is to be dropped."""
        if asked.method == "HEAD":
            asked.operation = PROBE
            self.counts[PROBE] += 1
            answer = Response(status_code=200 if self._open(request) else 401)
            return await self._struck(self.faults.next(PROBE), request, answer)
        if not asked.path.startswith(f"{PREFIX}/") and not self._open(request):
            raise ApiError(401, "Authentication failed")
        operation, path = self._routes.find(asked.method, asked.path)
        asked.operation = operation.name
        self.counts[operation.name] += 1
        self._allow(operation, asked)
        plan = self.faults.next(operation.name)
        if plan is not None and plan.fault is Fault.LOCKED:
            self.limits.lock(operation.endpoint)
        if plan is not None and plan.fault in BEFORE:
            return await self._struck(plan, request, Response())
        ask = Ask(
            path,
            asked.query,
            asked.content,
            request.headers.get("content-type", ""),
            request.headers.get("accept-language", ""),
            request.headers.get("authorization", "").removeprefix("Bearer "),
        )
        try:
            answer = self._done(operation, ask)
        except ApiError as error:
            answer = self._refusal(error, request)
        return await self._struck(plan, request, answer)

    async def _struck(self, plan: Plan | None, request: Request, answer: Response) -> Response | None:
        if plan is None:
            return answer
        return await struck(plan, request, answer, self._closing, retry_after=self.quirks.retry_after)

    def _done(self, operation: Operation, ask: Ask) -> Response:
        """Done without a pause: two requests are never halfway at once."""
        wire = operation.answer(self.gym, ask)
        if wire is None:
            return Response(status_code=204 if operation.name in NO_CONTENT else 200)
        return Response(orjson.dumps(self.quirks.spoil(wire)), media_type="application/json")

    def _open(self, request: Request) -> bool:
        return not self.revoked and request.headers.get("x-api-key") == self.api_key

    def _allow(self, operation: Operation, asked: Asked) -> None:
        if self.scopes is not None and operation.scope and operation.scope not in self.scopes:
            raise ApiError(403, "Authorization failed", code="errormessage.scope.missing")
        if not self.limits.take(operation.endpoint):
            raise throttled()
        if len(asked.content) > _LARGEST:
            raise ApiError(400, "The request is too large", code="errormessage.validation.size")
        asked.unknown = tuple(sorted(set(asked.query) - set(operation.query)))
        if asked.unknown and self.quirks.unknown_parameters_refused:
            raise ApiError(400, "The parameter is not known", reference=asked.unknown[0])

    def _refusal(self, error: ApiError, request: Request) -> Response:
        body = self.quirks.spoil(error.body(request.headers.get("accept-language", "")))
        headers = error.headers
        if error.status == 429 and self.quirks.retry_after:
            locked = [self.limits.seconds_locked(one) for one in self.limits.refused]
            headers["Retry-After"] = str(int(max(locked, default=60.0)) + 1)
        return Response(orjson.dumps(body), error.status, headers, "application/json")
