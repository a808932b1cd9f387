"""A nightly pass with bookings in between, at a Magicline that locks out whoever asks too often."""

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from arni_edge.magicline.booking_ids import class_slot_id
from arni_edge.magicline.booking_writer import BookingWriter
from arni_edge.magicline.bookings import MagiclineBookings
from arni_edge.simulator.magicline import SimulatedMagicline
from arni_edge.storage.magicline import ages
from support.magicline import SleeplessClock
from support.magicline_mirror import BERLIN, Box, mirror_box, stop, truth
from support.waiting import eventually

_WHO: ContextVar[str] = ContextVar("who", default="pass")


class NightClock(SleeplessClock):
    """Knows who has slept how long for a turn of theirs."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: dict[str, float] = {}

    async def sleep(self, seconds: float) -> None:
        self.waited[_WHO.get()] = self.waited.get(_WHO.get(), 0.0) + seconds
        await super().sleep(seconds)
        await asyncio.sleep(0)  # others have their turn, as in a sleep that is one


@dataclass
class Night:
    """What it came to.

    Attributes:
        members: Customers that were read.
        requests: That Magicline answered.
        refused: Requests by endpoint that were answered 429.
        minutes: For how long the pass ran, by the clock.
        booked: Bookings that were made meanwhile.
        waited: Seconds by who waited for turns: ``pass``, ``booking``.
        lives: How often the pass was begun or taken up again.
        right: The mirror knows of everybody what is so.
    """

    members: int = 0
    requests: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    minutes: float = 0.0
    booked: int = 0
    waited: dict[str, float] = field(default_factory=dict)
    lives: int = 0
    right: bool = False


async def a_night(path: Path, *, members: int, limit: int, per_minute: int, bookings: int) -> Night:
    """Have one.

    Args:
        path: For the database.
        members: Of the crowd.
        limit: Requests a minute and endpoint; behind it the whole next minute is lost.
        per_minute: What the box asks at most.
        bookings: How many are made while the pass runs, spread over it.
    """
    clock, night = NightClock(), Night()
    async with SimulatedMagicline(clock=clock, members=members) as magicline:
        magicline.limits.per_minute = limit
        async with mirror_box(path, magicline=magicline, clock=clock, per_minute=per_minute) as box:
            began = clock.monotonic()
            pending = asyncio.create_task(_booked(box, members, bookings))
            while (last := await ages.newest(box.database)) is None or last.ended_at is None:
                night.lives += 1
                await _live(box, requests=sum(magicline.counts.values()) + members)
            night.minutes = (clock.monotonic() - began) / 60
            night.booked = await pending
            night.members = last.found
            night.requests = sum(magicline.counts.values())
            night.refused = dict(magicline.limits.refused)
            night.waited = dict(clock.waited)
            known, so = await box.mirrored(), truth(magicline, clock.now())
            night.right = all(
                known[part] == so[part] for part in ("customers", "contracts", "pauses", "on_file")
            )
    return night


async def _live(box: Box, requests: int) -> None:
    """Go on with the pass until it has ended, or the box is switched off."""
    run = asyncio.create_task(box.passes.run(lambda: None))
    try:
        while sum(box.magicline.counts.values()) < requests:
            last = await ages.newest(box.database)
            if run.done() or (last is not None and last.ended_at is not None):
                break
            await asyncio.sleep(0.01)
    finally:
        await stop(run)


async def _has_read(box: Box, customers: int) -> None:
    await eventually(lambda: box.magicline.counts["getCustomersContracts"] >= customers, within=600)


async def _booked(box: Box, members: int, number: int) -> int:
    """Book one class after the other, each when the pass has come further."""
    _WHO.set("booking")
    gym = box.magicline.gym
    writer = BookingWriter(
        box.client, box.database, box.clock, zone=BERLIN, health=lambda *_: None, first_wait=0.05
    )
    run = asyncio.create_task(writer.run(lambda: None))
    desk = MagiclineBookings(box.client, box.database, box.clock, zone=BERLIN)
    booked = 0
    try:
        for turn in range(number):
            await _has_read(box, members * (turn + 1) // (number + 1))
            slot = gym.timetable.add(box.clock.now() + timedelta(hours=30 + turn))
            word = class_slot_id(slot.taught.class_id, slot.slot_id)
            known = f"ml-{gym.who('english').member_id}"
            await desk.book(known, word, f"night-{turn}", timedelta(seconds=60))
            booked += 1
            for one in list(gym.timetable.of(gym.who("english").member_id)):
                one.status = "CANCELED"  # so that there is no limit to how many somebody may have
    finally:
        await stop(run)
    return booked
