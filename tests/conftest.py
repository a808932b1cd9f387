"""Fixtures of all tests. Each family has its own block; real parts live in ``tests/support/``."""

import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import hypothesis
import pytest
import structlog
from support.database import open_database
from support.mosquitto import Mosquitto

from arni_edge.storage import Database

# How long an example takes is a matter of what else the machine does.
# The same examples every time: a change is judged and not the dice. ARNI_EXPLORE=1 looks for new ones.
hypothesis.settings.register_profile("arni", deadline=None, derandomize="ARNI_EXPLORE" not in os.environ)
hypothesis.settings.load_profile("arni")

# --- logs ---------------------------------------------------------------------------------------------------


def _log_plainly() -> None:
    """As by default, but for tracebacks in colours with all variables: one holds a test up for a second."""
    structlog.reset_defaults()
    *others, _ = structlog.get_config()["processors"]
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*others, console])


_log_plainly()


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A test that configures logging must not change what the next one on this worker hears."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    _log_plainly()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


# --- the database -----------------------------------------------------------------------------------------


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh one with its writer running: ``arni.db`` in the test's folder."""
    async with open_database(tmp_path / "arni.db") as opened:
        yield opened


# --- the broker -------------------------------------------------------------------------------------------


@pytest.fixture
def start_mosquitto() -> Iterator[Callable[..., Mosquitto]]:
    """Start brokers with rights of the test's own; each is gone after the test."""
    started: list[Mosquitto] = []

    def start(acl: str | None = None, persistence: Sequence[str] | None = None) -> Mosquitto:
        broker = Mosquitto(acl, persistence)
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
