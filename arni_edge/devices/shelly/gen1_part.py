"""One part of a Shelly of generation 1: how it is, and commands confirmed by their effect."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from arni_edge.broker import BrokerSession, Delivery, Received
from arni_edge.bus import Bus
from arni_edge.devices.shelly.commanded import Commanded
from arni_edge.devices.shelly.gen1 import Gen1Reader
from arni_edge.devices.shelly.gen1_orders import Gen1Order, State
from arni_edge.devices.shelly.orders import SwitchResult, refusal
from arni_edge.devices.shelly.rpc import Call, Question
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.readings import Value
from arni_edge.settings import Shelly

_CONFIRM_SECONDS: Final = 3.0
"""The effect normally shows well within this time."""

_ASK_AFTER_SECONDS: Final = 1.0
"""What did not change may not be told: then the device is asked to say everything once."""

_ANSWER_SECONDS: Final = 2.0
_RESYNC_TRIES: Final = 5
_EXPIRY_SECONDS: Final = 5
"""The broker drops a command that it could not hand over by then."""


class Questions(Protocol):
    """The queue that keeps questions to many devices apart, for instance ``ShellyRpc``."""

    def ask_later(self, subject: str, question: Question) -> None:
        """Put a question soon, in place of one about the same subject that still waits."""
        ...


class Gen1Part(Commanded[Gen1Order]):
    """One part. Its state is known only after the device has told it in the current broker session."""

    def __init__(
        self,
        shelly: Shelly,
        component: str,
        levels: Sequence[str],
        questions: Questions,
        broker: BrokerSession,
        bus: Bus,
        clock: Clock,
        *,
        says: Iterable[str],
        core: str,
    ) -> None:
        """Register with the broker session, which must not run yet.

        Args:
            shelly: The device, from the settings.
            component: Its key in the readings, for instance ``switch:0``.
            levels: First level of its topics, ``relay``; several where it depends on the device's mode, and
                only the device knows: it obeys where it speaks.
            questions: Asks for the state after each reconnect.
            broker: Carries commands and messages.
            bus: Told of the device's availability.
            clock: For event times and durations.
            says: Topic filters below the prefix on which it says how it is, besides ``info``.
            core: The attribute without which nothing is known of it, for instance ``output``.
        """
        super().__init__(shelly, broker, bus, clock)
        self._component = f"{component}."
        self._levels = levels
        self._questions = questions
        self._core = core
        self._reader = Gen1Reader()
        self._state: dict[str, Value] = {}
        self._level: str | None = None  # where it was heard in this session of its own
        self._tries = 0
        self._since: dict[str, Value] = {}  # reported since the command in flight was sent
        self._shown: str | None = None  # evidence of its effect
        self._news = asyncio.Event()
        broker.subscribe([f"{shelly.prefix}/{leaf}" for leaf in ("online", "info", *says)], self._on_message)
        broker.on_session(self._on_session)
        broker.on_lost(self._on_lost)

    @property
    def state(self) -> State:
        """Its values; empty when unknown."""
        return self._state if self.live else {}

    @property
    def leaf(self) -> str:
        """Its own topic below the prefix, for instance ``relay/0``."""
        return f"{self._level or self._levels[0]}/{self._shelly.switch}"

    # --- one command ------------------------------------------------------------------------------------

    async def carry_out(self, order: Gen1Order, forbids: Callable[[], Verdict | None]) -> SwitchResult:
        """Send a command and wait for its effect; never repeated by itself.

        Args:
            order: The command.
            forbids: Why it must not be sent to this device as it is now; None if it may.
        """
        return await self._attempt(order, forbids)

    async def _command(self, order: Gen1Order) -> Verdict:
        self._look_anew()
        session, before = self._broker.session, dict(self.state)
        started = self._clock.monotonic()
        delivery = await self._say(f"{self.leaf}/{order.verb}", order.payload)
        if certainly_not := refusal(Call(delivery, None)):
            return certainly_not
        if not await self._ends(order, before, started + _ASK_AFTER_SECONDS, session):
            if self._same(session):
                await self._say("command", "update")
            await self._ends(order, before, started + _CONFIRM_SECONDS + order.slow_seconds, session)
        if self._shown is not None:
            await self._settles(order, session)
        return self._verdict(order, before, session)

    def _look_anew(self) -> None:
        self._shown = None
        self._since.clear()

    async def _ends(self, order: Gen1Order, before: State, until: float, session: int) -> bool:
        """Wait until the command has an end: effect or hindrance show, or the broker is lost."""
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                while (
                    self._shown is None
                    and order.hindrance(self._since, before) is None
                    and self._same(session)
                ):
                    await self._next()
        except TimeoutError:
            return False
        return True

    async def _settles(self, order: Gen1Order, session: int) -> None:
        """Wait whether the effect is taken back at once."""
        try:
            async with asyncio.timeout(order.settle_seconds):
                while order.hindrance(self._since, {}) is None and self._same(session):
                    await self._next()
        except TimeoutError:
            return

    def _verdict(self, order: Gen1Order, before: State, session: int) -> Verdict:
        hindrance = order.hindrance(self._since, {})
        if hindrance is not None and not order.shows(self._since):
            return Verdict(Outcome.FAILED, hindrance)
        if self._shown is not None:
            # An echo of somebody else's press looks the same; what was so before proves least.
            already = ", as before" if order.shows(before) else ""
            return Verdict(Outcome.CONFIRMED, f"{self._shown}{already}")
        if not self._same(session):
            return Verdict(Outcome.UNKNOWN, "the broker connection was lost before the effect was seen")
        seen = f" ({order.words(self._since)})" if self._core in self._since else ""
        return Verdict(Outcome.UNKNOWN, f"unconfirmed{seen}")

    def _same(self, session: int) -> bool:
        return self._broker.connected and self._broker.session == session

    async def _say(self, leaf: str, text: str) -> Delivery:
        return await self._broker.publish(
            f"{self._shelly.prefix}/{leaf}", text, qos=1, retain=False, expiry_seconds=_EXPIRY_SECONDS
        )

    # --- what the device says ---------------------------------------------------------------------------

    async def _next(self) -> None:
        """Wait for the next thing that it says, or for the loss of the broker."""
        self._news.clear()
        await self._news.wait()

    async def _on_session(self, _session: int) -> None:
        self._liveness.forget("a new broker session began")
        self._ask()

    def _on_lost(self) -> None:
        self._liveness.forget("broker connection lost")
        self._news.set()

    def _forget(self) -> None:
        self._state.clear()
        self._level = None

    def _ask(self) -> None:
        self._tries = 0
        self._questions.ask_later(self._shelly.id, self._resync)

    async def _resync(self) -> bool:
        """Have the device say who and how it is; False to be asked again."""
        if self._known() or self._tries >= _RESYNC_TRIES:
            return True
        self._tries += 1
        try:
            if await self._say("command", "announce") is not Delivery.ACCEPTED:
                return True  # whoever is away says everything when it comes
            await self._say("command", "update")
        except Unavailable:
            return True  # the next session asks again
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                while not self._known():
                    await self._next()
        except TimeoutError:
            return False
        return True

    def _known(self) -> bool:
        where = self._level is not None or len(self._levels) == 1
        return where and self.state.get(self._core) is not None

    async def _on_message(self, message: Received) -> None:
        if message.retained:
            return  # history: it neither shows the state nor that anybody is there
        leaf = message.topic.removeprefix(f"{self._shelly.prefix}/")
        if leaf == "online":
            self._on_online(message.payload)
            return
        self._liveness.hear()
        said = self._reader.read(self._shelly.id, leaf, message.payload, retained=False)
        if any(event.name == "rebooted" for event in said.events):
            self._doubt()
        news = {
            update.entity.removeprefix(self._component): update.value
            for update in said.updates
            if update.entity.startswith(self._component)
        }
        if news:
            self._learn(leaf, news)

    def _learn(self, leaf: str, news: State) -> None:
        level = leaf.partition("/")[0]
        if level in self._levels:
            self._level = level
        self._state.update(news)
        if self._order is not None:
            self._since.update(news)
            if self._shown is None and self._order.shows(self._since):
                self._shown = self._order.words(self._since)
        self._news.set()

    def _on_online(self, payload: bytes) -> None:
        if payload.strip() == b"true":
            self._forget()  # a new session of the device: it may have rebooted
            self._liveness.come_online()
            self._doubt()
            self._ask()
        elif payload.strip() == b"false":
            self._liveness.go_offline("online=false")
