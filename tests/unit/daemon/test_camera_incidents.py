"""Cameras that see nothing, and what they see that somebody must look at."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.clock import ManualClock
from support.database import open_database
from support.devices import Ear, listening
from support.mqtt import running
from support.waiting import eventually, eventually_is

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.bus import Bus
from arni_edge.daemon import camera_incidents
from arni_edge.daemon.attention import Attention
from arni_edge.daemon.camera_incidents import CameraIncidents, CameraWatch
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.doors import Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import CameraChanged, CameraIncident, PersonDown, ZoneCrowded
from arni_edge.domain.health import State
from arni_edge.domain.i18n import Catalogue
from arni_edge.safety import Roster, StaffLine
from arni_edge.safety.notices import StaffNotices
from arni_edge.settings import Camera, Settings
from arni_edge.storage import Database
from arni_edge.storage.migrate import APPLICATION_ID, migrations
from arni_edge.supervision import HealthBoard
from arni_edge.vision.messages import CameraState

_ALWAYS = 1e9
_CAMERAS_SINCE = 7
_TOLD_FIRST = {"blind over", "covered over", "frozen over", "dark over"}


def play(
    *steps: tuple[float, str], until: float, opened: float | None = _ALWAYS, minutes: float = 10
) -> list[tuple[float, str]]:
    """What is told and when, looked at every second; what is merely found in order at first is left out.

    ``opened`` are the seconds for which the gym has been open at second 0; None: closed.
    """
    watch, told = CameraWatch(blind_seconds=minutes * 60, now=0.0), list[tuple[float, str]]()
    waiting, known = list(steps), set[str]()
    now = 0.0
    while now <= until:
        while waiting and waiting[0][0] <= now:
            watch.state(waiting.pop(0)[1], now)
        for change in watch.tick(now, None if opened is None else opened + now):
            word = f"{change.trouble}{' over' if change.over else ''}"
            if change.trouble in known or not change.over:
                told.append((now, word))
            known.add(change.trouble)
        now += 1.0
    return told


@pytest.mark.parametrize("word", ["connecting", "stalled", "refused", "corrupt", "unknown"])
def test_a_camera_without_pictures_is_blind_after_the_owners_minutes(word: str) -> None:
    assert play((0, "ok"), (100, word), (900, "ok"), until=2000) == [(700, "blind"), (900, "blind over")]


def test_a_flapping_camera_is_blind_as_long_as_no_picture_comes() -> None:
    flaps = [(100 + 30 * number, ("stalled", "connecting", "refused")[number % 3]) for number in range(40)]
    assert play((0, "ok"), *flaps, until=1000) == [(700, "blind")]


def test_a_short_outage_is_nobodys_business() -> None:
    assert play((0, "ok"), (100, "stalled"), (699, "ok"), (800, "connecting"), (1000, "ok"), until=2000) == []


def test_a_camera_that_is_never_heard_is_blind_too() -> None:
    assert play(until=700) == [(600, "blind")]


def test_a_camera_that_is_off_by_its_hours_is_no_trouble() -> None:
    assert play((0, "off"), until=5000) == []
    assert play((0, "stalled"), (700, "off"), until=5000) == [(600, "blind"), (700, "blind over")]
    assert play((0, "covered"), (700, "off"), until=5000) == [(30, "covered"), (700, "covered over")]


@pytest.mark.parametrize("word", ["covered", "frozen"])
def test_what_is_before_the_lens_is_told_soon_and_stays_until_it_is_seen_to_be_gone(word: str) -> None:
    assert play((0, "ok"), (10, word), (20, "ok"), until=100) == []
    seen = play((0, "ok"), (10, word), (100, "stalled"), (150, word), (200, "ok"), until=300)
    assert seen == [(40, word), (200, f"{word} over")]


def test_a_gym_that_is_dark_at_night_is_as_it_should_be() -> None:
    assert play((0, "dark"), until=30_000, opened=None) == []


def test_dark_in_opening_hours_means_that_the_light_has_failed() -> None:
    assert play((0, "ok"), (100, "dark"), (900, "ok"), until=1000) == [(700, "dark"), (900, "dark over")]


def test_a_gym_that_opens_dark_has_its_minutes_until_the_light_is_on() -> None:
    # It was dark all night; it opens at second 1000.
    assert play((0, "dark"), (1500, "ok"), until=5000, opened=-1000.0) == []
    assert play((0, "dark"), until=5000, opened=-1000.0) == [(1600, "dark")]


def test_what_an_earlier_life_told_comes_to_an_end() -> None:
    watch = CameraWatch(blind_seconds=600, now=0)
    watch.state("ok", 1)
    ended = watch.tick(2, None)
    assert {f"{one.trouble}{' over' if one.over else ''}" for one in ended} == _TOLD_FIRST
    assert watch.tick(3, None) == []


def test_every_state_of_a_camera_is_understood() -> None:
    for state in CameraState:
        for opened in (None, _ALWAYS):
            watch = CameraWatch(blind_seconds=60, now=0)
            watch.state(state, 1)
            began = [one.trouble for now in range(1, 200) for one in watch.tick(now, opened) if not one.over]
            assert len(began) <= 1
            assert bool(began) is (state not in {"ok", "off"} and not (state == "dark" and opened is None))


# --- the desk ---------------------------------------------------------------------------------------------

_SETTINGS = Settings.model_validate(
    {
        "site": {"id": "demo", "name": "Demo", "capacity": 10},
        "vision": {"enabled": False},
        "cameras": [
            {
                "id": "cam",
                "url": "rtsp://10.0.0.9/1",
                "zones": [
                    {
                        "id": "weights",
                        "name": "Freihanteln",
                        "kind": "floor",
                        "legal_basis": "consent",
                        "polygon": [[0, 0], [1, 0], [1, 1]],
                        "limit": 4,
                    }
                ],
            }
        ],
        "counting": {"camera_minutes": 1},
        "alarms": {"on_call": [{"name": "Nora", "phone": "+4915550000001"}]},
    }
)


@dataclass
class Studio:
    desk: IncidentDesk
    bus: Bus
    ear: Ear
    clock: ManualClock
    database: Database
    board: HealthBoard
    attention: Attention

    @property
    def told(self) -> list[str]:
        return [
            f"{one.camera} {one.incident}{' over' if one.over else ''}"
            for one in self.ear.heard(CameraIncident)
        ]

    def camera(self, state: str) -> None:
        self.bus.publish(CameraChanged(at=self.clock.now(), camera="cam", state=state, reason="a secret"))

    def down(self, *, over: bool = False, zone: str | None = "weights", camera: str = "cam") -> None:
        self.bus.publish(
            PersonDown(
                at=self.clock.now(), camera=camera, zone=zone, evidence="lying", seconds=16.0, over=over
            )
        )

    def crowded(self, *, over: bool = False) -> None:
        self.bus.publish(ZoneCrowded(at=self.clock.now(), zone="weights", count=5, over=over))

    async def notices(self) -> list[str]:
        return [row["text"] for row in await self.database.read("SELECT text FROM outbox ORDER BY position")]


@asynccontextmanager
async def a_studio(
    path: Path, monkeypatch: pytest.MonkeyPatch, cameras: Sequence[Camera] = _SETTINGS.cameras
) -> AsyncIterator[Studio]:
    monkeypatch.setattr(camera_incidents, "_LOOK_SECONDS", 0.01)
    bus, clock = Bus(), ManualClock()
    async with open_database(path / "arni.db") as database:
        desk, board = IncidentDesk(database, bus, clock), HealthBoard(bus, clock)
        attention = Attention(desk, bus, board)
        watcher = CameraIncidents(
            desk,
            bus,
            clock,
            cameras=cameras,
            blind_minutes=_SETTINGS.counting.camera_minutes,
            open_since=lambda _: None,
        )
        line = StaffLine(Roster.of(_SETTINGS), template="alarm")
        notices = StaffNotices(
            database, bus, clock, Catalogue.load(), line, settings=_SETTINGS, health=lambda *_: None
        )
        async with (
            running(attention.run), running(watcher.run), running(notices.run), listening(bus) as ear
        ):  # fmt: skip
            yield Studio(desk, bus, ear, clock, database, board, attention)


async def test_somebody_who_seems_to_be_down_is_told_at_once_with_the_place_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.down()
        (text,) = await eventually_is(studio.notices, lambda texts: texts)
        assert "Freihanteln: Jemand scheint am Boden zu liegen" in text
        assert "112" in text
        await eventually(lambda: studio.attention.of_camera("cam") == [CameraTrouble.PERSON_DOWN])
        part = studio.board.of("incidents/camera/cam")
        assert part is not None
        assert part.state is State.DEGRADED
        studio.down(over=True)
        await eventually(lambda: studio.told == ["cam person_down", "cam person_down over"])
        await eventually(lambda: studio.attention.of_camera("cam") == [])


async def test_the_second_who_falls_is_told_although_the_first_has_just_got_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.camera("ok")
        studio.down()
        await eventually_is(studio.notices, lambda texts: len(texts) == 1)
        studio.down(over=True)
        await eventually(lambda: studio.told[-1:] == ["cam person_down over"])
        studio.clock.advance(121)
        studio.down(zone=None)
        texts = await eventually_is(studio.notices, lambda texts: len(texts) == 2)
        assert "cam: Jemand scheint" in texts[1]


async def test_a_person_who_was_down_before_a_restart_and_another_one_after_it_are_both_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.down()
        await eventually(lambda: studio.told == ["cam person_down"])
    async with a_studio(tmp_path, monkeypatch) as studio:
        await eventually(lambda: studio.attention.of_camera("cam") == [CameraTrouble.PERSON_DOWN])
        studio.down()
        await eventually(lambda: studio.told == ["cam person_down"])
        studio.down(over=True)
        await eventually(lambda: studio.attention.of_camera("cam") == [])


async def test_a_crowd_is_about_its_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.crowded()
        (text,) = await eventually_is(studio.notices, lambda texts: texts)
        assert "Freihanteln: Hier sind mehr Personen" in text
        studio.crowded(over=True)
        await eventually(lambda: studio.told == ["zone/weights crowded", "zone/weights crowded over"])
        assert studio.board.of("incidents/camera/zone/weights") is not None


async def test_a_blind_camera_is_told_and_nothing_of_what_it_says_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.camera("refused")
        studio.clock.advance(timedelta(minutes=2).total_seconds())
        await eventually(lambda: studio.told == ["cam blind"])
        (text,) = await eventually_is(studio.notices, lambda texts: texts)
        assert "Kamera cam liefert schon länger kein Bild" in text
        (incident,) = studio.ear.heard(CameraIncident)
        assert "secret" not in incident.evidence
        studio.camera("ok")
        await eventually(lambda: studio.told == ["cam blind", "cam blind over"])


async def test_incidents_of_a_camera_and_of_zones_that_were_removed_come_to_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = _SETTINGS.cameras[0].model_copy(update={"id": "yard", "zones": []})
    async with a_studio(tmp_path, monkeypatch, [*_SETTINGS.cameras, sold]) as studio:
        studio.down(camera="yard", zone=None)
        studio.down()
        studio.crowded()
        await eventually(lambda: len(studio.told) == 3)
        await studio.desk.begin(Subject("door", "front"), Incident.JAMMED, "state=254")
    zoneless = _SETTINGS.cameras[0].model_copy(update={"zones": []})
    async with a_studio(tmp_path, monkeypatch, [zoneless]) as studio:
        await eventually(lambda: len(studio.told) == 2)
        assert sorted(studio.told) == ["yard person_down over", "zone/weights crowded over"]
        await eventually(lambda: studio.attention.of_camera("yard") == [])
        rows = await studio.desk.everything_open()
        assert [(row["name"], row["incident"]) for row in rows] == [
            ("cam", "person_down"),
            ("front", "jammed"),
        ]
    async with a_studio(tmp_path, monkeypatch, []) as studio:  # nobody watches any more
        await eventually(lambda: studio.told == ["cam person_down over"])


async def test_an_end_that_a_full_disk_kept_back_is_stored_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.camera("ok")
        studio.down()
        studio.crowded()
        await eventually(lambda: len(studio.told) == 2)
        write, tries = studio.database.write, list[int]()

        async def full(*_: object, **__: object) -> Any:
            tries.append(1)
            raise Unavailable("the disk is full")

        monkeypatch.setattr(studio.database, "write", full)
        studio.down(over=True)
        studio.crowded(over=True)
        await eventually(lambda: len(tries) >= 2)
        for _ in range(5):
            studio.clock.advance(1)
            await asyncio.sleep(0.02)
        assert len(tries) <= 4, "a full disk is not asked all the time"
        studio.down()  # the next one falls before there is room again
        await eventually(lambda: studio.told[2:] == ["cam person_down"])
        monkeypatch.setattr(studio.database, "write", write)
        studio.clock.advance(60)
        await eventually(lambda: studio.told[3:] == ["zone/weights crowded over"])
        rows = await studio.desk.everything_open()
        assert [(row["name"], row["incident"]) for row in rows] == [("cam", "person_down")]
        assert studio.attention.of_camera("cam") == [CameraTrouble.PERSON_DOWN], "they lie there"


async def test_what_is_about_no_camera_of_the_settings_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_studio(tmp_path, monkeypatch) as studio:
        studio.down(camera="another")
        studio.bus.publish(ZoneCrowded(at=studio.clock.now(), zone="elsewhere", count=5))
        studio.bus.publish(CameraChanged(at=studio.clock.now(), camera="another", state="covered", reason=""))
        studio.crowded()
        await eventually(lambda: studio.told == ["zone/weights crowded"])


async def test_incidents_of_before_survive_that_cameras_may_have_some(tmp_path: Path) -> None:
    before = "\n".join(sql for number, sql in migrations() if number < _CAMERAS_SINCE)
    with contextlib.closing(sqlite3.connect(tmp_path / "arni.db")) as old:
        old.executescript(
            f"{before}\nPRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={_CAMERAS_SINCE - 1};"
            "INSERT INTO incidents (kind, name, incident, evidence, at, last_at)"
            " VALUES ('door', 'front', 'jammed', 'state=254', '2026-11-18', '2026-11-18');"
        )
    async with open_database(tmp_path / "arni.db") as database:
        desk = IncidentDesk(database, Bus(), ManualClock())
        for _ in range(2):
            await desk.begin(Subject("camera", "cam"), CameraTrouble.COVERED, "covered for 30 s")
            await desk.begin(Subject("door", "front"), Incident.JAMMED, "state=254")
        rows = [(one["kind"], one["name"], one["incident"]) for one in await desk.everything_open()]
        assert rows == [("door", "front", "jammed"), ("camera", "cam", "covered")]
