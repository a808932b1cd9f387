"""A disk that takes only what is vital: no entry that it refuses keeps the next ones from being called."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.alarms import Telephone, alarm_desk
from support.clock import ManualClock
from support.disks import VitalOnly
from support.mqtt import running
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.messages import Channel, Language
from arni_edge.domain.staff import Contact, Role
from arni_edge.safety import AlarmDesk, Cause, Report, Reporter

LEE = {"id": "lee", "name": "Lee", "phone": "+4915550000002"}
LEE_CALLED = ("lee", 1)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.following._LOOK_SECONDS", 0.02)
    monkeypatch.setattr("arni_edge.safety.sinks._ACCEPT_SECONDS", 0.1)


@asynccontextmanager
async def a_gym(
    path: Path, clock: ManualClock, more: Sequence[Telephone]
) -> AsyncIterator[tuple[VitalOnly, AlarmDesk]]:
    database = await VitalOnly.open(path / "arni.db")
    assert isinstance(database, VitalOnly)
    writer = asyncio.create_task(database.run(lambda: None))
    desk = alarm_desk(database, Bus(), clock, on_call=["lee"], staff=[LEE], more=more)
    try:
        yield database, desk
    finally:
        await desk.aclose()
        writer.cancel()
        await asyncio.wait({writer})
        await database.close()


def report(clock: ManualClock, key: str = "m1") -> Report:
    reporter = Reporter(Channel.WHATSAPP, f"+49151234567{key}", Language.GERMAN, f"wamid.{key}")
    return Report(key, Cause.HELP, "whatsapp", clock.now(), reporter=reporter)


async def test_what_the_reporter_cannot_be_told_keeps_nobody_from_being_called(tmp_path: Path) -> None:
    """WhatsApp is away, which the reporter should hear; the disk has no room for that sentence."""
    clock, phone = ManualClock(), Telephone()
    async with a_gym(tmp_path, clock, [phone]) as (database, desk), running(desk.run):
        await desk.raise_alarm(report(clock))
        database.full = True
        clock.advance(61)
        await eventually(lambda: LEE_CALLED in phone.called)


async def test_a_reminder_that_cannot_be_stored_keeps_no_other_alarm_waiting(tmp_path: Path) -> None:
    clock, phone = ManualClock(), Telephone()
    async with a_gym(tmp_path, clock, [phone]) as (database, desk), running(desk.run):
        await desk.raise_alarm(report(clock))
        (first,) = await desk.open()
        await desk.acknowledge(first.alarm_id, Contact("lee", "Lee", Role.STAFF))
        database.full = True
        clock.advance(901)
        before = list(phone.called)
        with pytest.raises(Unavailable):
            await database.write(_nothing)
        await desk.raise_alarm(report(clock, "m2"))
        clock.advance(61)
        await eventually(lambda: phone.called[len(before) :] == [LEE_CALLED])


async def _nothing(_: object) -> None:
    return None
