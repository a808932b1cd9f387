"""What phone numbers look like in a text, and what only looks like one: error codes, ids, dates, versions.

Linear in the length of the text, as in :mod:`arni_edge.domain.personal_data`.
"""

import re
import unicodedata
from typing import Final

# What people and telephones set between digits: blanks and hyphens of every width, also those without any.
_GAP: Final = r" \u00a0\u00ad\u2007\u2009-\u200d\u2010-\u2015\u202f\u2060\ufeff()./-"
# "Tel.0151 …" and "Handy0151 …" begin a number, the digits behind those of "0.12" or within "a0151" do not.
_BEGINS: Final = (
    r"(?:(?<![\w#])(?<!\d[.,-])|(?<=fon)|(?<=[Tt]el)|(?<=andy)|(?<=obil)|(?<=Nr)|(?<=ummer)|(?<=s[Aa]pp))"
)
_RUN: Final = re.compile(rf"{_BEGINS}(?:\+\s?)?\(?\d(?:[{_GAP}]{{0,3}}+\d)*+")
_PIECE: Final = re.compile(r"[^\s\u00a0]+")
_DAY: Final = re.compile(
    r"\(?\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{4}|\d{2})?)?(?:-\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})?)?\)?|\d{4}-\d{2}-\d{2}"
)
_FOUR_GROUPS: Final = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?")
_INTERNATIONAL: Final = re.compile(r"4[139](?:1?[1-9]\d{8,11}|[ -][1-9]\d{1,4}(?:[ -]?\d){5,9})(?!\d)")
_NATIONAL: Final = re.compile(r"\(?0\)?[1-9]")
_SAYS_PHONE: Final = re.compile(
    r"(?i)(?:\btel(?:efon\w{0,10})?|\bhandy\w{0,10}|\bmobil\w{0,10}|\bphone\w{0,8}|\bcall|\bcell|\banruf\w{0,4}|\bruf\w{0,3}"
    r"|\bwhats?app|\berreichbar|\bnummer|\bnumber|\bwa_id)\W{0,3}(?:\w{1,10}\W{1,3}){0,3}$"
)
_SAYS_ID: Final = re.compile(
    r"(?i)(?:bestell|auftrag|rechnung|order|invoice|kunden|mitglied|member|vertrag|contract|ticket|tracking|sendung|"
    r"artikel|vorgang|aktenzeichen|serien|serial|barcode|referen|buchung|booking|version|schema|port)"
    r"[\w-]{0,14}(?:\s(?:nr|nummer|no|number|id))?[^\w,;]{0,4}(?:(?:ist|lautet|is|war)\W{1,3})?$"
)
# What machines count and call by a number: "cannot get WhatsApp messages (code 131026)" calls nobody.
_SAYS_CODE: Final = re.compile(
    r"(?i)(?:code|error|fehler|errno|status|http|pid|exit|signal|line|zeile|offset|position|row|size|length|"
    r"update|sequence|revision|build|firmware|attempt|event|schritt)(?:[ _-]?(?:id|no|nr|number))?\W{0,3}$"
)
_COUNTED: Final = re.compile(
    r"\s?(?:(?i:[kmg]?i?b|bytes?|[mµn]?s|sec|seconds|sekunden|kg|m|km|kcal|schritte|steps|euro|eur|rows|zeilen|"
    r"messages|nachrichten|mal|times|uhr|px|hz)(?!\w)|[%€$])"
)
# Whatever it is called: a country with its sign, or a German mobile.
_CERTAIN_PHONE: Final = re.compile(r"\(?(?:\+|00[1-9]|0\W{0,3}1\W{0,3}[567])")
_FEWEST, _FEWEST_CALLED, _MOST, _LOOKED_AT = 8, 6, 15, 30
LONG_NUMBER: Final = re.compile(
    # Not the date and time of a firmware: "20240213-091530".
    r"(?<!\w)(?<!\d[.:-])(?!20\d\d[01]\d[0-3]\d-[0-2]\d[0-5]\d[0-5]\d(?!\d))"
    r"(?:\+|00)?\d(?:[\s()/-]?\d){8,14}(?!\w|[.:-]\d)"
)
"""What may be a phone number in a log; ids of ours hold letters."""


def replace_phones(text: str, word: str) -> str:
    """Replace phone numbers in their international and German spellings.

    Args:
        text: Any.
        word: What stands there instead; ``{last}`` becomes the last three digits.
    """

    def replaced(match: re.Match[str]) -> str:
        run, rest = match[0], ""
        # "0123456f" is no number: leave its last word alone.
        if text[match.end() : match.end() + 1].isalnum():
            cut = max(run.rfind(" "), run.rfind("\u00a0"), 0)
            run, rest = run[:cut], run[cut:]
        before, behind = text[max(0, match.start() - 48) : match.start()], rest or text[match.end() :][:12]
        begin = _phone_begins(_plainly(run), before, behind)
        if begin is None:
            return run + rest
        digits = "".join(mark for mark in run[begin:] if mark.isdigit())
        return run[:begin] + word.replace("{last}", digits[-3:]) + rest

    return _RUN.sub(replaced, text)


def _plainly(run: str) -> str:
    """The same, and as long: digits of every script, blanks and hyphens of every width as ours."""
    if run.isascii():
        return run
    return "".join(
        mark if mark.isascii() else str(digit) if (digit := unicodedata.digit(mark, None)) is not None
        else "-" if "\u2010" <= mark <= "\u2015" else " " for mark in run
    )  # fmt: skip


def _phone_begins(run: str, before: str, behind: str) -> int | None:
    """Where in a run of digits and separators a phone number begins, or None."""
    number = sum(mark.isdigit() for mark in run)
    if number < _FEWEST_CALLED or _FOUR_GROUPS.fullmatch(run):
        return None
    if number <= _MOST and _SAYS_ID.search(before) and not _CERTAIN_PHONE.match(run):
        return None
    called = _SAYS_PHONE.search(before) is not None
    called = called and not _SAYS_CODE.search(before) and not _COUNTED.match(behind)
    fewest = _FEWEST_CALLED if called else _FEWEST
    for piece in _PIECE.finditer(run):
        if number < fewest:
            return None
        spelled, rest = piece[0], run[piece.start() : piece.start() + _LOOKED_AT]
        if not _DAY.fullmatch(spelled) and _begins_a_phone(rest, number, called=called):
            return piece.start()
        number -= sum(mark.isdigit() for mark in spelled)
    return None


def _begins_a_phone(rest: str, number: int, *, called: bool) -> bool:
    head = rest[:8].replace("(", "").replace(" ", "")
    if head.startswith("+"):
        return True
    if head.startswith("00"):
        return head[2:3] in tuple("123456789") and number >= 10
    if _NATIONAL.match(rest) or (rest.startswith("0 ") and called):
        # "0.12.345" is a version, "07 08 2024" a day.
        return not re.match(r"0\d?[ .]\d{1,2}[ .]\d{4}(?!\d)", rest) and rest[1:2] != "."
    # As WhatsApp writes it: the country, no sign before it.
    if _INTERNATIONAL.match(rest) and number >= 11:
        return True
    return called and number <= _MOST and "." not in rest.strip(".")
