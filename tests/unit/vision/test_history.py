"""The hours on the disk: added up, never invented, forgotten in time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.domain.headcount import WHOLE_GYM, HourTally
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction
from arni_edge.storage import occupancy as kept
from arni_edge.vision.forecast import QuietWindow
from arni_edge.vision.history import HourCollector, OccupancyHistory, hour_of

BERLIN = ZoneInfo("Europe/Berlin")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Eyes:
    """What the occupancy book would say."""

    def __init__(self) -> None:
        self.count: int | None = 4
        self.counted = (0, 0)

    def zone(self, zone_id: str, /) -> Occupancy:
        return self.total() if zone_id == "hall" else UNKNOWN_OCCUPANCY

    def total(self) -> Occupancy:
        return UNKNOWN_OCCUPANCY if self.count is None else Occupancy(self.count, 1.0)


class Desk:
    def __init__(self, database: Database, clock: ManualClock, **counting: Any) -> None:
        zone = {"id": "hall", "name": "Hall", "kind": "entrance", "polygon": [(0, 0), (1, 0), (1, 1)]}
        self.settings = Settings.model_validate(
            {
                "site": {"id": "gym", "name": "Gym", "capacity": 40},
                "vision": {"enabled": False},
                "cameras": [{"id": "cam", "url": "rtsp://10.0.0.2/s", "zones": [zone]}],
                "counting": counting,
            }
        )
        self.database, self.clock, self.eyes = database, clock, Eyes()
        self.history = OccupancyHistory(self.settings, self.eyes, database, clock)
        self.history.note()

    def live(self, seconds: float, count: int | None) -> None:
        """So many people for so long."""
        self.eyes.count = count
        for _ in range(round(seconds / 5)):
            self.clock.advance(5)
            self.history.note()

    async def hours(self, place: str = WHOLE_GYM) -> list[HourTally]:
        return list(await self.history.hours(place, LONG_AGO))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_database(tmp_path / "arni.db") as database:
        yield Desk(database, ManualClock())


async def test_an_hour_has_its_mean_its_highest_count_and_its_crossings(desk: Desk) -> None:
    desk.live(1800, 4)
    desk.eyes.counted = (7, 3)
    desk.live(1795, 8)
    desk.clock.advance(0)
    (hour,) = await desk.hours()
    assert hour.hour == datetime(2026, 11, 18, 11, tzinfo=UTC)
    assert hour.mean == pytest.approx(6, abs=0.05)
    assert (hour.most, hour.entries, hour.exits) == (8, 7, 3)
    assert hour.covered == pytest.approx(1.0, abs=0.01)
    assert [one.most for one in await desk.hours("hall")] == [8]


async def test_what_nobody_saw_is_not_an_empty_hour(desk: Desk) -> None:
    desk.live(600, 5)
    desk.live(2900, None)
    (hour,) = await desk.hours()
    assert hour.covered == pytest.approx(600 / 3600, abs=0.01)
    assert hour.mean is None


async def test_an_hour_of_which_nothing_was_seen_leaves_no_row(desk: Desk) -> None:
    desk.live(3000, None)
    assert await desk.hours() == []


async def test_time_that_hung_counts_as_not_seen(desk: Desk) -> None:
    desk.clock.advance(1800)
    desk.history.note()
    (hour,) = await desk.hours()
    assert hour.seconds == 15


async def test_a_crash_loses_what_was_not_written_and_doubles_nothing(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    for written in (True, False, True):
        async with open_database(path) as database:
            desk = Desk(database, clock)
            desk.live(600, 3)
            if written:
                await desk.hours()
    async with open_database(path) as database:
        (hour,) = await kept.hours_of(database, WHOLE_GYM, LONG_AGO)
    assert hour.seconds == 1200
    assert hour.people_seconds == 3600


async def test_an_orderly_end_writes_what_is_left(desk: Desk) -> None:
    desk.live(600, 3)
    running = asyncio.create_task(desk.history.run(lambda: None))
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait({running})
    (hour,) = await kept.hours_of(desk.database, WHOLE_GYM, LONG_AGO)
    assert hour.seconds == 600


async def test_a_full_disk_loses_nothing_that_was_seen_meanwhile(desk: Desk) -> None:
    async def away(tx: Transaction) -> None:
        await tx.execute("ALTER TABLE occupancy_hours RENAME TO elsewhere")

    async def back(tx: Transaction) -> None:
        await tx.execute("ALTER TABLE elsewhere RENAME TO occupancy_hours")

    desk.live(300, 3)
    await desk.database.write(away)
    await desk.history._write()
    desk.live(300, 3)
    await desk.database.write(back)
    (hour,) = await desk.hours()
    assert hour.seconds == 600


async def test_it_learns_the_quietest_hours_of_the_week(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        desk = Desk(database, clock)
        tallies = []
        for back in range(1, 24 * 7 * 4):
            hour = hour_of(clock.now() - timedelta(hours=back), BERLIN)
            local = hour.astimezone(BERLIN)
            people = 2 if (local.weekday(), local.hour) in {(1, 14), (1, 15)} else 9
            tallies.append(HourTally(WHOLE_GYM, hour, 3600, people * 3600, people))

        async def unit(tx: Transaction) -> None:
            await kept.add_hours(tx, tallies)

        await database.write(unit)
        await desk.history._learn()
        assert desk.history.quietest == QuietWindow(1, 14, 16)


def test_the_hour_that_comes_twice_is_two_hours_and_odd_offsets_begin_their_own() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time
    assert hour_of(first + timedelta(hours=1), BERLIN) - hour_of(first, BERLIN) == timedelta(hours=1)
    assert hour_of(first, ZoneInfo("Asia/Kathmandu")).minute == 15


def test_a_wall_clock_that_jumps_invents_no_people() -> None:
    collector = HourCollector(BERLIN)
    counts: Mapping[str, int | None] = {WHOLE_GYM: 3}
    now = datetime(2026, 11, 18, 11, 30, tzinfo=UTC)
    collector.sample(counts, (0, 0), 10.0, now)
    collector.sample(counts, (0, 0), 15.0, now - timedelta(days=400))
    collector.sample(counts, (0, 0), 20.0, now)
    assert sum(one.seconds for one in collector.take()) == 10
