"""Paths below ``/simulator`` with which a simulator that runs by itself is told what to do."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.magicline.asking import ApiError
from arni_edge.simulator.magicline.faults import ANY, Fault, Plan
from arni_edge.simulator.magicline.webhooks import Habits

if TYPE_CHECKING:
    from arni_edge.simulator.magicline.server import SimulatedMagicline


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Fault(_Order):
    fault: Fault
    operation: str = ANY
    times: int | None = 1
    after: int = Field(default=0, ge=0)
    seconds: float = Field(default=1.0, ge=0)
    chance: float = Field(default=1.0, ge=0, le=1)


class _Webhooks(_Order):
    url: str
    copies: list[Annotated[int, Field(ge=0, le=1000)]] = Field(default=[1], min_length=1)
    spread: float = Field(default=0.0, ge=0)
    repeats: int = Field(default=0, ge=0)
    repeat_seconds: float = Field(default=600.0, ge=0)


class _Clock(_Order):
    seconds: float = Field(ge=0)


class _Vanish(_Order):
    customer: int


class Control:
    """The people behind the curtain."""

    def __init__(self, magicline: "SimulatedMagicline") -> None:
        """Nothing is ordered yet.

        Args:
            magicline: Who obeys.
        """
        self._magicline = magicline

    def routes(self) -> list[Route]:
        """Where the orders come in."""
        orders: dict[str, Callable[[bytes], Any]] = {
            "faults": self._fault,
            "quirks": self._quirks,
            "webhooks": self._webhooks,
            "clock": self._advance,
            "vanish": self._vanish,
        }
        return [
            Route("/simulator", self._state, methods=["GET"]),
            Route("/simulator/faults", self._clear, methods=["DELETE"]),
            *(
                Route(f"/simulator/{name}", _ordered(order), methods=["POST"])
                for name, order in orders.items()
            ),
        ]

    async def _state(self, _: Request) -> Response:
        magicline = self._magicline
        plans = [
            {"fault": one.fault, "operation": one.operation, "times": one.times, "hit": one.hit}
            for one in magicline.faults.plans
        ]
        state = {
            "now": magicline.now().isoformat(),
            "asked": dict(magicline.counts),
            "limited": magicline.limits.refused,
            "doubled": [[customer, str(what)] for customer, what in magicline.doubled()],
            "told": len(magicline.webhooks.told),
            "delivered": len(magicline.webhooks.deliveries),
            "faults": plans,
            "who": {one.role: one.member_id for one in magicline.gym.members.values() if one.role},
        }
        return Response(orjson.dumps(state), media_type="application/json")

    async def _clear(self, _: Request) -> Response:
        self._magicline.faults.clear()
        return Response(status_code=204)

    def _fault(self, body: bytes) -> None:
        order = _Fault.model_validate_json(body)
        self._magicline.order(Plan(**order.model_dump()))

    def _quirks(self, body: bytes) -> None:
        for word in TypeAdapter(list[str]).validate_json(body):
            self._magicline.quirks.set(word)

    def _webhooks(self, body: bytes) -> None:
        order = _Webhooks.model_validate_json(body)
        self._magicline.webhooks.url = order.url
        self._magicline.webhooks.habits = Habits(**order.model_dump(exclude={"url"}))

    def _advance(self, body: bytes) -> None:
        self._magicline.advance(_Clock.model_validate_json(body).seconds)

    def _vanish(self, body: bytes) -> None:
        gym = self._magicline.gym
        gym.remove(gym.member(_Vanish.model_validate_json(body).customer))


def _ordered(order: Callable[[bytes], Any]) -> Callable[[Request], Awaitable[Response]]:
    async def obey(request: Request) -> Response:
        try:
            order(await request.body())
        except (ValidationError, InvalidInput, ApiError) as error:
            return Response(str(error), 400, media_type="text/plain")
        return Response(status_code=204)

    return obey
