"""Every message once to every handler, whatever the filters: a broker that follows the standard, in memory.

The same is done with a real Mosquitto in ``tests/protocol/test_broker_overlaps.py``.
"""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.broker.filters import matches
from arni_edge.broker.model import Handler, Received
from arni_edge.broker.subscriptions import Subscription, Subscriptions

FILTERS = ("a/b", "a/+", "+/b", "a/#", "#", "a/c", "b/+", "+/+")
TOPICS = ("a/b", "a/c", "b/b", "a", "c/d/e")

wishes = st.lists(st.lists(st.sampled_from(FILTERS), min_size=1, max_size=4, unique=True), max_size=5)


def a_handler() -> Handler:
    async def handle(_: Received) -> None: ...

    return handle


class Broker:
    """Sends a copy for every subscription that matches; a filter that is subscribed to again is replaced."""

    def __init__(self) -> None:
        self.subscribed: dict[str, int] = {}

    def subscribe(self, fresh: list[Subscription]) -> None:
        for one in fresh:
            self.subscribed[one.topic_filter] = one.identifier

    def copies(self, topic: str) -> list[int]:
        return [number for one, number in self.subscribed.items() if matches(one, topic)]


def heard(subscriptions: Subscriptions, copies: list[int], topic: str, *, retained: bool) -> Counter[Handler]:
    return Counter(
        handler for number in copies for handler in subscriptions.handlers(topic, [number], retained=retained)
    )


@given(wishes, wishes, st.integers(0, 5))
def test_each_message_once_to_each_handler(
    early: list[list[str]], late: list[list[str]], leaves: int
) -> None:
    subscriptions, broker = Subscriptions(), Broker()
    wanted: dict[Handler, list[str]] = {}
    for filters in early:
        wanted[handler := a_handler()] = filters
        subscriptions.add(filters, handler)
    broker.subscribe(subscriptions.due())
    for filters in late:
        wanted[handler := a_handler()] = filters
        subscriptions.add(filters, handler)
        broker.subscribe(subscriptions.due())
    for handler in list(wanted)[:leaves]:
        del wanted[handler]
        for one in subscriptions.remove(handler):
            del broker.subscribed[one]
    for topic in TOPICS:
        expected = Counter(
            handler for handler, filters in wanted.items() if any(matches(one, topic) for one in filters)
        )
        assert heard(subscriptions, broker.copies(topic), topic, retained=False) == expected


@given(wishes, wishes)
def test_each_retained_message_once_to_each_handler_whenever_it_came(
    early: list[list[str]], late: list[list[str]]
) -> None:
    subscriptions = Subscriptions()
    wanted: dict[Handler, list[str]] = {}
    seen: dict[str, Counter[Handler]] = {topic: Counter() for topic in TOPICS}
    for number, filters in enumerate(early + late):
        wanted[handler := a_handler()] = filters
        subscriptions.add(filters, handler)
        if number < len(early) - 1:
            continue  # these begin together
        for one in subscriptions.due():  # the broker answers each with what is retained
            for topic in TOPICS:
                if matches(one.topic_filter, topic):
                    seen[topic] += heard(subscriptions, [one.identifier], topic, retained=True)
    for topic in TOPICS:
        expected = Counter(
            handler for handler, filters in wanted.items() if any(matches(one, topic) for one in filters)
        )
        assert seen[topic] == expected


def test_what_another_filter_covers_is_not_subscribed_to_again() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(["nuki/+/state"], a_handler())
    subscriptions.add(["nuki/2BB28570/state", "nuki/2BB28570/mode"], a_handler())
    assert [one.topic_filter for one in subscriptions.due()] == ["nuki/+/state", "nuki/2BB28570/mode"]
    assert subscriptions.due() == []


def test_a_new_connection_begins_with_the_smallest_set_again() -> None:
    subscriptions = Subscriptions()
    for filters in (["a/b"], ["a/#"], ["a/b"]):
        subscriptions.add(filters, a_handler())
        subscriptions.due()
    subscriptions.forget_connection()
    assert subscriptions.due() == [Subscription(1, "a/#")]


def test_a_copy_that_names_several_subscriptions_is_one_message() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(["a/+"], one := a_handler())
    subscriptions.add(["+/b"], other := a_handler())
    numbers = [made.identifier for made in subscriptions.due()]
    assert subscriptions.handlers("a/b", numbers, retained=False) == [one, other]


def test_a_copy_of_an_unknown_subscription_is_nobodys() -> None:
    subscriptions = Subscriptions()
    subscriptions.add(["a"], a_handler())
    subscriptions.due()
    assert subscriptions.handlers("a", [99], retained=False) == []
    assert subscriptions.handlers("a", [], retained=False) == []
