"""Telephone numbers as people type them into forms, brought into the one form that identifies them.

``0171/123 45 67``, ``+49 (0)171 1234567`` and ``0049 171-1234567 (mobil)`` are one number in Germany. A
number is who somebody is for us, so nothing is guessed: what could mean two things means nothing.

Calling codes and trunk prefixes: ITU-T E.164 (list of assigned codes) and E.164 national dialling
prefixes; lengths of national numbers: the countries' numbering plans at the ITU.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a country dials.

    Attributes:
        code: From abroad.
        trunk: Before a number from within; empty where there is nothing before it.
        shortest: Digits of a number, without ``trunk``.
        longest: Digits of a number, without ``trunk``.
        mobile: How mobile numbers begin, where nothing else begins so. These may also come with the country
            and no sign before it, as WhatsApp shows them.
        shortest_mobile: Digits of one of those.
    """

    code: str
    trunk: str
    shortest: int
    longest: int
    mobile: tuple[str, ...] = ()
    shortest_mobile: int = 9


_PLANS: Final = {
    "DE": _Plan("49", "0", 6, 13, ("15", "16", "17"), 10),
    "AT": _Plan("43", "0", 6, 13, ("65", "66", "67", "68", "69")),
    "CH": _Plan("41", "0", 9, 9, ("75", "76", "77", "78", "79")),
    "LI": _Plan("423", "", 7, 9),
    "LU": _Plan("352", "", 6, 11),
    "NL": _Plan("31", "0", 9, 9),
    "BE": _Plan("32", "0", 8, 9),
    "FR": _Plan("33", "0", 9, 9),
    "IT": _Plan("39", "", 6, 12),
    "ES": _Plan("34", "", 9, 9),
    "PT": _Plan("351", "", 9, 9),
    "PL": _Plan("48", "", 9, 9),
    "CZ": _Plan("420", "", 9, 9),
    "SK": _Plan("421", "0", 9, 9),
    "HU": _Plan("36", "06", 8, 9),
    "SI": _Plan("386", "0", 8, 8),
    "HR": _Plan("385", "0", 8, 9),
    "RO": _Plan("40", "0", 9, 9),
    "BG": _Plan("359", "0", 7, 9),
    "GR": _Plan("30", "", 10, 10),
    "CY": _Plan("357", "", 8, 8),
    "MT": _Plan("356", "", 8, 8),
    "DK": _Plan("45", "", 8, 8),
    "NO": _Plan("47", "", 8, 8),
    "SE": _Plan("46", "0", 7, 9),
    "FI": _Plan("358", "0", 6, 11),
    "EE": _Plan("372", "", 7, 8),
    "LV": _Plan("371", "", 8, 8),
    "LT": _Plan("370", "0", 8, 8),
    "IE": _Plan("353", "0", 7, 9),
    "GB": _Plan("44", "0", 9, 10),
    "US": _Plan("1", "", 10, 10, tuple("23456789")),
    "CA": _Plan("1", "", 10, 10, tuple("23456789")),
    "TR": _Plan("90", "0", 10, 10),
    "UA": _Plan("380", "0", 9, 9),
    "RS": _Plan("381", "0", 7, 10),
    "BA": _Plan("387", "0", 8, 8),
    "XK": _Plan("383", "0", 8, 8),
}
"""By ISO 3166-1: where Magicline's studios are, and whence their members come."""

_BY_CODE: Final = {plan.code: plan for plan in _PLANS.values()}
_LONGEST_TEXT: Final = 100
_PIECE: Final = re.compile(r"\+?\s?\(?\d[\d\s()./\-]*")
_DASHES: Final = re.compile(r"[\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff]")
_NEXT_NUMBER: Final = re.compile(r"\s+/\s*(?=(?:\+|0)[\d\s()./-]{6})|\s{3,}(?=(?:\+|0)[\d\s()./-]{6})")
_ZERO_FOR_HOME: Final = re.compile(r"\(\s*0\s*\)")


def dialled(text: str, country: str = "DE") -> str | None:
    """The number in E.164 (``+`` and 8 to 15 digits), or None when the text does not say one for certain.

    Args:
        text: As somebody typed it; of several numbers the first counts.
        country: ISO 3166-1 alpha-2 of the studio, for numbers without a country. Of a country that is not
            known here only international numbers can be read.
    """
    plain = _DASHES.sub("-", unicodedata.normalize("NFKC", text[:_LONGEST_TEXT]))
    plan = _PLANS.get(country.upper())
    for piece in _PIECE.finditer(plain):
        first = _NEXT_NUMBER.split(piece[0])[0].strip()
        if (number := _international(first, plan)) is not None:
            return number
    return None


def _international(piece: str, plan: _Plan | None) -> str | None:
    digits = "".join(mark for mark in piece if mark in "0123456789")
    if piece.startswith("+") or digits.startswith("00"):
        abroad = _ZERO_FOR_HOME.sub("", piece, count=1)
        digits = "".join(mark for mark in abroad if mark in "0123456789").removeprefix("00")
        return _checked(digits)
    if plan is None:
        return None
    if plan.trunk and digits.startswith(plan.trunk):
        return _of(plan, digits.removeprefix(plan.trunk))
    if plan.mobile and digits.startswith(tuple(plan.code + mobile for mobile in plan.mobile)):
        return _checked(digits)
    # Where everybody dials a leading zero, a number without one lacks a zero or a country: nobody knows.
    return None if plan.trunk else _of(plan, digits)


def _checked(digits: str) -> str | None:
    """A number that begins with its country, with a zero behind it or without."""
    plan = next((_BY_CODE[digits[:length]] for length in (3, 2, 1) if digits[:length] in _BY_CODE), None)
    if plan is None:
        return f"+{digits}" if 8 <= len(digits) <= 15 and not digits.startswith("0") else None
    national = digits.removeprefix(plan.code)
    return _of(plan, national.removeprefix(plan.trunk) if plan.trunk == "0" else national)


def _of(plan: _Plan, national: str) -> str | None:
    number = f"+{plan.code}{national}"
    if plan.mobile and national.startswith(plan.mobile) and len(national) < plan.shortest_mobile:
        return None
    right = plan.shortest <= len(national) <= plan.longest and 9 <= len(number) <= 16
    # No number begins with a zero behind its country, but in Italy.
    return number if right and (plan.code == "39" or not national.startswith("0")) else None
