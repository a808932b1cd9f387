"""The benchmark of the door measures what it says; how fast this machine is, is nobody's pass or fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_NAMES = {
    "bare_p50_ms",
    "bare_p99_ms",
    "door_p50_ms",
    "door_p99_ms",
    "ratio_p50",
    "ratio_p99",
    "loaded_bare_p99_ms",
    "loaded_door_p99_ms",
    "loaded_ratio_p99",
}


def test_it_prints_every_figure_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "arni_edge", "bench", "door", "--json", "--samples", "100"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == _NAMES
    assert all(value > 0 for value in figures.values())
    assert figures["ratio_p50"] == pytest.approx(figures["door_p50_ms"] / figures["bare_p50_ms"], abs=0.01)
    assert figures["ratio_p99"] == pytest.approx(figures["door_p99_ms"] / figures["bare_p99_ms"], abs=0.01)
    # The way to the lock holds a commit and a message of its own: it cannot be much shorter than bare ones.
    assert figures["ratio_p50"] > 0.5
    assert not list(tmp_path.iterdir())
