"""Long answers in pieces that WhatsApp takes."""

TEXT_LIMIT = 4096
"""Characters of a text body (Cloud API, text messages)."""


def units(text: str) -> int:
    """Length in UTF-16 units: Meta does not say what a character is, so an emoji counts as two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


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
    """The longest start within the limit; half a character at its end is left out."""
    return text.encode("utf-16-le", "surrogatepass")[: 2 * limit].decode("utf-16-le", "ignore")


def _place_to_cut(head: str) -> int:
    for mark in ("\n\n", "\n", ". ", " "):
        place = head.rfind(mark) + len(mark.rstrip(" "))
        # In the first half a cut would make a stub; a later, less natural place reads better.
        if place > len(head) // 2:
            return place
    return len(head)
