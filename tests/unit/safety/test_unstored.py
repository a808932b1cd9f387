"""An alarm that the disk does not take: people are called, once, and all of it comes on record."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.alarms import Telephone, alarm_desk
from support.clock import ManualClock
from support.database import open_database
from support.disks import grow_the_log, no_file_grows
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.channels.webhook import open_webhook_client, phone_sink, sms_sink
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import AlarmRaised
from arni_edge.domain.health import State
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import Alarm, AlarmDesk, Cause, Report, Reporter
from arni_edge.settings import Webhook
from arni_edge.simulator.gateway import Mood, SimulatedGateway
from arni_edge.storage import Database, Transaction

_STAFF = [
    {"id": "kim", "name": "Kim", "phone": "+4915550000001"},
    {"id": "lee", "name": "Lee", "phone": "+4915550000002"},
]
MIA = "+4915123456789"
KIM = Contact("kim", "Kim", Role.STAFF)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.deliveries._CALL_AGAIN", 0.05)
    monkeypatch.setattr("arni_edge.safety.raising.CALL_ANYWAY", timedelta(seconds=0.7))
    monkeypatch.setattr("arni_edge.safety.unstored._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.unstored._STORE_AGAIN", 0.05)


@dataclass
class Lamp:
    name: str = "light/floor"
    causes: frozenset[Cause] = frozenset(Cause)
    done: list[str] = field(default_factory=list)

    async def act(self, alarm: Alarm) -> str:
        self.done.append(alarm.alarm_id)
        return "output=true"


@dataclass
class Gym:
    database: Database
    path: Path
    bus: Bus
    clock: ManualClock
    gateway: SimulatedGateway
    lamp: Lamp
    health: list[tuple[State, str]]
    desk: AlarmDesk

    def report(self, key: str = "m1", cause: Cause = Cause.HELP) -> Report:
        reporter = Reporter(Channel.WHATSAPP, MIA, Language.GERMAN, f"wamid.{key}")
        return Report(key, cause, "whatsapp", self.clock.now(), reporter=reporter)

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.read(sql, values)]

    async def on_record(self) -> Alarm:
        (alarm,) = await eventually_is(self.desk.open, len)
        return alarm

    async def sinks(self) -> dict[str, str]:
        return dict(await self.rows("SELECT sink, state FROM alarm_sinks"))

    async def in_vain(self, report: Report) -> None:
        with pytest.raises(Unavailable):
            await self.desk.raise_alarm(report)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Kind and number of all that has left the service; each key once."""
        return [(one.kind, one.to[-1]) for one in self.gateway.sent]

    @property
    def reached(self) -> set[str]:
        """Whom the desk knows to have been reached: a moment later than the service."""
        (held,) = self.desk._unstored._held
        return set(held.off_record.reached)

    def told_of(self, word: str) -> set[str]:
        """The numbers of all whom a message with this word has reached."""
        return {one.to[-1] for one in self.gateway.sent if word in one.text}

    def is_at(self, state: State) -> bool:
        return self.health[-1][0] is state

    @property
    def ids(self) -> set[str]:
        return {one.alarm_id for one in self.gateway.sent}

    @contextmanager
    def failing_disk(self) -> Iterator[None]:
        with no_file_grows(self.path):
            yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.desk.run(lambda: None))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})


@asynccontextmanager
async def a_gym(path: Path) -> AsyncIterator[Gym]:
    gateway, bus, clock, lamp = SimulatedGateway(), Bus(), ManualClock(), Lamp()
    health: list[tuple[State, str]] = []
    async with (
        gateway.run() as url,
        open_webhook_client() as client,
        open_database(path / "arni.db") as database,
    ):
        await grow_the_log(database)
        settings = Webhook(url=url, seconds=30.0)
        telephones = [sms_sink(settings, client), phone_sink(settings, client)]
        desk = alarm_desk(
            database,
            bus,
            clock,
            on_call=["kim", "lee"],
            staff=_STAFF,
            acts=[lamp],
            more=telephones,
            direct=telephones,
            health=lambda *said: health.append(said),
        )
        try:
            yield Gym(database, path / "arni.db", bus, clock, gateway, lamp, health, desk)
        finally:
            await desk.aclose()


async def test_a_failing_disk_keeps_nobody_from_being_called(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        with gym.failing_disk():
            await gym.in_vain(gym.report())
            await eventually(lambda: len(gym.sent) == 2)
            assert sorted(gym.sent) == [("sms", "1"), ("sms", "2")]
            assert "nichts speichern" in gym.gateway.sent[0].text
            assert gym.lamp.done == list(gym.ids)
            assert await gym.desk.open() == []
            assert gym.is_at(State.DOWN)
        alarm = await gym.on_record()
        assert {alarm.alarm_id} == gym.ids
        await eventually_is(
            gym.sinks, lambda found: found["sms/kim"] == found["sms/lee"] == found["light/floor"] == "done"
        )
        (detail,) = await gym.rows("SELECT detail FROM alarm_sinks WHERE sink = 'sms/kim'")
        assert "HTTP 202, id SM" in detail[0]
        (held,) = await gym.rows("SELECT detail FROM alarm_history WHERE what = 'held'")
        assert held[0].endswith("reached: sms/kim sms/lee")
        assert gym.is_at(State.OK)
        # What needs the disk goes on from there: the templates, the answer.
        assert {row[0] for row in await gym.rows("SELECT recipient FROM outbox")} == {
            MIA,
            "+4915550000001",
            "+4915550000002",
        }
        await gym.desk.drain()
    assert gym.gateway.asked == 2
    assert gym.lamp.done == list(gym.ids)


async def test_whoever_reports_it_again_raises_and_calls_nothing_again(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        raised = gym.bus.subscribe(AlarmRaised)
        with gym.failing_disk():
            for _ in range(3):
                await gym.in_vain(gym.report())
            await gym.in_vain(gym.report("m2"))
            await eventually(lambda: len(gym.sent) == 2)
        await gym.desk.raise_alarm(gym.report())
        alarm = await gym.on_record()
        assert ({alarm.alarm_id}, alarm.reports) == (gym.ids, 2)
        assert await gym.rows("SELECT source_key FROM alarm_reports ORDER BY number") == [("m1",), ("m2",)]
        await eventually_is(gym.sinks, lambda found: found["sms/kim"] == found["sms/lee"] == "done")
        assert gym.gateway.asked == 2
        assert isinstance(told := await anext(aiter(raised)), AlarmRaised)
        assert told.alarm_id == alarm.alarm_id
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await anext(aiter(raised))


async def test_nobody_answers_and_the_next_step_is_taken_once(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        with gym.failing_disk():
            await gym.in_vain(gym.report())
            await eventually(lambda: gym.reached == {"sms/kim", "sms/lee"})
            gym.clock.advance(61)
            await eventually(lambda: len(gym.sent) == 4)
            assert sorted(gym.sent) == [("call", "1"), ("sms", "1"), ("sms", "1"), ("sms", "2")]
        alarm = await gym.on_record()
        assert alarm.step == 1
        await eventually_is(gym.sinks, lambda found: found["phone/kim"] == found["sms/kim"] == "done")
        assert gym.gateway.asked == 4
        gym.clock.advance(61)
        await eventually(lambda: ("call", "2") in gym.sent)
        await gym.desk.acknowledge(alarm.alarm_id, KIM)


async def test_what_could_not_be_delivered_either_is_taken_up_when_it_is_on_record(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        gym.gateway.mood = Mood.BREAKS
        with gym.failing_disk():
            await gym.in_vain(gym.report())
            await eventually(lambda: gym.gateway.asked >= 4)
        await eventually_is(gym.sinks, lambda found: found.get("sms/kim") == "failed")
        gym.gateway.mood = Mood.TAKES
        await eventually_is(gym.sinks, lambda found: found["sms/kim"] == found["sms/lee"] == "done")
        assert sorted(gym.sent) == [("sms", "1"), ("sms", "2")]


async def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        writable = threading.Event()

        async def hangs(_: Transaction) -> None:
            assert writable.wait(60)

        writing = asyncio.create_task(gym.database.write(hangs, deadline=60))
        raising = asyncio.create_task(gym.desk.raise_alarm(gym.report()))
        try:
            await eventually(lambda: len(gym.sent) == 2)
            assert not raising.done()
        finally:
            writable.set()
        await asyncio.gather(writing, raising)
        await eventually_is(gym.sinks, lambda found: found["sms/kim"] == found["sms/lee"] == "done")
        assert {(await gym.on_record()).alarm_id} == gym.ids
        assert gym.gateway.asked == 2


async def test_a_life_of_the_desk_that_ends_goes_on_with_the_next(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        gym.gateway.mood = Mood.BREAKS
        with gym.failing_disk():
            async with gym.running():
                await gym.in_vain(gym.report())
                await eventually(lambda: gym.gateway.asked >= 2)
            gym.gateway.mood = Mood.TAKES
            async with gym.running():
                await eventually(lambda: len(gym.sent) == 2)
        async with gym.running():
            await eventually_is(gym.sinks, lambda found: found.get("sms/kim") == "done")


async def test_a_test_of_the_chain_is_refused(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        with gym.failing_disk(), pytest.raises(Unavailable):
            await gym.desk.drill(KIM)
        drill = await gym.desk.drill(KIM)
        await eventually(lambda: len(gym.sent) == 2)
        assert gym.ids == {drill}
        assert gym.gateway.asked == 2


async def test_a_bug_in_storing_is_a_disk_that_fails(tmp_path: Path) -> None:
    async def broken(_: Transaction) -> None:
        raise ZeroDivisionError

    async with a_gym(tmp_path) as gym:
        with pytest.raises(ZeroDivisionError):
            await gym.desk.raise_alarm(gym.report(), broken)
        await eventually(lambda: len(gym.sent) == 2)


async def test_on_call_whom_only_the_disk_could_reach_lets_nobody_wait(tmp_path: Path) -> None:
    """Kim has WhatsApp alone, which needs the outbox; Lee is not on call, but has a bot that writes."""
    bot, bus, clock = Telephone("telegram"), Bus(), ManualClock()
    bot.reaches = lambda contact: contact.id == "lee"  # type: ignore[method-assign]
    async with open_database(tmp_path / "arni.db") as database:
        await grow_the_log(database)
        desk = alarm_desk(database, bus, clock, on_call=["kim"], staff=_STAFF, direct=[bot])
        report = Report("m1", Cause.HELP, "button", clock.now(), place="desk")
        with no_file_grows(tmp_path / "arni.db"), pytest.raises(Unavailable):
            await desk.raise_alarm(report)
        await eventually(lambda: bot.called == [("lee", 0)])
        await desk.aclose()


async def test_what_it_is_about_is_said_at_once_to_all_who_were_called(tmp_path: Path) -> None:
    """Also to whom nobody could be told so far: not what was true before."""
    async with a_gym(tmp_path) as gym, gym.running():
        with gym.failing_disk():
            await gym.in_vain(gym.report())
            await eventually(lambda: gym.reached == {"sms/kim", "sms/lee"})
            await gym.in_vain(gym.report("m2", Cause.FIRE))
            await eventually(lambda: len(gym.sent) == 4 and gym.reached == {"sms/kim", "sms/lee"})
            assert sorted(gym.sent[2:]) == [("sms", "1"), ("sms", "2")]
            assert all("Feuer" in one.text for one in gym.gateway.sent[2:])
        assert (await gym.on_record()).cause == Cause.FIRE
        await eventually_is(gym.sinks, lambda found: found["sms/kim"] == found["sms/lee"] == "done")
    assert gym.gateway.asked == 4


async def test_who_is_still_tried_in_vain_is_told_what_is_new(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, gym.running():
        gym.gateway.mood = Mood.BREAKS
        with gym.failing_disk():
            await gym.in_vain(gym.report())
            await eventually(lambda: gym.gateway.asked >= 2)
            await gym.in_vain(gym.report("m2", Cause.FIRE))
            gym.gateway.mood = Mood.TAKES
            await eventually(lambda: gym.told_of("Feuer") == {"1", "2"})


async def test_a_report_that_is_on_record_calls_nobody_when_the_disk_hangs_the_next_time(
    tmp_path: Path,
) -> None:
    """Its channel had no answer in time, and delivers it again; somebody has the alarm meanwhile."""
    async with a_gym(tmp_path) as gym, gym.running():
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: len(gym.sent) == 2)
        await gym.desk.acknowledge((await gym.on_record()).alarm_id, KIM)
        await gym.desk.drain()
        lit = len(gym.lamp.done)
        assert set(gym.lamp.done) == gym.ids  # twice where the disk took long: light comes before paper
        writable = threading.Event()

        async def hangs(_: Transaction) -> None:
            assert writable.wait(60)

        writing = asyncio.create_task(gym.database.write(hangs, deadline=60))
        again = asyncio.create_task(gym.desk.raise_alarm(gym.report()))
        try:
            await asyncio.wait({again}, timeout=1.0)
            assert gym.gateway.asked == 2
            assert len(gym.lamp.done) == lit
            assert not gym.health or gym.is_at(State.OK)
        finally:
            writable.set()
        await asyncio.gather(writing, again)
        assert len(await gym.desk.open()) == 1
