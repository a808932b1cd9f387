"""Keeps every file that a box cannot do without, while :mod:`support.strace` watches.

After each it says, in that moment, ``kept NAME SHA256``: from now on this is what the file holds.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from arni_edge import files
from arni_edge.access.keys import EntryKeys
from arni_edge.broker.passwords import keep_passwords
from arni_edge.cli.edit import add_camera, write_credential
from arni_edge.relay import Papers
from arni_edge.storage.audit import keep_key
from arni_edge.vision.engines import EngineStore
from arni_edge.vision.models import put

BOXES: Final = ("the first", "the second")
ENGINE: Final = {"model.xml": b"<net/>" * 200, "model.bin": b"\x01\x02" * 9000}
_NOW = datetime(2026, 11, 21, tzinfo=UTC)
_CONFIG = b"""\
[site]
id = "gym"
name = "Gym"
capacity = 40

[vision]
model = "/models/yolo.onnx"
"""


def _say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


def _keep_all(root: Path) -> None:
    """Each file twice, where it is ever changed."""

    def kept(name: str) -> None:
        _say(f"kept {name} {hashlib.sha256((root / name).read_bytes()).hexdigest()}")

    state = root / "state"
    keep_passwords(state / "broker" / "accounts.json", ["a"])
    kept("state/broker/accounts.json")
    keep_passwords(state / "broker" / "accounts.json", ["a", "b"])
    kept("state/broker/accounts.json")
    keep_key(state / "audit-key")
    kept("state/audit-key")
    keys = EntryKeys.keep(state / "entry-keys.json", _NOW)
    kept("state/entry-keys.json")
    keys.rotate(_NOW, timedelta(0))
    kept("state/entry-keys.json")
    papers = Papers(state / "relay")
    for epoch, box in enumerate(BOXES, start=1):
        papers.keep(papers.next_key(), box, epoch, "relay.example", _NOW)
        _say(f"enrolled {box}")
    for password in ("one", "two"):
        write_credential(root / "credentials", "entrance", password)
        kept("credentials/camera_entrance_password")
    _edit(root, kept)
    for content in (b"first" * 3000, b"second" * 3000):
        put(root / "models" / "detector.onnx", content)
        kept("models/detector.onnx")
    EngineStore(root / "engines").keep("engine", _fill)
    _say("built engine")


def _edit(root: Path, kept: Callable[[str], None]) -> None:
    config = root / "etc" / "arni.toml"
    files.make_folder(config.parent)
    files.replace(config, _CONFIG, mode=0o640)
    kept("etc/arni.toml")
    for camera in ("one", "two"):
        add_camera(config, {"id": camera, "url": f"rtsp://192.0.2.1/{camera}"})
        kept("etc/arni.toml")


def _fill(folder: Path) -> None:
    for name, content in ENGINE.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    _keep_all(Path(sys.argv[1]))
