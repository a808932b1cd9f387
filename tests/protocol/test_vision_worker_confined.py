"""The vision worker cannot keep a picture: the kernel lets it create no file and write into none."""

import asyncio
import dataclasses
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mosquitto import Mosquitto
from support.mqtt import running
from support.vision import SeenGym
from support.waiting import eventually

from arni_edge.broker import BrokerAddress
from arni_edge.bus import Bus
from arni_edge.domain.clock import SystemClock
from arni_edge.domain.health import State
from arni_edge.settings import Settings
from arni_edge.supervision import HealthBoard, Limits, WorkerProcess
from arni_edge.vision.process import worker_limits, worker_spec

TESTS = Path(__file__).parents[1]
SETTINGS = Settings.model_validate({"site": {"id": "gym", "name": "Gym", "capacity": 40}})
TRIES = 18
PROBE = f"arni-edge-probe-{secrets.token_hex(8)}"


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Where a picture could be put; what a probe has made there is removed."""
    state = tmp_path / "state"
    state.mkdir()
    found = {
        "tmp": "/tmp",
        "var-tmp": "/var/tmp",
        "shared-memory": "/dev/shm",
        "working-directory": str(Path.cwd()),
        "home": str(Path.home()),
        "state": str(state),
    }
    yield found
    for made in left_behind(found):
        made.rmdir() if made.is_dir() and not made.is_symlink() else made.unlink()


def left_behind(folders: dict[str, str]) -> list[Path]:
    """What this run's probes have made."""
    return [path for folder in folders.values() for path in Path(folder).glob(f"{PROBE}*")]


async def outcome(
    limits: Limits, folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, tuple[State, str]]:
    """Start the probe in the worker's place; returns what became of each of its tries."""
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    victim = tmp_path / "existing"
    victim.write_bytes(b"there before")
    victim.chmod(0o666)
    start = {"folders": folders, "existing_file": str(victim), "probe": PROBE}
    spec = dataclasses.replace(
        worker_spec(SETTINGS, BrokerAddress("localhost", 1, "nobody", None)),
        module="support.confined_probe",
        limits=limits,
        start=lambda: start,
    )
    board = HealthBoard(Bus(), SystemClock())
    async with running(WorkerProcess(spec, board, SystemClock()).run):
        await eventually(lambda: len(board.parts) > TRIES, within=60)  # the tries, and the worker itself
        await asyncio.sleep(0.2)
        tries = [part for part in board.parts if part.part != "vision"]
        return {part.part.removeprefix("vision/"): (part.state, part.reason) for part in tries}


async def test_a_process_bound_like_the_worker_cannot_put_a_picture_anywhere(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await outcome(worker_limits(SETTINGS), folders, tmp_path, monkeypatch)
    assert len(found) == TRIES
    assert [name for name, (state, _) in found.items() if state is not State.DOWN] == []
    assert left_behind(folders) == []
    assert (tmp_path / "existing").read_bytes() == b"there before"


async def test_an_ordinary_process_started_in_the_same_way_can(
    folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await outcome(Limits(nice=0, may_write=True), folders, tmp_path, monkeypatch)
    assert len(found) == TRIES
    assert [(name, why) for name, (state, why) in found.items() if state is not State.OK] == []


async def test_the_real_worker_at_work_is_bound(mosquitto: Mosquitto) -> None:
    gym = SeenGym(mosquitto)
    async with gym.watched("door"):
        await gym.until_right("entrance")
        limits = _limits(gym.worker.pid)
        assert limits["Max file size"] == ("0", "0")
        assert limits["Max core file size"] == ("0", "0")
        assert _regular_files_open_for_writing(gym.worker.pid) == []


def _limits(pid: int | None) -> dict[str, tuple[str, str]]:
    """Soft and hard limits by name."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()[1:]
    return {line[:26].strip(): (line[26:47].strip(), line[47:68].strip()) for line in lines}


def _regular_files_open_for_writing(pid: int | None) -> list[str]:
    found = []
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        info = (fd.parent.parent / "fdinfo" / fd.name).read_text()
        flags = int(info.split("flags:")[1].split()[0], 8)
        if stat.S_ISREG(fd.stat().st_mode) and flags & os.O_ACCMODE != os.O_RDONLY:
            found.append(str(fd.readlink()))
    return found
