"""``arni-edge simulate graph``: the double as a server of its own, until it is interrupted."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

import httpx
from starlette.applications import Starlette

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.simulator.clock import MovableClock
from arni_edge.simulator.graph.control import Control
from arni_edge.simulator.graph.faults import plan_of
from arni_edge.simulator.graph.server import VERSION, SimulatedGraph
from arni_edge.simulator.graph.templates import Approval, Category, MessageTemplate
from arni_edge.simulator.phones import PhoneBook
from arni_edge.simulator.serve import serve
from arni_edge.simulator.webhooks import Courier

BUSINESS_ID: Final = "102290129340398"
BUSINESS_NUMBER: Final = "4930550783881"
_TEMPLATES: Final = (
    MessageTemplate("alarm_staff", parameters=1),
    MessageTemplate("identity_code", category=Category.AUTHENTICATION, parameters=1),
    MessageTemplate("news", category=Category.MARKETING, parameters=1),
    MessageTemplate("held_news", category=Category.MARKETING, parameters=1, held=True),
    MessageTemplate("paused_news", category=Category.MARKETING, approval=Approval.PAUSED),
    MessageTemplate("disabled_news", category=Category.MARKETING, approval=Approval.DISABLED),
    MessageTemplate("pending_news", category=Category.MARKETING, approval=Approval.PENDING),
)


class GraphWorld:
    """Graph API, phones and webhooks on loopback. Use as ``async with GraphWorld(…) as world``.

    Attributes:
        graph: The Graph API; unlike the embedded one it knows only the templates that were handed in.
        phones: Who can write and be written to.
        courier: Delivers webhooks.
        clock: Decides about everything; can be set forward.
        app: The ASGI application, with the paths below ``/simulator``.
        port: Where it was to be served; 0: where there is room.
        url: Where it is served.
        phone_number_id: Of the gym's number.
        token: With which it is asked.
        app_secret: Signs webhooks.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        clock: Clock | None = None,
        phone_number_id: str = "106540352242922",
        token: str = "sim-access-token",  # noqa: S107 - opens nothing real
        app_secret: str = "sim-app-secret",  # noqa: S107
        seed: int = 1,
    ) -> None:
        """Nobody is served yet.

        Args:
            port: Where it is served; 0: where there is room.
            clock: What its own clock goes by; None: the computer's.
            phone_number_id: Of the gym's number.
            token: With which it is asked.
            app_secret: Signs webhooks.
            seed: Of everything that is left to chance.
        """
        self.phone_number_id = phone_number_id
        self.token = token
        self.app_secret = app_secret
        self.clock = MovableClock(clock)
        self.courier = Courier(
            app_secret,
            business_id=BUSINESS_ID,
            phone_number_id=phone_number_id,
            display_number=BUSINESS_NUMBER,
            clock=self.clock,
            seed=seed,
        )
        self.phones = PhoneBook(self.courier, self.clock)
        self.graph = SimulatedGraph(
            phone_number_id=phone_number_id,
            token=token,
            phones=self.phones,
            courier=self.courier,
            clock=self.clock,
            seed=seed,
        )
        self.graph.templates.strict = True
        for template in _TEMPLATES:
            self.graph.templates.add(template)
        self.app = Starlette(routes=[*Control(self).routes(), *self.graph.routes()])
        self.url = ""
        self.port = port
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.url = await stack.enter_async_context(serve(self.app, self.port))
            stack.push_async_callback(self.courier.aclose)
            self.phones.media.root = self.url
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def subscribe(self, callback: str, verify_token: str) -> None:
        """Have webhooks delivered, after the callback has shown that it knows the verify token.

        Raises:
            InvalidInput: It does not, or nobody is there.
        """
        self.courier.callback = callback
        try:
            known = await self.courier.verify(verify_token)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise InvalidInput(f"the callback cannot be reached ({type(error).__name__})") from None
        if not known:
            raise InvalidInput("the callback did not answer the challenge: is the verify token right?")


def run_alone(
    *,
    port: int,
    phone_number_id: str,
    token: str,
    app_secret: str,
    webhooks: str | None,
    verify_token: str,
    seed: int,
    faults: Sequence[str],
) -> int:
    """Serve on loopback until Ctrl-C.

    Args:
        port: Where; 0: where there is room.
        phone_number_id: Of the gym's number.
        token: With which it is asked.
        app_secret: Signs webhooks.
        webhooks: Where these go; None: nowhere.
        verify_token: What the callback has to know.
        seed: Of everything that is left to chance.
        faults: Each ``[operation:]fault[=number][*times]``.

    Returns:
        The exit code.

    Raises:
        InvalidInput: There is no such fault, the port is taken, or the callback does not answer.
    """
    world = GraphWorld(
        port=port, phone_number_id=phone_number_id, token=token, app_secret=app_secret, seed=seed
    )
    for word in faults:
        world.graph.faults.add(plan_of(word))
    return asyncio.run(_serve(world, webhooks, verify_token))


async def _serve(world: GraphWorld, webhooks: str | None, verify_token: str) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        async with world:
            if webhooks:
                await world.subscribe(webhooks, verify_token)
            print(f"graph_url        {world.url}/{VERSION}")
            print(f"phone_number_id  {world.phone_number_id}")
            print(f"access_token     {world.token}")
            print(f"app_secret       {world.app_secret}")
            print(f"orders           {world.url}/simulator", flush=True)
            await stop.wait()
    except OSError as error:
        raise InvalidInput(f"port {world.port}: {error.strerror}") from None
    return 0
