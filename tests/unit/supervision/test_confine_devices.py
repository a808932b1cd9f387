"""What a confined worker may write: devices that keep nothing."""

import os
from pathlib import Path

from arni_edge.supervision.confine import writable_devices


def test_the_null_device_may_be_written() -> None:
    assert Path("/dev/null") in writable_devices()


def test_only_devices_are_let_through_whatever_lies_at_their_place(tmp_path: Path) -> None:
    folder = tmp_path / "dev" / "dri"
    folder.mkdir(parents=True)
    (folder / "card0").write_text("a file in a device's clothes")
    (tmp_path / "dev" / "nvidia0").mkdir()
    os.mkfifo(folder / "renderD128")
    (tmp_path / "dev" / "nvidiactl").symlink_to("/dev/null")
    assert writable_devices(tmp_path) == [tmp_path / "dev" / "nvidiactl"]
