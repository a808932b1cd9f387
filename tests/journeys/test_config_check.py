"""``arni-edge config check`` as an owner uses it: it judges the file, then plays a day with its rules."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.automation import EVERYTHING

_SITE = '[site]\nid = "demo"\nname = "Demo"\ncapacity = 40\nlanguage = "{language}"\n'
_HOUSE = """
[vision]
model = "/models/m.onnx"
[[doors]]
id = "front"
name = "Front"
lock = { nuki_id = "2BB28570" }
[[cameras]]
id = "cam"
url = "rtsp://10.0.0.1/s"
[[cameras.zones]]
id = "floor"
name = "Floor"
kind = "floor"
legal_basis = "x"
polygon = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]
[hours]
wednesday = ["06:00-23:00"]
sunday = ["08:00-20:00"]
"""
_ROLES = {
    "light-floor": "light", "light-changing": "light", "light-path": "path_light", "heater": "heating",
    "fan": "ventilation", "plug-music": "plug", "climate": "sensor", "motion": "sensor", "leak": "sensor",
    "smoke": "sensor", "freezer": "sensor", "light-forgotten": "light",
}  # fmt: skip


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "arni.toml"


def write(file: Path, *, language: str = "en", **rules: Any) -> None:
    shellies = "".join(
        f'[[shellies]]\nid = "{name}"\nprefix = "gym/{name}"\nrole = "{role}"\n'
        for name, role in _ROLES.items()
    )
    automation = "[automation]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in rules.items())
    file.write_text(_SITE.format(language=language) + _HOUSE + shellies + automation, encoding="utf-8")


def check(file: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "arni_edge", "config", "check", str(file), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )


def played(file: Path, *words: str) -> dict[str, Any]:
    done = check(file, "--json", *words)
    assert (done.returncode, done.stderr) == (0, "")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_without_rules_it_says_only_that_all_is_well(file: Path) -> None:
    write(file)
    done = check(file)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{file}: ok (Demo: 1 doors, 1 cameras, 1 zones, 12 relays)\n"
    assert played(file) == {"timeline": [], "warnings": []}


def test_it_plays_a_day_in_the_owners_language(file: Path) -> None:
    write(file, **EVERYTHING)
    english = check(file, "--day", "2026-11-18")
    assert (english.returncode, english.stderr) == (0, "")
    first, *lines = english.stdout.splitlines()
    assert "ok (Demo: 1 doors" in first
    for line in (
        "06:00  light-floor on (somebody is inside)",
        "14:00  light-floor on (somebody may be inside)",
        "14:40  light-floor on (somebody is inside)",
        "16:00  leak reports: water (flood:0.alarm=true)",
        "16:20  leak is in order again: water (flood:0.alarm=false)",
        "22:30  announcement (We close in 30 minutes. Please come to an end.)",
        "23:00  lock front (closed)",
        "23:22  light-floor off (certainly nobody is there)",
        "23:30  armed (closed and empty)",
        "Note: light-forgotten is in no rule.",
    ):
        assert line in lines
    write(file, language="de", **EVERYTHING)
    german = check(file, "--day", "2026-11-18").stdout.splitlines()
    assert "22:30  Durchsage (In 30 Minuten schließen wir. Bitte komm langsam zum Ende.)" in german
    assert "06:00  light-floor an (es ist jemand da)" in german
    assert len(german) == len(lines) + 1


def test_for_machines_it_is_json(file: Path) -> None:
    write(file, **EVERYTHING)
    report = played(file, "--day", "2026-11-18", "--people", "12")
    assert set(report) == {"timeline", "warnings"}
    assert all(set(line) == {"at", "rule", "act", "device", "why"} for line in report["timeline"])
    assert report["timeline"] == sorted(report["timeline"], key=lambda line: line["at"])
    assert {line["act"] for line in report["timeline"]} == {
        "on", "off", "lock", "announce", "tell_staff", "trouble", "over", "arm", "disarm",
    }  # fmt: skip
    closing = [line["at"] for line in report["timeline"] if line["act"] == "announce"]
    assert closing == [f"2026-11-18T22:{minute}+01:00" for minute in (30, 45, 55)]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_day_on_which_the_clock_is_changed(file: Path, day: str) -> None:
    write(file, **EVERYTHING)
    report = played(file, "--day", day)
    assert [line["at"][11:16] for line in report["timeline"] if line["act"] == "announce"] == [
        "19:30", "19:45", "19:55",
    ]  # fmt: skip


def test_it_warns_of_what_the_owner_may_not_have_meant(file: Path) -> None:
    summer = {"heating": EVERYTHING["heating"], "lights": EVERYTHING["lights"]}
    write(file, **summer)
    assert played(file, "--day", "2026-07-15")["warnings"] == [
        "The light floor never goes off on this day.",
        "The heating room never goes on on this day.",
        "light-path is in no rule.",
        "fan is in no rule.",
        "light-forgotten is in no rule.",
        "presence.complete is false: the gym never counts as certainly empty.",
    ]


def test_problems_are_named_and_nothing_is_played(file: Path) -> None:
    write(file, closing={"lock_doors": ["back"]}, lights=[{"id": "x", "devices": ["motion"]}])
    for words in ((), ("--json",)):
        done = check(file, *words)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"{file}: automation.closing.lock_doors: there is no door 'back'" in done.stderr
        assert "'motion' has the role 'sensor'" in done.stderr


def test_a_day_that_is_none_is_refused(file: Path) -> None:
    write(file, **EVERYTHING)
    done = check(file, "--day", "tomorrow")
    assert done.returncode == 2
    assert "2026-11-18" in done.stderr
