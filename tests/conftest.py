"""Fixtures of all tests. Each family has its own block; real parts live in ``tests/support/``."""

from collections.abc import Callable, Iterator

import pytest
from support.mosquitto import Mosquitto

# --- the broker -------------------------------------------------------------------------------------------


@pytest.fixture
def start_mosquitto() -> Iterator[Callable[..., Mosquitto]]:
    """Start brokers with rights of the test's own; each is gone after the test."""
    started: list[Mosquitto] = []

    def start(acl: str | None = None) -> Mosquitto:
        broker = Mosquitto(acl)
        started.append(broker)
        broker.start()
        return broker

    yield start
    for broker in started:
        broker.remove()


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """A running broker where every account may do everything."""
    return start_mosquitto()
