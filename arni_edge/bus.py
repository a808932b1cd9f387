"""The in-process bus: typed events from whoever knows to whoever cares."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from weakref import WeakSet

from arni_edge.domain.events import SAFETY_EVENTS, Event


class Subscription:
    """One listener's bounded waiting line.

    Telemetry is coalesced: a newer event about the same thing replaces the waiting one, so the line is as
    long as the house has things. Safety and audit events are kept in order and never dropped: they are rare,
    and losing one is worse than the memory it takes.
    """

    def __init__(self, *kinds: type, keep: Callable[[Event], bool] | None = None) -> None:
        self._kinds = kinds
        self._keep = keep
        self._safety: deque[Event] = deque()
        self._telemetry: OrderedDict[tuple[object, ...], Event] = OrderedDict()
        self._waiting = asyncio.Event()

    def offer(self, event: Event) -> None:
        """Put an event in line if this listener asked for its kind."""
        if self._kinds and not isinstance(event, self._kinds):
            return
        if isinstance(event, SAFETY_EVENTS) or (self._keep is not None and self._keep(event)):
            self._safety.append(event)
        else:
            self._telemetry[_subject(event)] = event
        self._waiting.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield events for ever, safety first."""
        while True:
            while self._safety or self._telemetry:
                yield self._safety.popleft() if self._safety else self._telemetry.popitem(last=False)[1]
            self._waiting.clear()
            await self._waiting.wait()


def _subject(event: Event) -> tuple[object, ...]:
    """What an event is about: its kind and the name of its thing."""
    fields = event.model_dump(include={"part", "zone", "door", "device", "entity", "camera"})
    return (event.kind, *fields.values())


class Bus:
    """Hands every event to every subscription. Publishing never waits."""

    def __init__(self) -> None:
        self._subscriptions: WeakSet[Subscription] = WeakSet()

    def subscribe(self, *kinds: type, keep: Callable[[Event], bool] | None = None) -> Subscription:
        """Listen to these kinds of events, to all without an argument.

        Args:
            kinds: Of events.
            keep: Which telemetry is as dear to this listener as safety events are: none of it is coalesced.

        The listener holds the subscription; when it is gone (after a reload), so is its waiting line.
        """
        subscription = Subscription(*kinds, keep=keep)
        self._subscriptions.add(subscription)
        return subscription

    def publish(self, event: Event) -> None:
        """Tell everybody who asked for this kind."""
        for subscription in self._subscriptions:
            subscription.offer(event)
