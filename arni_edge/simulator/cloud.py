"""Everything of the simulated gym that is not on the premises: relay, Graph API and people's phones."""

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from arni_edge.domain.clock import Clock, SystemClock
from arni_edge.settings import Relay, WhatsApp
from arni_edge.simulator.graph import VERSION, SimulatedGraph
from arni_edge.simulator.phones import PhoneBook
from arni_edge.simulator.relay import SimulatedRelay
from arni_edge.simulator.serve import serve
from arni_edge.simulator.webhooks import Courier


class SimulatedCloud:
    """Relay and Graph API on loopback, with the phones that write and read through them.

    Use as ``async with SimulatedCloud() as cloud``. Secrets are simple words: they open nothing real.

    Attributes:
        relay: The relay: outage switch, repetition, log.
        graph: The Graph API: injected errors, delay, dropped connections, what was accepted.
        phones: Who can write and be written to.
        relay_url: Where the relay is served.
        graph_url: Where the Graph API is served, with its version.
    """

    access_token = "sim-access-token"  # noqa: S105  # opens the simulated Graph API only
    app_secret = "sim-app-secret"  # noqa: S105

    def __init__(
        self,
        *,
        phone_number_id: str = "106540352242922",
        clock: Clock | None = None,
        seed: int = 1,
        keep: int = 10_000,
    ) -> None:
        clock = clock or SystemClock()
        self.phone_number_id = phone_number_id
        self._courier = Courier(
            self.app_secret,
            business_id="102290129340398",
            phone_number_id=phone_number_id,
            display_number="4930550783881",
            clock=clock,
            seed=seed,
        )
        self.phones = PhoneBook(self._courier, clock)
        self.relay = SimulatedRelay(app_secret=self.app_secret, clock=clock, keep=keep)
        self.graph = SimulatedGraph(
            phone_number_id=phone_number_id,
            token=self.access_token,
            phones=self.phones,
            courier=self._courier,
            clock=clock,
            seed=seed,
        )
        self._stack = AsyncExitStack()
        self.relay_url = ""
        self.graph_url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.relay.running())
            self.relay_url = await stack.enter_async_context(serve(self.relay))
            self.phones.media.root = await stack.enter_async_context(serve(self.graph.app))
            self.graph_url = f"{self.phones.media.root}/{VERSION}"
            stack.push_async_callback(self._courier.aclose)
            stack.callback(self._end_polls)
            self._courier.callback = self.webhook_url
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _end_polls(self) -> None:
        """So that no box that still polls holds up the end."""
        self.relay.down = True

    @property
    def webhook_url(self) -> str:
        """Where Meta delivers."""
        return f"{self.relay_url}/w/{self.relay.passes.path}/whatsapp"

    def deliver_twice(self, on: bool = True) -> None:
        """Meta delivers every webhook twice from now on (or no longer)."""
        self.relay.repeat = 2 if on else 1

    def cut(self, on: bool = True) -> None:
        """The gym's line to the internet breaks (or is repaired): connections to both servers are dropped."""
        self.graph.down = self.relay.drops = on
        self.relay.down = on

    @property
    def counters(self) -> dict[str, int]:
        """``in``: messages that people sent; ``out``: that reached them; ``doubled``: of these, too many."""
        return {
            "in": sum(len(phone.sent) for phone in self.phones),
            "out": sum(len(phone.inbox) for phone in self.phones),
            "doubled": self.graph.doubled,
        }

    def relay_settings(self, *, wait_seconds: float = 50.0) -> Relay:
        """The ``[relay]`` section for a box that uses this cloud."""
        return Relay(url=self.relay_url, wait_seconds=wait_seconds)

    def whatsapp_settings(self, *, resolve_seconds: float = 30.0) -> WhatsApp:
        """The ``[whatsapp]`` section for a box that uses this cloud."""
        return WhatsApp(
            phone_number_id=self.phone_number_id,
            graph_url=self.graph_url,
            access_token=SecretStr(self.access_token),
            app_secret=SecretStr(self.app_secret),
            resolve_seconds=resolve_seconds,
        )
