"""The book in trouble: nobody tells any more, somebody tells nonsense, two lines tell the same."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from support.book import PLAN, Desk, living
from support.clock import ManualClock
from support.database import open_database
from support.waiting import eventually
from support.worker_words import camera, down, line, online, said, zone

from arni_edge.broker import Received
from arni_edge.domain.events import CameraChanged, LineCrossed, ZoneCrowded
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.messages import CameraState

TWO_AT_ONE_DOOR = CountingPlan(
    lines={"outer": "cam", "inner": "cam2"}, doors={"outer": "front", "inner": "front"}
)


# --- nobody tells -----------------------------------------------------------------------------------------


async def test_a_camera_of_which_nobody_tells_any_more_is_unknown_and_not_ok() -> None:
    desk = Desk()
    await desk.book.receive(camera("ok"))
    desk.told()
    desk.clock.advance(7)
    desk.book.refresh()
    assert desk.book.cameras["cam"].state is CameraState.OK
    desk.clock.advance(2)
    desk.book.refresh()
    assert "cam" not in desk.book.cameras
    (event,) = desk.told(CameraChanged)
    assert isinstance(event, CameraChanged)
    assert event.state == "unknown"


async def test_a_worker_that_begins_anew_does_not_end_a_crowd_before_it_had_time_to_see_one() -> None:
    desk = Desk(plan=replace(PLAN, limits={"floor": 4}))
    await desk.book.receive(zone(9, 1, crowded=True))
    assert len(desk.told(ZoneCrowded)) == 1
    await desk.book.receive(online("true"))
    await desk.book.receive(zone(9, 1))
    assert desk.told(ZoneCrowded) == [], "nine are still there"
    await desk.book.receive(zone(4, 2))
    assert [getattr(event, "over", None) for event in desk.told(ZoneCrowded)] == [True]


async def test_a_daemon_that_begins_anew_does_not_end_a_crowd_that_is_there() -> None:
    desk = Desk(plan=replace(PLAN, limits={"floor": 4}))
    await desk.book.receive(zone(9, 1))
    assert desk.told(ZoneCrowded) == [], "it may have been told in an earlier life"
    await desk.book.receive(zone(9, 2, crowded=True))
    assert [getattr(event, "over", None) for event in desk.told(ZoneCrowded)] == [False]


# --- nonsense -----------------------------------------------------------------------------------------------


async def test_a_moment_at_the_end_of_time_does_not_keep_the_count_from_being_kept(tmp_path: Path) -> None:
    async with living(tmp_path / "arni.db", ManualClock()) as desk:
        desk.book.told(0)
        await desk.book.receive(line(0, 0))
        for moment in ("9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"):
            await desk.book.receive(line(5, 0, "in", at=moment))
        assert desk.book.total().count == 0, "nothing of such a message is believed"
        await desk.book.receive(line(1, 0, "in"))
        await desk.kept(1)


async def test_what_cannot_be_understood_fills_no_log() -> None:
    desk = Desk()
    with structlog.testing.capture_logs() as logs:
        for number in range(500):
            await desk.book.receive(Received(f"arni/gym/vision/zone/{'x' * 9000}{number}", b"?", False, 1))
        desk.clock.advance(61)
        await desk.book.receive(said("camera/cam", {"camera": "cam"}))
    assert [entry["times"] for entry in logs] == [1, 500]
    assert len(json.dumps(logs)) < 2000


async def test_names_that_nobody_gave_are_not_collected_over_many_lives_of_a_worker() -> None:
    desk = Desk()
    for life in range(20):
        await desk.book.receive(online("true"))
        for number in range(100):
            await desk.book.receive(camera("ok", f"cam{life}-{number}"))
            await desk.book.receive(down(1, f"cam{life}-{number}"))
    assert len({getattr(event, "camera", "") for event in desk.told(CameraChanged)}) <= 256


@pytest.mark.parametrize("size", [4096, 1_000_000])
async def test_a_huge_payload_changes_nothing(size: int) -> None:
    desk = Desk()
    await desk.book.receive(line(0, 0))
    fields = {"line": "door", "camera": "cam", "epoch": "first", "entries": 9, "exits": 0, "sequence": 1}
    await desk.book.receive(said("line/door", fields | {"at": "2026-11-18T11:00:00Z", "more": "x" * size}))
    await desk.book.receive(Received("arni/gym/vision/line/door", b"[" * size, False, 1))
    assert desk.book.total().count == 0


# --- two lines at one door ----------------------------------------------------------------------------------


async def test_who_crosses_two_lines_of_one_door_is_one_person() -> None:
    desk = Desk(plan=TWO_AT_ONE_DOOR)
    for name in ("outer", "inner"):
        await desk.book.receive(line(0, 0, name=name))
    for direction, entries, exits in (("in", 1, 0), ("in", 2, 0), ("out", 2, 1)):
        for name in ("outer", "inner"):
            await desk.book.receive(line(entries, exits, direction, name=name))
    assert desk.book.total().count == 1
    assert (desk.book.memory.entries, desk.book.memory.exits) == (2, 1)
    assert len(desk.told(LineCrossed)) == 6, "who judges tailgating compares both"


async def test_the_second_line_of_a_door_stands_in_while_the_first_one_is_not_watched() -> None:
    desk = Desk(plan=TWO_AT_ONE_DOOR)
    for name in ("cam", "cam2"):
        await desk.book.receive(camera("ok", name))
    for name in ("outer", "inner"):
        await desk.book.receive(line(0, 0, name=name))
    await desk.book.receive(camera("stalled", "cam"))
    await desk.book.receive(line(1, 0, "in", name="inner"))
    desk.clock.advance(5)
    await desk.book.receive(line(1, 0, name="inner"))
    total = desk.book.total()
    assert (total.count, total.age) == (1, 0.0), "somebody watches that door"
    await desk.book.receive(camera("ok", "cam"))
    await desk.book.receive(line(0, 0, name="outer"))
    await desk.book.receive(line(1, 0, "in", name="outer"))
    await desk.book.receive(line(2, 0, "in", name="inner"))
    assert desk.book.total().count == 2


async def test_lines_of_different_doors_add_up() -> None:
    doors = {"outer": "front", "inner": "back"}
    desk = Desk(plan=replace(TWO_AT_ONE_DOOR, doors=doors))
    for name in ("outer", "inner"):
        await desk.book.receive(line(0, 0, name=name))
        await desk.book.receive(line(1, 0, "in", name=name))
    assert desk.book.total().count == 2


# --- ends and beginnings ------------------------------------------------------------------------------------


async def test_what_somebody_told_right_before_an_orderly_end_is_kept(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    async with open_database(path) as database:
        desk = Desk(database, clock)
        running = asyncio.create_task(desk.book.run(lambda: None))
        await eventually(lambda: database.commits)
        desk.book.told(7)
        running.cancel()
        await asyncio.wait({running})
    async with living(path, clock) as desk:
        assert desk.book.total().count == 7


async def test_what_the_broker_kept_from_before_the_nightly_zero_is_not_counted_into_the_new_day(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    async with living(path, clock) as desk:
        desk.book.told(0)
        await desk.book.receive(line(0, 0))
        await desk.book.receive(line(3, 0, "in"))
        await desk.kept(3)
    clock.advance(24 * 3600)
    async with living(path, clock) as desk:
        await desk.book.receive(line(5, 0, retained=True, at="2026-11-18T11:00:30Z"))  # yesterday evening
        assert desk.book.memory.inside == 0
        await desk.book.receive(line(1, 0, "in", epoch="second", at="2026-11-19T11:00:30Z"))
        assert desk.book.memory.inside == 1


async def test_totals_of_a_line_that_is_no_longer_in_the_settings_harm_nobody(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    both = CountingPlan(lines={"door": "cam", "yard": "cam2"})
    async with living(path, clock, both) as desk:
        desk.book.told(0)
        for name in ("door", "yard"):
            await desk.book.receive(line(0, 0, name=name))
            await desk.book.receive(line(2, 0, "in", name=name))
        await desk.kept(4)
    async with living(path, clock) as desk:  # the camera in the yard is sold
        await desk.book.receive(line(9, 0, name="yard", retained=True))
        await desk.book.receive(line(2, 1, "out"))
        assert desk.book.total().count == 3
        await desk.kept(3)
    async with living(path, clock, both) as desk:  # and another one hangs there now
        await desk.book.receive(line(0, 0, name="yard", epoch="second"))
        await desk.book.receive(line(1, 0, "in", name="yard", epoch="second"))
        assert desk.book.total().count == 4
