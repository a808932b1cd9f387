"""Load on a relay, and what must be true of its log then: nothing acknowledged is lost, all is in order."""

import asyncio
import base64
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from support.relay_server import Gym, post, pull

DICE = random.Random(6)


class Sender:
    """Sends one webhook after the other, and notes which were acknowledged.

    Attributes:
        acknowledged: The first words of those that were.
        refused: How many were answered with 503, each with a time to come again.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = 0
        self.acknowledged: list[str] = []
        self.refused = 0

    async def run(self, http: httpx.AsyncClient, gym: Gym) -> None:
        while True:
            self.sent += 1
            word = f"{self.name}-{self.sent}"
            source = DICE.choice(["whatsapp", "magicline"])
            body = f"{word} ".encode() + b"x" * DICE.choice([0, 100, 20_000])
            try:
                answer = await post(http, gym, body, source)
            except httpx.HTTPError:
                await asyncio.sleep(0.01)
                continue
            assert answer.status_code in {200, 503}, answer.status_code
            if answer.status_code == 200:
                self.acknowledged.append(word)
            else:
                assert int(answer.headers["retry-after"]) >= 1
                self.refused += 1


class Reader:
    """A box that reads along, now at this instance and now at that, and believes what it was told.

    Attributes:
        seen: The first word of each event, by its number.
    """

    def __init__(self) -> None:
        self.seen: dict[int, str] = {}
        self.newest = 0

    async def run(self, https: Sequence[httpx.AsyncClient], gym: Gym) -> None:
        turn = 0
        while True:
            turn += 1
            try:
                answer = await pull(https[turn % len(https)], gym, len(self.seen), wait=5)
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
            self.seen[event["sequence"]] = first_word(event)


def first_word(event: dict[str, Any]) -> str:
    return base64.b64decode(event["body"]).split(b" ", 1)[0].decode()


@asynccontextmanager
async def going_on(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Have this go on meanwhile; none of it may end by itself."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield tasks
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for task in tasks:
            with suppress(asyncio.CancelledError):
                task.result()


def check(log: list[dict[str, Any]], senders: Sequence[Sender], reader: Reader) -> None:
    """What was acknowledged is there once, in order, without a gap, and as the box was shown it."""
    assert [event["sequence"] for event in log] == list(range(1, len(log) + 1))
    words = [first_word(event) for event in log]
    places = {word: place for place, word in enumerate(words)}
    assert len(places) == len(words)
    for sender in senders:
        assert sender.acknowledged
        assert [word for word in sender.acknowledged if word not in places] == []
        # Each sender waits for its answer, so the order of the answers is the order of the log.
        mine = [places[word] for word in sender.acknowledged]
        assert mine == sorted(mine)
    # What the box was shown has not changed since.
    assert words[: len(reader.seen)] == [reader.seen[number + 1] for number in range(len(reader.seen))]
