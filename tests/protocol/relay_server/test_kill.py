"""kill -9 of the relay at random moments under load: what was answered with 200 is there, and in order.

``ARNI_RELAY_KILLS`` says how often; a thousand times takes half an hour.
"""

import asyncio
import base64
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.relay_server import Gym, RelayProcess, add_gym, everything, post, pull

from arni_edge.relay.server import gyms

_KILLS = int(os.environ.get("ARNI_RELAY_KILLS", "2"))
_SENDERS = 4
_LONGEST_LIFE = 0.4
_DICE = random.Random(6)


@pytest.fixture(params=["sqlite", "postgres"])
async def relay(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RelayProcess]:
    database = None
    if request.param == "postgres":
        database = request.getfixturevalue("postgres").database()
    process = RelayProcess(tmp_path, database=database)
    await asyncio.to_thread(process.start)
    yield process
    assert await asyncio.to_thread(process.stop) == 0, "".join(process.lines)


class _Sender:
    """Sends one webhook after the other, and notes which were acknowledged."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.acknowledged: list[str] = []

    async def run(self, http: httpx.AsyncClient, gym: Gym) -> None:
        while True:
            self.sent += 1
            word = f"{self.name}-{self.sent}"
            source = _DICE.choice(["whatsapp", "magicline"])
            body = f"{word} ".encode() + b"x" * _DICE.choice([0, 100, 20_000])
            try:
                answer = await post(http, gym, body, source)
            except httpx.HTTPError:
                await asyncio.sleep(0.01)
                continue
            assert answer.status_code in {200, 503}, answer.status_code
            if answer.status_code == 200:
                self.acknowledged.append(word)


class _Reader:
    """A box that reads along, and believes what it was told."""

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}
        self.newest = 0

    async def run(self, http: httpx.AsyncClient, gym: Gym) -> None:
        while True:
            try:
                answer = await pull(http, gym, len(self.seen), wait=5)
            except httpx.HTTPError:
                await asyncio.sleep(0.01)
                continue
            assert answer.status_code in {200, 503}, answer.text
            if answer.status_code == 200:
                self._take(answer.json())

    def _take(self, said: dict[str, Any]) -> None:
        assert said["oldest"] == 1
        assert said["newest"] >= self.newest, "the end of the log went back"
        self.newest = said["newest"]
        for event in said["events"]:
            assert event["sequence"] == len(self.seen) + 1, "a gap, or out of order"
            self.seen[event["sequence"]] = _word(event)


def _word(event: dict[str, Any]) -> str:
    return base64.b64decode(event["body"]).split(b" ", 1)[0].decode()


@asynccontextmanager
async def _going_on(*work: Any) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            with suppress(asyncio.CancelledError):
                task.result()


@pytest.mark.timeout(60 + 10 * _KILLS)
async def test_no_acknowledged_event_is_lost(relay: RelayProcess) -> None:
    async with relay.store() as store:
        gym = await add_gym(store, "gym-a", gyms.Secrets(magicline_key="key"))
    senders, reader = [_Sender(f"s{number}") for number in range(_SENDERS)], _Reader()
    async with httpx.AsyncClient(base_url=relay.url, trust_env=False, verify=False, timeout=30) as http:
        async with _going_on(*(one.run(http, gym) for one in senders), reader.run(http, gym)):
            for _ in range(_KILLS):
                await asyncio.sleep(_DICE.uniform(0.0, _LONGEST_LIFE))
                await asyncio.to_thread(relay.kill)
                await asyncio.to_thread(relay.start)
            await asyncio.sleep(_LONGEST_LIFE)
        log = await everything(http, gym)
    assert [event["sequence"] for event in log] == list(range(1, len(log) + 1))
    words = [_word(event) for event in log]
    places = {word: place for place, word in enumerate(words)}
    for sender in senders:
        assert sender.acknowledged
        assert [word for word in sender.acknowledged if word not in places] == []
        # Each sender waits for its answer, so the order of the answers is the order of the log.
        mine = [places[word] for word in sender.acknowledged]
        assert mine == sorted(mine)
    # What the box was shown has not changed since.
    assert words[: len(reader.seen)] == [reader.seen[number + 1] for number in range(len(reader.seen))]
    print(f"{_KILLS} kills, {sum(len(one.acknowledged) for one in senders)} acknowledged, {len(log)} kept")
