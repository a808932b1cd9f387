"""Brings one command to a lock, and waits for what becomes of it."""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from arni_edge.broker import BrokerSession, Delivery, NotSent
from arni_edge.devices.verdict import Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import HubLock, NukiLock

_EXPIRY_SECONDS: Final = 5
"""Nuki asks for at most 10; what was not handed over by then would open for somebody who has left."""

NOBODY_LISTENS: Final = Verdict(Outcome.OFFLINE, "no matching subscribers")


class Watch(Protocol):
    """Collects what is seen from the moment of the publish; the first sufficient evidence decides."""

    @property
    def verdict(self) -> Verdict | None:
        """None while the command is pending."""
        ...

    @property
    def reacted(self) -> bool:
        """Something was said that shows that the command was noticed."""
        ...

    def lose(self, evidence: str) -> None:
        """The connection is gone: the lock may be turning, nobody can tell."""
        ...

    def give_up(self) -> Verdict:
        """The deadline has passed."""
        ...


W = TypeVar("W", bound=Watch)


class Courier(Generic[W]):
    """One command at a time: its caller sees to that. Never retained, never queued, never sent twice.

    Attributes:
        watch: Collects what is seen of the command under way; None between commands.
        sent_at: When the last command left (monotonic seconds).
    """

    def __init__(
        self,
        lock: NukiLock | HubLock,
        broker: BrokerSession,
        clock: Clock,
        conclude: Callable[[W, Verdict, float], None],
    ) -> None:
        """Nothing is sent before :meth:`deliver`.

        Args:
            lock: From the settings; says how long to wait.
            broker: Carries the command.
            clock: For deadlines.
            conclude: Told of the end of every command, a cancelled one too: what was seen of it, the verdict
                and the time in monotonic seconds.
        """
        self._lock = lock
        self._broker = broker
        self._clock = clock
        self._conclude = conclude
        self._news = asyncio.Event()
        self.watch: W | None = None
        self.sent_at = float("-inf")

    def wake(self) -> None:
        """Something was seen: whoever waits looks again."""
        self._news.set()

    def lose(self, evidence: str) -> None:
        """The connection to the lock is gone: nothing more will be seen of the command under way."""
        if self.watch is not None:
            self.watch.lose(evidence)
        self.wake()

    async def deliver(self, topic: str, payload: str, watch: W) -> Verdict:
        """Send a command and wait for the verdict.

        Once the broker has taken it, that is at most ``reaction_seconds`` of the settings if nobody reacts,
        and ``goal_seconds`` otherwise.
        """
        self.watch = watch
        verdict = Verdict(Outcome.UNKNOWN, "cancelled")
        try:
            verdict = await self._send(topic, payload) or await self._verdict(watch)
            if verdict.outcome is Outcome.UNKNOWN and watch.verdict is not None:
                verdict = watch.verdict  # the lock may have been quicker than the broker's receipt
        finally:
            self.watch = None
            self._conclude(watch, verdict, self._clock.monotonic())
        return verdict

    async def until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is so, for so long at most; returns whether it is."""
        try:
            async with asyncio.timeout(seconds):
                while not true():
                    await self._next_message()
        except TimeoutError:
            return true()
        return True

    async def _send(self, topic: str, payload: str) -> Verdict | None:
        """Publish the command.

        Returns:
            The verdict if it is already clear, None if the lock has to answer.
        """
        self.sent_at = self._clock.monotonic()
        try:
            delivery = await self._broker.publish(
                topic,
                payload,
                qos=1,
                retain=False,
                expiry_seconds=_EXPIRY_SECONDS,
                deadline=self._lock.reaction_seconds,
            )
        except NotSent as error:
            return Verdict(Outcome.OFFLINE, str(error))
        except Unavailable as error:
            return Verdict(Outcome.UNKNOWN, str(error))
        if delivery is Delivery.NO_SUBSCRIBER:
            return NOBODY_LISTENS
        if delivery is Delivery.NOT_PERMITTED:
            return Verdict(Outcome.NOT_PERMITTED, "refused by the broker")
        return None

    async def _verdict(self, watch: W) -> Verdict:
        lock, published = self._lock, self._clock.monotonic()
        while watch.verdict is None:
            patience = lock.goal_seconds if watch.reacted else lock.reaction_seconds
            try:
                async with asyncio.timeout(published + patience - self._clock.monotonic()):
                    await self._next_message()
            except TimeoutError:
                return watch.give_up()
        return watch.verdict

    async def _next_message(self) -> None:
        self._news.clear()
        await self._news.wait()
