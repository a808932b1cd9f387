"""The box dies at every commit of a booking, before or right after it; there is one booking in the end."""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from support.booking_desk import tomorrow, word
from support.booking_lives import Errand
from support.nursery import Death, Nursery, open_nursery

from arni_edge.simulator.magicline import Fault, Quirks, SimulatedMagicline


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with open_nursery("support.booking_lives") as nursery:
        yield nursery


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at() -> AsyncIterator[SimulatedMagicline]:
    """A Magicline at which a request that is blindly repeated makes a second booking."""
    async with SimulatedMagicline(quirks=Quirks(allows_doubles=True), members=3) as one:
        yield one


@pytest.mark.parametrize(
    ("fault", "after"),
    [(None, False), (None, True), (Fault.DROP_AFTER, False)],
    ids=["before", "after", "answer lost"],
)
async def test_death_at_any_commit_books_once(
    nursery: Nursery, tmp_path: Path, at: SimulatedMagicline, fault: Fault | None, after: bool
) -> None:
    mia = at.gym.add_member(told=False).member_id
    for number in itertools.count(1):
        slot = at.gym.timetable.add(tomorrow(at, 24 + 2 * number))
        errand, folder = Errand(at.url, f"k{number}", mia, word(slot)), tmp_path / str(number)
        if fault is not None:
            at.faults.clear()
            at.fail("bookClassSlot", fault)
        survived = await asyncio.to_thread(nursery.live, folder, errand.order, Death(number, after))
        assert survived or await asyncio.to_thread(nursery.live, folder, errand.order), number
        assert at.gym.timetable.made[mia, slot.slot_id] == 1, number
        assert at.class_bookings(mia, slot.slot_id) == 1, number
        assert _states(folder) == ["sent"], number
        if survived:
            assert number > 3, "the deaths did not reach the commits that matter"
            return


async def test_death_at_any_commit_cancels_once(
    nursery: Nursery, tmp_path: Path, at: SimulatedMagicline
) -> None:
    mia = at.gym.add_member(told=False)
    at.faults.clear()
    for number in itertools.count(1):
        slot = at.gym.timetable.add(tomorrow(at, 24 + 2 * number))
        booking = at.gym.timetable.book(mia, slot)
        errand = Errand(at.url, f"k{number}", mia.member_id, booking=f"class/{booking.booking_id}")
        folder = tmp_path / str(number)
        survived = await asyncio.to_thread(nursery.live, folder, errand.order, Death(number, after=False))
        assert survived or await asyncio.to_thread(nursery.live, folder, errand.order), number
        assert (booking.holds, _states(folder)) == (False, ["sent"]), number
        if survived:
            assert number > 3, "the deaths did not reach the commits that matter"
            return


def _states(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "arni.db")) as database:
        return [str(row[0]) for row in database.execute("SELECT state FROM outbox")]
