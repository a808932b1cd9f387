"""Brings one command to a lock, and waits for what becomes of it."""

import asyncio
from collections.abc import Callable

from arni_edge.broker import BrokerSession, Delivery, NotSent
from arni_edge.devices.nuki import codec
from arni_edge.devices.nuki.codec import Action
from arni_edge.devices.nuki.unlatch import Attribution, CommandWatch, Verdict
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import NukiLock

_EXPIRY_SECONDS = 5
"""The vendor asks for at most 10; what was not handed over by then would open for somebody who has left."""

_DROP_SECONDS = 5.0

NOBODY_LISTENS = Verdict(Outcome.OFFLINE, "no matching subscribers")


class Courier:
    """One command at a time: its caller sees to that. Never retained, never queued, never sent twice.

    Attributes:
        watch: Collects what is seen of the command under way; None between commands.
        attribution: Whose act was it? For what is seen between commands.
        sent_at: When the last command left (monotonic seconds).
    """

    def __init__(self, lock: NukiLock, broker: BrokerSession, clock: Clock) -> None:
        """Nothing is sent before :meth:`deliver`.

        Args:
            lock: From the settings.
            broker: Carries the command.
            clock: For deadlines.
        """
        self._lock = lock
        self._broker = broker
        self._clock = clock
        self._news = asyncio.Event()
        self.watch: CommandWatch | None = None
        self.attribution = Attribution()
        self.sent_at = float("-inf")

    @property
    def dropped(self) -> bool:
        """Whether a lock that leaves now does so right after a command, without having done it."""
        now = self._clock.monotonic()
        pending = self.watch is not None and self.watch.verdict is None
        return now - self.sent_at <= _DROP_SECONDS and (pending or self.attribution.unaccounted(now))

    def wake(self) -> None:
        """Something was seen: whoever waits looks again."""
        self._news.set()

    def lose(self, evidence: str) -> None:
        """The connection to the lock is gone: nothing more will be seen of the command under way."""
        if self.watch is not None:
            self.watch.lose(evidence)
        self.wake()

    async def deliver(self, action: Action, spelling: str) -> Verdict:
        """Send a command to the lock, under its id as it spells it, and wait for the verdict."""
        watch = self.watch = CommandWatch(action)
        verdict = Verdict(Outcome.UNKNOWN, "cancelled")
        try:
            verdict = await self._send(action, spelling) or await self._verdict(watch)
            if verdict.outcome is Outcome.UNKNOWN and watch.verdict is not None:
                verdict = watch.verdict  # the lock may have been quicker than the broker's receipt
        finally:
            self.watch = None
            self.attribution.conclude(watch, verdict, self._clock.monotonic())
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

    async def _send(self, action: Action, spelling: str) -> Verdict | None:
        """Publish the command.

        Returns:
            The verdict if it is already clear, None if the lock has to answer.
        """
        self.sent_at = self._clock.monotonic()
        try:
            delivery = await self._broker.publish(
                codec.command_topic(spelling),
                str(int(action)),
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

    async def _verdict(self, watch: CommandWatch) -> Verdict:
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
