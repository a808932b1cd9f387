"""What a reply to a proposal means: the strict word, a plain no, or something else (pure).

"Ok", "ja" and a thumb are no yes to what cannot be undone; a question is no no.
"""

import re
from enum import StrEnum
from typing import Final

from arni_edge.domain.text import fold, words

_LONGEST = 80
"""Characters: a yes or a no is short. What is longer says more than that, and a person means all of it."""

_YES_BEFORE: Final = frozenset({"ja", "yes"})
"""May stand before the strict word, and means nothing alone."""

_NO_ALONE: Final = frozenset(
    {
        "nein",
        "nein danke",
        "nee",
        "ne",
        "noe",
        "nicht",
        "bitte nicht",
        "doch nicht",
        "lieber nicht",
        "lieber doch nicht",
        "auf keinen fall",
        "abbrechen",
        "abbruch",
        "vergiss es",
        "stop",
        "stopp",
        "no",
        "no thanks",
        "no thank you",
        "nope",
        "do not",
        "don t",
        "dont",
        "please don t",
        "please dont",
        "better not",
        "never mind",
        "nevermind",
        "forget it",
        "abort",
        "cancel",
    }
)
"""The whole reply; folded, words joined by one space."""

_NO_FIRST: Final = frozenset({"nein", "nee", "no", "nope", "stop", "stopp"})
"""A reply that begins so is a no, whatever comes after it: a no that was meant otherwise costs nothing."""

_NOT: Final = frozenset({"nicht", "not", "don t", "dont", "do not", "never", "bitte nicht", "please don t"})
"""Before or after the strict word: it is not wanted."""

# A full-width one is folded to the plain one; the others are Arabic and Spanish.
_QUESTION: Final = re.compile("[?\u061f\u00bf]")
# And the quotation marks and apostrophes that phones make of the plain ones. No tilde: it strikes words out.
_PUNCTUATION: Final = frozenset(".,;:!'\"()*_-\u2018\u2019\u201a\u201c\u201d\u201e\u2013")


class Reading(StrEnum):
    """What a reply means for the action that is open in its conversation."""

    CONFIRM = "confirm"
    DENY = "deny"
    OTHER = "other"


def read(text: str, strict_word: str) -> Reading:
    """Read a reply.

    Args:
        text: All of it, as it was written; hostile.
        strict_word: The word that confirms, as it was shown (``Action.strict_word``); it may be two words.

    Returns:
        CONFIRM only when the whole reply is the word, maybe with "ja," before it; DENY for an explicit no;
        OTHER for everything else, questions included.
    """
    if len(text) > _LONGEST or _QUESTION.search(fold(text)):
        return Reading.OTHER
    said = words(text)
    if not said or _has_more_than_words(text):
        return Reading.OTHER
    wanted = words(strict_word)
    if wanted and (said == wanted or (said[0] in _YES_BEFORE and said[1:] == wanted)):
        return Reading.CONFIRM
    if " ".join(said) in _NO_ALONE:
        # "Cancel" is no clear no to what is confirmed by "CANCEL CONTRACT".
        return Reading.OTHER if said[0] in wanted else Reading.DENY
    if said[0] in _NO_FIRST or " ".join(said) in _negated(wanted):
        return Reading.DENY
    return Reading.OTHER


def _negated(wanted: list[str]) -> set[str]:
    word = " ".join(wanted)
    return {f"{no} {word}" for no in _NOT} | {f"{word} {no}" for no in _NOT}


def _has_more_than_words(text: str) -> bool:
    """Whether something else than Latin words, spaces and punctuation was written.

    Whoever adds a digit, an emoji or another script says something that we would overlook.
    """
    return any(not (mark.isspace() or mark in _PUNCTUATION or "a" <= mark <= "z") for mark in fold(text))
