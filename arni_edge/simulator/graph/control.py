"""Paths below ``/simulator`` with which a Graph API that runs by itself is told what to do."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.graph.errors import ErrorData
from arni_edge.simulator.graph.faults import Fault, Operation, Plan
from arni_edge.simulator.graph.saying import ORDERS, say
from arni_edge.simulator.graph.templates import Approval, Category, MessageTemplate

if TYPE_CHECKING:
    from arni_edge.simulator.graph.alone import GraphWorld


_MARGIN: Final = timedelta(days=366)
"""So far ahead the simulator itself looks."""


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Phone(_Order):
    number: str
    name: str = "Jemand"
    user_id: str | None = None
    hidden: bool = False
    reads: bool = True


class _Fault(_Order):
    fault: Fault
    times: int | None = Field(default=1, ge=1)
    operation: Operation = Operation.MESSAGES
    code: int = 131000
    status: int | None = Field(default=None, ge=100, le=599)
    seconds: float = Field(default=1.0, ge=0)
    chance: float = Field(default=1.0, ge=0, le=1)


class _Clock(_Order):
    seconds: float = Field(ge=0)


class _Answers(_Order):
    error_data: ErrorData = ErrorData.OBJECT
    refuses_late: bool = False
    window: bool = True
    limits: bool = True
    silence: bool = False
    down: bool = False
    delay: float = Field(default=0.0, ge=0)
    answer_delay: float = Field(default=0.0, ge=0)


class _Webhooks(_Order):
    url: str | None = None
    copies: int = Field(default=1, ge=0, le=100)
    spread: float = Field(default=0.0, ge=0)
    batch: int = Field(default=1, ge=1, le=1000)
    linger: float = Field(default=0.05, ge=0)


class _Statuses(_Order):
    latency: float = Field(default=0.02, ge=0)
    spread: float = Field(default=0.05, ge=0)
    doubled: float = Field(default=0.2, ge=0, le=1)
    silent: bool = False
    undelivered: bool = False
    version: int = 24
    category: str | None = None


class _Template(_Order):
    name: str
    languages: tuple[str, ...] = ("de", "en")
    category: Category = Category.UTILITY
    parameters: int | None = Field(default=None, ge=0)
    approval: Approval = Approval.APPROVED
    held: bool = False


class _Held(_Order):
    good: bool


class _Account(_Order):
    field: str
    value: dict[str, Any]


class Control:
    """The people behind the curtain."""

    def __init__(self, world: "GraphWorld") -> None:
        """Nothing is ordered yet.

        Args:
            world: Who obeys.
        """
        self._world = world

    def routes(self) -> list[Route]:
        """Where the orders come in."""
        orders: dict[str, Callable[[bytes], Any]] = {
            "say": self._say,
            "phones": self._phone,
            "faults": self._fault,
            "clock": self._advance,
            "answers": self._answers,
            "webhooks": self._webhooks,
            "statuses": self._statuses,
            "templates": self._template,
            "held": self._judge_held,
            "account": self._account,
        }
        return [
            Route("/simulator", self._state, methods=["GET"]),
            Route("/simulator/phones/{number}", self._inbox, methods=["GET"]),
            Route("/simulator/faults", self._clear, methods=["DELETE"]),
            *(
                Route(f"/simulator/{name}", _ordered(order), methods=["POST"])
                for name, order in orders.items()
            ),
        ]

    # --- what can be looked at ------------------------------------------------------------------------------

    async def _state(self, _: Request) -> Response:
        world, graph, courier = self._world, self._world.graph, self._world.courier
        plans = [{"fault": one.fault, "times": one.times, "hit": one.hit} for one in graph.faults.plans]
        return _json(
            {
                "now": world.clock.now().isoformat(),
                "requests": graph.requests,
                "accepted": len(graph.accepted),
                "doubled": graph.doubled,
                "limited": graph.limits.refused,
                "read": graph.read,
                "typing": graph.typing,
                "faults": plans,
                "webhooks": {
                    "url": courier.callback,
                    "posted": courier.posted,
                    "taken": courier.taken,
                    "given_up": courier.given_up,
                },
                "phones": {phone.number: len(phone.inbox) for phone in world.phones},
            }
        )

    async def _inbox(self, request: Request) -> Response:
        phone = self._world.phones.find(request.path_params["number"])
        if phone is None:
            return Response("nobody has this number", 404, media_type="text/plain")
        return _json([asdict(message) for message in phone.inbox])

    # --- what can be ordered --------------------------------------------------------------------------------

    def _say(self, body: bytes) -> dict[str, str]:
        order = TypeAdapter[Any](ORDERS).validate_json(body)
        return {"id": say(self._world.phones, order)}

    def _phone(self, body: bytes) -> None:
        order = _Phone.model_validate_json(body)
        phone = self._world.phones.find(order.number)
        if phone is None:
            phone = self._world.phones.add(order.number, order.name)
        phone.name, phone.user_id, phone.hidden, phone.reads = (
            order.name,
            order.user_id,
            order.hidden,
            order.reads,
        )

    async def _clear(self, _: Request) -> Response:
        self._world.graph.recover()
        return Response(status_code=204)

    def _fault(self, body: bytes) -> None:
        self._world.graph.faults.add(Plan(**_Fault.model_validate_json(body).model_dump()))

    def _advance(self, body: bytes) -> None:
        seconds, clock = _Clock.model_validate_json(body).seconds, self._world.clock
        try:
            _ = clock.now() + timedelta(seconds=seconds) + _MARGIN
        except OverflowError:
            raise InvalidInput("there is no such day") from None
        clock.advance(seconds)

    def _answers(self, body: bytes) -> None:
        order, graph = _Answers.model_validate_json(body), self._world.graph
        graph.limits.on, graph.limits.silence = order.limits, order.silence
        for name in ("error_data", "refuses_late", "window", "down", "delay", "answer_delay"):
            setattr(graph, name, getattr(order, name))

    def _webhooks(self, body: bytes) -> None:
        order, courier = _Webhooks.model_validate_json(body), self._world.courier
        if order.url is not None:
            courier.callback = order.url
        for name in ("copies", "spread", "batch", "linger"):
            setattr(courier.habits, name, getattr(order, name))

    def _statuses(self, body: bytes) -> None:
        for name, value in _Statuses.model_validate_json(body).model_dump().items():
            setattr(self._world.graph.habits, name, value)

    def _template(self, body: bytes) -> None:
        order = _Template.model_validate_json(body)
        self._world.graph.templates.add(MessageTemplate(**order.model_dump()))
        for language in order.languages:
            self._world.courier.tell(
                "message_template_status_update",
                {
                    "event": order.approval.value,
                    "message_template_id": 1689556908129832,
                    "message_template_name": order.name,
                    "message_template_language": language,
                    "reason": "NONE",
                    "message_template_category": order.category.value.upper(),
                },
            )

    def _judge_held(self, body: bytes) -> dict[str, int]:
        return {"messages": self._world.graph.judge_held(good=_Held.model_validate_json(body).good)}

    def _account(self, body: bytes) -> None:
        order = _Account.model_validate_json(body)
        self._world.courier.tell(order.field, order.value)


def _ordered(order: Callable[[bytes], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def obey(request: Request) -> Response:
        try:
            answer = order(await request.body())
        except (ValidationError, InvalidInput) as error:
            return Response(str(error), 400, media_type="text/plain")
        return Response(status_code=204) if answer is None else _json(answer)

    return obey


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")
