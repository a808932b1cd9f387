"""``arni-edge evaluate gym``: a simulated day through the real eyes, from the command line."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.tiny_onnx import RedSpots

KEYS = {
    "hours", "cameras", "pictures", "looks", "zone_mean_error", "zones", "crossings", "drift_before_zero",
    "drift_after_zero", "tailgating", "intrusion_alarms", "intruders", "person_down", "seconds", "missed",
}  # fmt: skip


@dataclass
class Played:
    """What the command said."""

    code: int
    figures: dict[str, Any]
    stderr: str


def evaluate(*arguments: str) -> Played:
    command = [sys.executable, "-m", "arni_edge", "evaluate", "gym", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, timeout=400, check=False, text=True)
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stderr
    return Played(done.returncode, json.loads(lines[0]), done.stderr)


@pytest.fixture(scope="module")
def day() -> Played:
    """Four minutes with everything in them: entries, tailgating, a fall, a night with light switches."""
    return evaluate("--hours", "0.06", "--cameras", "4", "--seed", "4", "--jobs", "2")


def test_a_short_day_meets_the_targets(day: Played) -> None:
    """Exit code 0, nothing missed, and something was there to be missed."""
    assert day.figures["missed"] == []
    assert day.code == 0
    assert set(day.figures) >= KEYS
    assert day.figures["crossings"]["truth"] >= 10
    assert day.figures["tailgating"]["truth"] >= 1


def test_every_zone_is_counted(day: Played) -> None:
    """Each of the four cameras has one, and the light was switched at night."""
    assert set(day.figures["zones"]) == {"entrance", "floor", "weights", "mats"}
    for name, zone in day.figures["zones"].items():
        assert zone["mean_error"] <= 0.5, name
        assert zone["seen"] > 0.5, name
    assert day.figures["light_changes"] >= 4
    assert day.figures["intrusion_alarms"] == 0


def test_most_pictures_need_no_look(day: Played) -> None:
    """The motion gate is at work: an empty area costs next to nothing."""
    assert day.figures["pictures"] >= 4 * 5 * 200
    assert 0 < day.figures["looks"] < 0.75 * day.figures["pictures"]


def test_eyes_that_see_nothing_do_not_pass(tmp_path: Path) -> None:
    """A detector of red spots finds nobody: exit code 1, and what was missed in words."""
    model = tmp_path / "red.onnx"
    model.write_bytes(RedSpots(192, 320).plain())
    blind = evaluate("--hours", "0.06", "--cameras", "1", "--seed", "4", "--model", str(model))
    assert blind.code == 1
    assert blind.figures["crossings"]["rate"] < 0.5
    assert "crossings < 98%" in blind.figures["missed"]
    assert "missed: crossings < 98%" in blind.stderr


def test_an_impossible_day_is_refused() -> None:
    """Too short for people to come and go."""
    command = [sys.executable, "-m", "arni_edge", "evaluate", "gym", "--hours", "0.001"]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False, text=True)
    assert done.returncode == 2
    assert "hours" in done.stderr
