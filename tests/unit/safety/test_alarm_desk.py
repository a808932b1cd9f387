"""An alarm from its report to its named end: stored first, told every way, followed until somebody has it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import Alarm, AlarmDesk, Cause, Report, Reporter
from arni_edge.storage import Database, Transaction

_STAFF = [
    {"id": "kim", "name": "Kim", "telegram": 7, "phone": "+4915550000001"},
    {"id": "lee", "name": "Lee", "phone": "+4915550000002"},
    {"id": "pat", "name": "Pat", "telegram": 9, "role": "owner"},
]
KIM, LEE = Contact("kim", "Kim", Role.STAFF), Contact("lee", "Lee", Role.STAFF)
CONSOLE = Contact("console:root", "root", Role.OWNER)
MIA, TOM = "+4915123456789", "+4915999999999"


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.deliveries._CALL_AGAIN", 0.05)
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_AGAIN", 0.01)


@dataclass
class Lamp:
    """A local act that may fail a few times first."""

    name: str = "light/floor"
    failures: int = 0
    causes: frozenset[Cause] = frozenset(Cause)
    done: list[str] = field(default_factory=list)

    async def act(self, alarm: Alarm) -> str:
        if self.failures:
            self.failures -= 1
            raise Unavailable("not there yet")
        self.done.append(alarm.cause)
        return "output=true"


@dataclass
class Gym:
    database: Database
    bus: Bus
    clock: ManualClock
    lamp: Lamp
    siren: Lamp
    phone: Telephone
    sms: Telephone
    desk: AlarmDesk

    def report(
        self, key: str = "m1", cause: Cause = Cause.HELP, who: str | None = MIA, *, age: float = 0
    ) -> Report:
        reporter = who and Reporter(Channel.WHATSAPP, who, Language.GERMAN, f"wamid.{key}")
        at = self.clock.now() - timedelta(seconds=age)
        return Report(key, cause, "whatsapp", at, reporter=reporter or None)

    async def alarm(self) -> Alarm:
        (alarm,) = await self.desk.open()
        return alarm

    async def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.database.read(sql, values)]

    async def sinks(self) -> dict[str, str]:
        return dict(await self.rows("SELECT sink, state FROM alarm_sinks"))

    async def said(self, who: str = MIA) -> list[str]:
        rows = await self.rows("SELECT text FROM outbox WHERE recipient = ? ORDER BY position", who)
        return [row[0] for row in rows]

    async def posts(self) -> dict[str, str]:
        return dict(await self.rows("SELECT contact, text FROM staff_posts"))

    async def history(self) -> list[str]:
        return [row[0] for row in await self.rows("SELECT what FROM alarm_history ORDER BY id")]


def under_way(gym: Gym) -> set[tuple[str, str]]:
    return set(gym.desk._deliveries._under_way)


def stands_at(step: int, alarm: Alarm) -> bool:
    return alarm.step == step


def build(gym: Gym, **more: Any) -> AlarmDesk:
    """The next life of the desk, on the same database."""
    arguments = {"on_call": ["kim", "lee"], "staff": _STAFF, **more}
    return alarm_desk(
        gym.database,
        gym.bus,
        gym.clock,
        acts=[gym.lamp, gym.siren],
        more=[gym.phone, gym.sms],
        **arguments,
    )


@asynccontextmanager
async def a_gym(path: Path, **more: Any) -> AsyncIterator[Gym]:
    async with open_database(path / "arni.db") as database:
        gym = Gym(
            database,
            Bus(),
            ManualClock(),
            Lamp(),
            Lamp("siren/hall"),
            Telephone(),
            Telephone("sms"),
            None,  # type: ignore[arg-type]
        )
        gym.desk = build(gym, **more)
        try:
            yield gym
        finally:
            await gym.desk.aclose()


# --- raising ------------------------------------------------------------------------------------------------


async def test_all_of_an_alarm_is_one_transaction(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:

        async def also(tx: Transaction) -> None:
            await tx.execute("INSERT INTO staff_quiet VALUES ('nobody', '2026')")

        storing = asyncio.create_task(gym.desk.raise_alarm(gym.report(), also))
        await gym.database.next_commit()
        tables = ("alarms", "alarm_reports", "alarm_history", "audit", "staff_quiet", "staff_posts")
        counts = {name: (await gym.rows(f"SELECT count(*) FROM {name}"))[0][0] for name in tables}
        assert counts.pop("alarm_history") >= 2
        assert set(counts.values()) == {1}
        await storing
        assert await gym.rows("SELECT recipient, template FROM outbox ORDER BY position") == [
            (MIA, None),
            ("+4915550000001", "alarm"),
            ("+4915550000002", "alarm"),
        ]
        assert (await gym.sinks()).keys() == {
            "light/floor", "siren/hall", "telegram/kim", "whatsapp/kim", "whatsapp/lee", "sms/kim", "sms/lee",
        }  # fmt: skip


async def test_what_cannot_be_stored_leaves_nothing_but_light(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:

        async def full(_: Transaction) -> None:
            raise Unavailable("disk full")

        with pytest.raises(Unavailable, match="disk full"):
            await gym.desk.raise_alarm(gym.report(), full)
        await eventually(lambda: gym.lamp.done)
        for table in ("alarms", "alarm_sinks", "alarm_history", "outbox", "staff_posts", "audit"):
            assert await gym.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
        assert gym.sms.tries == 0


async def test_a_slow_disk_keeps_no_light_off_and_the_act_is_recorded_all_the_same(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        writable = threading.Event()

        async def hangs(_: Transaction) -> None:
            assert writable.wait(60)

        writing = asyncio.create_task(gym.database.write(hangs))
        raising = asyncio.create_task(gym.desk.raise_alarm(gym.report()))
        await eventually(lambda: gym.lamp.done)
        assert not await gym.rows("SELECT 1 FROM alarms")
        writable.set()
        await asyncio.gather(writing, raising)
        await gym.desk.drain()
        assert len(gym.lamp.done) == 1
        assert (await gym.sinks())["light/floor"] == "done"


async def test_one_report_is_one_alarm_however_often_it_is_delivered(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        stored = []

        async def also(_: Transaction) -> None:
            stored.append(1)

        for _ in range(3):
            await gym.desk.raise_alarm(gym.report(), also)
        await asyncio.gather(*(gym.desk.raise_alarm(gym.report("m2", who=TOM)) for _ in range(3)))
        await gym.desk.drain()
        assert len(await gym.desk.open()) == 2
        assert (len(await gym.said()), len(await gym.said(TOM))) == (1, 1)
        # What the caller keeps is kept whoever reported first: a partial transcript, or the whole message.
        assert len(stored) == 3
        assert len(gym.lamp.done) == 2


async def test_the_member_is_told_how_many_people_are_and_whom_to_call(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        (answer,) = await gym.said()
        assert "2 Personen aus dem Team werden benachrichtigt, geantwortet hat noch niemand" in answer
        assert "112" in answer
        assert await gym.rows("SELECT reply_to FROM outbox WHERE recipient = ?", MIA) == [("wamid.m1",)]


async def test_with_nobody_to_call_it_says_so(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=(), staff=()) as gym:
        await gym.desk.raise_alarm(gym.report())
        assert "niemand aus dem Team hinterlegt" in (await gym.said())[0]
        await eventually(lambda: gym.lamp.done)


async def test_a_crisis_has_other_words_and_no_siren(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        events = gym.bus.subscribe()
        await gym.desk.raise_alarm(gym.report(cause=Cause.CRISIS))
        await gym.desk.drain()
        assert (len(gym.lamp.done), len(gym.siren.done)) == (1, 0)
        (answer,) = await gym.said()
        assert all(part in answer for part in ("nicht allein", "112", "0800 1110111", "116 123"))
        assert "KRISE" in (await gym.posts())["kim"]
        raised = [one for one in events._safety if one.kind == "alarm_raised"]
        assert [one.cause for one in raised if one.kind == "alarm_raised"] == ["help"]


async def test_an_old_report_calls_people_only(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report(age=11 * 60))
        await eventually(lambda: gym.sms.called)
        # A crash right after it: what counts is when it was reported, not when it came to us.
        gym.desk = build(gym)
        await gym.desk.resume()
        await gym.desk.drain()
        assert gym.lamp.done == gym.siren.done == []
        assert len(await gym.said()) == 1


# --- sinks --------------------------------------------------------------------------------------------------


async def test_each_sink_has_its_own_end(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        heard = gym.bus.subscribe()
        await gym.desk.raise_alarm(gym.report())
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/lee"] == sinks["light/floor"] == "done")
        assert (await gym.sinks())["whatsapp/kim"] == (await gym.sinks())["telegram/kim"] == "trying"
        await meta_accepts(gym.database, ["+4915550000002"])
        await eventually_is(gym.sinks, lambda sinks: sinks["whatsapp/lee"] == "done")
        assert (await gym.sinks())["whatsapp/kim"] == "trying"
        await telegram_shows(gym.database)
        await eventually_is(gym.sinks, lambda sinks: sinks["telegram/kim"] == "done")
        ends = {(e.sink, e.state) for e in heard._safety if e.kind == "alarm_delivery"}
        assert ends >= {("whatsapp/lee", "done"), ("telegram/kim", "done"), ("telegram/kim", "trying")}
        rows = await gym.rows("SELECT attempts, seconds FROM alarm_sinks WHERE sink = 'telegram/kim'")
        assert rows == [(1, 0.0)]


@pytest.mark.parametrize("trouble", ["hangs", "bug", "out of order"])
async def test_nothing_that_a_sink_does_delays_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr("arni_edge.safety.deliveries._CALL_SECONDS", 3600.0)  # who hangs, hangs
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = trouble
        await gym.desk.raise_alarm(gym.report())
        await meta_accepts(gym.database)
        await telegram_shows(gym.database)
        await eventually_is(
            gym.sinks,
            lambda sinks: all(
                sinks[one] == "done"
                for one in ("light/floor", "whatsapp/kim", "whatsapp/lee", "telegram/kim")
            ),
        )
        expected = "trying" if trouble == "hangs" else "failed"
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/kim"] == expected)


async def test_a_failed_sink_is_named_to_the_member_and_tried_until_somebody_has_it(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        gym.sms.trouble = "out of order"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.tries >= 6)
        await eventually_is(gym.said, lambda said: len(said) == 2)
        told = (await gym.said())[1]
        assert "Noch nicht bei allen angekommen: SMS. Wir versuchen es weiter." in told
        assert "Kim" not in told
        gym.sms.trouble = ""
        await eventually(lambda: len(gym.sms.called) == 2)
        await eventually_is(gym.sinks, lambda sinks: sinks["sms/kim"] == sinks["sms/lee"] == "done")
        # What waits for longer than 5 s has not arrived either, also when nobody says so.
        gym.clock.advance(5)
        await eventually_is(gym.said, lambda said: len(said) == 3)
        assert "Telegram, Nachricht per WhatsApp" in (await gym.said())[2]


async def test_a_template_that_meta_refuses_is_sent_again(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        await gym.database.write(
            lambda tx: tx.execute(
                "UPDATE outbox SET state = 'failed', reason = '131026' WHERE template != ''"
            )
        )
        await eventually_is(
            lambda: gym.rows("SELECT key FROM outbox WHERE state = 'queued' AND template != ''"),
            lambda rows: len(rows) == 2,
        )
        await meta_accepts(gym.database)
        await eventually_is(gym.sinks, lambda sinks: sinks["whatsapp/kim"] == sinks["whatsapp/lee"] == "done")


async def test_the_local_act_is_tried_again_and_later_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_SECONDS", 0.05)
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_LATER", 0.05)
    async with a_gym(tmp_path) as gym:
        gym.lamp.failures = 20
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.drain()
        assert (await gym.sinks())["light/floor"] == "failed"
        await eventually_is(gym.sinks, lambda sinks: sinks["light/floor"] == "done")
        assert await gym.rows("SELECT attempts FROM alarm_sinks WHERE sink = 'light/floor'") == [(21,)]


# --- further reports ----------------------------------------------------------------------------------------


async def test_saying_it_again_updates_the_alarm_and_is_heard_once_a_minute(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        for number, seconds in enumerate((10, 60, 10), start=2):
            gym.clock.advance(seconds)
            await gym.desk.raise_alarm(gym.report(f"m{number}"))
        assert (await gym.alarm()).reports == 4
        assert "3 weitere Meldungen" in (await gym.posts())["kim"]
        assert await gym.rows("SELECT utterance FROM staff_posts") == [(2,)]
        said = await gym.said()
        assert len(said) == 4
        assert all("beim laufenden Alarm" in one and "2 Personen" in one for one in said[1:])
        assert (await gym.history()).count("reported_again") == 3


async def test_a_cry_for_help_becomes_what_it_is_about(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        gym.lamp.causes = frozenset({Cause.FIRE})
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.drain()
        assert gym.lamp.done == []
        await gym.desk.raise_alarm(gym.report("m2", Cause.FIRE))
        await gym.desk.drain()
        assert gym.lamp.done == ["fire"]
        assert (await gym.alarm()).cause == "fire"
        assert "Feuer oder Rauch" in (await gym.posts())["kim"]
        # Something else of the same person is another alarm: nothing is lost.
        await gym.desk.raise_alarm(gym.report("m3", Cause.VIOLENCE))
        assert len(await gym.desk.open()) == 2


async def test_in_a_storm_people_are_told_of_the_first_and_everybody_is_answered(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        reports = [gym.report(f"m{n}", who=f"+49160{n:07}") for n in range(200)]
        async with asyncio.timeout(20):
            await asyncio.gather(*(gym.desk.raise_alarm(one) for one in reports))
        opened = await gym.desk.open()
        assert len(opened) == 5
        assert sum(one.reports for one in opened) == 200
        first = await gym.rows("SELECT template FROM outbox ORDER BY position LIMIT 3")
        assert first == [(None,), ("alarm",), ("alarm",)]
        assert await gym.rows("SELECT count(*) FROM outbox WHERE template IS NULL") == [(200,)]
        assert "195 weitere Meldungen" in "".join((await gym.posts()).values()) or opened[0].reports == 196
        await gym.desk.acknowledge(opened[0].alarm_id, KIM)
        assert await gym.rows("SELECT count(*) FROM outbox WHERE text LIKE '%angenommen%'") == [(196,)]


# --- acknowledging, closing, cancelling ---------------------------------------------------------------------


async def test_the_first_who_takes_it_has_it_and_everybody_else_sees_who(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim", "pat"]) as gym, running(gym.desk.run):
        gym.sms.trouble = "out of order"
        await gym.desk.raise_alarm(gym.report())
        await eventually(lambda: gym.sms.tries)
        await telegram_shows(gym.database)
        alarm = await gym.alarm()
        viewer = Contact("pat", "Pat", Role.VIEWER)
        assert alarm.code in await gym.desk.acknowledge(alarm.alarm_id, KIM)
        assert alarm.code in await gym.desk.acknowledge(alarm.alarm_id, KIM)
        with pytest.raises(Refused, match=r"Kim hat den Alarm .* schon um 12:00 Uhr"):
            await gym.desk.acknowledge(alarm.alarm_id, viewer)
        posts = await gym.rows("SELECT contact, text, buttons, utterance FROM staff_posts ORDER BY contact")
        assert [row[0] for row in posts] == ["kim", "pat"]
        assert all("Kim hat übernommen, 12:00 Uhr." in row[1] and row[3] == 1 for row in posts)
        assert all("alarm.acknowledge" not in row[2] and "alarm.close" in row[2] for row in posts)
        said = await gym.said()
        assert sum("Eine Person aus dem Team hat den Alarm angenommen" in one for one in said) == 1
        assert "Kim" not in "".join(said)
        tries = gym.sms.tries
        gym.clock.advance(3600)
        await asyncio.sleep(0.3)  # more than ten rounds of following and repeating
        assert gym.sms.tries == tries
        assert (await gym.alarm()).step == 0
        # What Meta has not been asked to send is taken back, and the lamp stays as it is.
        assert await gym.rows("SELECT DISTINCT state FROM outbox WHERE template != ''") == [("failed",)]
        acts = await gym.rows("SELECT actor, act FROM audit ORDER BY number")
        assert acts == [("system", "alarm.raised"), ("staff:kim", "alarm.acknowledged")]


async def test_an_end_needs_a_name_and_a_note(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm = await gym.alarm()
        for note in ("", "  ", "x" * 501):
            with pytest.raises(InvalidInput):
                await gym.desk.close(alarm.alarm_id, KIM, "helped", note)
        with pytest.raises(InvalidInput):
            await gym.desk.close(alarm.alarm_id, KIM, "whatever", "ok")
        with pytest.raises(Refused):
            await gym.desk.close(alarm.alarm_id, Contact("kim", " "), "helped", "ok")
        with pytest.raises(Refused, match="gibt es nicht"):
            await gym.desk.close("x" * 9999, KIM, "helped", "ok")
        await gym.desk.close(alarm.alarm_id, CONSOLE, "helped", " Rettungsdienst war da ")
        for again in (
            gym.desk.close(alarm.alarm_id, KIM, "helped", "ok"),
            gym.desk.acknowledge(alarm.alarm_id, KIM),
            gym.desk.ask_to_cancel(alarm.alarm_id, KIM),
            gym.desk.confirm_cancel(alarm.alarm_id, KIM),
            gym.desk.escalate(alarm.alarm_id, KIM),
        ):
            with pytest.raises(Refused, match="schon beendet: console:root, 12:00 Uhr"):
                await again
        assert await gym.desk.open() == []
        rows = await gym.rows("SELECT outcome, note, closed_by FROM alarms")
        assert rows == [("helped", "Rettungsdienst war da", "console:root")]
        assert await gym.rows("SELECT buttons FROM staff_posts") == [("[]",)]
        assert "Rettungsdienst war da" in (await gym.posts())["kim"]
        assert "hat den Alarm beendet" in (await gym.said())[-1]
        assert "Rettungsdienst" not in "".join(await gym.said())


async def test_an_end_ends_the_siren(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.deliveries._ACT_LATER", 0.02)
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        gym.siren.failures = 10**6
        await gym.desk.raise_alarm(gym.report())
        await gym.desk.drain()
        await gym.desk.close((await gym.alarm()).alarm_id, KIM, "helped", "ok")
        await eventually(lambda: not gym.desk._deliveries._under_way)
        left = gym.siren.failures
        await asyncio.sleep(0.2)
        assert gym.siren.failures == left


async def test_who_looked_a_moment_too_early_starts_nothing_that_is_over(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = "out of order"
        gym.siren.failures = 10**6
        await gym.desk.raise_alarm(gym.report())
        stale = await gym.alarm()
        await gym.desk.acknowledge(stale.alarm_id, KIM)
        await eventually(lambda: {key[1] for key in under_way(gym)} == {"siren/hall"})
        await gym.desk._following.pick_up(stale)
        assert {key[1] for key in under_way(gym)} == {"siren/hall"}
        await gym.desk.close(stale.alarm_id, KIM, "helped", "ok")
        await eventually(lambda: not under_way(gym))
        await gym.desk._following.pick_up(stale)
        assert not under_way(gym)


async def test_a_false_alarm_takes_two_steps_of_one_person(tmp_path: Path) -> None:
    async with a_gym(tmp_path, on_call=["kim", "pat"]) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        with pytest.raises(Refused, match="60 Sekunden"):
            await gym.desk.confirm_cancel(alarm_id, KIM)
        for _ in range(2):  # the same tap, delivered twice
            assert "wirklich ein Fehlalarm?" in await gym.desk.ask_to_cancel(alarm_id, KIM)
        buttons = dict(await gym.rows("SELECT contact, buttons FROM staff_posts"))
        assert "alarm.cancel_confirm" in buttons["kim"]
        assert "alarm.cancel_confirm" not in buttons["pat"]
        with pytest.raises(Refused):
            await gym.desk.confirm_cancel(alarm_id, LEE)
        gym.clock.advance(61)
        with pytest.raises(Refused, match="60 Sekunden"):
            await gym.desk.confirm_cancel(alarm_id, KIM)
        assert (await gym.alarm()).state == "open"
        assert "alarm.cancel_confirm" not in str(await gym.rows("SELECT buttons FROM staff_posts"))
        await gym.desk.ask_to_cancel(alarm_id, KIM)
        gym.clock.advance(30)
        assert "beendet" in await gym.desk.confirm_cancel(alarm_id, KIM)
        assert await gym.rows("SELECT state, outcome, closed_by FROM alarms") == [
            ("closed", "false_alarm", "kim")
        ]


async def test_a_tap_that_is_acted_on_again_after_a_crash_confirms_nothing(tmp_path: Path) -> None:
    """Its end could not be stored: it is done again seconds later, and nobody has confirmed anything."""
    group = Contact("chat:-7", "Team", Role.STAFF, telegram=-7)
    async with a_gym(tmp_path, groups=[group]) as gym:
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        acts = gym.desk.staff_acts()
        for _ in range(3):
            assert "wirklich ein Fehlalarm?" in await acts["alarm.cancel"].do(KIM, alarm_id, "")
            gym.clock.advance(5)
        assert (await gym.alarm()).state == "open"
        shown = dict(await gym.rows("SELECT contact, buttons FROM staff_posts"))
        assert "alarm.cancel_confirm" in shown["chat:-7"]
        assert "beendet" in await acts["alarm.cancel_confirm"].do(KIM, alarm_id, "")


async def test_every_button_is_an_act_and_every_act_asks_for_no_more_than_it_needs(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        acts = gym.desk.staff_acts()
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        assert await acts["alarm.acknowledge"].do(KIM, alarm_id, "")
        assert acts["alarm.acknowledge"].role is Role.VIEWER
        assert acts["alarm.close"].question == "alarm.ask_note"
        assert await acts["alarm.close"].do(KIM, alarm_id, "Alles gut")
        assert await gym.rows("SELECT outcome, note FROM alarms") == [("helped", "Alles gut")]


# --- when nobody answers ------------------------------------------------------------------------------------


async def test_nobody_answers_the_next_is_called_then_all_then_again(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        await gym.desk.raise_alarm(gym.report())

        async def settle() -> None:
            await meta_accepts(gym.database)
            await telegram_shows(gym.database)
            await eventually_is(gym.sinks, lambda sinks: set(sinks.values()) == {"done"})

        await settle()
        called: list[list[tuple[str, int]]] = []
        for step, pause in enumerate((60, 60, 60, 60, 120), start=1):
            gym.clock.advance(pause - 1)
            await asyncio.sleep(0.05)
            assert (await gym.alarm()).step == step - 1
            gym.clock.advance(1)
            await eventually_is(gym.alarm, partial(stands_at, step))
            await settle()
            called.append(list(gym.phone.called))
        # kim, then lee, then all others (pat has no phone), then kim again, after a longer pause lee.
        assert called[-1] == [("kim", 1), ("lee", 2), ("kim", 4), ("lee", 5)]
        assert "pat" in await gym.posts()
        assert await gym.rows("SELECT utterance FROM staff_posts WHERE contact = 'kim'") == [(3,)]
        said = await gym.said()
        assert ["Bisher hat niemand" in one for one in said] == [False, True, True]
        assert (await gym.history()).count("escalated") == 5
        keys = [row[0] for row in await gym.rows("SELECT key FROM outbox")]
        assert len(keys) == len(set(keys)) == 3 + 2 + 1 + 1 + 1 + 1  # templates: 2 + kim, lee, kim, lee


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        gym.sms.trouble = "out of order"
        async with running(gym.desk.run):
            await gym.desk.raise_alarm(gym.report())
            await eventually_is(gym.sinks, lambda sinks: sinks["sms/kim"] == sinks["sms/lee"] == "failed")
        tries = gym.sms.tries
        gym.sms.trouble = ""
        gym.clock.advance(60)
        gym.desk = build(gym)
        await gym.desk.resume()
        async with running(gym.desk.run):
            await eventually(lambda: {("kim", 0), ("lee", 0)} <= set(gym.sms.called))
            await eventually(lambda: gym.phone.called == [("kim", 1)])
            await meta_accepts(gym.database)
            await telegram_shows(gym.database)
            await eventually_is(gym.sinks, lambda sinks: set(sinks.values()) == {"done"})
        assert gym.sms.tries <= tries + 3  # kim is called by SMS once more where the first one arrived before
        assert len(await gym.rows("SELECT 1 FROM outbox WHERE template != ''")) == 2
        assert len(gym.lamp.done) == 1


async def test_call_the_next_hands_it_on(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        await gym.desk.raise_alarm(gym.report())
        alarm_id = (await gym.alarm()).alarm_id
        await gym.desk.acknowledge(alarm_id, LEE)
        await gym.desk.escalate(alarm_id, LEE)
        alarm = await gym.alarm()
        assert (alarm.state, alarm.step, alarm.acknowledged_by) == ("open", 1, None)
        await eventually(lambda: gym.phone.called == [("kim", 1)])
        gym.clock.advance(60)
        await eventually(lambda: ("lee", 2) in gym.phone.called)
        # Somebody had answered: that nobody has would not be true.
        assert not any("Bisher hat niemand" in one for one in await gym.said())
        await gym.desk.acknowledge(alarm_id, KIM)
        assert (await gym.alarm()).acknowledged_by == "kim"


async def test_a_drill_tells_people_that_it_is_one_and_ends_by_itself(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym, running(gym.desk.run):
        alarm_id = await gym.desk.drill(KIM)
        await gym.desk.drain()
        assert (len(gym.lamp.done), len(gym.siren.done)) == (1, 0)
        assert (await gym.posts())["kim"].startswith("PROBEALARM")
        assert all(row[0].startswith("PROBEALARM") for row in await gym.rows("SELECT text FROM outbox"))
        # A real one beside it is one of its own.
        await gym.desk.raise_alarm(gym.report())
        assert len(await gym.desk.open()) == 2
        for _ in range(4):
            before = await gym.rows("SELECT step, state FROM alarms WHERE alarm_id = ?", alarm_id)
            gym.clock.advance(60)
            await eventually_is(
                lambda: gym.rows("SELECT step, state FROM alarms WHERE alarm_id = ?", alarm_id),
                before.__ne__,
            )
        assert await gym.rows("SELECT state, outcome FROM alarms WHERE alarm_id = ?", alarm_id) == [
            ("closed", "test")
        ]
        rows = await gym.rows("SELECT text FROM staff_posts WHERE key = ?", f"alarm/{alarm_id}")
        assert "Niemand hat geantwortet. Um " in rows[0][0]


async def test_a_group_is_told_and_is_nobody(tmp_path: Path) -> None:
    group = Contact("chat:-100", "", Role.VIEWER, telegram=-100)
    async with a_gym(tmp_path, groups=[group]) as gym:
        await gym.desk.raise_alarm(gym.report())
        assert (await gym.posts()).keys() == {"kim", "chat:-100"}
        assert "2 Personen" in (await gym.said())[0]
        rows = await gym.rows("SELECT buttons FROM staff_posts WHERE contact = 'chat:-100'")
        assert "alarm.acknowledge" in rows[0][0]
        assert "alarm.cancel" not in rows[0][0]


async def test_times_are_on_record(tmp_path: Path) -> None:
    async with a_gym(tmp_path) as gym:
        await gym.desk.raise_alarm(gym.report())
        gym.clock.advance(2.5)
        await telegram_shows(gym.database)
        await eventually_is(gym.sinks, lambda sinks: sinks["telegram/kim"] == "done")
        rows = await gym.rows("SELECT seconds, first_at, at FROM alarm_sinks WHERE sink = 'telegram/kim'")
        seconds, first, at = rows[0]
        assert seconds == 2.5
        assert datetime.fromisoformat(at) - datetime.fromisoformat(first) == timedelta(seconds=2.5)
