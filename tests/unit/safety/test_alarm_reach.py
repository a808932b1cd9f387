"""Whom an alarm reaches when people, ways, disk or clock are not as they should be: nobody is forgotten."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from support.alarms import Telephone, alarm_desk, gym
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import Alarm, AlarmDesk, Cause, Report, Reporter
from arni_edge.storage import Database, Row, Transaction, alarms

MIA = "+4915123456789"
BARE = {"id": "bo", "name": "Bo"}
PAT = {"id": "pat", "name": "Pat", "telegram": 9}
KIM = {"id": "kim", "name": "Kim", "telegram": 7}


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)


@dataclass
class Gym:
    database: Database
    clock: ManualClock
    desk: AlarmDesk

    def report(self, key: str = "m1", cause: Cause = Cause.HELP) -> Report:
        reporter = Reporter(Channel.WHATSAPP, MIA, Language.GERMAN, f"wamid.{key}")
        return Report(key, cause, "whatsapp", self.clock.now(), reporter=reporter)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.read(sql)]

    async def sinks(self) -> set[str]:
        return {row[0] for row in await self.rows("SELECT sink FROM alarm_sinks")}

    async def said(self) -> list[str]:
        rows = await self.rows(f"SELECT text FROM outbox WHERE recipient = '{MIA}' ORDER BY position")
        return [row[0] for row in rows]


@asynccontextmanager
async def a_gym(
    path: Path, on_call: Sequence[object], staff: Sequence[dict[str, Any]], **more: Any
) -> AsyncIterator[Gym]:
    async with open_database(path / "arni.db") as database:
        clock = ManualClock()
        desk = alarm_desk(database, Bus(), clock, on_call=on_call, staff=staff, **more)
        try:
            yield Gym(database, clock, desk)
        finally:
            await desk.aclose()


async def test_for_whom_there_is_no_way_nobody_waits(tmp_path: Path) -> None:
    async with a_gym(tmp_path, ["bo"], [BARE, PAT]) as gym:
        await gym.desk.raise_alarm(gym.report())
        assert await gym.sinks() == {"telegram/pat"}
        assert "1 Person" in (await gym.said())[0]


async def test_whom_only_the_telephone_reaches_is_called_at_once(tmp_path: Path) -> None:
    phone = Telephone()
    lee = {"id": "lee", "name": "Lee", "phone": "+4915550000002"}
    async with a_gym(tmp_path, ["lee"], [lee], more=[phone], template="") as gym:
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: phone.called == [("lee", 0)])
        assert "1 Person" in (await gym.said())[0]


async def test_with_nobody_on_call_who_can_be_reached_whoever_stands_on_any_list_is_called(
    tmp_path: Path,
) -> None:
    nora = {"name": "Nora", "phone": "+4915550000002"}
    shift = {"hours": {"wednesday": ["00:00-24:00"]}, "on_call": ["bo"]}
    settings = gym([nora], [BARE], rota=[shift])
    async with a_gym(tmp_path, [], [], settings=settings) as house:
        await house.desk.raise_alarm(house.report())
        assert await house.sinks() == {"whatsapp/on-call-1"}
        assert "1 Person" in (await house.said())[0]


async def test_who_stands_on_the_list_twice_is_one_person(tmp_path: Path) -> None:
    async with a_gym(tmp_path, ["kim", "kim"], [KIM]) as gym:
        await gym.desk.raise_alarm(gym.report())
        assert "1 Person" in (await gym.said())[0]


async def test_with_nobody_to_call_nobody_is_said_to_be_called(tmp_path: Path) -> None:
    async with a_gym(tmp_path, [], []) as gym, running(gym.desk.run):
        await gym.desk.raise_alarm(gym.report())
        gym.clock.advance(61)
        await eventually_is(lambda: gym.rows("SELECT step FROM alarms"), [(1,)].__eq__)
        assert len(await gym.said()) == 1


async def test_a_clock_that_is_set_back_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with a_gym(tmp_path, ["kim"], [KIM, PAT]) as gym, running(gym.desk.run):
        await gym.desk.raise_alarm(gym.report())
        gym.clock.jump(timedelta(minutes=-40))
        await eventually_is(lambda: gym.rows("SELECT step FROM alarms"), [(1,)].__eq__)


async def test_a_report_that_is_broken_off_is_on_record_all_the_same(tmp_path: Path) -> None:
    async with a_gym(tmp_path, ["kim"], [KIM]) as gym:
        held = asyncio.Event()

        async def also(_: Transaction) -> None:
            held.set()

        raising = asyncio.create_task(gym.desk.raise_alarm(gym.report(), also))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raising.cancel()
        await asyncio.wait({raising})
        assert raising.cancelled()
        await eventually_is(gym.desk.open, len)


async def test_alarms_that_somebody_has_cost_nothing_and_every_look_is_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, looked, progressed = Contact("kim", "Kim", Role.STAFF), list[str](), list[int]()
    async with a_gym(tmp_path, ["kim"], [KIM]) as gym:
        for number in range(3):
            await gym.desk.raise_alarm(Report(f"b{number}", Cause.FIRE, "button", gym.clock.now()))
        for alarm in (await gym.desk.open())[:2]:
            await gym.desk.acknowledge(alarm.alarm_id, who)

        async def sinks(database: Database, alarm_id: str) -> list[Row]:
            looked.append(alarm_id)
            return await read(database, alarm_id)

        read = alarms.sinks
        monkeypatch.setattr(alarms, "sinks", sinks)
        gym.clock.advance(1)
        await gym.desk._following.look(lambda: progressed.append(1))
        assert (len(looked), len(progressed)) == (1, 3)


@dataclass
class Lamp:
    name: str = "light/floor"
    causes: frozenset[Cause] = frozenset(Cause)
    done: list[str] = field(default_factory=list)

    async def act(self, alarm: Alarm) -> str:
        self.done.append(alarm.cause)
        return "on"


async def test_fire_that_is_reported_late_in_the_same_talk_is_acted_on(tmp_path: Path) -> None:
    lamp = Lamp()
    async with a_gym(tmp_path, ["kim"], [KIM], acts=[lamp]) as gym:
        for number in range(4):
            await gym.desk.raise_alarm(gym.report(f"m{number}"))
            gym.clock.advance(240)
        await gym.desk.raise_alarm(gym.report("fire", Cause.FIRE))
        await gym.desk.drain()
        assert lamp.done == ["help", "fire"]


async def test_a_drill_that_helped_is_a_test_and_who_began_it_is_on_record(tmp_path: Path) -> None:
    who = Contact("kim", "Kim", Role.STAFF)
    async with a_gym(tmp_path, ["kim"], [KIM]) as gym:
        alarm_id = await gym.desk.drill(who)
        await gym.desk.staff_acts()["alarm.close"].do(who, alarm_id, "Alles gut")
        assert await gym.rows("SELECT outcome FROM alarms") == [("test",)]
        assert ("staff:kim", "alarm.drill") in await gym.rows("SELECT actor, act FROM audit")


async def test_who_says_it_is_none_may_say_so_after_the_clock_was_set_back(tmp_path: Path) -> None:
    who = Contact("kim", "Kim", Role.STAFF)
    async with a_gym(tmp_path, ["kim"], [KIM]) as gym:
        await gym.desk.raise_alarm(gym.report())
        (alarm,) = await gym.desk.open()
        await gym.desk.ask_to_cancel(alarm.alarm_id, who)
        gym.clock.jump(timedelta(hours=-1))
        with pytest.raises(Refused):  # what was asked an hour ahead is not asked for an hour
            await gym.desk.confirm_cancel(alarm.alarm_id, who)
        await gym.desk.ask_to_cancel(alarm.alarm_id, who)
        gym.clock.advance(5)
        assert "beendet" in await gym.desk.confirm_cancel(alarm.alarm_id, who)


async def test_the_log_knows_no_name_of_who_sits_at_the_box(tmp_path: Path) -> None:
    who = Contact("console:Kim Berger", "Kim Berger", Role.OWNER)
    async with a_gym(tmp_path, ["kim"], [KIM]) as gym:
        with structlog.testing.capture_logs() as lines:
            await gym.desk.raise_alarm(gym.report())
            (alarm,) = await gym.desk.open()
            await gym.desk.acknowledge(alarm.alarm_id, who)
            await gym.desk.close(alarm.alarm_id, who, "helped", "Alles gut")
            await gym.desk.drill(who)
        assert {"alarm_acknowledged", "alarm_closed", "alarm_drill"} <= {line["event"] for line in lines}
        assert "Berger" not in str(lines)


class Wall:
    """A display that is out of order at first."""

    name = "wall"

    def __init__(self) -> None:
        self.works = False
        self.shown: list[int] = []
        self.tries = 0

    async def show(self, alarms: Sequence[Alarm]) -> str:
        self.tries += 1
        if not self.works:
            raise Unavailable("dark")
        self.shown.append(len(alarms))
        return "lit"


async def test_a_display_that_was_dark_shows_the_next_alarm_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arni_edge.safety.display_keeper._AGAIN", 600.0)
    monkeypatch.setattr("arni_edge.safety.display_keeper._LONGEST", 600.0)
    wall = Wall()
    async with a_gym(tmp_path, ["kim"], [KIM], displays=[wall]) as gym, running(gym.desk.run):
        await eventually(lambda: wall.tries)
        wall.works = True
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: wall.shown and wall.shown[-1] == 1)
        done = "SELECT state FROM alarm_sinks WHERE sink = 'wall'"
        await eventually_is(lambda: gym.rows(done), [("done",)].__eq__)
    wall.works, before = False, wall.tries
    async with a_gym(tmp_path, ["kim"], [KIM], displays=[wall]) as gym, running(gym.desk.run):
        await eventually(lambda: wall.tries > before)
        await gym.desk.show_again()
        await eventually(lambda: wall.tries > before + 1)
        assert await gym.rows(done) == [("done",)]  # it was shown, whatever comes later
