"""Exporting in a tool environment. It is a real one; its ``ultralytics`` is a module of a few lines."""

import json
import os
import sys
import time
from pathlib import Path

import pytest
from support.tiny_onnx import RedSpots, identity_model

from arni_edge.domain.errors import ConfigurationError, InvalidInput, Unavailable
from arni_edge.vision.export import export
from arni_edge.vision.models import MANIFEST, Verdict, read_manifest, verify

# The same call as the real one: YOLO(weights).export(format="onnx", imgsz=[…]) gives the path of the file.
ULTRALYTICS = """
import json, os, pathlib, sys
HERE = pathlib.Path(__file__).parent
class YOLO:
    def __init__(self, weights, task):
        self.weights = weights
        print("Ultralytics 8.4.0 stand-in")
    def export(self, **how):
        told = {"weights": self.weights, **how, "environment": dict(os.environ), "python": sys.executable}
        (HERE / "told.json").write_text(json.dumps(told))
        if (HERE / "fails").exists():
            raise SystemExit("no such weights")
        model = pathlib.Path(self.weights).with_suffix(".onnx")
        model.write_bytes((HERE / "model.onnx").read_bytes())
        return str(model)
"""

# As uv makes an environment, as far as this goes; told to fail, it says what uv says without internet.
UV = f"""#!{sys.executable}
import pathlib, shutil, sys, venv
here = pathlib.Path(__file__).parent
with open(here / "asked", "a") as log:
    print(*sys.argv[1:], file=log)
if sys.argv[1] == "venv":
    venv.create(sys.argv[-1], symlinks=True)
elif (here / "offline").exists():
    sys.exit("error: Failed to fetch: https://pypi.org/simple/ultralytics/: dns error")
else:
    python = pathlib.Path(sys.argv[sys.argv.index("--python") + 1])
    (site,) = (python.parents[1] / "lib").glob("python*/site-packages")
    shutil.copytree(here / "ultralytics", site / "ultralytics")
"""


class Workshop:
    """A box with a stand-in for uv, and what it would install."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tools = folder / "state" / "tools"
        self.models = folder / "state" / "models"
        self.bin = folder / "bin"
        package = self.bin / "ultralytics"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(ULTRALYTICS)
        (package / "model.onnx").write_bytes(RedSpots(64, 96).plain())
        (self.bin / "uv").write_text(UV)
        (self.bin / "uv").chmod(0o755)
        monkeypatch.setenv("PATH", f"{self.bin}{os.pathsep}{os.environ['PATH']}")

    @property
    def installed(self) -> Path:
        (found,) = (self.tools / "ultralytics" / "lib").glob("python*/site-packages/ultralytics")
        return found

    def export(self, name: str = "yolov8n", size: tuple[int, int] = (64, 96)) -> list[str]:
        said: list[str] = []
        self.done = export(name, size, self.models, self.tools, said.append)
        return said


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def test_an_export_is_checked_kept_and_recorded(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARNI_SECRET", "geheim")
    said = workshop.export()
    told = json.loads((workshop.installed / "told.json").read_text())
    assert "Ultralytics 8.4.0 stand-in" in said
    assert (told["weights"], told["imgsz"], told["format"]) == ("yolov8n.pt", [64, 96], "onnx")
    assert "geheim" not in json.dumps(told["environment"])
    assert Path(told["python"]).is_relative_to(workshop.tools)
    path = workshop.models / "yolov8n-64x96.onnx"
    assert workshop.done.path == path
    assert workshop.done.layout == "YOLOv8"
    assert verify(path) is Verdict.MATCHES
    (entry,) = read_manifest(workshop.models / MANIFEST)
    assert (entry.licence, entry.input, entry.classes) == ("AGPL-3.0", (1, 3, 64, 96), ("person",))


def test_the_environment_is_made_once_without_cuda_and_without_a_screen(workshop: Workshop) -> None:
    workshop.export()
    workshop.export()
    made, installed = (workshop.bin / "asked").read_text().splitlines()
    assert made.startswith("venv ")
    assert "--torch-backend cpu" in installed
    assert "opencv-python-headless" in installed
    assert len(read_manifest(workshop.models / MANIFEST)) == 1


def test_own_weights_are_exported_from_a_copy(workshop: Workshop, tmp_path: Path) -> None:
    weights = tmp_path / "gym.pt"
    weights.write_bytes(b"weights")
    workshop.export(str(weights))
    assert (workshop.models / "gym-64x96.onnx").exists()
    assert sorted(one.name for one in tmp_path.glob("gym*")) == ["gym.pt"]


def test_weights_that_cannot_be_read_are_named(workshop: Workshop, tmp_path: Path) -> None:
    weights = tmp_path / "gym.pt"
    weights.symlink_to("/proc/self/mem")  # whoever reads it from its beginning gets an error
    with pytest.raises(InvalidInput, match=r"gym\.pt cannot be copied"):
        workshop.export(str(weights))


def test_without_internet_the_reason_and_the_way_out_are_said(workshop: Workshop) -> None:
    (workshop.bin / "offline").touch()
    with pytest.raises(Unavailable, match=r"dns error; is this box connected.*another computer and copy"):
        workshop.export()
    (workshop.bin / "offline").unlink()
    workshop.export()  # what was begun is made anew


def test_without_uv_it_is_said_what_to_do(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigurationError, match=r"needs 'uv'.*or export on another computer"):
        workshop.export()


def test_an_export_that_fails_or_is_not_understood_leaves_nothing(workshop: Workshop) -> None:
    workshop.export()
    (workshop.models / "yolov8n-64x96.onnx").unlink()
    (workshop.models / MANIFEST).unlink()
    (workshop.installed / "model.onnx").write_bytes(
        identity_model([1, 3, 64, 96], {"names": "{0: 'person'}"})
    )
    with pytest.raises(InvalidInput, match=r"output is \[1, 3, 64, 96\]"):
        workshop.export()
    (workshop.installed / "model.onnx").write_bytes(RedSpots(64, 64).plain())
    with pytest.raises(InvalidInput, match="takes 64x64 instead of 64x96"):
        workshop.export()
    (workshop.installed / "fails").touch()
    with pytest.raises(Unavailable, match=r"failed \(code 1\): no such weights"):
        workshop.export()
    assert list(workshop.models.iterdir()) == []


@pytest.mark.parametrize("name", ["yolov9n", "../yolov8n", "yolov8n.pt", "--help", ""])
def test_a_name_that_is_none_is_refused(workshop: Workshop, name: str) -> None:
    with pytest.raises(InvalidInput, match="must be yolov8n"):
        workshop.export(name)


@pytest.mark.parametrize("size", [(360, 640), (0, 640), (-32, 32), (8192, 64)])
def test_a_size_that_no_model_takes_is_refused(workshop: Workshop, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="multiples of 32"):
        workshop.export(size=size)


def test_a_tool_that_hangs_is_ended(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.export()
    (workshop.installed / "__init__.py").write_text(
        "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"
    )
    monkeypatch.setattr("arni_edge.vision.export._EXPORT_SECONDS", 0.5)
    since = time.monotonic()
    with pytest.raises(Unavailable, match="took longer than"):
        workshop.export()
    assert time.monotonic() - since < 30
