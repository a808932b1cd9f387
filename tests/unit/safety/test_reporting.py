"""A report is delivered until it is on record, and none waits for another."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from support.alarms import alarm_desk
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.safety.matcher import Cause
from arni_edge.safety.model import Report
from arni_edge.safety.reporting import OwedReports, Reporting

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


def report(key: str) -> Report:
    return Report(key, Cause.HELP, "button", NOW, place=key)


@dataclass
class Desk:
    """Stands at the port of the alarm desk: a disk that takes some of it, later."""

    failures: dict[str, int] = field(default_factory=dict)
    raised: list[str] = field(default_factory=list)
    asked: int = 0

    async def raise_alarm(self, report: Report) -> None:
        self.asked += 1
        if self.failures.get(report.source_key, 0) > 0:
            self.failures[report.source_key] -= 1
            raise Unavailable("the disk is full")
        self.raised.append(report.source_key)


async def test_what_the_disk_refused_comes_again_and_the_next_does_not_wait() -> None:
    desk = Desk({"first": 2})
    reporting = Reporting(desk, OwedReports())
    async with running(reporting.run):
        reporting.put(report("first"))
        reporting.put(report("first"))
        reporting.put(report("second"))
        await eventually(lambda: len(desk.raised) == 2)
        assert desk.raised == ["second", "first"]
        assert desk.asked == 4
        reporting.put(report("third"))
        await eventually(lambda: desk.raised[2:] == ["third"])


async def test_what_one_house_still_owes_the_next_one_delivers() -> None:
    owed, before, after = OwedReports(), Desk({"first": 10**6}), Desk()
    async with running((old := Reporting(before, owed)).run):
        old.put(report("first"))
        old.put(report("second"))
        await eventually(lambda: before.raised == ["second"] and before.asked > 2)
    async with running(Reporting(after, owed).run):
        await eventually(lambda: after.raised == ["first"])
    assert list(owed) == []


async def test_a_flood_is_bounded_and_the_first_reports_count() -> None:
    desk = Desk()
    reporting = Reporting(desk, OwedReports())
    for number in range(200):
        reporting.put(report(str(number)))
    async with running(reporting.run):
        await eventually(lambda: "0" in desk.raised)
        await eventually(lambda: len(desk.raised) == 64)


async def test_a_second_press_while_the_alarm_is_open_is_a_further_report_of_it(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    async with open_database(tmp_path / "arni.db") as database:
        desk = alarm_desk(database, Bus(), clock)
        reporting = Reporting(desk, OwedReports())
        async with running(reporting.run):
            reporting.put(Report("button/wall/1", Cause.HELP, "button", NOW, place="wall"))
            await eventually_is(desk.open, lambda alarms: len(alarms) == 1)
            clock.advance(60)
            reporting.put(Report("button/wall/2", Cause.HELP, "button", clock.now(), place="wall"))
            await eventually_is(desk.open, lambda alarms: [one.reports for one in alarms] == [2])
            reporting.put(Report("button/sauna/1", Cause.HELP, "button", clock.now(), place="sauna"))
            await eventually_is(desk.open, lambda alarms: len(alarms) == 2)
        await desk.aclose()
