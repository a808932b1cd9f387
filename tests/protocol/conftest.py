"""Fixtures of the tests on the wire."""

from collections.abc import AsyncIterator

import pytest
from support.telegram import KIM, VIC

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
