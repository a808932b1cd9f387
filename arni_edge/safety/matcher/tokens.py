"""From a text to words and pauses, however it was typed."""

import re
from typing import Final

from arni_edge.domain.text import fold

LONGEST: Final = 20_000
"""Characters that are looked at. WhatsApp's own limit is 4096; a door dialogue stays far below."""

COMMA: Final = ","
STOP: Final = "."
ASKED: Final = "?"
PAUSES: Final = frozenset({COMMA, STOP, ASKED})

# Pictures that say something here become words; every other picture is a gap.
_PICTURES: Final = {
    "\N{SQUARED SOS}": " sos ",
    "\N{AMBULANCE}": " ambulancepicture ",
    "\N{FIRE ENGINE}": " fireenginepicture ",
    "\N{POLICE CAR}": " policepicture ",
    "\N{POLICE CARS REVOLVING LIGHT}": " alarmpicture ",
    "\N{FIRE}": " firepicture ",
    "\N{HOCHO}": " knifepicture ",
    "\N{DROP OF BLOOD}": " bloodpicture ",
    "€": " euro ",
} | dict.fromkeys("😂🤣😅😆😜😉😁😄😃😀😝😛😋🥵💀☠😴🙈😇🤪🙃😎🫠🤭", " laughpicture ")
_LAUGH: Final = "laughpicture"
# Apostrophes and marks that nobody sees go; dotless i and crossed l have no accent that could be taken off.
_LETTERS: Final = {"\N{LATIN SMALL LETTER DOTLESS I}": "i", "ł": "l", "đ": "d", "ø": "o"}
_NOTHING: Final = dict.fromkeys(
    "\u2019\u2018\u00b4\u02bc\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0f\u00ad", ""
)
_MEANING: Final = _PICTURES | _LETTERS | _NOTHING
# Symbols and pictures: none of the letters of any language is among them.
_SPECIAL: Final = re.compile(f"[{''.join(_MEANING)}\u2600-\u27bf\U0001f000-\U0001faff]")
_CLEAN: Final = str.maketrans({"'": "", "`": "", "@": "a", "$": "s"})
_SPACES: Final = str.maketrans({chr(mark): " " for mark in range(128) if not chr(mark).isalnum()})

_TOKEN: Final = re.compile(r"[^\W_]+|\.{2,}|[.!?…\n;]+|[,:()]|\s[-\u2013\u2014]+\s|[؟،。]")
_PAUSE_OF: Final = {",": COMMA, ":": COMMA, "(": COMMA, ")": COMMA, "،": COMMA}
# A mark for a letter in the middle of a word: "h!lfe", "not|fall".
_MARK_FOR_I: Final = re.compile(r"(?<=[^\W\d_])[!|1](?=[^\W\d_]{2})")
_IN_A_NUMBER: Final = re.compile(r"(?<=\d)[.,:](?=\d)")
_MARKED: Final = re.compile(r"[^\W\d_][!|1][^\W\d_]{2}")
_DRAWN_OUT: Final = 3


def plain(text: str) -> str:
    """The folded text, with pictures as words and without apostrophes."""
    text = text[:LONGEST]
    if not text.isascii():
        text = _SPECIAL.sub(lambda found: _MEANING.get(found[0], " "), text.lower())
    return fold(text, longest=2 * LONGEST).translate(_CLEAN)


def quick_words(folded: str) -> list[str]:
    """The words of a folded text, fast: good enough to see whether a closer look is due."""
    if folded.isascii():
        return folded.translate(_SPACES).split()
    return [word for word in _TOKEN.findall(folded) if word[0].isalnum()]


def tokens(folded: str) -> list[str]:
    """Words and pauses (:data:`COMMA`, :data:`STOP`, :data:`ASKED`), spaced letters put together."""
    if _MARKED.search(folded):
        folded = _MARK_FOR_I.sub("i", folded)
    found: list[str] = []
    letters: list[str] = []
    for piece in _TOKEN.findall(_IN_A_NUMBER.sub("", folded)):
        if len(piece) == 1 and (piece.isalpha() or (piece == STOP and letters)):
            letters.append(piece)  # "h i l f e", "h.i.l.f.e"
            continue
        _put(found, letters)
        letters = []
        if piece[0].isalnum():
            _add_word(found, piece)
        else:
            _add_pause(found, _pause(piece))
    _put(found, letters)
    return found


def _put(found: list[str], letters: list[str]) -> None:
    """One word of many spaced letters; two are what they are ("a s")."""
    spelled = [letter for letter in letters if letter != STOP]
    if len(spelled) >= _DRAWN_OUT:
        found.append("".join(spelled))
    else:
        found.extend(spelled)
    if letters[-1:] == [STOP]:
        _add_pause(found, STOP)


def _add_pause(found: list[str], pause: str) -> None:
    if not found or found[-1] not in PAUSES:
        found.append(pause)
    elif pause == ASKED:
        found[-1] = ASKED


def _add_word(found: list[str], word: str) -> None:
    if word == _LAUGH and found and found[-1] in PAUSES:
        # A laugh belongs to the sentence before it.
        found.insert(-1, word)
    else:
        found.append(word)


def _pause(mark: str) -> str:
    if "?" in mark or "؟" in mark:
        return ASKED
    if mark.startswith("..") or mark == "…":
        return COMMA
    return _PAUSE_OF.get(mark, COMMA if mark.strip(" \n\t-\u2013\u2014") == "" and "\n" not in mark else STOP)
