"""Nothing is kept longer than it may be, and nothing unfinished goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.clock import ManualClock
from support.database import open_database

from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.domain.people import Member
from arni_edge.privacy.kept import JOBS
from arni_edge.privacy.retention import RetentionDesk, newest_night
from arni_edge.settings import Settings
from arni_edge.storage import Database, Transaction, members, retention
from arni_edge.storage.audit import AuditLog

BERLIN = ZoneInfo("Europe/Berlin")
SITE = {"id": "demo", "name": "Demo", "capacity": 10}


@dataclass
class Here:
    database: Database
    clock: ManualClock
    desk: RetentionDesk
    told: list[tuple[State, str]]

    async def put(self, table: str, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))

        async def unit(tx: Transaction) -> None:
            await tx.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))

        await self.database.write(unit)

    async def count(self, table: str) -> int:
        return int((await self.database.read(f"SELECT count(*) AS n FROM {table}"))[0]["n"])

    def ago(self, days: float) -> str:
        return (self.clock.now() - timedelta(days=days)).isoformat()


@asynccontextmanager
async def here(path: Path, **more: object) -> AsyncIterator[Here]:
    clock, told = ManualClock(), list[tuple[State, str]]()
    settings = Settings.model_validate({"site": SITE, **more})
    async with open_database(path / "arni.db") as database:
        desk = RetentionDesk(
            database,
            clock,
            settings,
            AuditLog(b"k" * 32),
            report=lambda state, why: told.append((state, why)),
        )
        yield Here(database, clock, desk, told)


def inbound(number: int, state: str, at: str) -> dict[str, object]:
    return {
        "channel": "whatsapp",
        "message_id": f"w{number}",
        "conversation": "49",
        "kind": "text",
        "text": "x",
        "sent_at": at,
        "received_at": at,
        "state": state,
    }


def outbox(number: int, state: str, at: str) -> dict[str, object]:
    return {
        "key": f"k{number}",
        "line": "whatsapp",
        "kind": "message",
        "order_key": "49",
        "payload": '{"text":"x"}',
        "priority": 1,
        "position": number,
        "tracking_id": f"t{number}",
        "state": state,
        "created_at": at,
        "updated_at": at,
    }


async def _note(at: datetime, member_id: str, tx: Transaction) -> None:
    await AuditLog(b"k" * 32).note(tx, at, actor="system", act="test", member_id=member_id)


# --- what goes --------------------------------------------------------------------------------------------


async def test_old_messages_go_and_what_waits_stays(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        for number, (state, days) in enumerate([("handled", 91), ("handled", 89), ("received", 400)]):
            await box.put("inbound", **inbound(number, state, box.ago(days)))
        gone = [("sent", 91), ("failed", 91), ("uncertain", 91), ("sending", 91)]
        kept = [("sent", 89), ("uncertain", 89), ("queued", 400), ("retry", 400), ("parked", 400)]
        for number, (state, days) in enumerate([*gone, *kept]):
            await box.put("outbox", **outbox(number, state, box.ago(days)))
        removed = await box.desk.forget()
        assert (removed["inbound"], removed["outbox"]) == (1, len(gone))
        rows = await box.database.read("SELECT message_id FROM inbound ORDER BY id")
        assert [row["message_id"] for row in rows] == ["w1", "w2"]
        rows = await box.database.read("SELECT state FROM outbox ORDER BY position")
        assert [row["state"] for row in rows] == [state for state, _ in kept]


async def test_an_address_of_nobody_goes_with_its_last_message(tmp_path: Path) -> None:
    """One of a member stays; so does one that still writes, and one that was bound a moment ago."""
    async with here(tmp_path) as box:
        mia = Member("m1", "Mia Muster", "+4915123456789")
        await box.database.write(lambda tx: members.put_by_hand(tx, [mia], box.clock.now()))
        for address, member_id, days in (
            ("hers", "m1", 400),
            ("silent", "gone", 91),
            ("fresh", "gone", 89),
            ("writes", "gone", 400),
        ):
            await box.put(
                "identities",
                channel="whatsapp",
                address=address,
                member_id=member_id,
                proof="p",
                bound_at=box.ago(days),
                bound_by="code",
            )
        await box.put("inbound", **inbound(1, "handled", box.ago(89)) | {"conversation": "writes"})
        assert (await box.desk.forget())["identities"] == 1
        rows = await box.database.read("SELECT address FROM identities ORDER BY address")
        assert [row["address"] for row in rows] == ["fresh", "hers", "writes"]


async def test_a_pseudonym_goes_with_the_last_row_that_bears_it(tmp_path: Path) -> None:
    """Also that of somebody who is a member still; the next row gives them a new one."""
    async with here(tmp_path) as box:
        for member_id in ("m1", "m2"):
            await box.database.write(partial(_note, box.clock.now() - timedelta(days=400), member_id))
        await box.database.write(partial(_note, box.clock.now(), "m2"))
        await box.desk.forget()  # the rows,
        await box.desk.forget()  # and a night later who stood behind them
        rows = await box.database.read("SELECT member_id FROM audit_subjects")
        assert [row["member_id"] for row in rows] == ["m2"]


async def test_a_message_is_remembered_for_as_long_as_it_may_come_again(tmp_path: Path) -> None:
    async with here(tmp_path, privacy={"messages_days": 8}) as box:
        await box.put("inbound", **inbound(1, "handled", box.ago(7.5)))
        await box.put("inbound", **inbound(2, "handled", box.ago(8.5)))
        assert (await box.desk.forget())["inbound"] == 1


async def test_an_alarm_goes_with_all_of_it_but_never_while_it_is_open(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        for name, state in (("a", "closed"), ("b", "open"), ("c", "acknowledged")):
            closed = box.ago(1100) if state == "closed" else None
            await box.put(
                "alarms",
                alarm_id=name,
                source_key=name,
                cause="help",
                source="x",
                raised_at=box.ago(1200),
                state=state,
                closed_at=closed,
            )
            await box.put("alarm_sinks", alarm_id=name, sink="s", state="done", at=box.ago(1200))
            await box.put("alarm_history", alarm_id=name, at=box.ago(1200), what="raised")
            await box.put("alarm_reports", alarm_id=name, source_key=f"r{name}", at=box.ago(1200))
        assert (await box.desk.forget())["alarms"] == 1
        for table in ("alarms", "alarm_sinks", "alarm_history", "alarm_reports"):
            rows = await box.database.read(f"SELECT alarm_id FROM {table} ORDER BY alarm_id")
            assert [row["alarm_id"] for row in rows] == ["b", "c"], table


async def test_door_events_incidents_and_credentials_go_by_their_own_days(tmp_path: Path) -> None:
    async with here(tmp_path, access={"door_events_days": 10}) as box:
        for number, (state, days) in enumerate([("ended", 11), ("ended", 9), ("commanded", 400)]):
            await box.put(
                "door_audit",
                request_id=f"r{number}",
                door="front",
                source="x",
                at=box.ago(days),
                state=state,
                rule="x",
            )
        for number, days in enumerate((366, 364)):
            await box.put(
                "incidents",
                kind="door",
                name="front",
                incident=f"i{number}",
                evidence="",
                at=box.ago(900),
                last_at=box.ago(900),
                ended_at=box.ago(days),
            )
        await box.put(
            "incidents",
            kind="door",
            name="front",
            incident="open",
            evidence="",
            at=box.ago(900),
            last_at=box.ago(900),
        )
        for number, days in enumerate((8, 6)):
            await box.put(
                "entry_tokens", token_id=f"t{number}", request_id="r", door="front", expires_at=box.ago(days)
            )
        await box.put("entry_tallies", subject="a", number=1, began_at=box.ago(2))
        await box.put("entry_tallies", subject="b", number=1, began_at=box.ago(2), rests_until=box.ago(0.5))
        await box.put(
            "tailgating",
            request_id="r",
            door="front",
            at=box.ago(0.1),
            entries=2,
            together=2,
            certainty="sure",
            weight=1.0,
        )
        removed = await box.desk.forget()
        names = ("door_audit", "incidents", "entry_tokens", "entry_tallies")
        assert {name: removed[name] for name in names} == {
            "door_audit": 1,
            "incidents": 1,
            "entry_tokens": 1,
            "entry_tallies": 1,
        }
        assert await box.count("tailgating") == 0  # nobody asked for it to be kept


async def test_the_audit_chain_is_shortened_and_still_holds(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        log = AuditLog(b"k" * 32)
        for days in (400, 366, 1):
            at = box.clock.now() - timedelta(days=days)
            await box.database.write(partial(log.note, now=at, actor="system", act="x"))
        assert (await box.desk.forget())["audit"] == 2


# Tables of which nothing goes by itself, and why.
_STAYS = {
    "mirror": "one row per part",
    "devices": "the building's; bounded where they are noted",
    "headcount": "one row",
    "line_totals": "one row per line",
    "audit_ends": "two rows",
    "relay_cursor": "one row per stream",
    "relay_logs": "one row per stream",
    "relay_traces": "until the relay has let go of the event",
    "relay_erasures": "until the relay has erased the event",
    "staff_channels": "until unbound",
    "telegram_cursor": "one row",
    "telegram_moves": "one row per chat of staff",
    "telegram_unreachable": "one row per chat of staff",
    "erasing": "until the erasure is over",
    "magicline_customers": "until Magicline has them no more",
    "magicline_contracts": "as their customer",
    "magicline_pauses": "as their customer",
    "magicline_classes": "what there is",
    "magicline_appointments": "what there is",
    "magicline_employees": "who there is",
    "magicline_studio": "one row",
    "magicline_parts": "one row per part",
    "magicline_passes": "two rows",
    "magicline_hints": "until read",
}


async def test_of_every_table_it_is_said_how_long_its_rows_stay(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        tables = await box.database.read(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        seen_to = {"audit", *(job.kept.table for job in JOBS)}
        seen_to |= {table for job in JOBS for table, _ in job.kept.children}
        assert {row["name"] for row in tables} == seen_to | _STAYS.keys()
        assert not seen_to & _STAYS.keys()


async def test_who_reads_along_is_forgotten_with_the_chat_and_old_tests_go(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        await box.put("conversations", channel="whatsapp", address="49", handle="abcd", mode="human")
        for handle in ("abcd", "gone", "*"):
            await box.put("ghost_readers", staff="nora", handle=handle, mode="read", at=box.ago(2))
        for days in (1200, 1000):
            await box.put("alarm_tests", month=box.ago(days)[:7], reminders=0)
        removed = await box.desk.forget()
        assert (removed["ghost_readers"], removed["alarm_tests"]) == (1, 1)
        rows = await box.database.read("SELECT handle FROM ghost_readers ORDER BY handle")
        assert [row["handle"] for row in rows] == ["*", "abcd"]


async def test_runs_of_a_job_that_is_no_more_do_not_make_it_run_again_and_again(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        await box.desk.forget()
        await box.put("retention_runs", job="of_old", at=box.ago(1), removed=0)
        before = len(box.told)
        await box.desk._if_due(lambda: None)
        assert len(box.told) == before


async def test_every_job_names_columns_that_there_are(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        removed = await box.desk.forget()
        assert set(removed) == {job.name for job in JOBS} | {"audit"}
        assert box.told == [(State.OK, "")]
        assert {one.problem for one in await box.desk.standing()} == {""}


# --- how --------------------------------------------------------------------------------------------------


async def test_no_writer_waits_behind_more_than_a_few_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with here(tmp_path) as box:
        old = box.ago(100)

        async def many(tx: Transaction) -> None:
            for number in range(333):
                row = inbound(number, "handled", old)
                marks = ", ".join("?" * len(row))
                await tx.execute(
                    f"INSERT INTO inbound ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
                )

        await box.database.write(many)
        sizes: list[int] = []
        delete = retention.delete

        async def counted(*given: object) -> int:
            sizes.append(await delete(*given))  # type: ignore[arg-type]
            return sizes[-1]

        monkeypatch.setattr(retention, "delete", counted)
        assert (await box.desk.forget())["inbound"] == 333
        assert max(sizes) <= 50


async def test_a_job_that_fails_is_told_and_keeps_no_other_from_its_work(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        await box.put("inbound", **inbound(1, "handled", box.ago(91)))
        await box.database.write(lambda tx: tx.execute("DROP TABLE whispers"))
        removed = await box.desk.forget()
        assert removed["inbound"] == 1
        ((state, why),) = box.told
        assert (state, why) == (State.DEGRADED, "not everything was forgotten: whispers")
        assert "no such table" in (await retention.last_runs(box.database))["whispers"]["problem"]


async def test_a_clock_that_is_not_set_deletes_nothing(tmp_path: Path) -> None:
    async with here(tmp_path) as box:
        await box.put("inbound", **inbound(1, "handled", box.ago(91)))
        desk = RetentionDesk(
            box.database,
            box.clock,
            Settings.model_validate({"site": SITE}),
            AuditLog(b"k" * 32),
            clock_is_set=lambda: False,
        )
        with pytest.raises(Unavailable, match="clock"):
            await desk.forget()
        assert await box.count("inbound") == 1


# --- when -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", ["2026-11-18T02:30", "2026-11-18T01:30", "2026-11-18T02:00"])
def test_a_night_is_the_studios(now: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    found = newest_night(moment, BERLIN, 3)
    assert found <= moment
    assert found.astimezone(BERLIN).hour == 3
    assert moment - found < timedelta(days=1)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
@pytest.mark.parametrize("hour", [2, 3])
def test_a_night_with_another_length_has_one_moment_too(day: str, hour: int) -> None:
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=BERLIN).astimezone(UTC)
    moments = {newest_night(start + timedelta(minutes=minute), BERLIN, hour) for minute in range(0, 1440, 5)}
    assert len({moment.astimezone(UTC) for moment in moments}) == 2  # last night's and tonight's


async def test_it_runs_at_start_when_a_night_was_missed_and_then_every_night(tmp_path: Path) -> None:
    async with here(tmp_path) as box:

        async def runs() -> int:
            return len(await box.database.read("SELECT DISTINCT at FROM retention_runs"))

        for expected, hours in ((1, 0), (1, 1), (2, 15)):
            box.clock.advance(hours * 3600)
            running = asyncio.create_task(box.desk.run(lambda: None))
            for _ in range(3000):
                if await runs() >= expected:
                    break
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)  # a run too many would come now
            running.cancel()
            await asyncio.wait({running})
            assert await runs() == expected
