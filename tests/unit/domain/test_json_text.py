"""JSON from outside: whatever comes, something or nothing is read, and nothing breaks."""

from hypothesis import given
from hypothesis import strategies as st

from arni_edge.domain.json_text import read_json


def test_half_a_character_keeps_nothing_else_from_being_read() -> None:
    assert read_json(b'{"text": "a\\ud83d", "n": [1, "b"]}') == {"text": "a\ufffd", "n": [1, "b"]}


def test_a_pit_of_brackets_is_no_json() -> None:
    assert read_json(b"[" * 100_000) is None


@given(st.binary(max_size=60))
def test_whatever_is_no_json_is_none_or_something_else(content: bytes) -> None:
    found = read_json(content)
    assert found is None or isinstance(found, bool | int | float | str | list | dict)
