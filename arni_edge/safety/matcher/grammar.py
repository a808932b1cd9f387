"""The grammar's notation, and how it becomes regular expressions over symbols.

One rule is one line of items with spaces between them::

    WHO? STOPS ..2 BREATHE        # a word of class WHO or none, then ... at most two words ... then
    brust|herz ..2 PAIN           # alternatives in one place
    ( eine|one seite|side ) TAUB  # in brackets: rows of words are alternatives ("one seite" is one of them)
    ^ HELP $                      # beginning and end of a part of a sentence, end of a sentence
    ~                             # any words of the same part of a sentence (no comma)
    ~~                            # any words of the same sentence
    ~~~                           # up to thirty words, of the next sentences, too
    ~NOW                          # the same, up to a word of class NOW
    ~NOW|,                        # the same, up to such a word or a comma
    !NOT                          # the next word is not of this class

CAPITALS name a class; other words stand for themselves in every spelling. ``?`` makes an item optional,
``{0,3}`` repeats it. A gap never holds a negation, and never crosses the end of a sentence.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

NEGATION: Final = "NOT"
_GAP: Final = re.compile(r"\.\.(\d+)")
_TIMES: Final = re.compile(r"(.+?)(\?|\{\d+,\d+\})$")
_END: Final = "(?=[.?]|$)"
_FIXED: Final = {
    "^": "(?:^|(?<=[.?,]))",
    "$": _END,
    ",": ",",
    "~": "[^.?,]*",
    "~~": "[^.?]*",
    "~~~": r"[\s\S]{0,30}?",
}

Symbols = Callable[[str], str]
"""All symbols that a name stands for."""

Cost = Callable[[str], int]
"""How much it costs to look closer at every text with a word of this name."""


@dataclass(frozen=True, slots=True)
class _Item:
    """One place of a rule.

    Attributes:
        names: Of the words that may stand here, for a place of one word.
        rows: For brackets: the rows of items that may stand here.
        mark: For anything that is no word of its own: gap, beginning, end, what must not follow.
        others: The names that a mark is about.
        times: ``?`` or ``{a,b}``, or nothing.
    """

    names: tuple[str, ...] = ()
    rows: "tuple[tuple[_Item, ...], ...]" = ()
    mark: str = ""
    others: tuple[str, ...] = ()
    times: str = ""

    @property
    def may_lack(self) -> bool:
        """Whether a text can do without it."""
        return bool(self.mark) or self.times.startswith(("?", "{0"))


Rule = tuple[_Item, ...]


@cache
def parsed(rule: str) -> Rule:
    """The items of a rule.

    Raises:
        ValueError: Brackets that do not match.
    """
    words = iter([*rule.split(), ")"])
    rows, _ = _rows(words, rule, in_brackets=False)
    if len(rows) != 1 or next(words, None) is not None:
        raise ValueError(f"brackets or bars out of place in the rule {rule!r}")
    return rows[0]


def names_in(rule: Rule) -> Iterator[str]:
    """The classes and words that a rule uses."""
    for item in rule:
        yield from (name for name in (*item.names, *item.others) if name not in _FIXED)
        for row in item.rows:
            yield from names_in(row)


def keys(rule: Rule, cost: Cost) -> list[frozenset[str]]:
    """What every text has that the rule finds: a name of each set, the set that costs least first.

    Args:
        rule: The rule.
        cost: How much it costs to look closer at every text with such a word.
    """
    found = (_keys_of(item, cost) for item in rule if not item.may_lack)
    return [names for _, names in sorted((one for one in found if one[1]), key=lambda one: one[0])]


def _keys_of(item: _Item, cost: Cost) -> tuple[int, frozenset[str]]:
    """Names one of which stands in this place, and their cost; no names if it can be filled without."""
    if item.names:
        sure = not set(item.names) & set(_FIXED)
        return sum(map(cost, item.names)), frozenset(item.names) if sure else frozenset()
    rows = [keys(row, cost) for row in item.rows]
    if not all(rows):
        return 0, frozenset()
    names = frozenset().union(*(row[0] for row in rows))
    return sum(map(cost, names)), names


def compiled(rules: Iterable[Rule], symbols: Symbols) -> re.Pattern[str]:
    """One expression for several rules.

    Raises:
        ValueError: A rule names what no word is called.
    """
    return re.compile("|".join(_expression(rule, symbols) for rule in rules))


def _rows(words: Iterator[str], rule: str, *, in_brackets: bool) -> tuple[tuple[Rule, ...], str]:
    """The rows up to a closing bracket, and how often they may stand."""
    rows: list[list[_Item]] = [[]]
    for word in words:
        if word.startswith(")"):
            return tuple(_joined(rows)), word[1:]
        if word == "(":
            inner, times = _rows(words, rule, in_brackets=True)
            rows[-1].append(_Item(rows=inner, times=times))
        elif word == "|":
            rows.append([])
        elif in_brackets and word[0] not in "~!":
            first, *more = word.split("|")
            rows[-1].append(_item(first))
            rows.extend([_item(one)] for one in more)
        else:
            rows[-1].append(_item(word))
    raise ValueError(f"brackets out of place in the rule {rule!r}")


def _joined(rows: list[list[_Item]]) -> Iterator[Rule]:
    """Rows of one plain word each become one row: a set of symbols is faster than alternatives."""
    single = [row[0] for row in rows if len(row) == 1 and row[0].names and not row[0].times]
    if single:
        yield (_Item(names=tuple(name for item in single for name in item.names)),)
    yield from (tuple(row) for row in rows if not (len(row) == 1 and row[0] in single))


def _item(word: str) -> _Item:
    if word in _FIXED or _GAP.fullmatch(word):
        return _Item(mark=word)
    if word[0] in "~!":
        return _Item(mark=word[0], others=tuple(word[1:].split("|")))
    repeated = _TIMES.fullmatch(word)
    bare, times = (repeated[1], repeated[2]) if repeated else (word, "")
    return _Item(names=tuple(bare.split("|")), times=times)


def _expression(rule: Rule, symbols: Symbols) -> str:
    return "".join(_part(item, symbols) for item in rule)


def _part(item: _Item, symbols: Symbols) -> str:
    if item.rows:
        return f"(?:{'|'.join(_expression(row, symbols) for row in item.rows)}){item.times}"
    if item.names:
        one = f"[{_set(item.names, symbols)}{',' if ',' in item.names else ''}]"
        return f"(?:{one}|{_END}){item.times}" if "$" in item.names else f"{one}{item.times}"
    if item.mark == "~":
        within = "," if "," in item.others else ""
        return f"[^.?{within}{_set(item.others, symbols)}]*" if item.others else _FIXED["~"]
    if item.mark == "!":
        return f"(?![{_set(item.others, symbols)}])"
    if gap := _GAP.fullmatch(item.mark):
        return f"[^.?{symbols(NEGATION)}]{{0,{gap[1]}}}?"
    return _FIXED[item.mark]


def _set(names: Iterable[str], symbols: Symbols) -> str:
    """The symbols of some names; ``,`` and ``$`` are no names."""
    named = [name for name in names if name not in _FIXED]
    unknown = [name for name in named if not symbols(name)]
    if unknown:
        raise ValueError(f"no word is called {unknown}")
    return "".join(map(symbols, named))
