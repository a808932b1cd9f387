"""What one person could be recognised by, in every spelling in which it may stand somewhere. Pure.

What others share recognises nobody: a name of one word, a name or number that another member has, too.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from arni_edge.domain.text import fold
from arni_edge.storage.personal import GONE, Person

_SHORTEST: Final = 7
"""Shorter ids and numbers stand everywhere by chance."""

# Also hyphens of other widths, and blanks of none: telephones set them.
_APART: Final = r"[\s()./\u00ad\u200b-\u200d\u2010-\u2015\u2060\ufeff-]"
_BETWEEN: Final = rf"{_APART}{{0,3}}"
_NUMBERS: Final = re.compile(rf"\d(?:\d|{_APART}){{6,}}")
_SEPARATORS: Final = re.compile(_APART)
_WAMID: Final = re.compile(rb"wamid\.[\w+/=-]+")
# Calling codes after which people write a zero instead.
_TRUNKS: Final = ("49", "43", "41", "44", "33", "31", "32", "48", "90")


class Traces:
    """Recognises one person in texts and in files.

    Attributes:
        identifiers: How many different things are looked for.
        spellings: In how many spellings and encodings.
        left_out: What is not looked for, and why: keys of the catalogue below ``privacy.left_out``.
    """

    def __init__(self, person: Person) -> None:
        """Work out every spelling.

        Args:
            person: Whom to recognise; the phone is None when others have it, too.
        """
        self._person = person
        digits = (person.phone or "").removeprefix("+")
        self._digits = tuple(_spelled_by_hand(digits)) if len(digits) >= _SHORTEST else ()
        words = fold(person.name).split()
        self._named = len(words) > 1 and not person.shared_name
        self._names = _orders(person.name) if self._named else ()
        self._folded_names = tuple(fold(name) for name in self._names)
        addresses = {address for _, address in person.addresses if len(address) >= _SHORTEST}
        self._addresses = tuple(sorted(addresses - {digits, f"+{digits}"}))
        member_id = person.member_id
        self._member_id = member_id if len(member_id) >= _SHORTEST and not member_id.isdigit() else None
        ids = {one for one in person.message_ids if len(one) > _SHORTEST}
        self._wamids = frozenset(one.encode() for one in ids if one.startswith("wamid."))
        self._other_ids = tuple(sorted(one for one in ids if not one.startswith("wamid.")))
        self._hidden = tuple(_in_base64(digits)) if self._digits else ()
        plain = (
            *self._digits,
            *self._names,
            *self._addresses,
            *((self._member_id,) if self._member_id else ()),
        )
        self._exact = tuple(dict.fromkeys((*self._hidden, *(one.encode() for one in self._other_ids))))
        self._bytes = tuple(dict.fromkeys(code.lower() for one in plain for code in _encoded(one)))
        self._phone = _by_hand(self._digits)
        self.identifiers = (
            bool(self._digits) + self._named + len(self._addresses) + len(ids) + (self._member_id is not None)
        )
        self.spellings = len(self._exact) + len(self._bytes) + len(self._wamids)
        self.left_out = tuple(
            key
            for key, so in (
                ("name_shared", person.shared_name),
                ("name_short", len(words) < 2),
                ("name_parts", True),
                ("phone_shared", person.shared_phone),
                ("member_id", self._member_id is None),
            )
            if so
        )

    @property
    def longest(self) -> int:
        """Bytes of the longest thing that is looked for in files."""
        return max((len(one) for one in (*self._exact, *self._bytes, *self._wamids)), default=0)

    def in_bytes(self, piece: bytes) -> int:
        """How many of the spellings stand in a piece of a file."""
        lower = piece.lower()
        number = sum(one in lower for one in self._bytes) + sum(one in piece for one in self._exact)
        if self._wamids and b"wamid." in piece:
            number += len(self._wamids & set(_WAMID.findall(piece)))
        return number

    def in_text(self, text: str) -> bool:
        """Whether a text says who it is."""
        if self._digits and any(
            spelled in number
            for number in (_SEPARATORS.sub("", found) for found in _NUMBERS.findall(text))
            for spelled in self._digits
        ):
            return True
        if any(one in text for one in (*self._addresses, *self._other_ids)):
            return True
        if self._member_id is not None and self._member_id in text:
            return True
        if self._hidden and any(one.decode() in text for one in self._hidden):
            return True
        if self._wamids and any(one in self._wamids for one in _WAMID.findall(text.encode())):
            return True
        return self._named and any(name in fold(text, len(text)) for name in self._folded_names)

    def redacted(self, text: str) -> str:
        """The same text without them; all of it goes when that cannot be done piece by piece."""
        left = text
        if self._phone is not None:
            left = self._phone.sub(GONE, left)
        for one in (*self._names, *self._addresses, *self._other_ids):
            left = re.sub(re.escape(one), GONE, left, flags=re.IGNORECASE)
        if self._member_id is not None:
            left = left.replace(self._member_id, GONE)
        left = _WAMID.sub(GONE.encode(), left.encode()).decode() if self._wamids else left
        return GONE if self.in_text(left) else left


def _orders(name: str) -> tuple[str, ...]:
    words = name.split()
    return tuple(dict.fromkeys((" ".join(words), f"{words[-1]}, {' '.join(words[:-1])}",
                                f"{words[-1]} {' '.join(words[:-1])}")))  # fmt: skip


def _spelled_by_hand(digits: str) -> Iterator[str]:
    """+49…, 49… and 0049… all hold the first; people at home write the others."""
    yield digits
    for trunk in _TRUNKS:
        if digits.startswith(trunk):
            yield f"0{digits.removeprefix(trunk)}"


def _by_hand(spellings: tuple[str, ...]) -> re.Pattern[str] | None:
    if not spellings:
        return None
    apart = (_BETWEEN.join(spelled) for spelled in spellings)
    return re.compile(rf"(?:\+|00)?(?:{'|'.join(apart)})")


def _in_base64(digits: str) -> Iterator[bytes]:
    """What base64 shows of a number that stands somewhere inside, whatever stands before and behind it."""
    raw = digits.encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        # Letters that the neighbours have a share in are not looked at.
        first, end = (0, 2, 3)[before], (len(raw) + before) * 8 // 6
        yield coded[first:end]


def _encoded(text: str) -> Iterator[bytes]:
    """A text as files may hold it; lower-case ASCII is compared with lower-case ASCII."""
    spelled = {text, text.lower(), text.upper(), text.title(), fold(text)}
    for form in ("NFC", "NFD"):
        spelled |= {unicodedata.normalize(form, one) for one in tuple(spelled)}
    for one in sorted(spelled):
        yield one.encode()
        yield one.encode("utf-16-le")[:-1]  # holds in big-endian as well, one byte later
        yield json.dumps(one)[1:-1].encode()
        yield quote(one).encode()
        yield one.encode("latin-1", "ignore") if _fits_latin(one) else one.encode()


def _fits_latin(text: str) -> bool:
    return all(ord(mark) < 256 for mark in text)
