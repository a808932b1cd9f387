"""The owner's file is changed for them: comments stay, nothing invalid is written, nothing gets lost."""

import stat
from pathlib import Path

import pytest

from arni_edge.cli.edit import add_camera, put_masks, put_part, put_qr, write_credential
from arni_edge.domain.errors import ConfigurationError, InvalidInput
from arni_edge.settings import load_settings

FILE = """\
# Our gym. Do not lose this line.
[site]
id = "gym"
name = "Gym"           # as on the sign
capacity = 40

[vision]
model = "/models/yolo.onnx"

[[doors]]
id = "front"
name = "Front"
exit = "handle"
[doors.lock]
kind = "nuki"
nuki_id = "2BB28570"

[[cameras]]
id = "door"            # above the mirror
url = "rtsp://10.0.0.9/2"
[[cameras.zones]]
id = "entrance"
name = "Eingang"
kind = "entrance"
polygon = [[0.1, 0.5], [0.9, 0.5], [0.9, 1.0]]

[logging]
level = "info"
"""
CORNERS = [[0.0, 0.0], [0.333333333, 0.0], [0.5, 1.0]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "arni.toml"
    path.write_text(FILE)
    path.chmod(0o640)
    return path


def test_a_camera_is_added_and_every_comment_stays(path: Path) -> None:
    add_camera(path, {"id": "floor", "url": "rtsp://10.0.0.10/2", "username": "viewer", "transport": None})
    text = path.read_text()
    assert [line for line in FILE.splitlines() if line not in text.splitlines()] == []
    settings = load_settings(path)
    assert [camera.id for camera in settings.cameras] == ["door", "floor"]
    assert settings.cameras[1].username == "viewer"
    assert settings.logging.level == "info"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_the_first_camera_of_a_house_is_added(path: Path) -> None:
    path.write_text(FILE[: FILE.index("[[cameras]]")])
    add_camera(path, {"id": "floor", "url": "rtsp://10.0.0.10/2"})
    assert [camera.id for camera in load_settings(path).cameras] == ["floor"]


def test_zones_lines_masks_and_a_qr_region_are_put(path: Path) -> None:
    zone = {
        "id": "free",
        "name": "Freihanteln",
        "kind": "floor",
        "polygon": CORNERS,
        "legal_basis": "consent",
    }
    line = {"id": "sill", "name": "Schwelle", "points": [[0.2, 0.5], [0.8, 0.5]], "door": "front"}
    assert put_part(path, "door", "zones", zone) is False
    assert put_part(path, "door", "lines", line) is False
    put_masks(path, "door", [CORNERS])
    put_qr(path, "door", "front", CORNERS)
    (camera,) = load_settings(path).cameras
    assert [zone.id for zone in camera.zones] == ["entrance", "free"]
    assert camera.zones[1].polygon[1] == (0.3333, 0.0)
    assert camera.lines[0].points == ((0.2, 0.5), (0.8, 0.5))
    assert camera.lines[0].door == camera.qr.door == "front" if camera.qr else False
    assert len(camera.masks) == 1
    assert "# above the mirror" in path.read_text()


def test_a_zone_of_the_same_id_is_replaced(path: Path) -> None:
    new = {"id": "entrance", "name": "Foyer", "kind": "entrance", "polygon": CORNERS}
    assert put_part(path, "door", "zones", new) is True
    (zone,) = load_settings(path).cameras[0].zones
    assert (zone.name, len(zone.polygon)) == ("Foyer", 3)


def test_what_would_be_refused_is_never_written(path: Path) -> None:
    shower = {"id": "showers", "name": "Duschen", "kind": "floor", "polygon": CORNERS, "legal_basis": "x"}
    with pytest.raises(ConfigurationError, match="nobody may be filmed") as refused:
        put_part(path, "door", "zones", shower)
    assert str(path) in str(refused.value)
    with pytest.raises(ConfigurationError, match="legal_basis"):
        put_part(path, "door", "zones", {"id": "x", "name": "X", "kind": "floor", "polygon": CORNERS})
    with pytest.raises(ConfigurationError, match="names the door 'back'"):
        put_qr(path, "door", "back", CORNERS)
    assert path.read_text() == FILE
    assert list(path.parent.iterdir()) == [path]


def test_what_is_there_is_not_added_twice(path: Path) -> None:
    with pytest.raises(InvalidInput, match="already"):
        add_camera(path, {"id": "door", "url": "rtsp://10.0.0.10/2"})
    with pytest.raises(InvalidInput, match="cameras add hall"):
        put_masks(path, "hall", [CORNERS])
    assert path.read_text() == FILE


def test_a_link_stays_one_and_what_it_leads_to_is_changed(path: Path) -> None:
    link = path.parent / "link.toml"
    link.symlink_to(path.name)
    add_camera(link, {"id": "floor", "url": "rtsp://10.0.0.10/2"})
    assert link.is_symlink()
    assert len(load_settings(path).cameras) == 2


def test_line_ends_stay_as_they_are(path: Path) -> None:
    path.write_bytes(FILE.replace("\n", "\r\n").encode())
    put_masks(path, "door", [CORNERS])
    content = path.read_bytes()
    assert content.startswith(b"# Our gym. Do not lose this line.\r\n[site]\r\n")
    assert len(load_settings(path).cameras[0].masks) == 1


@pytest.mark.parametrize(
    ("content", "words"), [("[site", "not valid TOML"), ("cameras = []", "tables first"), (b"\xff", "UTF-8")]
)
def test_a_file_that_cannot_be_changed_says_why(path: Path, content: str | bytes, words: str) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((ConfigurationError, InvalidInput), match=words):
        add_camera(path, {"id": "floor", "url": "rtsp://10.0.0.10/2"})


def test_without_a_file_the_owner_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file"):
        add_camera(tmp_path / "arni.toml", {"id": "floor", "url": "rtsp://10.0.0.10/2"})


def test_a_password_becomes_a_credential_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = write_credential(tmp_path / "credentials", "door", "s3cret")
    assert (file.name, file.read_text()) == ("camera_door_password", "s3cret")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
