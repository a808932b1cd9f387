"""Labelled sentences, judged by the emergency matcher."""

from collections.abc import Iterable
from typing import Any

import orjson

from arni_edge.domain.errors import InvalidInput
from arni_edge.safety.matcher import find_emergency


def judge_labelled(lines: Iterable[bytes]) -> bytes:
    """What the matcher makes of them.

    Args:
        lines: JSON objects with ``text`` and ``emergency`` (bool); further fields are ignored.

    Returns:
        One line of JSON: ``recall`` (1.0 when there is no emergency to find), ``false_alarm_rate`` (0.0 when
        every sentence is an emergency), ``sentences``, ``missed`` and ``false_alarms`` (texts).

    Raises:
        InvalidInput: A line that is empty or not such an object; names it by its number.
    """
    missed: list[str] = []
    false_alarms: list[str] = []
    emergencies = harmless = 0
    for number, line in enumerate(lines, 1):
        text, emergency = _labelled(number, line)
        found = find_emergency(text) is not None
        if emergency:
            emergencies += 1
            missed += [] if found else [text]
        else:
            harmless += 1
            false_alarms += [text] if found else []
    figures = {
        "recall": 1 - len(missed) / emergencies if emergencies else 1.0,
        "false_alarm_rate": len(false_alarms) / harmless if harmless else 0.0,
        "sentences": emergencies + harmless,
        "missed": missed,
        "false_alarms": false_alarms,
    }
    return orjson.dumps(figures, option=orjson.OPT_APPEND_NEWLINE)


def _labelled(number: int, line: bytes) -> tuple[str, bool]:
    try:
        entry: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise InvalidInput(f"line {number}: {'no JSON' if line.strip() else 'empty'}") from None
    if not isinstance(entry, dict):
        raise InvalidInput(f"line {number}: no JSON object")
    text, emergency = entry.get("text"), entry.get("emergency")
    if not isinstance(text, str):
        raise InvalidInput(f'line {number}: "text" is missing or no string')
    if not isinstance(emergency, bool):
        raise InvalidInput(f'line {number}: "emergency" is missing or neither true nor false')
    return text, emergency
