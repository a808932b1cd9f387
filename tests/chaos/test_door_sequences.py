"""A thousand random sequences of wishes, people and faults at doors: nothing opens that nobody asked for.

Every sequence has a door of its own; twenty-five doors share a broker, a disk and a daemon, which break for
all of them. Driver, controller, entry desk, database and Mosquitto are the product's; the locks are simulated
and note what they really did.
"""

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.database import open_database
from support.doors import BEN, HOUSE_FAULTS, MIA, STEPS, Doorway, Houses, Leaf, WitnessedNuki
from support.mosquitto import Mosquitto
from support.waiting import eventually

from arni_edge.domain.clock import SystemClock
from arni_edge.storage import Database, Row, members

_DOORS = 25
_BATCHES = 40

_CLOCKS = timedelta(milliseconds=5)
"""The row's moment and the lock's are taken from one clock, but rounded differently."""

_sequence = st.lists(st.sampled_from(STEPS), min_size=3, max_size=10)
_batch = st.lists(_sequence, min_size=_DOORS, max_size=_DOORS)


@pytest.mark.timeout(600)
@settings(
    max_examples=_BATCHES,
    deadline=None,
    database=None,
    # A batch of doors is large: what failed is told by the assertion, shrinking would take for ever.
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
@given(batch=_batch, faults=st.lists(st.sampled_from(HOUSE_FAULTS), max_size=3))
def test_nothing_opens_that_nobody_asked_for(batch: list[list[str]], faults: list[str]) -> None:
    asyncio.run(_play(batch, faults))


async def _play(batch: list[list[str]], faults: list[str]) -> None:
    mosquitto = Mosquitto()
    mosquitto.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with open_database(Path(folder) / "arni.db") as database:
                await _live(mosquitto, database, batch, faults)
    finally:
        mosquitto.remove()


async def _live(mosquitto: Mosquitto, database: Database, batch: list[list[str]], faults: list[str]) -> None:
    now = SystemClock().now()
    await database.write(lambda tx: members.put_by_hand(tx, [MIA, BEN], now))
    names = [(f"door{number}", f"{0x2BB28500 + number:X}") for number in range(len(batch))]
    houses = Houses(mosquitto, database, names)
    doorways = []
    for name, nuki_id in names:
        leaf = Leaf()
        doorways.append(Doorway(name, nuki_id, WitnessedNuki(nuki_id, houses.locks, leaf), leaf))
    async with asyncio.TaskGroup() as locks:
        living = [locks.create_task(doorway.lock.run()) for doorway in doorways]
        await houses.start()
        await eventually(lambda: houses.connected and all(one.lock.connected for one in doorways))
        async with asyncio.TaskGroup() as people:
            people.create_task(_break(houses, faults))
            for doorway, steps in zip(doorways, batch, strict=True):
                people.create_task(_walk(doorway, steps, houses))
        await _calm(houses, doorways)
        await houses.crash()
        await houses.start()  # closes what the last daemon left open
        await houses.crash()
        for task in living:
            task.cancel()
    for doorway, steps in zip(doorways, batch, strict=True):
        rows = await database.read("SELECT * FROM door_audit WHERE door = ? ORDER BY id", (doorway.name,))
        _judge(doorway, rows, f"{steps} with {faults}")


async def _walk(doorway: Doorway, steps: list[str], houses: Houses) -> None:
    for step in steps:
        await doorway.step(step, houses)


async def _break(houses: Houses, faults: list[str]) -> None:
    for fault in faults:
        await houses.break_something(fault)


async def _calm(houses: Houses, doorways: list[Doorway]) -> None:
    """Everything works again, and what has waited anywhere has been carried out."""
    for doorway in doorways:
        doorway.heal()
    await eventually(lambda: houses.connected and all(one.lock.connected for one in doorways))
    seen = -1
    while seen != (now := sum(len(one.lock.executed) for one in doorways)):
        seen = now
        await asyncio.sleep(0.1)


def _judge(doorway: Doorway, rows: list[Row], story: str) -> None:
    commands = [_at(row["at"]) for row in rows if row["state"] != "denied"]
    asked = sorted([*commands, *doorway.intrusions])
    # No opening without a row on the disk before it, and no row works twice.
    for number, opened in enumerate(sorted(doorway.lock.by_wire)):
        earlier = sum(moment <= opened + _CLOCKS for moment in asked)
        assert earlier > number, f"{doorway.name} opened without being asked: {story}"
    openings = [*doorway.lock.by_wire, *doorway.lock.by_hand, *doorway.leaf.opened]
    for row in rows:
        assert row["state"] in {"denied", "ended"}, f"{doorway.name}: left open: {dict(row)}: {story}"
        if row["member_id"] == BEN.member_id:
            assert row["state"] == "denied", story
        if row["outcome"] == "confirmed":
            assert row["evidence"], story
            # Something really happened: since it was asked for, or just before (a latch is held).
            began, ended = _at(row["at"]) - timedelta(seconds=2), _at(row["ended_at"]) + _CLOCKS
            assert any(began <= opened <= ended for opened in openings), f"{dict(row)}: {story}"


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
