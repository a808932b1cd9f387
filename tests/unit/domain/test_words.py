"""Shared words: phone numbers, bands, text folding, identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import Language
from arni_edge.domain.occupancy import Band, band
from arni_edge.domain.people import normalise_phone
from arni_edge.domain.text import fold, guess_language


@pytest.mark.parametrize(
    "text", ["+49 151 2345678", "0049-151/2345678", "491512345678", "+49 (151) 234.5678"]
)
def test_all_spellings_of_a_number_become_one(text: str) -> None:
    assert normalise_phone(text) == "+491512345678"


@pytest.mark.parametrize("text", ["", "0151 2345678", "12", "+49151abc", "٤٩١٥١٢٣٤٥٦٧٨", "+" + "1" * 16])
def test_what_is_no_international_number_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        normalise_phone(text)
    assert not text or text not in str(caught.value)


@given(st.integers(-5, 500) | st.none(), st.integers(1, 300))
def test_unknown_is_never_a_band_of_people_and_people_are_never_empty(count: int | None, size: int) -> None:
    name = band(count, size)
    assert (name is Band.UNKNOWN) == (count is None)
    if count is not None:
        assert (name is Band.EMPTY) == (count <= 0)


@given(st.integers(1, 300), st.integers(0, 400))
def test_more_people_are_never_a_lower_band(size: int, count: int) -> None:
    order = [Band.EMPTY, Band.QUIET, Band.MODERATE, Band.BUSY, Band.FULL]
    assert order.index(band(count + 1, size)) >= order.index(band(count, size))


def test_spellings_of_a_word_fold_to_one() -> None:
    assert fold("TÜR") == fold("tu\u0308r") == fold("Tuer") == fold("T\u200bür") == "tuer"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie voll ist es gerade?", Language.GERMAN),
        ("How busy is it right now?", Language.ENGLISH),
        ("👍", Language.GERMAN),
    ],
)
def test_the_language_of_a_short_text(text: str, language: Language) -> None:
    assert guess_language(text, Language.GERMAN) is language


def test_identifiers_are_unique_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert [one[:11] for one in made] == sorted(one[:11] for one in made)
