"""Compiled models: built by a process without cameras, read by the worker, never trusted when damaged."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import structlog.testing
from support.clock import ManualClock
from support.tiny_onnx import RedSpots
from support.waiting import eventually

from arni_edge.bus import Bus
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import State
from arni_edge.supervision import HealthBoard
from arni_edge.vision.engine_keeper import PART, EngineKeeper, build_engine
from arni_edge.vision.engines import EngineStore, engine_key
from arni_edge.vision.orders import DetectorOrder
from arni_edge.vision.worker import backends
from arni_edge.vision.worker.backends import load_backend
from arni_edge.vision.worker.backends.open_vino import OpenVino

REPOSITORY = Path(__file__).parents[3]
MODEL = RedSpots(64, 64).plain()


def order(folder: Path, model: bytes = MODEL, **more: object) -> DetectorOrder:
    path = folder / "own.onnx"
    path.write_bytes(model)
    fields = {"model": path, "backend": "openvino", "threads": 1, "frames_per_second": 5, "confidence": 0.35}
    return DetectorOrder.model_validate(fields | {"engines": folder / "engines"} | more)


def build(folder: Path, model: bytes = MODEL) -> str:
    """As the builder's process does it."""
    key = backends.build_engine(model, "openvino", 1, device="cpu", engines=folder / "engines")
    assert key is not None
    return key


def load(folder: Path) -> OpenVino:
    backend = load_backend(MODEL, "openvino", 1, device="cpu", engines=folder / "engines")
    assert isinstance(backend, OpenVino)
    return backend


def sees(backend: OpenVino) -> float:
    blob = np.zeros((1, 3, 64, 64), np.float32)
    blob[0, 0, 8:16, 16:24] = 1.0
    return float(backend.run(blob)[0, 4].max())


async def test_the_second_start_takes_the_engine_and_sees_the_same(tmp_path: Path) -> None:
    assert not load(tmp_path).from_engine
    key = await build_engine(order(tmp_path))
    second = load(tmp_path)
    assert second.from_engine
    assert [folder.name for folder in (tmp_path / "engines").iterdir()] == [key]
    assert sees(second) == pytest.approx(1.0)


def test_an_engine_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    key = build(tmp_path)
    made = tmp_path / "engines" / key / "model.blob"
    before = made.stat()
    assert build(tmp_path) == key
    assert made.stat() == before


@pytest.mark.parametrize(
    "damage",
    [
        lambda blob: blob.write_bytes(blob.read_bytes()[:-1]),
        lambda blob: blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:]),
        lambda blob: blob.write_bytes(b""),
        lambda blob: blob.unlink(),
        lambda blob: (blob.parent / "SHA256SUMS").write_text(""),
        lambda blob: (blob.parent / "SHA256SUMS").write_bytes(b"\xff\n"),
        lambda blob: (blob.parent / "SHA256SUMS").unlink(),
    ],
    ids=["short", "one bit", "empty", "gone", "no sums", "odd sums", "sums gone"],
)
def test_a_damaged_engine_is_ignored_with_a_line_in_the_log_and_mended(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    """OpenVINO itself imports a file with changed weights without a word."""
    key = build(tmp_path)
    damage(tmp_path / "engines" / key / "model.blob")
    with structlog.testing.capture_logs() as log:
        backend = load(tmp_path)
    assert not backend.from_engine
    assert [line["event"] for line in log] == ["engine_damaged"]
    assert sees(backend) == pytest.approx(1.0)
    build(tmp_path)
    assert load(tmp_path).from_engine


def test_an_engine_that_the_library_does_not_understand_is_compiled_in_memory(tmp_path: Path) -> None:
    """A whole file, but of another make: the checksum holds, the import does not."""
    key = build(tmp_path)
    store = EngineStore(tmp_path / "engines")
    store.keep(key, lambda folder: (folder / "model.blob").write_bytes(b"older make"))  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as log:
        backend = load(tmp_path)
    assert [line["event"] for line in log] == ["engine_not_usable"]
    assert not backend.from_engine
    assert sees(backend) == pytest.approx(1.0)


def test_another_model_library_device_or_driver_is_another_engine() -> None:
    keys = {
        engine_key(b"a", library="x 1", device="GPU"),
        engine_key(b"b", library="x 1", device="GPU"),
        engine_key(b"a", library="x 2", device="GPU"),
        engine_key(b"a", library="x 1", device="CPU"),
        engine_key(b"a", library="x 1", device="GPU", driver="7"),
    }
    assert len(keys) == 5


def test_old_engines_and_what_an_interrupted_builder_left_are_removed(tmp_path: Path) -> None:
    first = build(tmp_path)
    (tmp_path / "engines" / ".unfinished-x").mkdir()
    second = build(tmp_path, RedSpots(32, 32).plain())
    assert first != second
    assert [folder.name for folder in (tmp_path / "engines").iterdir()] == [second]


def test_an_engine_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    store = EngineStore(tmp_path)

    def fill(folder: Path) -> None:
        (folder / "half").write_bytes(b"x")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        store.keep("key", fill)
    assert list(tmp_path.iterdir()) == []


def test_onnx_runtime_on_the_processor_has_nothing_to_prepare(tmp_path: Path) -> None:
    assert backends.build_engine(MODEL, "onnxruntime", 1, engines=tmp_path / "engines") is None


async def test_a_builder_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="took longer than 0 s"):
        await build_engine(order(tmp_path), longest_seconds=0.05)
    assert not (tmp_path / "engines").exists()


async def test_the_keeper_says_when_there_is_no_engine_and_when_there_is(tmp_path: Path) -> None:
    board = HealthBoard(Bus(), ManualClock())
    told: list[int] = []
    bad = asyncio.create_task(EngineKeeper(order(tmp_path, b"no"), board).run(lambda: told.append(1)))
    await eventually(lambda: board.of(PART) is not None)
    bad.cancel()
    health = board.of(PART)
    assert health is not None
    assert (health.state, "no ONNX model" in health.reason) == (State.DEGRADED, True)
    build(tmp_path)
    good = asyncio.create_task(EngineKeeper(order(tmp_path), board).run(lambda: told.append(1)))
    await eventually(lambda: _ok(board))
    await eventually(lambda: bool(told))
    good.cancel()
    await asyncio.wait({bad, good})
    assert len(list((tmp_path / "engines").iterdir())) == 1


def _ok(board: HealthBoard) -> bool:
    health = board.of(PART)
    return health is not None and health.state is State.OK


def test_a_worker_that_may_not_write_reads_engines_and_leaves_no_trace_of_itself(tmp_path: Path) -> None:
    """By default both libraries keep an identifier in the home folder and report over the internet."""
    build(tmp_path)
    (tmp_path / "own.onnx").write_bytes(MODEL)
    probe = """
import sys
from pathlib import Path
from arni_edge.supervision import confine
if sys.argv[2] == "confined":
    confine.apply(confine.Limits())
from arni_edge.vision.worker.backends import load_backend
model = Path(sys.argv[1], "own.onnx").read_bytes()
for library in ("openvino", "onnxruntime"):
    backend = load_backend(model, library, 1, device="cpu", engines=Path(sys.argv[1], "engines"))
    print(library, getattr(backend, "from_engine", None))
"""
    for how in ("confined", "free"):
        home = tmp_path / how
        home.mkdir()
        environment = {**os.environ, "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("ORT_DISABLE_TELEMETRY", None)
        done = subprocess.run(
            [sys.executable, "-c", probe, str(tmp_path), how],
            capture_output=True,
            check=True,
            text=True,
            cwd=REPOSITORY,
            env=environment,
            timeout=60,
        )
        assert {"openvino True", "onnxruntime None"} <= set(done.stdout.splitlines())
        assert list(home.rglob("*")) == []
