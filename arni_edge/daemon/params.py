"""What comes over the control socket is checked here: it may be anything that JSON can say."""

from collections.abc import Mapping
from typing import Any, Final

from arni_edge.domain.errors import InvalidInput

_MOST_ROWS: Final = 1000
_USUAL_ROWS: Final = 20


def line(params: Mapping[str, Any], name: str, longest: int, *, shortest: int = 1) -> str:
    """A text in one line, without blanks around it.

    Args:
        params: What came.
        name: Of the parameter.
        longest: Most characters.
        shortest: Least characters.

    Raises:
        InvalidInput: It is none, or too short or too long.
    """
    value = params.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not shortest <= len(text) <= longest or not text.isprintable():
        raise InvalidInput(f"'{name}' must be a text of {shortest} to {longest} characters in one line")
    return text


def limit(params: Mapping[str, Any]) -> int:
    """How many rows are wanted.

    Raises:
        InvalidInput: It is no whole number from 1 to 1000.
    """
    number = params.get("limit", _USUAL_ROWS)
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= _MOST_ROWS:
        raise InvalidInput(f"'limit' must be a whole number from 1 to {_MOST_ROWS}")
    return number
