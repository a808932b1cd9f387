"""The benchmark of the cameras measures what it says; how fast this machine is, is nobody's pass or fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_it_prints_every_figure_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "arni_edge", "bench", "vision", "--cameras", "2", "--seconds", "2"]
    options = ["--no-idle", "--json", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {
        "cameras", "fps_in", "fps_inferred", "inference_ms_p50", "cpu_cores", "rss_mb", "limit_fps",
        "ratio_to_limit", "peer", "peer_reason", "idle_cpu_percent", "cameras_possible",
    } <= set(figures)  # fmt: skip
    assert figures["cameras"] == 2
    assert figures["peer"] is None
    assert "--peer" in figures["peer_reason"]
    assert figures["idle_cpu_percent"] is None, "a run without a still scene has measured none"
    assert figures["fps_in"] >= 0.9 * figures["fps_inferred"] > 0, "looked at more than came"
    assert figures["rss_mb"] > 50
    assert figures["cpu_cores"] > 0.05
    assert figures["ratio_to_limit"] == pytest.approx(
        figures["fps_inferred"] / figures["limit_fps"], abs=0.01
    )
    assert "this box takes" in done.stderr
    assert not list(tmp_path.iterdir())
