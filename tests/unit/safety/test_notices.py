"""What the people on call are told, how often, and that a restart makes nothing new of what is old."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import AskReason, Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import (
    CameraIncident,
    DeviceIncident,
    DoorIncident,
    LonePerson,
    StaffAsked,
    TailgatingSuspected,
)
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.safety import Roster, StaffLine
from arni_edge.safety.notices import StaffNotices
from arni_edge.settings import Access, Counting, Settings, Tailgating
from arni_edge.storage import Database, Transaction, kept_notices

_SETTINGS = Settings.model_validate(
    {
        "site": {"id": "demo", "name": "Demo", "capacity": 10},
        "doors": [{"id": "front", "name": "Vorne", "lock": {"nuki_id": "1"}}],
        "alarms": {"on_call": [{"name": "Nora", "phone": "+4915550000001"}]},
    }
)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arni_edge.safety.notices._LOOK_SECONDS", 0.02)


@asynccontextmanager
async def a_life(
    database: Database,
    clock: ManualClock,
    settings: Settings = _SETTINGS,
    *,
    health: Callable[[State, str], None] = lambda *_: None,
) -> AsyncIterator[Bus]:
    """The daemon from its start to its end, as far as notices go."""
    bus = Bus()
    line = StaffLine(Roster.of(settings), template="alarm", telegram=lambda one: one.telegram is not None)
    notices = StaffNotices(database, bus, clock, Catalogue.load(), line, settings=settings, health=health)
    async with running(notices.run):
        yield bus


def unconfirmed(clock: ManualClock, *, over: bool = False) -> DoorIncident:
    return DoorIncident(
        at=clock.now(), door="front", incident=Incident.UNCONFIRMED, over=over, evidence="unconfirmed"
    )


def asked(clock: ManualClock, request: str) -> StaffAsked:
    return StaffAsked(at=clock.now(), door="front", request_id=request, reason=AskReason.ARREARS)


def leak(clock: ManualClock) -> DeviceIncident:
    """Told after whatever was said before it, so that it shows that nothing else is coming."""
    return DeviceIncident(
        at=clock.now(), device="flood", incident=DeviceTrouble.LEAK, over=False, evidence="flood:0.alarm=true"
    )


def contains(*beginnings: str) -> Callable[[list[str]], bool]:
    """These messages, and no other."""
    return lambda texts: (
        len(texts) == len(beginnings)
        and all(beginning in text for text, beginning in zip(texts, beginnings, strict=True))
    )


async def settled(bus: Bus) -> None:
    """What was published has been heard, and then told, as far as it is."""
    lines = [one._safety for one in bus._subscriptions]
    await eventually(lambda: not any(lines))


async def told(database: Database) -> list[str]:
    return [row["text"] for row in await database.read("SELECT text FROM outbox ORDER BY position")]


async def test_the_same_is_told_once_in_a_while_also_across_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        for _ in range(3):  # it crashes, and its last command is unknown each time
            async with a_life(database, clock) as bus:
                bus.publish(unconfirmed(clock))
                bus.publish(unconfirmed(clock, over=True))
                bus.publish(unconfirmed(clock))
                bus.publish(leak(clock))
                await eventually_is(lambda: told(database), contains("Die Tür Vorne sollte öffnen", "Leck"))
        clock.advance(timedelta(minutes=11).total_seconds())
        async with a_life(database, clock) as bus:
            bus.publish(unconfirmed(clock))
            await eventually_is(
                lambda: told(database), contains("Die Tür Vorne sollte", "Leck", "Die Tür Vorne sollte")
            )


async def test_everybody_who_asks_is_told_of(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database, a_life(database, clock) as bus:
        for request in ("reader:1", "reader:2", "reader:1", "reader:10"):
            bus.publish(asked(clock, request))
        bus.publish(leak(clock))
        await eventually_is(lambda: told(database), contains(*["bitte das Konto prüfen"] * 3, "Leck"))


def blind(clock: ManualClock, camera: str = "door", *, over: bool = False) -> CameraIncident:
    return CameraIncident(
        at=clock.now(), camera=camera, incident=CameraTrouble.BLIND, over=over, evidence="no picture"
    )


async def test_a_camera_that_comes_and_goes_all_night_wakes_nobody_every_ten_minutes(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database, a_life(database, clock) as bus:
        for _ in range(18):  # three hours
            bus.publish(blind(clock))
            bus.publish(blind(clock, over=True))
            await settled(bus)
            clock.advance(601)
        bus.publish(blind(clock, "hall"))
        await eventually_is(lambda: told(database), contains(*["Kamera door"] * 3, "Kamera hall"))


async def test_a_clock_that_was_ahead_keeps_nobody_from_being_told(tmp_path: Path) -> None:
    right = ManualClock()
    async with open_database(tmp_path / "arni.db") as database:
        for clock in (ManualClock(right.now() + timedelta(days=400)), right, right):
            async with a_life(database, clock) as bus:
                bus.publish(blind(clock))
                bus.publish(leak(clock))
                await eventually_is(lambda: told(database), lambda texts: texts and "Leck" in texts[-1])
                await settled(bus)
        await eventually_is(lambda: told(database), contains(*["Kamera door", "Leck"] * 2))


async def test_who_is_alone_or_followed_is_told_only_where_the_owner_wants_to_know(tmp_path: Path) -> None:
    clock = ManualClock()
    wants = _SETTINGS.model_copy(
        update={
            "counting": Counting(lone_minutes=30),
            "access": Access(tailgating=Tailgating(times=3)),
        }
    )
    for settings, expected in ((_SETTINGS, []), (wants, ["Seit 30 Minuten", "diesem Mitglied: 3"])):
        async with (
            open_database(tmp_path / f"{len(expected)}.db") as database,
            a_life(database, clock, settings) as bus,
        ):
            bus.publish(LonePerson(at=clock.now()))
            bus.publish(LonePerson(at=clock.now(), over=True))
            for times in (0, 1, 2, 3):
                bus.publish(
                    TailgatingSuspected(
                        at=clock.now(),
                        door="front",
                        request_id=f"qr:{times}",
                        entries=2,
                        together=2,
                        times=times,
                    )
                )
            bus.publish(leak(clock))
            await eventually_is(partial(told, database), contains(*expected, "Leck"))


async def _keep_quiet(staff: str, until: str, tx: Transaction) -> None:
    await tx.execute("INSERT INTO staff_quiet VALUES (?, ?)", (staff, until))


async def test_who_has_telegram_is_told_there_and_who_wants_quiet_without_a_sound(tmp_path: Path) -> None:
    clock = ManualClock()
    settings = Settings.model_validate(
        {
            **_SETTINGS.model_dump(),
            "staff": [
                {"id": "kim", "name": "Kim", "telegram": 7, "phone": "+4915550000002"},
                {"id": "lee", "name": "Lee", "telegram": 8, "language": "en"},
                {"id": "pat", "name": "Pat", "phone": "+4915550000003"},
                {"id": "sam", "name": "Sam", "phone": "+4915550000004"},
            ],
            "alarms": {"on_call": ["kim", "lee", "pat", "sam"]},
        }
    )
    async with open_database(tmp_path / "arni.db") as database:
        until = (clock.now() + timedelta(hours=1)).isoformat()
        for staff in ("lee", "pat"):
            await database.write(partial(_keep_quiet, staff, until))
        for _ in range(2):  # also across a restart
            async with a_life(database, clock, settings) as bus:
                bus.publish(unconfirmed(clock))
                bus.publish(leak(clock))
                await eventually_is(partial(told, database), lambda texts: texts and "Leck" in texts[-1])
        rows = await database.read("SELECT contact, silent, text FROM staff_posts ORDER BY contact, key DESC")
        assert [(row["contact"], row["silent"]) for row in rows] == [("kim", 0)] * 2 + [("lee", 1)] * 2
        assert "Vorne" in rows[0]["text"]
        assert rows[0]["text"] != rows[2]["text"]
        rows = await database.read("SELECT DISTINCT recipient, template FROM outbox")
        assert [tuple(row) for row in rows] == [("+4915550000004", "alarm")]


# --- when nobody on call can be told ------------------------------------------------------------------------

_OLA = {"id": "ola", "name": "Ola", "role": "owner", "phone": "+4915550000005"}
_STU = {"id": "stu", "name": "Stu", "phone": "+4915550000006"}


def gym(
    on_call: Sequence[object] = (), staff: Sequence[Mapping[str, object]] = (), **alarms: object
) -> Settings:
    return Settings.model_validate(
        {
            **_SETTINGS.model_dump(),
            "staff": [dict(one) for one in staff],
            "alarms": {"on_call": list(on_call), **alarms},
        }
    )


async def recipients(database: Database) -> list[str]:
    return [row["recipient"] for row in await database.read("SELECT recipient FROM outbox ORDER BY position")]


async def test_with_nobody_on_call_it_goes_to_the_owner_else_to_whoever_works_there(tmp_path: Path) -> None:
    clock = ManualClock()
    night = {"hours": {"wednesday": ["00:00-24:00"]}, "on_call": ["bo"]}
    bo = {"id": "bo", "name": "Bo"}
    cases: list[tuple[Settings, list[str]]] = [
        (gym(["stu"], [_OLA, _STU]), [_STU["phone"]]),
        (gym([], [_OLA, _STU]), [_OLA["phone"]]),
        (gym(["bo"], [_OLA, _STU, bo]), [_OLA["phone"]]),  # on call, and no way to them
        (gym(["bo"], [_STU, bo]), [_STU["phone"]]),
        (gym([{"name": "Nora", "phone": "+4915550000001"}], [bo], rota=[night]), ["+4915550000001"]),
    ]
    for number, (settings, expected) in enumerate(cases):
        async with (
            open_database(tmp_path / f"{number}.db") as database,
            a_life(database, clock, settings) as bus,
        ):
            bus.publish(leak(clock))
            await eventually_is(partial(recipients, database), expected.__eq__)


async def test_what_nobody_can_be_told_waits_for_the_first_who_can_and_says_when_it_was(
    tmp_path: Path,
) -> None:
    clock, board = ManualClock(), list[tuple[State, str]]()

    async def kept(database: Database) -> int:
        return len(await database.read("SELECT 1 FROM kept_notices"))

    def report(state: State, reason: str) -> None:
        board.append((state, reason))

    async with open_database(tmp_path / "arni.db") as database:
        async with a_life(database, clock, gym(), health=report) as bus:
            for _ in range(3):
                bus.publish(leak(clock))
            bus.publish(unconfirmed(clock))
            await eventually_is(partial(kept, database), (2).__eq__)
            assert await told(database) == []
            await eventually(lambda: board and board[-1][0] is State.DEGRADED)
            assert "2" in board[-1][1]
        board.clear()
        clock.advance(5 * 3600)
        async with a_life(database, clock, gym(["ola"], [_OLA]), health=report) as bus:
            await eventually_is(partial(told, database), lambda texts: len(texts) == 2)
            texts = await told(database)
            assert ["18.11. 12:00 Uhr" in text for text in texts] == [True, True]
            assert ("Leck" in texts[0], "Vorne" in texts[1]) == (True, True)
            assert (await kept(database), board) == (0, [])
            bus.publish(leak(clock))  # the same a moment later is no news
            bus.publish(blind(clock))
            await eventually_is(partial(told, database), lambda texts: len(texts) == 3)


async def test_who_wants_quiet_is_told_afterwards_what_nobody_else_could_be_told(tmp_path: Path) -> None:
    clock, board = ManualClock(), list[State]()

    def report(state: State, _: str) -> None:
        board.append(state)

    async with open_database(tmp_path / "arni.db") as database:
        until = (clock.now() + timedelta(hours=1)).isoformat()
        await database.write(partial(_keep_quiet, "ola", until))
        async with a_life(database, clock, gym(["ola"], [_OLA]), health=report) as bus:
            bus.publish(leak(clock))
            await eventually(lambda: State.DEGRADED in board)
            assert await told(database) == []
            clock.advance(3601)
            await eventually_is(partial(told, database), contains("Leck"))
            await eventually(lambda: board[-1] is State.OK)


async def test_what_another_room_has_kept_is_told_too(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database, a_life(database, clock) as bus:
        bus.publish(leak(clock))
        await eventually_is(partial(told, database), contains("Leck"))
        words = {"de": "Das Token ist abgelaufen.", "en": "The token has expired."}
        await database.write(lambda tx: kept_notices.keep(tx, "line/whatsapp", words, clock.now(), most=9))
        await eventually_is(partial(told, database), contains("Leck", "Das Token ist abgelaufen."))


async def test_a_full_disk_delays_a_notice_and_loses_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database, a_life(database, clock) as bus:
        write, tries = database.write, list[int]()

        async def full(*_: object, **__: object) -> None:
            tries.append(1)
            raise Unavailable("the disk is full")

        monkeypatch.setattr(database, "write", full)
        bus.publish(leak(clock))
        bus.publish(blind(clock))
        await eventually(lambda: len(tries) > 2)
        monkeypatch.setattr(database, "write", write)
        await eventually_is(partial(told, database), contains("Leck", "Kamera door"))


async def test_what_waits_is_bounded_and_the_newest_is_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    async with open_database(tmp_path / "arni.db") as database, a_life(database, clock, gym()) as bus:
        for number in range(130):
            clock.advance(1)
            bus.publish(asked(clock, f"reader:{number}"))
        await eventually_is(
            lambda: database.read("SELECT what FROM kept_notices ORDER BY id"),
            lambda rows: len(rows) == 100 and rows[-1]["what"] == "asked/reader:129",
        )
