"""Long answers in parts."""

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.channels.whatsapp.text import shorten, split_text, units


def test_a_short_text_stays_whole() -> None:
    """Nothing to cut."""
    assert split_text(" Hallo\n") == ["Hallo"]


def test_cuts_at_paragraphs_first() -> None:
    """A paragraph is the best place, then a line, a sentence, a word."""
    assert split_text("Eins zwei.\n\nDrei vier", 14) == ["Eins zwei.", "Drei vier"]
    assert split_text("Eins zwei. Drei vier", 14) == ["Eins zwei.", "Drei vier"]
    assert split_text("Eins zwei drei", 9) == ["Eins zwei", "drei"]


def test_an_emoji_is_not_cut_in_half() -> None:
    """It counts as two and stays whole."""
    assert split_text("👍" * 5, 5) == ["👍👍", "👍👍", "👍"]


@given(st.text(max_size=300), st.integers(2, 40))
def test_nothing_is_lost_and_nothing_too_long(text: str, limit: int) -> None:
    """Only white space disappears, and only at the cuts."""
    parts = split_text(text, limit)
    assert all(part and units(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_what_people_see_as_one_sign_is_not_cut() -> None:
    """A family, a flag, an accent, a skin tone."""
    for sign in ("👩‍👩‍👧‍👦", "🇩🇪", "e\u0301", "👍🏽"):
        assert split_text(sign * 3, units(sign) * 2) == [sign * 2, sign]
        assert split_text(sign * 3, units(sign) * 2 - 1) == [sign] * 3
        assert shorten(f"{sign * 5}", units(sign) * 3) == f"{sign * 2}…"


@given(st.text(max_size=100), st.integers(2, 40))
def test_a_shortened_text_fits(text: str, limit: int) -> None:
    """One line; nothing is added to one that fits."""
    short, line = shorten(text, limit), " ".join(text.split())
    assert units(short) <= limit
    assert (short == line) == (units(line) <= limit) or line.endswith("…")
    assert line.startswith(short.removesuffix("…").rstrip())
