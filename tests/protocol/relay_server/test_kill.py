"""kill -9 of the relay at random moments under load: what was answered with 200 is there, and in order.

``ARNI_RELAY_KILLS`` says how often; a thousand times takes half an hour.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.relay_server import RelayProcess, add_gym, everything
from support.relay_traffic import DICE, Reader, Sender, check, going_on

from arni_edge.relay.server import gyms

_KILLS = int(os.environ.get("ARNI_RELAY_KILLS", "2"))
_SENDERS = 4
_LONGEST_LIFE = 0.4


@pytest.fixture(params=["sqlite", "postgres"])
async def relay(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelayProcess]:
    database = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres").database()
    process = RelayProcess(tmp_path, database=database)
    await asyncio.to_thread(process.start)
    yield process
    assert await asyncio.to_thread(process.stop) == 0, "".join(process.lines)


@pytest.mark.timeout(60 + 10 * _KILLS)
async def test_no_acknowledged_event_is_lost(relay: RelayProcess) -> None:
    async with relay.store() as store:
        gym = await add_gym(store, "gym-a", gyms.Secrets(magicline_key="key"))
    senders, reader = [Sender(f"s{number}") for number in range(_SENDERS)], Reader()
    async with httpx.AsyncClient(base_url=relay.url, trust_env=False, verify=False, timeout=30) as http:
        async with going_on(*(one.run(http, gym) for one in senders), reader.run([http], gym)):
            for _ in range(_KILLS):
                await asyncio.sleep(DICE.uniform(0.0, _LONGEST_LIFE))
                await asyncio.to_thread(relay.kill)
                await asyncio.to_thread(relay.start)
            await asyncio.sleep(_LONGEST_LIFE)
        log = await everything(http, gym)
    check(log, senders, reader)
    print(f"{_KILLS} kills, {sum(len(one.acknowledged) for one in senders)} acknowledged, {len(log)} kept")
