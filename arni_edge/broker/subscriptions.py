"""Who hears what: from the handlers of this process to as few subscriptions as possible, and back.

Filters of different handlers may overlap as they like. The broker sends one copy of a message for every
subscription that matches, marked with the subscription's identifier (MQTT 5.0, 3.3.2.3.8); each handler gets
exactly the copy that is its own. Retained messages are sent because somebody has subscribed, and only those
get them for whom that was done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from arni_edge.broker.filters import covers, is_filter, matches, minimal
from arni_edge.broker.model import Handler


@dataclass(eq=False, slots=True)
class _Listener:
    """A handler and its filters.

    Attributes:
        carriers: By filter, the subscribed filter that brings its messages in this connection.
    """

    filters: tuple[str, ...]
    handler: Handler
    carriers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription of the present connection.

    Attributes:
        identifier: Comes back with every copy that the broker sends because of it; 1 or more.
        topic_filter: What is subscribed to.
    """

    identifier: int
    topic_filter: str


class Subscriptions:
    """All handlers of a session, and the subscriptions of its present connection."""

    def __init__(self) -> None:
        self._listeners: list[_Listener] = []
        self._made: dict[int, Subscription] = {}
        self._for: dict[int, frozenset[_Listener]] = {}

    def add(self, filters: Iterable[str], handler: Handler) -> None:
        """A handler wants to hear what matches one of these filters; see :meth:`due`.

        Raises:
            ValueError: One of them is no filter. The broker would hang up, on everybody who listens.
        """
        filters = tuple(filters)
        if bad := [one for one in filters if not is_filter(one)]:
            raise ValueError(f"not an MQTT topic filter: {bad[0]!r}")
        self._listeners.append(_Listener(filters, handler))

    def remove(self, handler: Handler) -> list[str]:
        """A handler wants to hear nothing any more.

        Returns:
            Filters that nobody needs now; to be unsubscribed from.
        """
        gone = [one for one in self._listeners if one.handler == handler]
        self._listeners = [one for one in self._listeners if one.handler != handler]
        needed = {carrier for one in self._listeners for carrier in one.carriers.values()}
        return sorted({carrier for one in gone for carrier in one.carriers.values()} - needed)

    def forget_connection(self) -> None:
        """A new connection begins: nothing is subscribed to."""
        self._made.clear()
        self._for.clear()
        for listener in self._listeners:
            listener.carriers.clear()

    def due(self) -> list[Subscription]:
        """What has to be subscribed to, so that handlers that hear nothing yet hear everything of theirs.

        They are taken as served from now on. Who comes later gets subscriptions of their own even where an
        older one covers them: that is how they learn what is retained.
        """
        waiting = [one for one in self._listeners if not one.carriers]
        subscribed = minimal(one for listener in waiting for one in listener.filters)
        for listener in waiting:
            listener.carriers = {
                one: next(broad for broad in subscribed if covers(broad, one)) for one in listener.filters
            }
        first = len(self._made) + 1
        fresh = [Subscription(number, one) for number, one in enumerate(subscribed, first)]
        for subscription in fresh:
            self._made[subscription.identifier] = subscription
            self._for[subscription.identifier] = frozenset(waiting)
        return fresh

    def handlers(self, topic: str, identifiers: Sequence[int], *, retained: bool) -> list[Handler]:
        """Who gets this copy of a message.

        Args:
            topic: Where it was published.
            identifiers: Of the subscriptions for which the broker sent this copy.
            retained: It was sent because of the subscription, not because somebody published it now.
        """
        causes = [number for number in identifiers if number in self._made]
        return [
            listener.handler
            for listener in self._listeners
            if (carrier := _carrier(listener, topic)) is not None
            and any(
                self._made[number].topic_filter == carrier and (not retained or listener in self._for[number])
                for number in causes
            )
        ]


def _carrier(listener: _Listener, topic: str) -> str | None:
    """The one subscription whose copies of this topic are this listener's."""
    mine = next((one for one in listener.filters if matches(one, topic)), None)
    return None if mine is None else listener.carriers.get(mine)
