"""Many messages, a network that cuts everywhere, and a box that dies again and again."""

import asyncio
import random
from pathlib import Path

import pytest
from support.waiting import eventually
from support.whatsapp import Box, a_store, running

from arni_edge.simulator.cloud import SimulatedCloud

PEOPLE = 6
LIVES = 6


@pytest.mark.parametrize("seed", [3, 4, 5, 6])
async def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path, seed: int) -> None:
    """Every person gets every message exactly once."""
    dice = random.Random(seed)
    async with SimulatedCloud(seed=seed) as cloud, a_store(tmp_path) as store:
        cloud.graph.window = False
        phones = [cloud.phones.add(f"+49152234333{number:02d}", "Jemand") for number in range(PEOPLE)]
        cloud.deliver_twice()
        for life in range(LIVES):
            cloud.graph.delay = dice.uniform(0.0, 0.2)
            cloud.graph.drop_after_accepting(dice.randint(0, 2))
            cloud.graph.drop_before_accepting(dice.randint(0, 1))
            cloud.graph.fail(131000, times=dice.randint(0, 1))
            for phone in phones:
                phone.send(f"Frage {life}", times=dice.randint(1, 3))
                await store.queue(f"{phone.number}/{life}", phone.number, f"Antwort {life}")
            async with Box(cloud, store, resolve_seconds=1.5) as box, running(box.pulling(), box.sending()):
                await asyncio.sleep(dice.uniform(0.1, 1.0))  # the length of a life is the dice's
        cloud.graph.recover()
        cloud.graph.delay = 0.0
        async with Box(cloud, store, resolve_seconds=1.5) as box, running(box.pulling(), box.sending()):
            everything = PEOPLE * LIVES
            await eventually(lambda: cloud.counters["out"] >= everything, within=90)
            await asyncio.sleep(2.0)  # a repetition would come now
        expected = [f"Antwort {life}" for life in range(LIVES)]
        assert [[message.text for message in phone.inbox] for phone in phones] == [expected] * PEOPLE
        assert cloud.counters == {"in": everything, "out": everything, "doubled": 0}
        assert len(await store.texts()) == everything
        assert set((await store.states()).values()) == {"sent"}
