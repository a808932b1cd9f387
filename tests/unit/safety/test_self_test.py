"""The monthly test: reminded on the day, after 3 and 7 days, once each, until it was made and closed."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.alarms import alarm_desk, gym
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.staff import Contact
from arni_edge.safety import AlarmDesk, Roster, StaffLine
from arni_edge.safety.self_test import SelfTest, TestPlan
from arni_edge.storage import Database, alarm_tests

BERLIN = ZoneInfo("Europe/Berlin")
PLAN = TestPlan(1, 10, BERLIN)
STAFF: list[dict[str, Any]] = [
    {"id": "kim", "name": "Kim", "telegram": 4711},
    {"id": "noa", "name": "Noa", "phone": "+4915550000002"},
]
KIM = Contact("kim", "Kim")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("plan", "now", "month", "reminders"),
    [
        (PLAN, "2026-11-01T09:59", "2026-10", 3),
        (PLAN, "2026-11-01T10:00", "2026-11", 1),
        (PLAN, "2026-11-04T09:59", "2026-11", 1),
        (PLAN, "2026-11-04T10:00", "2026-11", 2),
        (PLAN, "2026-11-08T10:00", "2026-11", 3),
        (PLAN, "2027-01-01T09:00", "2026-12", 3),
        # The clocks go forward on 29 March 2026, between 2 and 3, and back on 25 October.
        (TestPlan(28, 2, BERLIN), "2026-03-31T01:59", "2026-03", 1),
        (TestPlan(28, 2, BERLIN), "2026-03-31T02:00", "2026-03", 2),
        (TestPlan(22, 10, BERLIN), "2026-10-25T09:59", "2026-10", 1),
        (TestPlan(22, 10, BERLIN), "2026-10-25T10:00", "2026-10", 2),
        (TestPlan(28, 10, BERLIN), "2026-12-05T10:00", "2026-11", 3),
    ],
)
def test_it_is_due_by_the_clock_on_the_wall(plan: TestPlan, now: str, month: str, reminders: int) -> None:
    moment = berlin(now)
    due = plan.due(moment)
    assert due <= moment
    assert (plan.month(due), plan.reminders(due, moment)) == (month, reminders)


def test_an_hour_that_comes_twice_is_one_moment_and_one_that_is_missing_comes_all_the_same() -> None:
    twice = TestPlan(25, 2, BERLIN)  # 25 October 2026, 2:00 comes twice
    quarters = [berlin("2026-10-25T03:30") + timedelta(minutes=15 * number) for number in range(200)]
    assert {twice.due(moment) for moment in quarters} == {datetime(2026, 10, 25, 0, tzinfo=UTC)}
    missing = TestPlan(28, 2, BERLIN)  # 28 March 2027, 2:00 is left out
    assert missing.due(datetime(2027, 3, 28, 1, tzinfo=UTC)) == datetime(2027, 3, 28, 1, tzinfo=UTC)


@dataclass
class Gym:
    database: Database
    clock: ManualClock
    desk: AlarmDesk
    test: SelfTest

    async def at(self, moment: str) -> None:
        """Go there, and look."""
        self.clock.advance((berlin(moment) - self.clock.now()).total_seconds())
        await self.test.look(PLAN)

    async def posts(self) -> list[tuple[str, str, str]]:
        rows = await self.database.read(
            "SELECT contact, key, buttons FROM staff_posts WHERE key LIKE 'alarm-test/%' ORDER BY key"
        )
        return [(row["contact"], row["key"], row["buttons"]) for row in rows]

    async def templates(self) -> int:
        rows = await self.database.read("SELECT 1 FROM outbox WHERE key LIKE 'alarm-test/%'")
        return len(rows)

    async def month(self) -> dict[str, Any]:
        (row,) = await alarm_tests.newest(self.database, 1)
        return dict(row)


@asynccontextmanager
async def a_gym(
    path: Path, clock: ManualClock, on_call: Sequence[str] = ("kim", "noa")
) -> AsyncIterator[Gym]:
    """One life of the daemon."""
    settings = gym(on_call, STAFF)
    async with open_database(path / "arni.db") as database:
        desk = alarm_desk(database, Bus(), clock, settings=settings)
        line = StaffLine(Roster.of(settings), template="alarm", telegram=lambda one: one.telegram is not None)
        test = SelfTest(database, clock, Catalogue.load(), line, desk, plan=PLAN, gym="Demo")
        try:
            yield Gym(database, clock, desk, test)
        finally:
            await desk.aclose()


async def test_staff_are_reminded_three_times_across_restarts_and_never_twice(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock) as house:
        await house.test.look(PLAN)
        assert await house.posts() == []  # a box that is new is not late
        await house.at("2026-11-01T09:59")
        assert await house.posts() == []
        await house.at("2026-11-01T10:00")
        await house.at("2026-11-01T10:01")
        assert [one[:2] for one in await house.posts()] == [("kim", "alarm-test/2026-11/1")]
        assert await house.templates() == 1
    async with a_gym(tmp_path, clock) as house:
        await house.at("2026-11-01T10:02")
        assert (len(await house.posts()), await house.templates()) == (1, 1)
        await house.at("2026-11-04T10:00")
        assert (len(await house.posts()), await house.templates()) == (2, 2)
        await house.at("2026-11-30T10:00")
        assert (len(await house.posts()), await house.templates()) == (3, 3)
        await house.at("2026-12-01T10:00")
        assert (len(await house.posts()), await house.templates()) == (4, 4)


async def test_who_slept_through_all_reminders_gets_one(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock) as house:
        await house.test.look(PLAN)
        await house.at("2026-11-20T10:00")
        assert [one[1] for one in await house.posts()] == ["alarm-test/2026-11/3"]


async def test_a_test_that_was_made_and_closed_ends_the_reminders_and_is_kept(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock) as house:
        await house.test.look(PLAN)
        await house.at("2026-11-01T10:00")
        assert "alarm.test" in (await house.posts())[0][2]
        said = await house.test.staff_acts()["alarm.test"].do(KIM, "", "")
        (alarm,) = await house.desk.open()
        assert alarm.drill
        assert alarm.code in said
        with pytest.raises(Refused):
            await house.test.start(KIM)
        await house.at("2026-11-04T10:00")
        assert len(await house.posts()) == 2  # made, and not closed: it does not count yet
        await house.desk.acknowledge(alarm.alarm_id, KIM)
        await house.desk.close(alarm.alarm_id, KIM, "test", "Alles gut")
        await house.at("2026-11-04T10:01")
        await house.at("2026-11-08T10:00")
        posts = await house.posts()
        assert len(posts) == 2
        assert {one[2] for one in posts} == {"[]"}
        row = await house.month()
        assert row["alarm_id"] == alarm.alarm_id
        result = json.loads(row["result"])
        assert result["acknowledged_seconds"] == 3 * 86400.0
        assert set(result["sinks"]) >= {"telegram/kim", "whatsapp/noa"}
        # Nobody had tried them for long enough to say that they do not work.
        assert (result["failed"], result["tried"]) == ([], 0)
        await house.at("2026-12-01T10:00")
        assert len(await house.posts()) == 3


async def test_a_test_earlier_in_the_month_counts(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock) as house:
        await house.test.look(PLAN)
        await house.at("2026-11-01T08:00")
        await house.test.start(KIM)
        (alarm,) = await house.desk.open()
        await house.desk.close(alarm.alarm_id, KIM, "test", "Früh")
        await house.at("2026-11-01T10:00")
        assert await house.posts() == []
        assert (await house.month())["alarm_id"] == alarm.alarm_id


async def test_a_test_that_nobody_answered_does_not_count(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock) as house, running(house.desk.run):
        await house.test.look(PLAN)
        await house.at("2026-11-01T08:00")
        await house.test.start(KIM)

        async def still_open() -> int:
            clock.advance(60)
            return len(await house.desk.open())

        await eventually_is(still_open, (0).__eq__)
        await house.at("2026-11-01T10:00")
        assert (await house.month())["alarm_id"] is None
        assert len(await house.posts()) == 1


async def test_with_nobody_on_call_the_reminder_is_not_used_up(tmp_path: Path) -> None:
    clock = ManualClock(berlin("2026-10-20T12:00"))
    async with a_gym(tmp_path, clock, on_call=[]) as house:
        await house.test.look(PLAN)
        await house.at("2026-11-01T10:00")
    async with a_gym(tmp_path, clock) as house:
        await house.at("2026-11-01T18:00")
        assert [one[:2] for one in await house.posts()] == [("kim", "alarm-test/2026-11/1")]
