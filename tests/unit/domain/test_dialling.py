"""What people type into a form's telephone field, and the number that it is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arni_edge.domain.dialling import dialled
from arni_edge.domain.people import normalise_phone


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+49 15223433333", "DE", "+4915223433333"),
        ("0171/123 45 67", "DE", "+491711234567"),
        ("0171 / 1234567", "DE", "+491711234567"),
        ("+49 (0)171 1234567", "DE", "+491711234567"),
        ("+49 0171 1234567", "DE", "+491711234567"),
        ("0049-171-1234567", "DE", "+491711234567"),
        ("0049 (0) 171 1234567", "DE", "+491711234567"),
        ("(0171) 1234567", "DE", "+491711234567"),
        ("4917112345678", "DE", "+4917112345678"),
        ("0831/6901234-10", "DE", "+49831690123410"),
        ("0171\u00a01234\u2013567", "DE", "+491711234567"),
        ("\uff10\uff11\uff17\uff11 1234567", "DE", "+491711234567"),
        ("Tel.: 0171 1234567 (Mutter)", "DE", "+491711234567"),
        ("2 Kinder, 0171 1234567", "DE", "+491711234567"),
        ("0171 1234567 oder 030 123456", "DE", "+491711234567"),
        ("0171/1234567 / 030/123456", "DE", "+491711234567"),
        ("0171 1234567; 030 123456", "DE", "+491711234567"),
        ("+43 664 1234567", "DE", "+436641234567"),
        ("+90 (0)532 123 45 67", "DE", "+905321234567"),
        ("+39 06 69812345", "DE", "+390669812345"),
        ("06 6981 2345", "IT", "+390669812345"),
        ("0664 1234567", "AT", "+436641234567"),
        ("079 123 45 67", "CH", "+41791234567"),
        ("06 20 123 4567", "HU", "+36201234567"),
        ("512 345 678", "PL", "+48512345678"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("07400 123456", "GB", "+447400123456"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("1 (201) 555-0123", "US", "+12015550123"),
        ("+7 912 345 67 89", "DE", "+79123456789"),
        ("0171 1234567", "ZZ", None),
        ("+49 171 1234567", "ZZ", "+491711234567"),
    ],
)
def test_a_number_in_any_spelling_is_one_number(text: str, country: str, number: str | None) -> None:
    assert dialled(text, country) == number


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "keine", "unbekannt", "110", "0171", "0171/123", "171 1234567", "16501234567", "15551234567",
        "+49", "+49 171", "0000000000", "00", "+0171 1234567", "٠١٧١١٢٣٤٥٦٧", "0171 12345678901234567",
        "12.03.1990", "49 156280791", "+", "x" * 5000, "0" * 5000, "41791234567",
    ],
)  # fmt: skip
def test_what_is_no_number_or_could_be_two_is_none(text: str) -> None:
    assert dialled(text) is None


@given(
    text=st.text(max_size=120) | st.text("+0123456789 ()/-.", max_size=40),
    country=st.sampled_from(["DE", "IT"]),
)
@example("+49 (0)(0)171 1234567", "DE")
def test_whatever_is_typed_gives_a_number_in_the_one_form_or_none(text: str, country: str) -> None:
    number = dialled(text, country)
    assert number is None or (normalise_phone(number) == number and dialled(number, country) == number)
