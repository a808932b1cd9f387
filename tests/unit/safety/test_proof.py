"""The proof log: what it says, in figures and cells, and that no cell is a formula."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.safety.matcher import Cause
from arni_edge.safety.proof import (
    COLUMNS,
    Entry,
    cells,
    entry_of,
    facts,
    latin,
    months_without_test,
    summarise,
    table_csv,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CATALOGUE = Catalogue.load()


def german(key: str, **values: object) -> str:
    return CATALOGUE.text(key, Language.GERMAN, **values)


def row(**more: Any) -> dict[str, Any]:
    return {
        "alarm_id": "a1b2c3",
        "raised_at": NOW.isoformat(),
        "cause": "medical",
        "source": "whatsapp",
        "place": None,
        "drill": 0,
        "reports": 1,
        "sinks": [
            {"sink": "telegram/kim", "state": "done", "seconds": 1.25},
            {"sink": "sms/noa", "state": "failed", "seconds": None},
            {"sink": "phone/lee", "state": "not_needed", "seconds": None},
        ],
        "acknowledged_at": (NOW + timedelta(seconds=42)).isoformat(),
        "acknowledged_by": "Kim (kim)",
        "step": 1,
        "closed_at": (NOW + timedelta(minutes=30)).isoformat(),
        "closed_by": "Kim (kim)",
        "outcome": "helped",
        "note": "Rettungsdienst war da",
        **more,
    }


def entry(**more: Any) -> Entry:
    return entry_of(row(**more))


def drill(moment: datetime, *, closed: bool = True) -> Entry:
    at = moment.isoformat()
    return entry(drill=1, raised_at=at, acknowledged_at=at, closed_at=at if closed else None, outcome="test")


def test_an_alarm_is_told_in_the_studios_language_and_time() -> None:
    told = dict(zip(COLUMNS, cells(entry(), BERLIN, german), strict=True))
    assert told["raised"] == "2026-11-21 04:00:00+01:00"
    assert told["cause"] == "medizinischer Notfall"
    assert told["deliveries"] == (
        "telegram/kim: erreicht 1.2 s; sms/noa: nicht erreicht; phone/lee: nicht mehr nötig"
    )
    assert (told["acknowledged_by"], told["acknowledged_after"]) == ("Kim (kim)", "42 s")
    assert told["source"] == "über WhatsApp"
    assert (told["escalations"], told["drill"], told["outcome"]) == ("1", "nein", "Hilfe war da")


def test_a_word_of_another_version_stands_as_it_is() -> None:
    told = dict(zip(COLUMNS, cells(entry(cause="flood", source="radio"), BERLIN, german), strict=True))
    assert (told["cause"], told["source"]) == ("flood", "radio")


def test_an_open_alarm_that_nobody_answered_has_empty_cells() -> None:
    bare = entry(
        acknowledged_at=None, acknowledged_by=None, closed_at=None, closed_by=None, outcome=None, note=None
    )
    told = dict(zip(COLUMNS, cells(bare, BERLIN, german), strict=True))
    assert {told[name] for name in ("acknowledged_after", "closed", "outcome", "note")} == {""}


@pytest.mark.parametrize("cause", list(Cause))
@pytest.mark.parametrize("language", list(Language))
def test_every_cause_has_words(cause: Cause, language: Language) -> None:
    assert CATALOGUE.text(f"alarm.cause.{cause}", language)


def test_response_times_are_of_alarms_and_tests_apart() -> None:
    slow = entry(acknowledged_at=(NOW + timedelta(seconds=300)).isoformat())
    nobody = entry(acknowledged_at=None, outcome="false_alarm")
    summary = summarise([entry(), slow, nobody, drill(NOW)])
    assert (summary.alarms, summary.drills, summary.false_alarms, summary.unanswered) == (3, 1, 1, 1)
    assert (summary.median_seconds, summary.slowest_seconds, summary.drill_median_seconds) == (171, 300, 0)
    empty = summarise([])
    assert (empty.alarms, empty.median_seconds, empty.slowest_seconds) == (0, None, None)


def test_months_without_a_test_are_named_and_one_that_was_not_closed_is_none() -> None:
    since = datetime(2026, 8, 15, tzinfo=BERLIN)
    until = datetime(2026, 12, 1, tzinfo=BERLIN)
    tests = [
        drill(datetime(2026, 9, 30, 23, 30, tzinfo=BERLIN)),
        drill(datetime(2026, 11, 1, 0, 30, tzinfo=BERLIN)),
        drill(datetime(2026, 10, 3, 12, tzinfo=BERLIN), closed=False),
        replace(drill(datetime(2026, 10, 5, 12, tzinfo=BERLIN)), closed_by="system"),  # nobody answered
        entry(raised_at=datetime(2026, 10, 4, 12, tzinfo=BERLIN).isoformat()),
    ]
    assert months_without_test(tests, since, until, BERLIN) == ["2026-08", "2026-10"]
    told = dict(facts(summarise(tests), ["2026-08", "2026-10"], german))
    assert told["Monate ohne Probealarm"] == "2026-08, 2026-10"
    assert months_without_test([], NOW, NOW + timedelta(seconds=1), BERLIN) == ["2026-11"]


def test_the_table_is_rfc_4180() -> None:
    text = table_csv([entry(note='Sie sagte "ja", dann\nging sie')], BERLIN, german)
    assert text.count("\r\n") == 2
    assert '"Sie sagte ""ja"", dann\nging sie"' in text
    assert not text.startswith("\ufeff")
    head, line = csv.reader(io.StringIO(text, newline=""))
    assert (head[0], len(head), len(line)) == ("Alarm", len(COLUMNS), len(COLUMNS))


@given(st.text(max_size=30))
@settings(max_examples=100)
def test_no_cell_is_a_formula_and_none_is_lost(note: str) -> None:
    text = table_csv([entry(note=note)], BERLIN, german)
    *_, line = csv.reader(io.StringIO(text, newline=""))
    cell = line[-1]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell.removeprefix("'") == note.removeprefix("'")


@pytest.mark.parametrize("start", ["=1+1", "+49", "-2", "@SUM(A1)", "\tx"])
def test_a_formula_is_shown(start: str) -> None:
    text = table_csv([entry(note=start)], BERLIN, german)
    *_, line = csv.reader(io.StringIO(text, newline=""))
    assert line[-1] == f"'{start}"


@pytest.mark.parametrize(
    ("text", "shown", "lost"),
    [
        ("Jürgen Größe", "Jürgen Größe", False),
        ("Ju\u0308rgen", "Jürgen", False),
        ("„Hilfe“ 5 €…", '"Hilfe" 5 EUR...', False),
        ("Şebnem Çelik", "Sebnem Çelik", True),
        ("Łukasz", "?ukasz", True),
        ("Олена", "?????", True),
        ("a\x07b", "a?b", True),
    ],
)
def test_letters_that_a_font_lacks_are_not_hidden(text: str, shown: str, lost: bool) -> None:
    assert latin(text) == (shown, lost)


@given(st.text(max_size=50))
@settings(max_examples=100)
def test_whatever_is_written_fits_the_font(text: str) -> None:
    latin(text)[0].encode("latin-1")
