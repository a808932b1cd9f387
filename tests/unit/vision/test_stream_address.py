"""Where a camera's user and password go, and where they may never be seen."""

from pathlib import Path

import pytest

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import load_cameras
from arni_edge.vision.orders import CameraOrder
from arni_edge.vision.worker.stream import _address


@pytest.mark.parametrize(
    ("url", "username", "address"),
    [
        ("rtsp://10.0.0.1/2", None, "rtsp://10.0.0.1/2"),
        ("rtsp://10.0.0.1:8554/2", "view@er", "rtsp://view%40er:p%26%20%2F@10.0.0.1:8554/2"),
        (
            "rtsp://10.0.0.1/user={username}_password={password}_channel=1",
            "viewer",
            "rtsp://viewer:p%26%20%2F@10.0.0.1/user=viewer_password=p%26%20%2F_channel=1",
        ),
    ],
)
def test_the_login_goes_where_the_camera_wants_it(url: str, username: str | None, address: str) -> None:
    assert _address(CameraOrder(id="a", url=url, username=username, password="p& /")) == address


@pytest.mark.parametrize(
    "url",
    ["rtsp://a:P@ssWord@10.0.0.1/2", "rtsp://a:Pa/ssWord@10.0.0.1/2", "rtsp://10.0.0.1/password=PassWord"],
)
def test_a_password_in_the_address_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    file = tmp_path / "arni.toml"
    file.write_text(f'[[cameras]]\nid = "a"\nurl = "{url}"\n')
    with pytest.raises(ConfigurationError, match=r"cameras\[1\]\.url = .*must not carry") as refused:
        load_cameras(file)
    assert "Word@" not in str(refused.value)
    assert "=PassWord" not in str(refused.value)
