"""``arni-edge cameras``: nothing is half done, and outside its hours nobody looks through a camera."""

import socket
from pathlib import Path
from typing import Any

import pytest
import typer

from arni_edge.cli.cameras import add, draw, list_cameras, snapshot, try_out
from arni_edge.cli.drawn import put
from arni_edge.domain.errors import ArniError, ConfigurationError, InvalidInput, Refused, Unavailable
from arni_edge.settings import load_settings

URL = "rtsp://127.0.0.1:9/2"
CORNERS = [[0.1, 0.1], [0.9, 0.1], [0.5, 0.9]]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "arni.toml"
    path.parent.mkdir()
    path.write_text(
        f"""\
[site]
id = "gym"
name = "Gym"
capacity = 20
[paths]
runtime = "{tmp_path}"
[vision]
model = "/models/yolo.onnx"
[[cameras]]
id = "night"
url = "{URL}"
[cameras.hours]
"""
    )
    (tmp_path / "password").write_text("S3cret\n")
    return path


def _add(config: Path, camera: str = "floor", url: str | None = URL, **more: Any) -> None:
    login = {"user": "viewer", "password_file": config.parents[1] / "password"}
    add(camera, url, config=config, **{"test": False, **login, **more})


def test_outside_its_hours_nobody_looks_through_a_camera(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It promises not to be connected then: to its installer neither."""
    with socket.create_server(("127.0.0.1", 0)) as camera:
        camera.setblocking(False)
        config.write_text(config.read_text().replace(URL, f"rtsp://127.0.0.1:{camera.getsockname()[1]}/2"))
        with pytest.raises(Unavailable, match="by its hours"):
            snapshot("night", config=config)
        with pytest.raises(Unavailable, match="by its hours"):
            draw("night", config=config)
        with pytest.raises(typer.Exit) as ended:
            try_out("night", config=config)
        assert ended.value.exit_code == 1
        with pytest.raises(BlockingIOError):
            camera.accept()
    assert "night: off: by its hours" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("camera", "more"),
    [
        ("night", {}),  # is there already
        ("Floor", {}),
        ("umkleide", {}),
        ("floor", {"url": "rtsp://viewer:S3cret@127.0.0.1/2"}),
        ("floor", {"url": "rtsp://127.0.0.1/password=S3cret"}),
        ("floor", {"url": "rtsp://[::1/2"}),
        ("floor", {"url": None}),
        ("floor", {"onvif": "127.0.0.1"}),
        ("floor", {"url": None, "onvif": ""}),
        ("floor", {"url": None, "onvif": "http://[x"}),
        ("floor", {"url": None, "onvif": "127.0.0.1:9"}),
        ("floor", {"url": None, "onvif": "no such host"}),
        ("floor", {"transport": "pigeon"}),
        ("floor", {"password_file": Path("/nowhere")}),
    ],
)
def test_what_cannot_be_added_leaves_no_trace(
    config: Path, camera: str, more: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = config.read_bytes()
    with pytest.raises(ArniError) as error:
        _add(config, camera, **more)
    assert not isinstance(error.value, ConfigurationError)
    assert config.read_bytes() == before
    assert list(config.parent.iterdir()) == [config]
    said = capsys.readouterr()
    assert "S3cret" not in f"{error.value}{said.out}{said.err}"


def test_without_its_password_no_camera_is_added(config: Path, tmp_path: Path) -> None:
    before = config.read_bytes()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        _add(config, credentials=tmp_path / "password" / "folder")
    assert config.read_bytes() == before


def test_without_a_camera_its_password_is_not_kept(config: Path) -> None:
    config.write_text(config.read_text().split("[[cameras]]")[0])
    config.write_text("cameras = []\n" + config.read_text())  # has no place for another table
    with pytest.raises(InvalidInput, match="tables first"):
        _add(config)
    assert not list((config.parent / "credentials").iterdir())


def test_a_drawing_on_a_camera_that_was_removed_meanwhile_says_so(config: Path) -> None:
    for part in ("mask", "zone", "line", "qr"):
        points = CORNERS[:2] if part == "line" else CORNERS
        drawn = {"part": part, "id": "a", "kind": "entrance", "door": "front", "points": points}
        with pytest.raises(InvalidInput, match="has no camera 'gone'"):
            put(config, "gone", drawn)


def test_a_qr_region_without_a_door_says_so(config: Path) -> None:
    with pytest.raises(InvalidInput, match="needs the door"):
        put(config, "night", {"part": "qr", "points": CORNERS})


def test_the_gyms_own_cameras_are_listed_although_the_lan_cannot_be_asked(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("arni_edge.vision.onvif.discover.__kwdefaults__", {"to": ("x" * 70, 3702)})
    with pytest.raises(Unavailable, match="cannot be searched for"):
        list_cameras(config=config, discover=True, seconds=0.2)
    assert "night" in capsys.readouterr().out


def test_what_was_added_is_used_as_it_was_given(config: Path) -> None:
    _add(config)
    settings = load_settings(config, {"CREDENTIALS_DIRECTORY": str(config.parent / "credentials")})
    password = settings.cameras[1].password
    assert password is not None
    assert (settings.cameras[1].username, password.get_secret_value()) == ("viewer", "S3cret")
    with pytest.raises((InvalidInput, Refused), match="already"):
        _add(config)
