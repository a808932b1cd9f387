"""``arni-edge models …`` as a person uses it."""

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from arni_edge.cli.app import app
from arni_edge.domain.errors import ArniError, InvalidInput, Refused
from arni_edge.vision.models import MANIFEST, ModelEntry, record

CONTENT = b"weights" * 1000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Path]:
    """Another manifest, whose model lies on a real server."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "tiny.onnx").write_bytes(CONTENT)
    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    entry = ModelEntry(
        name="tiny",
        file="tiny.onnx",
        kind="detector",
        source="a test",
        url=f"http://127.0.0.1:{http.server_port}/tiny.onnx",
        licence="MIT",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        bytes=len(CONTENT),
        input=(1, 3, 32, 64),
        classes=("person",),
    )
    record(folder, entry)
    yield folder / MANIFEST
    http.shutdown()
    http.server_close()
    thread.join()


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["models", *map(str, words)])


def listed(folder: Path) -> dict[str, dict[str, object]]:
    done = call("list", "--folder", folder, "--json")
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_a_model_is_pulled_listed_and_verified(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "models"
    done = call("pull", "tiny", "--folder", folder, "--manifest", source)
    assert done.exit_code == 0, done.output
    assert f'vision.model = "{folder}/tiny.onnx"' in done.stdout
    assert listed(folder)["tiny"]["state"] == "matches"
    assert call("verify", "--folder", folder).exit_code == 0
    again = call("pull", "tiny", "--folder", folder, "--manifest", source)
    assert "is here already" in again.stdout


def test_a_damaged_or_missing_model_is_named_and_mended_by_pulling(tmp_path: Path, source: Path) -> None:
    folder = tmp_path / "models"
    call("pull", "tiny", "--folder", folder, "--manifest", source)
    (folder / "tiny.onnx").write_bytes(b"damaged")
    done = call("verify", "--folder", folder)
    assert done.exit_code == 1
    assert f"{folder}/tiny.onnx: differs" in done.stderr
    assert listed(folder)["tiny"]["state"] == "differs"
    (folder / "tiny.onnx").unlink()
    done = call("verify", "--folder", folder)
    assert (done.exit_code, done.stderr) == (1, f"{folder}/tiny.onnx: is missing\n")
    assert call("pull", "tiny", "--folder", folder, "--manifest", source).exit_code == 0
    assert call("verify", "--folder", folder).exit_code == 0


def test_what_is_shipped_and_what_can_be_fetched_is_listed(tmp_path: Path) -> None:
    rows = listed(tmp_path)
    assert {name: row["state"] for name, row in rows.items()} == {
        "sim-person-yolov8": "matches",
        "yolox-nano": "missing",
    }
    table = call("list", "--folder", tmp_path).stdout
    assert "Apache-2.0" in table
    assert "to be pulled" in table
    assert call("verify", "--folder", tmp_path).exit_code == 0  # nobody has to fetch everything


@pytest.mark.parametrize(
    ("words", "kind", "complaint"),
    [
        (["pull", "nothing"], InvalidInput, "nothing is not known; there are: sim-person-yolov8, yolox-nano"),
        (["pull", "sim-person-yolov8"], Refused, "cannot be fetched: trained by"),
        (["pull", "tiny", "--manifest", "/nowhere.toml"], InvalidInput, "no such manifest"),
        (["export", "yolov8n", "--size", "large", "--tools", "."], InvalidInput, "384x640, height first"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, words: list[str], kind: type[ArniError], complaint: str
) -> None:
    where = "--to" if words[0] == "export" else "--folder"
    done = call(*words, where, tmp_path)
    assert isinstance(done.exception, kind)
    assert complaint in str(done.exception)
