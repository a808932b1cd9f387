"""Which symbol stands for a word: spelled right, mistyped, drawn out, disguised or run together.

A symbol is one character. It stands for a set of names: the classes a word belongs to and, where a rule names
the word itself, the word. A text so becomes a string with one character per word, and a rule of the grammar a
plain regular expression over such strings.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from arni_edge.safety.matcher.tokens import plain

UNKNOWN: Final = "_"
_FIRST_SYMBOL: Final = 0x4E00
_MEMORY: Final = 20_000
_LONGEST_WORD: Final = 48
_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")
_DOUBLED: Final = re.compile(r"(.)\1+")
_DIGITS_FOR_LETTERS: Final = tuple(str.maketrans("0134578", f"o{one}eastb") for one in "il")
_COUNTED: Final = re.compile(r"(\d+)([^\W\d_]{1,9})")
_UMLAUTS: Final = (("ä", "a"), ("ö", "o"), ("ü", "u"))
# Shorter words are too alike to be mended.
_MENDED_FROM: Final = 5
_SURELY_FROM: Final = 6
_RUN_TOGETHER_FROM: Final = 7
_SHORTEST_STEM: Final = 4
# Neighbours on a German keyboard: a slip of the finger, in short words the only one that is mended.
_ROWS: Final = ("qwertzuiop", "asdfghjkl", "yxcvbnm")
_NEIGHBOURS: Final = frozenset(
    frozenset({row[at], other[at + shift]})
    for number, row in enumerate(_ROWS)
    for other, shifts in ((row, (1,)), (_ROWS[min(number + 1, 2)], (-1, 0, 1)))
    for at in range(len(row))
    for shift in shifts
    if 0 <= at + shift < len(other) and row[at] != other[at + shift]
)


class Vocabulary(dict[str, str]):
    """Maps a folded word to its symbols; what was looked up before is remembered, up to a limit.

    Most words give one symbol; words run together give several, an unknown one :data:`UNKNOWN`.

    Attributes:
        weighty: The symbols that make a text worth a closer look. A mistyped word is rather one of them.
    """

    def __init__(
        self,
        names: Mapping[str, Collection[str]],
        *,
        ordinary: Iterable[str],
        heads: Iterable[str] = (),
    ) -> None:
        """Learn the words.

        Args:
            names: Word, or stem with a ``*`` at its end, as written in the phrase files -> its names.
            ordinary: Folded words that look like one of these and are none.
            heads: Words, all of them named, that mean the same at the end of a longer one.
        """
        super().__init__()
        self.weighty: frozenset[str] = frozenset()
        self._joined: dict[str, str | None] = {}
        self._ordinary = frozenset(ordinary)
        self._symbols: dict[frozenset[str], str] = {}
        self._exact: dict[str, str] = {}
        self._stems: dict[str, str] = {}
        self._learn(names)
        self._heads = frozenset(spelling for head in heads for spelling in _spellings(head))
        self._of_name: dict[str, str] = {}
        for named, symbol in self._symbols.items():
            for name in named:
                self._of_name[name] = self._of_name.get(name, "") + symbol
        # Words with a space between them: nearly always one, and tens of thousands of lists weigh a lot.
        self._shortened: dict[str, str] = {}
        self._singled: dict[str, str] = {}
        for word in self._exact:
            if len(word) >= _MENDED_FROM and word.isalpha():
                self._singled.setdefault(_DOUBLED.sub(r"\1", word), word)
                for shorter in _without_one(word):
                    known = self._shortened.get(shorter)
                    self._shortened[shorter] = word if known is None else f"{known} {word}"

    def symbols_of(self, name: str) -> str:
        """All symbols that a name of a rule stands for."""
        return self._of_name.get(name, "")

    def forget_names(self) -> None:
        """Let go of what only the rules needed: once they are compiled, no symbol is asked for by name."""
        self._symbols.clear()
        self._of_name.clear()

    def compound(self, first: str, second: str) -> str | None:
        """The symbol of a word that was written as two: "um gefallen", "herz infakt"."""
        joined = first + second
        known = self._joined.get(joined, UNKNOWN)
        if known is UNKNOWN:
            known = self._compound(first, joined, self[first] + self[second])
            if len(self._joined) >= _MEMORY:
                self._joined.clear()
            self._joined[joined] = known
        return known

    def _compound(self, first: str, joined: str, apart: str) -> str | None:
        if (
            not _RUN_TOGETHER_FROM <= len(joined) <= _LONGEST_WORD
            or len(first) < 2
            or joined in self._ordinary
        ):
            return None
        symbol = self._exact.get(joined)
        if symbol is None and UNKNOWN in apart:
            symbol = self._mended(joined)
        return symbol if symbol in self.weighty else None

    def __missing__(self, word: str) -> str:
        symbols = self._look_up(word)
        if len(self) >= _MEMORY:
            self.clear()
        self[word] = symbols
        return symbols

    def _learn(self, names: Mapping[str, Collection[str]]) -> None:
        stems: dict[str, set[str]] = {}
        exact: dict[str, set[str]] = {}
        for written, meant in names.items():
            for spelling in _spellings(written.rstrip("*")):
                if spelling != plain(written.rstrip("*")) and spelling in self._ordinary:
                    continue
                into = stems if written.endswith("*") else exact
                into.setdefault(spelling, set()).update(meant)
        for word, meant in [*exact.items(), *((stem, set(meant)) for stem, meant in stems.items())]:
            known = exact.setdefault(word, meant)
            known |= meant
        lengths = sorted({len(stem) for stem in stems})
        for word, meant in exact.items():
            of_stems = (stems.get(word[:length], ()) for length in lengths if length <= len(word))
            self._exact[word] = self._symbol(meant.union(*of_stems))
        self._stems = {stem: self._exact[stem] for stem in stems}

    def _symbol(self, names: Collection[str]) -> str:
        key = frozenset(names)
        return self._symbols.setdefault(key, chr(_FIRST_SYMBOL + len(self._symbols)))

    def _look_up(self, word: str) -> str:
        word = _DRAWN_OUT.sub(r"\1\1\1", word)[:_LONGEST_WORD]
        known = self._known(word)
        if known is not None:
            return known
        if word in self._ordinary:
            return UNKNOWN
        if _DRAWN_OUT.search(word):
            for shorter in (_DRAWN_OUT.sub(r"\1", word), _DRAWN_OUT.sub(r"\1\1", word)):
                if (known := self._known(shorter) or self._mended(shorter)) is not None:
                    return known
            word = _DRAWN_OUT.sub(r"\1", word)
        if not word.isalpha():
            return self._with_digits(word)
        return (
            self._of_more(word)
            or self._mended(word)
            or self._run_together(word)
            or self._compounded(word)
            or UNKNOWN
        )

    def _of_more(self, word: str) -> str | None:
        """A plural or a short form on -s: "hair's" has lost its apostrophe."""
        if word[-1] != "s" or len(word) < _MENDED_FROM:
            return None
        return self._exact.get(word[:-1])

    def _compounded(self, word: str) -> str | None:
        """A German compound is what its last part is: a "Handyakku" is an "Akku"."""
        endings = (word[at:] for at in range(_SHORTEST_STEM - 1, len(word) - _SHORTEST_STEM + 1))
        return next((self._exact[one] for one in endings if one in self._heads), None)

    def _known(self, word: str) -> str | None:
        symbol = self._exact.get(word)
        if symbol is not None or word in self._ordinary:
            return symbol
        return next(
            (
                self._stems[word[:end]]
                for end in range(len(word), _SHORTEST_STEM - 1, -1)
                if word[:end] in self._stems
            ),
            None,
        )

    def _with_digits(self, word: str) -> str:
        """A number, a number with its unit ("120kg"), or digits for letters: "h1lfe", "n0tfall"."""
        if word.isdigit():
            return self._exact["0"]
        if counted := _COUNTED.fullmatch(word):
            return self[counted[1]] + self[counted[2]]
        readings = (word.translate(table) for table in _DIGITS_FOR_LETTERS)
        known = (self._exact.get(one) for one in readings if one.isalpha())
        return next((symbol for symbol in known if symbol), UNKNOWN)

    def _mended(self, word: str) -> str | None:
        """One slip: a letter too many, too few or wrong, two swapped, or any doubled."""
        if len(word) < _MENDED_FROM - 1 or word in self._ordinary:
            return None
        near = self._shortened.get(word, "").split()
        for shorter in _without_one(word):
            if len(shorter) >= _MENDED_FROM and shorter in self._exact:
                near.append(shorter)
            near.extend(one for one in self._shortened.get(shorter, "").split() if _one_slip(word, one))
        single = self._singled.get(_DOUBLED.sub(r"\1", word))
        if single is not None and len(single) >= _SURELY_FROM:
            near.append(single)
        symbols = [self._exact[one] for one in near]
        return next((one for one in symbols if one in self.weighty), symbols[0] if symbols else None)

    def _run_together(self, word: str) -> str | None:
        """Known words without spaces: "hilfebitte". All of it must be known words."""
        if len(word) < _RUN_TOGETHER_FROM or word in self._ordinary:
            return None
        # best[end]: symbols of the reading of word[:end] with the fewest words.
        best: list[list[str] | None] = [[]] + [None] * len(word)
        for end in range(2, len(word) + 1):
            for start in range(max(0, end - 20), end - 1):
                before, piece = best[start], self._exact.get(word[start:end])
                if before is None or piece is None:
                    continue
                reading = best[end]
                if reading is None or len(before) + 1 < len(reading):
                    best[end] = [*before, piece]
        whole = best[len(word)]
        return "".join(whole) if whole and not self.weighty.isdisjoint(whole) else None


def _spellings(written: str) -> set[str]:
    """As folded, and with the dots simply left off."""
    lowered = written.casefold()
    found = {plain(lowered)}
    for dotted, bare in _UMLAUTS:
        lowered = lowered.replace(dotted, bare)
    return found | {plain(lowered)}


def _without_one(word: str) -> set[str]:
    return {word[:at] + word[at + 1 :] for at in range(len(word))}


def _one_slip(word: str, meant: str) -> bool:
    """Whether two different words of one length differ by one letter or by two that swapped places."""
    if len(word) != len(meant):
        return False
    at = [index for index in range(len(word)) if word[index] != meant[index]]
    if len(at) == 1:
        pair = frozenset({word[at[0]], meant[at[0]]})
        return len(word) > _SURELY_FROM or pair in _NEIGHBOURS
    return len(at) == 2 and at[1] == at[0] + 1 and word[at[0]] == meant[at[1]] and word[at[1]] == meant[at[0]]
