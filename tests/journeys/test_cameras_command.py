"""An installer adds a camera, tries it, looks through it and draws on it: the real command, a real stream."""

import asyncio
import json
import re
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from support.vision import MODEL, PASSWORD, USER

from arni_edge.domain.clock import SystemClock
from arni_edge.settings import load_settings
from arni_edge.simulator.onvif import OnvifCamera, Profile
from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.rtsp import CameraServer
from arni_edge.simulator.world import World

ANSWER_SECONDS = 60


@pytest.fixture
async def camera() -> AsyncIterator[CameraServer]:
    plan = default_plan()
    world = World(plan, SystemClock(), seed=3)
    world.place("Ada")
    world.step(0.1)
    scene = world.scene
    async with CameraServer(
        plan.camera("floor"), plan, lambda: scene, user=USER, password=PASSWORD
    ) as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "arni.toml"
    path.write_text(
        f"""\
# the owner's own words
[site]
id = "gym"
name = "Gym"
capacity = 20
language = "en"

[paths]
state = "{tmp_path}/state"
runtime = "{tmp_path}/run"

[vision]
model = "{MODEL}"
backend = "onnxruntime"

[[doors]]
id = "front"
name = "Front"
exit = "handle"
[doors.lock]
kind = "nuki"
nuki_id = "2BB28570"
"""
    )
    (tmp_path / "password").write_text(PASSWORD + "\n")
    return path


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def _run(config: Path, *arguments: str, code: int = 0) -> str:
    """Run the command; gives its stdout. Whatever it says holds no password."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "arni_edge", "cameras", *arguments, "--config", str(config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(ANSWER_SECONDS):
        out, err = await process.communicate()
    assert PASSWORD.encode() not in out + err
    assert process.returncode == code, (out + err).decode()
    return (out if code == 0 else out + err).decode()


def _url(camera: CameraServer) -> str:
    return f"rtsp://127.0.0.1:{camera.port}/{camera.view.name}"


async def _add(config: Path, camera: CameraServer, *options: str) -> str:
    login = ("--user", USER, "--password-file", str(config.parent / "password"))
    return await _run(config, "add", "floor", _url(camera), *login, *options)


async def test_a_camera_is_added_tried_and_seen(camera: CameraServer, config: Path) -> None:
    said = await _add(config, camera)
    assert "640x360" in said
    assert "# the owner's own words" in _text(config)
    credential = config.parent / "credentials" / "camera_floor_password"
    assert _text(credential) == PASSWORD
    assert stat.S_IMODE(credential.stat().st_mode) == 0o600

    (listed,) = json.loads(await _run(config, "list", "--json"))["cameras"]
    assert (listed["id"], listed["url"], listed["state"]) == ("floor", _url(camera), None)

    report = json.loads(await _run(config, "test", "floor", "--json"))
    assert (report["state"], report["codec"], report["people"]) == ("ok", "h264", 1)
    assert (report["width"], report["height"]) == (640, 360)
    assert 5 <= report["pictures_per_second"] <= 15

    picture = await _run(config, "snapshot", "floor", "--width", "60")
    rows = picture.splitlines()
    assert len(rows) == 17  # 60 columns of a 16:9 picture, two pixels to a character
    assert all(row.count("\u2580") == 60 for row in rows)


async def test_a_camera_that_does_not_let_us_in_is_not_added(camera: CameraServer, config: Path) -> None:
    before = _text(config)
    login = ("--user", USER, "--password-file", str(MODEL.parent / "manifest.toml"))  # any other text
    said = await _run(config, "add", "floor", _url(camera), *login, code=1)
    assert "user or password is wrong" in said
    assert _text(config) == before
    assert not (config.parent / "credentials").exists()


async def test_the_address_is_asked_for_over_onvif(camera: CameraServer, config: Path) -> None:
    offered = OnvifCamera((Profile("sub", _url(camera), 640, 360, 10),), username=USER, password=PASSWORD)
    login = ("--user", USER, "--password-file", str(config.parent / "password"))
    async with offered.serve() as (service, _):
        await _run(config, "add", "floor", "--onvif", service, *login, "--no-test")
    assert load_settings(config).cameras[0].url == _url(camera)


async def test_zones_are_drawn_in_a_browser_that_gets_the_picture_once(
    camera: CameraServer, config: Path
) -> None:
    await _add(config, camera, "--no-test")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "arni_edge", "cameras", "draw", "floor", "--config", str(config),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(ANSWER_SECONDS):
        url = (await process.stdout.readline()).decode().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9_-]{32}/", url)
    async with httpx.AsyncClient(timeout=10) as browser:
        page = await browser.get(url)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "stored nowhere" in page.text
        assert (await browser.get(url + "picture.jpg")).content.startswith(b"\xff\xd8\xff")
        assert (await browser.get(url + "picture.jpg")).status_code == 404
        stranger = url.rsplit("/", 2)[0] + "/" + "x" * 32 + "/"
        assert (await browser.get(stranger)).status_code == 404

        zone = {"part": "zone", "id": "area", "name": "Fläche", "kind": "floor", "legal_basis": "consent"}
        corners = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]
        assert (await browser.post(url + "save", json={**zone, "points": corners})).status_code == 200
        line = {
            "part": "line",
            "id": "sill",
            "name": "Sill",
            "door": "front",
            "points": [[0.1, 0.5], [0.9, 0.5]],
        }
        assert (await browser.post(url + "save", json=line)).status_code == 200

        shower = await browser.post(
            url + "save", json={**zone, "points": corners, "id": "x", "name": "Dusche"}
        )
        assert (shower.status_code, "nobody may be filmed" in shower.text) == (422, True)
        outside = await browser.post(url + "save", json={**line, "points": [[0, 2], [1, 1]]})
        assert outside.status_code == 422
        # What a page of somebody else's could send without asking.
        assert (await browser.post(url + "save", content=b"{}")).status_code == 404
        assert (await browser.post(url + "save", content=b"x" * 70_000)).status_code in {404, 413}
        await browser.post(url + "save", json={"done": True})
    async with asyncio.timeout(ANSWER_SECONDS):
        assert await process.wait() == 0
    (floor,) = load_settings(config).cameras
    assert [zone.name for zone in floor.zones] == ["Fläche"]
    assert [(line.id, line.door) for line in floor.lines] == [("sill", "front")]


async def test_zones_are_set_without_a_browser(camera: CameraServer, config: Path) -> None:
    await _add(config, camera, "--no-test")
    corners = "0.1,0.1 0.9,0.1 0.5,0.9"
    await _run(config, "draw", "floor", "--zone", "foyer", "--name", "Foyer", "--points", corners)
    await _run(config, "draw", "floor", "--mask", "--points", "0,0 0.2,0 0,0.2")
    await _run(config, "draw", "floor", "--qr", "--door", "front", "--points", corners)
    refused = await _run(config, "draw", "floor", "--zone", "a", "--points", "0,0 2,2 1,1", code=1)
    assert "between 0 and 1" in refused
    (floor,) = load_settings(config).cameras
    assert (len(floor.zones), len(floor.masks), floor.qr.door if floor.qr else "") == (1, 1, "front")


async def test_a_camera_that_nobody_knows(config: Path) -> None:
    assert "there is no camera 'hall'" in await _run(config, "test", "hall", code=1)
    assert "there is no camera yet" in await _run(config, "list")
