"""The benchmark of the cameras measures what it says; how fast this machine is, is nobody's pass or fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from arni_edge.simulator.bench.rival import rival


def test_it_prints_every_figure_and_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "arni_edge", "bench", "vision", "--cameras", "2", "--seconds", "1"]
    options = ["--backend", "onnxruntime", "--no-idle", "--json", "--config", str(tmp_path / "none.toml")]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert {
        "cameras", "fps_in", "fps_inferred", "inference_ms_p50", "cpu_cores", "rss_mb", "limit_fps",
        "ratio_to_limit", "peer", "peer_reason", "idle_cpu_percent", "cameras_possible",
        "streams_cpu_cores", "cpu_ms_per_look", "inference_cpu_ms",
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


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("echo 'no module named ultralytics' >&2; exit 1", "no module named ultralytics"),
        ("echo that went well", "cannot be run"),
        ("exit 0", "cannot be run"),
        ("echo '{\"fps\": null}'", "cannot be run"),
    ],
)
async def test_a_peer_that_fails_is_told_with_its_reason_and_fails_nothing(
    tmp_path: Path, program: str, reason: str
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{program}\n")
    python.chmod(0o755)
    told = await rival(python, Path("m.onnx"), ["rtsp://x/1"], seconds=1, folder=tmp_path)
    assert told["peer"] is None
    assert reason in told["peer_reason"]


async def test_a_peer_that_is_not_there_is_told_with_its_reason_and_one_that_works_with_its_figures(
    tmp_path: Path,
) -> None:
    told = await rival(tmp_path / "none", Path("m.onnx"), [], seconds=1, folder=tmp_path)
    assert told["peer"] is None
    assert "cannot be run" in told["peer_reason"]
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\ncat "$3" >&2\necho chatter\necho \'{"fps": 7.5, "version": "1"}\'\n')
    python.chmod(0o755)
    told = await rival(python, Path("m.onnx"), ["rtsp://x/1"], seconds=1, folder=tmp_path)
    assert told == {"peer": {"name": "ultralytics", "fps": 7.5, "version": "1"}}
