"""Lines, alarms and cameras as the book hears them; the count survives whatever kills the daemon."""

import asyncio
from pathlib import Path

import pytest
from support.book import Desk, living
from support.clock import ManualClock
from support.database import open_database
from support.waiting import eventually
from support.worker_words import camera, down, line, online, said, zone

from arni_edge.domain.events import CameraChanged, LineCrossed, PeopleCounted, PersonDown, ZoneCrowded


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- lines ------------------------------------------------------------------------------------------------


async def test_a_crossing_is_counted_and_told_with_its_time(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    await desk.book.receive(line(1, 0, "in", together=2, at="2026-11-18T10:59:58Z"))
    assert desk.book.total().count == 1
    (event,) = desk.told(LineCrossed)
    assert isinstance(event, LineCrossed)
    assert (event.line, event.camera, event.direction, event.together) == ("door", "cam", "in", 2)
    assert event.at.second == 58


async def test_the_first_message_of_all_may_be_a_crossing(desk: Desk) -> None:
    await desk.book.receive(line(17, 12, "in"))
    assert desk.book.total().count == 1
    assert desk.crossings() == [("in", 0)]


async def test_the_same_message_twice_changes_nothing(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    for _ in range(3):
        await desk.book.receive(line(2, 1, "in"))
    await desk.book.receive(line(1, 1, "in"))  # and one that comes late
    assert desk.book.total().count == 1
    assert len(desk.crossings()) == 3


async def test_a_lost_message_loses_no_crossing(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    await desk.book.receive(line(2, 0, "in", together=2))
    assert desk.book.total().count == 2
    assert desk.crossings() == [("in", 0), ("in", 2)]


async def test_what_happened_during_an_outage_is_counted_and_accuses_nobody(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    desk.clock.advance(600)
    await desk.book.receive(line(50, 3))
    assert desk.book.total().count == 47
    assert desk.crossings() == []


async def test_the_crossing_that_ends_an_outage_is_told_alone(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    desk.clock.advance(600)
    await desk.book.receive(line(5, 0, "in", together=1))
    assert desk.book.total().count == 5
    assert desk.crossings() == [("in", 1)]


async def test_a_new_life_of_the_worker_begins_at_zero_and_its_past_does_not_come_back(desk: Desk) -> None:
    await desk.book.receive(line(30, 10, epoch="first"))
    await desk.book.receive(line(31, 10, "in", epoch="first"))
    await desk.book.receive(online("true"))
    await desk.book.receive(line(2, 0, epoch="second"))
    await desk.book.receive(
        line(32, 10, "in", epoch="first")
    )  # two workers: nobody is counted again and again
    await desk.book.receive(line(2, 0, epoch="second"))
    assert desk.book.total().count == 3


async def test_totals_that_nobody_can_have_walked_are_no_crossings(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    await desk.book.receive(line(99_000_000, 0, "in"))
    assert desk.book.total().count == 0
    await desk.book.receive(line(99_000_001, 0, "in"))
    assert desk.book.total().count == 1


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"line": "other"},
        {"entries": -1},
        {"entries": True},
        {"epoch": "../../etc"},
        {"direction": "up"},
        {"at": "noon"},
        {"exits": 1e300},
    ],
)
async def test_hostile_lines_change_nothing(desk: Desk, fields: dict[str, object]) -> None:
    await desk.book.receive(line(0, 0))
    good = {"line": "door", "camera": "cam", "epoch": "first", "entries": 9, "exits": 0, "sequence": 1}
    at = {"at": "2026-11-18T11:00:00Z"}
    await desk.book.receive(said("line/door", (good | at | fields) if fields else {}))
    assert desk.book.total().count == 0


async def test_a_line_that_nobody_configured_is_ignored(desk: Desk) -> None:
    await desk.book.receive(line(4, 0, "in", name="window"))
    assert desk.book.total().count == 0


async def test_while_the_camera_of_the_line_is_away_its_figure_grows_old(desk: Desk) -> None:
    await desk.book.receive(camera("ok"))
    await desk.book.receive(line(0, 0))
    await desk.book.receive(line(2, 0, "in"))
    await desk.book.receive(camera("stalled"))
    for _ in range(30):
        desk.clock.advance(2)
        await desk.book.receive(line(2, 0))
    total = desk.book.total()
    assert total.count == 2
    assert total.age == pytest.approx(60, abs=3)
    await desk.book.receive(camera("ok"))
    assert desk.book.total().age == pytest.approx(0, abs=1)


# --- alarms and cameras -----------------------------------------------------------------------------------


async def test_somebody_down_begins_once_and_is_over_when_seen_to_be(desk: Desk) -> None:
    for people in (0, 1, 1, 0, 0):
        await desk.book.receive(down(people))
    overs = [event.over for event in desk.told(PersonDown) if isinstance(event, PersonDown)]
    assert overs == [True, False, True], "the first look ends what an earlier life may have left open"


async def test_a_second_person_down_is_told_too(desk: Desk) -> None:
    for people in (1, 2, 1):
        await desk.book.receive(down(people))
    assert [event.over for event in desk.told(PersonDown) if isinstance(event, PersonDown)] == [False, False]


@pytest.mark.parametrize("end", ["worker", "camera", "silence", "retained"])
async def test_that_nobody_looks_any_more_does_not_mean_that_somebody_got_up(desk: Desk, end: str) -> None:
    await desk.book.receive(down(1))
    desk.told()
    match end:
        case "worker":
            await desk.book.receive(online("false"))
        case "camera":
            await desk.book.receive(camera("covered"))
        case "silence":
            desk.clock.advance(3600)
            desk.book.refresh()
        case _:
            await desk.book.receive(down(0, retained=True))
    assert desk.told(PersonDown) == []
    await desk.book.receive(online("true"))
    await desk.book.receive(down(0))
    (event,) = desk.told(PersonDown)
    assert isinstance(event, PersonDown)
    assert (event.over, event.evidence, event.zone) == (True, "lying", "floor")


async def test_history_never_begins_an_alarm(desk: Desk) -> None:
    await desk.book.receive(down(1, retained=True))
    assert desk.told(PersonDown) == []


async def test_a_crowd_begins_and_ends_once_and_is_not_over_when_nobody_sees_it(desk: Desk) -> None:
    for sequence, (count, crowded) in enumerate([(9, True), (9, True), (None, False), (3, False)]):
        await desk.book.receive(zone(count, sequence, crowded=crowded))
        told = [
            (event.count, event.over) for event in desk.told(ZoneCrowded) if isinstance(event, ZoneCrowded)
        ]
        assert told == ([(9, False)], [], [], [(3, True)])[sequence]


async def test_the_state_of_a_camera_is_told_when_it_changes_and_with_the_worker_it_is_unknown(
    desk: Desk,
) -> None:
    seen = []
    for message in (camera("ok"), camera("ok"), camera("dark"), online("false"), online("false")):
        await desk.book.receive(message)
        seen += [event.state for event in desk.told(CameraChanged) if isinstance(event, CameraChanged)]
    assert seen == ["ok", "dark", "unknown"]


async def test_two_cameras_that_change_at_once_are_both_told(desk: Desk) -> None:
    await desk.book.receive(camera("ok", "cam"))
    await desk.book.receive(camera("stalled", "yard"))
    assert {event.camera for event in desk.told(CameraChanged) if isinstance(event, CameraChanged)} == {
        "cam",
        "yard",
    }


async def test_a_camera_tells_its_rates(desk: Desk) -> None:
    rates = {"age_seconds": 0.1, "pictures_per_second": 14.9, "looks_per_second": 2.0, "people": 3}
    fields = {"camera": "cam", "state": "ok", "at": "2026-11-18T11:00:00Z"}
    await desk.book.receive(said("camera/cam", fields | rates))
    report = desk.book.cameras["cam"]
    assert {name: getattr(report, name) for name in rates} == rates


async def test_names_that_nobody_gave_are_not_collected_without_end(desk: Desk) -> None:
    for number in range(2000):
        await desk.book.receive(camera("ok", f"cam{number}"))
        await desk.book.receive(down(1, f"cam{number}"))
    assert len(desk.book.cameras) <= 256
    assert len(desk.told(PersonDown)) <= 256


async def test_the_count_of_the_gym_is_told_when_it_changes(desk: Desk) -> None:
    await desk.book.receive(line(0, 0))
    desk.told()
    await desk.book.receive(line(1, 0, "in"))
    (event,) = desk.told(PeopleCounted)
    assert isinstance(event, PeopleCounted)
    assert event.count == 1
    await desk.book.receive(line(1, 0))
    assert desk.told(PeopleCounted) == []


async def test_confirmed_people_are_told_and_never_more_than_there_are(desk: Desk) -> None:
    await desk.book.receive(zone(3, 1, confirmed=9))
    assert desk.book.zone("floor").confirmed == 3
    await desk.book.receive(zone(3, 2, confirmed=1))
    assert desk.book.zone("floor").confirmed == desk.book.total().confirmed == 1


# --- the count outlives the daemon ------------------------------------------------------------------------


async def test_a_killed_daemon_loses_no_crossing_and_counts_none_twice(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    async with living(path, clock) as desk:
        desk.book.told(0)
        await desk.book.receive(line(0, 0))
        await desk.book.receive(line(3, 0, "in"))
        await desk.kept(3)
    clock.advance(20)
    async with living(path, clock) as desk:
        # The broker still has what the worker said last; two of it the daemon had not kept.
        await desk.book.receive(line(4, 1, retained=True))
        await desk.book.receive(line(4, 1, "out"))
        assert desk.book.total().count == 3
        assert desk.crossings() == [], "nobody knows when they happened"
        await desk.kept(3)
        await desk.book.receive(online("true"))
        await desk.book.receive(line(1, 0, "in", epoch="second"))
        await desk.kept(4)
    async with living(path, clock) as desk:
        await desk.book.receive(line(4, 1, retained=True, at="2026-11-18T10:00:00Z"))  # of a life long over
        await desk.book.receive(line(1, 0, epoch="second"))
        assert desk.book.total().count == 4


async def test_crossings_that_come_before_the_count_is_read_are_not_lost(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    async with living(path, clock) as desk:
        desk.book.told(0)
        await desk.book.receive(line(2, 0, "in"))
        await desk.kept(1)
    async with open_database(path) as database:
        desk = Desk(database, clock)
        await desk.book.receive(line(3, 0, "in"))
        assert desk.book.total().count is None
        running = asyncio.create_task(desk.book.run(lambda: None))
        await eventually(lambda: desk.book.total().count == 2)
        running.cancel()
        await asyncio.wait({running})


async def test_a_disk_that_fails_stops_no_counting_and_is_tried_again(tmp_path: Path) -> None:
    path, clock = tmp_path / "arni.db", ManualClock()
    async with living(path, clock) as desk:
        desk.book.told(0)
        await desk.book.receive(line(0, 0))
        store = desk.store
        assert store is not None

        async def forbid(tx: object) -> None:
            await tx.execute("ALTER TABLE headcount RENAME TO elsewhere")  # type: ignore[attr-defined]

        async def permit(tx: object) -> None:
            await tx.execute("ALTER TABLE elsewhere RENAME TO headcount")  # type: ignore[attr-defined]

        await store._database.write(forbid)
        await desk.book.receive(line(5, 0, "in"))
        await eventually(lambda: not desk.book._gym._keeps)
        assert desk.book.total().count == 5
        await store._database.write(permit)
        clock.advance(6)
        await desk.kept(5)
