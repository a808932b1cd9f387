"""Fixtures of the tests on the wire."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.magicline_mirror import Filled, fill
from support.telegram import KIM, VIC
from support.whatsapp import ANNA, Store, a_store

from arni_edge.simulator.cloud import SimulatedCloud
from arni_edge.simulator.phones import Phone
from arni_edge.simulator.telegram import SimulatedTelegram
from arni_edge.simulator.telegram_chats import SimulatedStaffPhone


@pytest.fixture
async def telegram() -> AsyncIterator[SimulatedTelegram]:
    """The Bot API on loopback."""
    async with SimulatedTelegram() as simulated:
        yield simulated


@pytest.fixture
def kim(telegram: SimulatedTelegram) -> SimulatedStaffPhone:
    """The owner's phone; its bot was started."""
    return _phone(telegram, KIM, "Kim")


@pytest.fixture
def vic(telegram: SimulatedTelegram) -> SimulatedStaffPhone:
    """The phone of somebody who may look only."""
    return _phone(telegram, VIC, "Vic")


def _phone(telegram: SimulatedTelegram, number: int, name: str) -> SimulatedStaffPhone:
    phone = telegram.add_phone(number, name)
    phone.chat.refuses = None
    return phone


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    """Meta on loopback; what is not about the window does not wait for somebody to write first."""
    async with SimulatedCloud() as simulated:
        simulated.graph.window = False
        yield simulated


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A database with the outbox of WhatsApp."""
    async with a_store(tmp_path) as opened:
        yield opened


@pytest.fixture
def anna(cloud: SimulatedCloud) -> Phone:
    """The phone of a member."""
    return cloud.phones.add(ANNA, "Anna")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A database in which a mirror of Magicline has read everything; read-only."""
    return asyncio.run(fill(tmp_path_factory.mktemp("filled")))
