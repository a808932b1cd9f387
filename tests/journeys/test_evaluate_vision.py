"""``arni-edge evaluate vision`` as an installer uses it: clips in, a line for each and a summary out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import orjson
import pytest
from support.clock import ManualClock

from arni_edge.simulator.plan import default_plan
from arni_edge.simulator.render import Renderer
from arni_edge.simulator.world import World

RATE = 5
MODEL = Path(__file__).parents[2] / "models" / "sim-person-yolov8.onnx"


def _film(folder: Path) -> None:
    """Somebody comes along the pavement, waits before the door, and goes again; with its truth."""
    clock, plan = ManualClock(), default_plan()
    world = World(plan, clock, seed=2)
    renderer = Renderer(plan.camera("door"), plan)
    segments: list[dict[str, int]] = []
    with av.open(str(folder / "door.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.bit_rate = 640, 360, 2_000_000
        for frame in range(20 * RATE):
            if frame == 2 * RATE:
                world.arrive("Ada")
            if frame == 10 * RATE:
                world.send_out("Ada")
            world.step(1 / RATE)
            rendering = renderer.draw(world.scene)
            picture = av.VideoFrame.from_ndarray(rendering.frame, format="bgr24")
            container.mux(stream.encode(picture))
            inside = [0.06 < one.foot[0] < 0.94 for one in rendering.people]
            if all(inside):
                segments.append({"from": frame, "to": frame, "count": len(inside)})
        container.mux(stream.encode())
    # Pictures next to a change are transitions, as people label them.
    steady = [
        one for i, one in enumerate(segments[2:-2], 2)
        if {other["count"] for other in segments[i - 2 : i + 3]} == {one["count"]}
        and segments[i + 2]["from"] - segments[i - 2]["from"] == 4
    ]  # fmt: skip
    truth = {"clips": [{"file": "door.mp4", "counts": steady, "totals": {"entries": 1, "exits": 1}}]}
    (folder / "truth.json").write_bytes(orjson.dumps(truth))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    _film(folder)
    return folder / "door.mp4"


def _evaluate(*arguments: object, code: int = 0) -> tuple[list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-m", "arni_edge", "evaluate", "vision", *map(str, arguments), "--json"],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_clip_is_counted_and_scored_by_the_truth_beside_it(clip: Path) -> None:
    (line, summary), _ = _evaluate(clip, "--model", MODEL)
    assert (line["clip"], line["frames"]) == ("door.mp4", 20 * RATE)
    assert line["frames_labelled"] > 50
    assert line["count_exact"] >= 0.99
    assert (line["entries"], line["exits"]) == (1, 1)
    assert (line["person_down"], line["intrusion"]) == ([], [])
    assert summary["summary"]["count_exact"] == line["count_exact"]


def test_how_fast_it_plays_changes_nothing_and_a_line_counts_what_crosses_it(
    clip: Path, tmp_path: Path
) -> None:
    cameras = tmp_path / "cameras.toml"
    # Nobody comes through the door in this clip; somebody comes over a line across the pavement, and back.
    cameras.write_text(
        f"""
[vision]
model = "{MODEL}"
[[cameras]]
id = "door"
url = "rtsp://10.0.0.1/1"
[[cameras.lines]]
id = "pavement"
name = "Pavement"
points = [[0.5, 0.05], [0.5, 0.95]]
door = "front"
"""
    )
    slow, _ = _evaluate(clip, "--cameras", cameras, "--speed", "10")
    fast, _ = _evaluate(clip, "--cameras", cameras)
    assert slow == fast
    assert slow[0]["entries"] + slow[0]["exits"] <= 2


def test_after_hours_somebody_is_an_intruder(clip: Path) -> None:
    (line, _), _ = _evaluate(clip, "--model", MODEL, "--closed")
    (frame,) = line["intrusion"]
    assert 2 * RATE < frame < 6 * RATE


def test_what_cannot_be_played_is_said_and_the_rest_is_played(clip: Path, tmp_path: Path) -> None:
    """Also of a clip that is damaged itself."""
    damaged = tmp_path / "damaged.mp4"
    content = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for place, size in packets[-10:-5]:
        content[place : place + size] = bytes(size)
    damaged.write_bytes(content)
    lines, said = _evaluate(tmp_path / "missing.mp4", damaged, "--model", MODEL, code=1)
    assert [line.get("clip") for line in lines] == ["damaged.mp4", None]
    assert lines[0]["frames"] + lines[0]["damaged"] == 20 * RATE
    assert "missing.mp4 cannot be read" in said
    assert "damaged.mp4 is damaged" in said


def test_a_model_that_is_none_says_so(clip: Path, tmp_path: Path) -> None:
    """Exit code 1: what was named on the command line is no fault of the configuration's."""
    for model in (clip, tmp_path / "missing.onnx"):
        lines, said = _evaluate(clip, "--model", model, code=1)
        assert (lines, "Traceback" in said) == ([], False)
        assert f"{model}" in said
