"""Every sentence of the corpus. A test for each file: one for each sentence took longer than finding."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from arni_edge.safety import Cause, find_emergency

_FILES = sorted((Path(__file__).parents[2] / "fixtures" / "emergencies").glob("*.jsonl"))
# Written, but not found or falsely found; the acceptance leaves room for the second kind only.
_FALSE_ALARMS_ALLOWED = 0.02


@cache
def _sentences_in(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def _sentences() -> list[dict[str, Any]]:
    return [one for file in _FILES for one in _sentences_in(file)]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.stem)
def test_every_emergency_of_the_corpus_is_found(file: Path) -> None:
    emergencies = [one["text"] for one in _sentences_in(file) if one["emergency"]]
    assert len(emergencies) > 100
    assert [text for text in emergencies if find_emergency(text) is None] == []


def test_false_alarms_in_the_corpus_stay_rare() -> None:
    harmless = [one["text"] for one in _sentences() if not one["emergency"]]
    false_alarms = [text for text in harmless if find_emergency(text) is not None]
    assert len(false_alarms) <= _FALSE_ALARMS_ALLOWED * len(harmless), false_alarms


def test_the_corpus_is_large_and_balanced() -> None:
    sentences = _sentences()
    assert len({one["text"] for one in sentences}) == len(sentences) >= 700
    emergencies = sum(one["emergency"] for one in sentences)
    assert 0.4 <= emergencies / len(sentences) <= 0.6
    assert {one["lang"] for one in sentences} == {"de", "en", "tr", "ar", "pl", "uk", "ru"}
    assert {one["style"] for one in sentences} == {"typed", "spoken"}


def test_whoever_wants_to_die_is_in_a_crisis() -> None:
    said = [one["text"] for one in _sentences() if one["kind"] == "crisis"]
    assert len(said) > 20
    assert {text: found for text in said if (found := find_emergency(text)) is not Cause.CRISIS} == {}
