"""Only the strict word is a yes, only an explicit no is a no."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.actions.confirmation import Reading, read
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language

WORDS = ("KÜNDIGEN", "CANCEL CONTRACT", "LÖSCHEN", "BAN")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("KÜNDIGEN", "KÜNDIGEN"),
        ("kündigen", "KÜNDIGEN"),
        ("Kuendigen", "KÜNDIGEN"),
        (" Ja, KÜNDIGEN! ", "KÜNDIGEN"),
        ("ja kündigen.", "KÜNDIGEN"),
        ("„KÜNDIGEN“", "KÜNDIGEN"),
        ("Cancel contract", "CANCEL CONTRACT"),
        ("yes, cancel contract", "CANCEL CONTRACT"),
    ],
)
def test_the_word_is_a_yes(text: str, word: str) -> None:
    assert read(text, word) is Reading.CONFIRM


@pytest.mark.parametrize(
    "text",
    [
        "ja", "Ja!", "ok", "OK", "okay", "👍", "👍🏽", "✅", "jo", "passt", "yes", "y", "sure", "klar",
        "ja ja", "ja bitte", "bestätigt", "einverstanden", "", "   ", "1", "j", ".", "ja 👍", "👌🏻",
        "si", "evet", "mach das",
        "warum?", "nein?", "Was kostet das?", "kündigen?", "Cancel contract?", "löschen\uff1f", "ban\u061f",
        "Soll ich KÜNDIGEN schreiben", "was passiert wenn ich kündigen schreibe", "KÜNDIGEN KÜNDIGEN",
        "KÜNDIGEN 2", "2 KÜNDIGEN", "KÜNDIGEN ❌", "morgen kündigen", "ich möchte kündigen", "KÜNDIGENX",
        "löschen und kündigen", "ja oder nein", "K Ü N D I G E N", "Notfall", "Hilfe", "x" * 5000,
        "KÜNDIGEN" + " " * 90 + "nicht",
    ],
)  # fmt: skip
def test_nothing_else_is_a_yes_or_a_no(text: str) -> None:
    assert {read(text, word) for word in WORDS} == {Reading.OTHER}


@pytest.mark.parametrize(
    "text",
    [
        "nein", "Nein!", "NEIN DANKE", "nee", "nein, ich will bleiben", "lieber nicht", "doch nicht",
        "stopp", "Stop", "no", "No thanks.", "don't", "don\u2019t", "never mind", "nein nicht kündigen",
        "no, cancel it", "abbrechen",
    ],
)  # fmt: skip
def test_an_explicit_no_is_a_no(text: str) -> None:
    assert {read(text, word) for word in WORDS} == {Reading.DENY}


def test_the_negated_word_is_a_no() -> None:
    assert read("nicht kündigen", "KÜNDIGEN") is Reading.DENY
    assert read("Bitte nicht kündigen!", "KÜNDIGEN") is Reading.DENY
    assert read("kündigen nicht", "KÜNDIGEN") is Reading.DENY
    assert read("do not cancel contract", "CANCEL CONTRACT") is Reading.DENY


def test_cancel_alone_is_neither_where_it_is_part_of_the_yes() -> None:
    assert read("cancel", "ERASE") is Reading.DENY
    assert read("cancel", "CANCEL CONTRACT") is Reading.OTHER


def test_a_word_of_another_tool_is_no_yes() -> None:
    assert read("LÖSCHEN", "KÜNDIGEN") is Reading.OTHER
    assert read("anything", "") is Reading.OTHER
    assert read("", "") is Reading.OTHER


def test_no_word_of_the_catalogue_is_a_yes_or_a_no_by_itself() -> None:
    """A word that people say anyway would confirm by accident, and "ja" before it would mean nothing."""
    catalogue = Catalogue.load()
    everyday = "ja nein ok okay yes no stop stopp abbrechen cancel bitte danke".split()
    for language in Language:
        for word in catalogue._texts[language]["action"]["word"].values():
            assert read(word, word) is Reading.CONFIRM
            assert [one for one in everyday if read(one, word) is Reading.CONFIRM] == []


@given(st.text(max_size=200))
def test_nothing_raises_and_a_yes_holds_the_word(text: str) -> None:
    if read(text, "KÜNDIGEN") is Reading.CONFIRM:
        letters = "".join(mark for mark in text.casefold() if mark in string.ascii_letters + "üöä")
        assert letters
