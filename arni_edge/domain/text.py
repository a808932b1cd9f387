"""Plain facts about short texts: folding, words, language."""

import re
import unicodedata

from arni_edge.domain.messages import Language

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_WORD = re.compile(r"[a-z0-9]+")
# The longest text that is looked at; WhatsApp's own limit is 4096 characters.
_LONGEST = 5000


def fold(text: str, longest: int = _LONGEST) -> str:
    """Lower case, umlauts as two letters, accents and invisible characters gone.

    "Tür" and "Tuer" become the same; so do full-width letters and letters joined by zero-width marks.

    Args:
        text: Anything.
        longest: Characters that are looked at; what follows is dropped.
    """
    text = text[:longest]
    if text.isascii():
        return text.lower()
    # What most German texts are: nothing to take apart once the umlauts are two letters.
    folded = text.casefold().replace("ä", "ae").replace("ö", "oe").replace("ü", "ue")
    if folded.isascii():
        return folded
    # NFC first: a "ü" typed as u and a combining mark must still become "ue".
    composed = unicodedata.normalize("NFKC", text).casefold().translate(_UMLAUTS)
    plain = unicodedata.normalize("NFKD", composed)
    return "".join(mark for mark in plain if unicodedata.category(mark) not in {"Mn", "Cf"})


def words(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(fold(text))


# Function words that short messages of one language have and the other has not.
_ENGLISH = frozenset(
    "the is are it you how what when open please hi hello my your can do does there right now thanks thank "
    "of to and i am busy full crowded today help door someone somebody here".split()
)
_GERMAN = frozenset(
    "der die das ist sind es du wie was wann offen bitte hallo mein dein kann gerade jetzt danke und ich "
    "bin voll heute hilfe tuer jemand hier auf mal ein eine nicht los viel hat habt ihr moin servus".split()
)


def guess_language(text: str, default: Language) -> Language:
    """The language of a short text; the default when it does not say."""
    found = words(text)
    english = sum(word in _ENGLISH for word in found)
    german = sum(word in _GERMAN for word in found)
    if english == german:
        return default
    return Language.ENGLISH if english > german else Language.GERMAN
