"""Single values out of Magicline's answers, whatever is really in them.

Nothing here raises for what stands in an answer, except :func:`identity`: a thing without a number is none.
"""

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Final, TypeVar

from arni_edge.domain.masking import IBAN
from arni_edge.domain.personal_data import replace_ibans

Json = dict[str, Any]
_Choice = TypeVar("_Choice", bound=StrEnum)
_T = TypeVar("_T")

_LARGEST: Final = 2**63 - 1
_DIGITS: Final = re.compile(r"[0-9]{1,19}", re.ASCII)
_NUMBERED: Final = re.compile(r"[0-9]{2}", re.ASCII)
"""As every account number is behind its country."""
_LONGEST_LINE: Final = 200
_LONGEST_PROSE: Final = 4000
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MOST_PARTS: Final = 500
"""Far more pauses, cards or instructors than anything has."""


class Unreadable(ValueError):
    """A thing in an answer is not what it should be. Says which, never what stood there."""


def whole(value: object) -> int | None:
    """A number from 0 to 2^63 - 1, also one that is spelled as text; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    return value if isinstance(value, int) and 0 <= value <= _LARGEST else None


def identity(item: Json, key: str) -> int:
    """The number of a thing.

    Raises:
        Unreadable: It has none.
    """
    number = whole(item.get(key))
    if number is None:
        raise Unreadable(f"no {key}")
    return number


def flag(value: object) -> bool | None:
    """True or False, also spelled as text or number; else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return {1: True, 0: False}.get(value) if isinstance(value, int) else None


def line(value: object) -> str:
    """One line of text, a number as its digits; empty when there is none. At most 200 characters."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int | float):
        return str(value)
    return _tidy(value[:_LONGEST_LINE]) if isinstance(value, str) else ""


def prose(value: object) -> str:
    """What people wrote for people, without account numbers; at most 4000 characters."""
    if not isinstance(value, str):
        return ""
    text = _tidy(value[:_LONGEST_PROSE])
    return replace_ibans(text, IBAN) if _NUMBERED.search(text) else text


def choice(kinds: type[_Choice], value: Any) -> _Choice:
    """A member of an enumeration; ``UNKNOWN`` for what is not among them."""
    try:
        return kinds(value)
    except ValueError:
        return kinds("UNKNOWN")


def inner(value: object) -> Json:
    """An object inside another one; an empty one when there is none."""
    return value if isinstance(value, dict) else {}


def parts(value: object) -> Iterator[Json]:
    """The objects of a list inside an object; none when there is no list."""
    if isinstance(value, list):
        yield from (one for one in value[:_MOST_PARTS] if isinstance(one, dict))


def each(value: object, read: Callable[[Json], _T | None]) -> tuple[_T, ...]:
    """What can be read of a list inside an object."""
    return tuple(one for one in map(read, parts(value)) if one is not None)


def _tidy(text: str) -> str:
    """Without control characters and blanks around it."""
    return (text if text.isprintable() else _CONTROLS.sub(" ", text)).strip()
