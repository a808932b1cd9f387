"""The simulated evening, as a user plays it: the command, its report, its exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_COMMAND = [sys.executable, "-m", "arni_edge", "simulate"]
_STEPS = {
    "a member on file is let in",
    "people arrive and are counted",
    "asks how busy it is",
    "a stranger is refused",
    "a stranger reports an emergency",
    "the same webhook arrives three times",
    "without internet a member is let in by QR",
    "the same QR opens nothing for the next person",
    "the internet is back",
    "the showers leak",
    "Mosquitto is killed",
    "the vision worker is killed",
    "the vision worker is back",
    "everybody leaves",
}


def _processes_of(folder: Path) -> list[str]:
    found = subprocess.run(["pgrep", "-af", str(folder)], capture_output=True, text=True, check=False)
    return found.stdout.splitlines()


@pytest.mark.scenario
@pytest.mark.timeout(400)
def test_the_evening_passes_and_reports(tmp_path: Path) -> None:
    report, folder = tmp_path / "r.json", tmp_path / "box"
    command = [*_COMMAND, "--scenario", "evening", "--report", str(report), "--folder", str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=380, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    result = json.loads(report.read_text("utf-8"))
    assert result["scenario"] == "evening"
    assert result["passed"] is True
    assert {step["name"] for step in result["steps"]} >= _STEPS
    assert all(
        {"name", "passed", "expected", "observed", "seconds"} <= step.keys() for step in result["steps"]
    )
    assert result["occupancy"]["mean_abs_error"] <= 0.5
    assert result["occupancy"]["samples"] > 100
    assert result["door"]["opened"] == 6
    assert result["door"]["refused"] == 2
    assert result["messages"]["lost"] == result["messages"]["doubled"] == 0
    (alarm,) = result["alarms"]
    assert alarm["cause"] == "medical"
    sinks = {sink["sink"]: sink["state"] for sink in alarm["sinks"]}
    assert sinks.keys() >= {"light/light-floor", "siren/siren-floor", "whatsapp/on-call-1", "mqtt"}
    assert set(sinks.values()) == {"done"}
    assert not _processes_of(folder)
    _assert_nothing_personal(folder / "arni-edge.log")


def _assert_nothing_personal(log: Path) -> None:
    """Planted data of the simulated people: numbers, names, what they wrote, secrets."""
    text = log.read_text("utf-8")
    for planted in (
        "4915551111",
        "4915550000001",
        "Mia",
        "Rosa",
        "AE1.",
        "Bereitschaft",
        "bewusstlos",
        "sim-camera",
        "sim-access",
        "wamid.",
    ):
        assert planted not in text, planted


@pytest.mark.timeout(120)
def test_the_gym_runs_until_it_is_interrupted_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    running = subprocess.Popen(
        [*_COMMAND, "--folder", str(folder)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert running.stdout is not None
    try:
        lines = iter(running.stdout.readline, "")
        assert any("all" in line and "parts ok" in line for line in lines)
    finally:
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(30) == 0
        running.stdout.close()
    assert not _processes_of(folder)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--scenario", "noon"], "there is no scenario 'noon'"),
        (["--report", "r.json"], "a report needs a scenario"),
        (["--scenario", "evening", "--report", "/nowhere/r.json"], "folder of the report does not exist"),
    ],
)
def test_a_wrong_order_is_explained(arguments: list[str], says: str) -> None:
    ended = subprocess.run([*_COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
