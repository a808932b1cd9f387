"""Texts in the lengths that WhatsApp takes, without cutting through what a person sees as one sign."""

import re
from typing import Final

TEXT_LIMIT: Final = 4096
"""Characters of a text body (Cloud API, text messages)."""

_ELLIPSIS: Final = "…"
# What people see as one sign: a letter with its accents, an emoji with its skin tone, a family joined by
# zero-width joiners, the two letters of a flag.
_MARKS: Final = (
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
)
_SIGN: Final = re.compile(
    f"\r\n|[\U0001f1e6-\U0001f1ff]{{2}}|.{_MARKS}*(?:\u200d.{_MARKS}*)*|{_MARKS}+", re.DOTALL
)


def units(text: str) -> int:
    """Length in UTF-16 units: Meta does not say what a character is, so an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """A text of at most ``limit`` units on one line; what was cut off shows as an ellipsis."""
    line = " ".join(text.split())
    if units(line) <= limit:
        return line
    return _prefix(line, limit - units(_ELLIPSIS)).rstrip() + _ELLIPSIS


def split_text(text: str, limit: int = TEXT_LIMIT) -> list[str]:
    """Cut a text into parts of at most ``limit`` units, preferably where a paragraph, line or sentence ends.

    White space at the cuts is dropped; nothing else is. A text of white space only gives no part.
    """
    parts = []
    rest = text.strip()
    while units(rest) > limit:
        cut = _place_to_cut(_prefix(rest, limit))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def _prefix(text: str, limit: int) -> str:
    """The longest start of whole signs within the limit; of a sign that is longer, what fits."""
    # No sign is cut unless the limit falls into it: only the end of the longest start has to be looked at.
    rough = text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")
    end = 0
    for sign in _SIGN.finditer(text):
        if sign.end() > len(rough):
            break
        end = sign.end()
    return text[:end] if end else rough


def _place_to_cut(head: str) -> int:
    for mark in ("\n\n", "\n", ". ", " "):
        place = head.rfind(mark) + len(mark.rstrip(" "))
        # In the first half a cut would make a stub; a later, less natural place reads better.
        if place > len(head) // 2:
            return place
    return len(head)
