"""What topic filters match, against the rules of MQTT 5.0 (4.7) and a slow but obvious oracle."""

from itertools import product

import aiomqtt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.broker.filters import covers, is_filter, is_topic, matches, minimal

LEVELS = ("", "a", "b", "$x")
TOPICS = ["/".join(levels) for depth in (1, 2, 3) for levels in product(LEVELS, repeat=depth)]
TOPICS = [topic for topic in TOPICS if topic]

levels = st.lists(st.sampled_from(["", "a", "b", "+", "$x"]), min_size=1, max_size=3)
filters = st.tuples(levels, st.booleans()).map(lambda made: "/".join(made[0] + ["#"] * made[1])).filter(bool)


@pytest.mark.parametrize(
    ("pattern", "topic", "expected"),
    [
        ("sport/#", "sport", True),  # the examples of the standard
        ("sport/#", "sport/tennis/player1", True),
        ("sport/tennis/+", "sport/tennis/player1/ranking", False),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("/+", "/finance", True),
        ("+", "/finance", False),
        ("#", "$SYS/uptime", False),
        ("+/monitor/Clients", "$SYS/monitor/Clients", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("nuki/+/state", "nuki/2BB28570/state", True),
        ("nuki/+/state", "nuki/2BB28570/lockAction", False),
    ],
)
def test_matches_as_the_standard_says(pattern: str, topic: str, expected: bool) -> None:
    assert matches(pattern, topic) is expected


@given(filters, st.sampled_from([one for one in TOPICS if not one.startswith("$")]))
def test_matches_as_the_client_library_does(pattern: str, topic: str) -> None:
    assert matches(pattern, topic) is aiomqtt.Topic(topic).matches(pattern)


@given(filters, filters)
def test_a_filter_that_covers_another_matches_all_its_topics(broad: str, narrow: str) -> None:
    if covers(broad, narrow):
        assert all(matches(broad, topic) for topic in TOPICS if matches(narrow, topic))


@given(st.lists(filters, max_size=6))
def test_the_minimal_set_matches_the_same_and_nothing_in_it_is_superfluous(some: list[str]) -> None:
    few = minimal(some)
    assert set(few) <= set(some)
    assert not [(one, other) for one in few for other in few if one != other and covers(one, other)]
    for topic in TOPICS:
        assert any(matches(one, topic) for one in some) is any(matches(one, topic) for one in few)


def test_the_same_filter_twice_is_one() -> None:
    assert minimal(["a/b", "a/b", "a/+", "c"]) == ["a/+", "c"]


@pytest.mark.parametrize("text", ["", "a#", "a/+b", "#/a", "a/#/b", "a\0b", "x" * 65536, "++", "ü" * 32768])
def test_what_no_broker_takes_is_no_filter(text: str) -> None:
    assert not is_filter(text)
    assert not is_topic(text)


@pytest.mark.parametrize("text", ["#", "+", "a/+/b", "a/#", "/", "a//b", "nuki/2BB28570/state", "x" * 65535])
def test_what_a_broker_takes_is_a_filter_and_without_wildcards_a_topic(text: str) -> None:
    assert is_filter(text)
    assert is_topic(text) is not any(wildcard in text for wildcard in "+#")
