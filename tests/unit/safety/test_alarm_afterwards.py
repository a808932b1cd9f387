"""What becomes of an alarm that somebody has: what is withdrawn, who is reminded, who hears what is new."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.alarms import Telephone, alarm_desk, meta_accepts, telegram_shows
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import Alarm, AlarmDesk, Call, Cause, Report, Reporter
from arni_edge.storage import Database, Transaction, alarms

KIM = {"id": "kim", "name": "Kim", "telegram": 7}
LEE = {"id": "lee", "name": "Lee", "phone": "+4915550000002"}
PAT = {"id": "pat", "name": "Pat", "telegram": 9}
WHO_KIM, WHO_LEE = Contact("kim", "Kim", Role.STAFF), Contact("lee", "Lee", Role.STAFF)
MIA = "+4915123456789"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.deliveries._CALL_AGAIN", 0.05)
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_AGAIN", 0.01)


@dataclass
class Lamp:
    """A local act that never ends."""

    name: str = "light/floor"
    causes: frozenset[Cause] = frozenset(Cause)
    begun: int = 0

    async def act(self, _: Alarm) -> str:
        self.begun += 1
        await asyncio.Event().wait()
        raise AssertionError


class Line(Telephone):
    """A telephone that keeps what was said, and under which key."""

    def __init__(self, name: str, *, trouble: str = "") -> None:
        super().__init__(name, trouble=trouble)
        self.said: list[tuple[str, str]] = []
        self.keys: list[str] = []

    async def deliver(self, call: Call) -> str:
        evidence = await super().deliver(call)
        if call.key not in self.keys:  # as the service does: the same key is the same message
            self.said.append((call.contact.id, call.text))
        self.keys.append(call.key)
        return evidence


@dataclass
class Gym:
    database: Database
    bus: Bus
    clock: ManualClock
    desk: AlarmDesk
    sms: Line
    phone: Line
    lamps: list[Lamp] = field(default_factory=list)

    def report(self, key: str = "m1", cause: Cause = Cause.HELP) -> Report:
        reporter = Reporter(Channel.WHATSAPP, MIA, Language.GERMAN, f"wamid.{key}")
        return Report(key, cause, "whatsapp", self.clock.now(), reporter=reporter)

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.read(sql, values)]

    async def sinks(self) -> dict[str, str]:
        return dict(await self.rows("SELECT sink, state FROM alarm_sinks"))

    async def alarm(self) -> Alarm:
        (alarm,) = await self.desk.open()
        return alarm

    async def posts(self) -> dict[str, tuple[str, int]]:
        rows = await self.rows("SELECT contact, text, utterance FROM staff_posts")
        return {who: (text, utterance) for who, text, utterance in rows}

    async def reminders(self) -> list[str]:
        rows = await self.rows("SELECT detail FROM alarm_history WHERE what = 'reminded' ORDER BY id")
        return [row[0] for row in rows]


@asynccontextmanager
async def a_gym(
    path: Path,
    on_call: Sequence[object] = ("kim", "lee"),
    staff: Sequence[dict[str, Any]] = (KIM, LEE, PAT),
    *,
    lamps: Sequence[Lamp] = (),
    template: str = "",
) -> AsyncIterator[Gym]:
    async with open_database(path / "arni.db") as database:
        bus, clock, sms, phone = Bus(), ManualClock(), Line("sms"), Line("phone")
        desk = alarm_desk(
            database,
            bus,
            clock,
            on_call=on_call,
            staff=staff,
            acts=lamps,
            more=[sms, phone],
            template=template,
        )
        try:
            yield Gym(database, bus, clock, desk, sms, phone, list(lamps))
        finally:
            await desk.aclose()


# --- what nobody need be told any more ----------------------------------------------------------------------


async def test_a_call_that_was_under_way_when_somebody_took_it_is_not_needed_and_has_not_failed(
    tmp_path: Path,
) -> None:
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = "hangs"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.tries)
        await gym.desk.acknowledge((await gym.alarm()).alarm_id, WHO_KIM)
        assert await gym.sinks() == {"telegram/kim": "not_needed", "sms/lee": "not_needed"}
        rows = await gym.rows("SELECT DISTINCT detail FROM alarm_sinks")
        assert rows == [("not needed any more: acknowledged",)]


async def test_a_way_that_does_not_work_stands_as_failed_with_its_reason_whoever_has_the_alarm(
    tmp_path: Path,
) -> None:
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = "the token is wrong"
        await gym.desk.raise_alarm(gym.report())
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/lee"] == "failed")
        alarm_id = (await gym.alarm()).alarm_id
        await gym.desk.acknowledge(alarm_id, WHO_KIM)
        await gym.desk.close(alarm_id, WHO_KIM, "helped", "ok")
        rows = await gym.rows("SELECT state, detail FROM alarm_sinks WHERE sink = 'sms/lee'")
        assert rows == [("failed", "the token is wrong")]


async def test_an_attempt_that_fails_a_moment_too_late_changes_nothing_one_that_arrives_does(
    tmp_path: Path,
) -> None:
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = "hangs"
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        await gym.desk.acknowledge(alarm_id, WHO_KIM)

        async def ends(state: str, tx: Transaction) -> None:
            await alarms.note_sink(tx, alarm_id, "sms/lee", state, "", gym.clock.now())

        for state, stands in (("failed", "not_needed"), ("done", "done")):
            await gym.database.write(partial(ends, state))
            assert (await gym.sinks())["sms/lee"] == stands


async def test_handed_on_what_was_withdrawn_is_needed_again(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        gym.sms.trouble = "hangs"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.tries)
        alarm_id = (await gym.alarm()).alarm_id
        await gym.desk.acknowledge(alarm_id, WHO_KIM)
        gym.sms.trouble = ""
        await gym.desk.escalate(alarm_id, WHO_KIM)  # kim stands first: lee is not of this step
        await eventually(lambda: gym.sms.called == [("lee", 0)])
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/lee"] == "done")


async def test_whoever_reported_it_hears_that_nobody_has_it_any_more_and_that_somebody_has_again(
    tmp_path: Path,
) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        for who in (WHO_KIM, WHO_LEE):
            await gym.desk.acknowledge(alarm_id, who)
            gym.clock.advance(180)
            await gym.desk.escalate(alarm_id, who)
            await gym.desk.escalate(alarm_id, who)  # the same tap, delivered twice
            gym.clock.advance(180)
        rows = await gym.rows("SELECT text FROM outbox WHERE recipient = ? ORDER BY position", MIA)
        facts = [text.split(": ", 1)[-1] for (text,) in rows[1:]]
        assert ["angenommen." in one for one in facts] == [True, False, True, False]
        assert ["gibt ihn weiter" in one for one in facts] == [False, True, False, True]
        assert all("112" in one for one in facts)
        assert not any("Kim" in one or "Lee" in one for one in facts)


async def test_at_the_end_nothing_is_under_way_any_more(tmp_path: Path) -> None:
    lamp = Lamp()
    async with a_gym(tmp_path, lamps=[lamp]) as gym:
        gym.sms.trouble = "hangs"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: lamp.begun)
        assert "trying" in (await gym.sinks()).values()
        await gym.desk.close((await gym.alarm()).alarm_id, WHO_KIM, "false_alarm", "nobody there")
        assert await gym.sinks() == {
            "light/floor": "not_needed",
            "telegram/kim": "not_needed",
            "sms/lee": "not_needed",
        }


def heard(gym: Gym, times: int) -> bool:
    return len(gym.sms.said) == times


# --- an alarm that nobody ends ------------------------------------------------------------------------------


async def test_who_has_an_alarm_is_reminded_of_it_then_all_on_call_until_it_is_closed(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["pat", "lee"]) as gym, running(gym.desk.run):
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.called)
        await telegram_shows(gym.database)
        alarm_id = (await gym.alarm()).alarm_id
        await gym.desk.acknowledge(alarm_id, WHO_LEE)
        before = (await gym.posts())["pat"][1]
        for number in (1, 2):
            gym.clock.advance(15 * 60)
            await eventually(partial(heard, gym, 1 + number))
            assert gym.sms.said[-1][0] == "lee"
            assert "noch nicht beendet" in gym.sms.said[-1][1]
            assert (await gym.posts())["pat"][1] == before
        gym.clock.advance(30 * 60)
        await eventually_is(gym.reminders, ["1: lee", "2: lee", "3: lee pat"].__eq__)
        text, utterance = (await gym.posts())["pat"]
        assert utterance == before + 1
        assert "Lee hat übernommen" in text
        assert "noch nicht beendet" in text
        buttons = await gym.rows("SELECT buttons FROM staff_posts WHERE contact = 'pat'")
        assert "alarm.close" in buttons[0][0]
        # Nobody else was called, and the first call stays on record as what it came to.
        assert (await gym.alarm()).step == 0
        assert (await gym.sinks())["sms/lee"] == "done"
        await eventually_is(gym.sinks, lambda sinks: sinks.get("sms/lee/reminder") == "done")
        await gym.desk.close(alarm_id, WHO_LEE, "helped", "ok")
        gym.clock.advance(48 * 3600)
        await asyncio.sleep(0.1)
        assert len(await gym.reminders()) == 3


async def test_reminders_become_rarer_and_never_stop(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim"], staff=[KIM]) as gym:
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.acknowledge((await gym.alarm()).alarm_id, WHO_KIM)
        moments, began = list[float](), gym.clock.now()
        for minutes in (*[15] * 8, *[60] * 118):  # five days
            gym.clock.advance(minutes * 60)
            before = len(await gym.reminders())
            await gym.desk._following.look()
            if len(await gym.reminders()) > before:
                moments.append((gym.clock.now() - began) / timedelta(hours=1))
        assert moments == [0.25, 0.5, 1, 2, 4, 8, 16, 32, 56, 80, 104]


async def test_who_is_no_longer_of_the_staff_is_not_waited_for(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["pat"], staff=[PAT]) as gym:
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.acknowledge((await gym.alarm()).alarm_id, Contact("console:root", "root", Role.OWNER))
        gym.clock.advance(15 * 60)
        await gym.desk._following.look()
        assert await gym.reminders() == ["1: pat"]


async def test_a_test_that_somebody_took_reminds_them_alone(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim", "pat"]) as gym:
        alarm_id = await gym.desk.drill(WHO_KIM)
        await gym.desk.acknowledge(alarm_id, WHO_KIM)
        for _ in range(4):
            gym.clock.advance(3600)
            await gym.desk._following.look()
        assert set(await gym.reminders()) == {f"{n}: kim" for n in range(1, 5)}


async def test_a_reminder_is_not_given_twice_by_a_restart_nor_put_off_by_a_clock_set_back(
    tmp_path: Path,
) -> None:
    async with a_gym(tmp_path, on_call=["kim"], staff=[KIM]) as gym:
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.acknowledge((await gym.alarm()).alarm_id, WHO_KIM)
        gym.clock.advance(15 * 60)
        await asyncio.gather(gym.desk._following.look(), gym.desk._following.look())
        assert await gym.reminders() == ["1: kim"]
        gym.clock.jump(timedelta(days=-2))
        gym.clock.advance(60)
        await gym.desk._following.look()
        assert await gym.reminders() == ["1: kim", "2: kim"]


async def test_handed_on_and_taken_again_reminders_begin_anew(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim", "pat"]) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        for who in (WHO_KIM, Contact("pat", "Pat", Role.STAFF)):
            await gym.desk.acknowledge(alarm_id, who)
            gym.clock.advance(15 * 60)
            await gym.desk._following.look()
            await gym.desk.escalate(alarm_id, who)
        assert await gym.reminders() == ["1: kim", "1: pat"]


# --- what is found out later --------------------------------------------------------------------------------


async def test_whom_only_the_telephone_reaches_hears_too_that_it_burns(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: len(gym.sms.said) == 1)
        await gym.desk.raise_alarm(gym.report("m2", Cause.FIRE))
        await eventually(lambda: len(gym.sms.said) == 2)
        assert [who for who, _ in gym.sms.said] == ["lee", "lee"]
        assert "Feuer" not in gym.sms.said[0][1]
        assert "Feuer" in gym.sms.said[1][1]
        assert gym.phone.said == []  # an SMS is enough for whoever gets those
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/lee"] == "done")
        # Saying the same again is no news for them.
        await gym.desk.raise_alarm(gym.report("m3", Cause.FIRE))
        await gym.desk.drain()
        assert len(gym.sms.said) == 2


async def test_also_when_somebody_has_the_alarm_already(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim", "lee", "pat"]) as gym:
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.said)
        await gym.desk.acknowledge((await gym.alarm()).alarm_id, WHO_LEE)
        await gym.desk.raise_alarm(gym.report("m2", Cause.FIRE))
        await eventually(lambda: len(gym.sms.said) == 2)
        assert "Feuer" in gym.sms.said[1][1]
        assert (await gym.alarm()).state == "acknowledged"


async def test_a_call_that_does_not_get_through_says_what_is_known_when_it_does(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        gym.sms.trouble = "out of order"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.tries > 1)
        await gym.desk.raise_alarm(gym.report("m2", Cause.FIRE))
        gym.sms.trouble = ""
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/lee"] == "done")
        assert "Feuer" in gym.sms.said[-1][1]


async def test_a_template_that_still_waits_is_followed_by_what_is_new(tmp_path: Path) -> None:
    async with a_gym(tmp_path, template="alarm") as gym:
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.raise_alarm(gym.report("m2", Cause.FIRE))
        texts = await gym.rows("SELECT text FROM outbox WHERE template = 'alarm' ORDER BY position")
        assert ["Feuer" in text for (text,) in texts] == [False, True]
        await meta_accepts(gym.database)


async def test_one_press_to_call_the_next_calls_one(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        for _ in range(2):  # the same tap, delivered twice
            assert (await gym.alarm()).code in await gym.desk.escalate(alarm_id, WHO_KIM)
        assert (await gym.alarm()).step == 1
        gym.clock.advance(3)
        await gym.desk.escalate(alarm_id, WHO_KIM)
        assert (await gym.alarm()).step == 2
