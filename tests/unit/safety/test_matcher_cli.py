"""`arni-edge evaluate safety` and `arni-edge bench safety`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from arni_edge.cli.app import app

_LABELLED = [
    {"text": "Hilfe, er atmet nicht!", "emergency": True, "lang": "de"},
    {"text": "zzz", "emergency": True},
    {"text": "Es brennt!", "emergency": False},
    {"text": "wie voll ist es?", "emergency": False},
]


def _lines(entries: list[dict[str, object]]) -> str:
    return "".join(json.dumps(entry) + "\n" for entry in entries)


def test_labelled_sentences_are_evaluated(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(_lines(_LABELLED))
    found = CliRunner().invoke(app, ["evaluate", "safety", str(file)])
    assert found.exit_code == 0
    assert json.loads(found.stdout) == {
        "recall": 0.5,
        "false_alarm_rate": 0.5,
        "sentences": 4,
        "missed": ["zzz"],
        "false_alarms": ["Es brennt!"],
    }


def test_nothing_to_find_is_all_found(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(_lines(_LABELLED[3:]))
    found = json.loads(CliRunner().invoke(app, ["evaluate", "safety", str(file)]).stdout)
    assert (found["recall"], found["false_alarm_rate"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    "line", ["", "{", "[]", '{"text": "x"}', '{"text": 1, "emergency": true}', '{"emergency": true}']
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(_lines(_LABELLED[:1]) + line + "\n")
    found = CliRunner().invoke(app, ["evaluate", "safety", str(file)])
    assert found.exit_code == 2
    assert "line 2" in found.stderr
    assert found.stdout == ""


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["evaluate", "safety", str(tmp_path / "none")])
    assert found.exit_code == 2
    assert "none cannot be read" in found.stderr


def test_the_bench_tells_its_figures() -> None:
    found = CliRunner().invoke(app, ["bench", "safety", "--json", "--messages", "1000"])
    assert found.exit_code == 0
    figures = json.loads(found.stdout)
    assert set(figures) == {
        "messages_per_second",
        "microseconds_p50",
        "microseconds_p99",
        "sentences",
        "peer_per_second",
        "ratio_to_peer",
    }
    assert all(value > 0 for value in figures.values())
