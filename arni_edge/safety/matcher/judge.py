"""Weighs what a text says: signs of an emergency, and whether they are meant."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from arni_edge.safety.matcher.grammar import Cost, Rule, Symbols, compiled, keys, names_in, parsed
from arni_edge.safety.matcher.tokens import PAUSES, plain, quick_words, tokens
from arni_edge.safety.matcher.vocabulary import Vocabulary

_FILES: Final = (
    "words",
    "frequent",
    "medical",
    "injuries",
    "danger",
    "violence",
    "crisis",
    "others",
    "sums",
    "calls",
    "contexts",
)
_STRENGTHS: Final = ("grave", "firm", "signs", "nouns", "loose", "plea", "cry")
_RULE_KEYS: Final = ("innocent", "markers", *_STRENGTHS)
# What it costs to look closer at every text with such a word, by how often they are said.
_COSTS: Final = {"EVERYDAY": 10, "OFTEN": 100, "CONSTANT": 1000}
_ENDS: Final = re.compile(r"[.?]")
# "A before B" looks back so far: a denial stands right before what it denies.
_LOOK_BACK: Final = 8


class Cause(StrEnum):
    """What kind of emergency; chooses the words that staff read. A crisis takes a path of its own."""

    MEDICAL = "medical"
    FIRE = "fire"
    VIOLENCE = "violence"
    CRISIS = "crisis"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class _Topic:
    """What is looked for.

    Attributes:
        keys: Symbols without one of which none of it is said.
        innocent: Phrases that are taken out first.
        strengths: How much it takes to explain a phrase away -> the phrases.
    """

    cause: Cause
    keys: frozenset[str]
    innocent: re.Pattern[str] | None
    strengths: dict[str, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class _Context:
    """What explains phrases away: a what-if, a story, a denial.

    Attributes:
        blocks: Strengths that it explains away.
        reach: ``whole`` sentence, ``clause`` (from there to the next comma), ``onward`` (from there),
            ``before`` or ``after`` (right beside the phrase), ``around`` (as far as ``until`` lets it).
        until: Symbols that end its reach.
        next_too: Said in the next sentence it counts, too.
    """

    blocks: frozenset[str]
    reach: str
    pattern: re.Pattern[str]
    until: frozenset[str]
    next_too: bool


class Judge:
    """The phrase files, ready to be used."""

    def __init__(self) -> None:
        files = [_read(f"{name}.toml") for name in _FILES]
        ordinary = resources.files(__package__).joinpath("phrases/ordinary.txt").read_text("utf-8").split()
        tables = [table for file in files for table in file.get("topics", {}).values()]
        contexts = [table for file in files for table in file.get("contexts", {}).values()]
        self.vocabulary = Vocabulary(
            _names(files, tables, contexts),
            ordinary=ordinary,
        )
        symbols = cache(lambda name: self.vocabulary.symbols_of(_name(name)))
        costs = {symbol: cost for name, cost in _COSTS.items() for symbol in symbols(name)}

        @cache
        def cost(name: str) -> int:
            return sum(costs.get(symbol, 1) for symbol in symbols(name))

        self._topics = [_topic(table, symbols, cost) for table in tables]
        self._beside = _beside((rule for table in tables for rule in _signs(table)), symbols, cost)
        for part in symbols("PART"):
            self._beside[part] = [frozenset(part)]
        self.vocabulary.weighty = frozenset(self._beside)
        self._contexts = [_context(table, symbols) for table in contexts]

    def weigh(self, text: str) -> Cause | None:
        """The first cause that is meant, in the order of the files."""
        folded = plain(text)
        words = "".join(map(self.vocabulary.__getitem__, quick_words(folded)))
        if self.vocabulary.weighty.isdisjoint(words) or not self._worth_a_look(frozenset(words)):
            return None
        said = self.symbols(folded)
        present = frozenset(said)
        for topic in self._topics:
            if not topic.keys.isdisjoint(present) and self._found(topic, said):
                return topic.cause
        return None

    def _worth_a_look(self, present: frozenset[str]) -> bool:
        """Whether some rule's two rarest words are there, in any order."""
        return any(
            not others.isdisjoint(present)
            for symbol in present & self.vocabulary.weighty
            for others in self._beside[symbol]
        )

    def symbols(self, folded: str) -> str:
        """A folded text with one character per word and pause."""
        words, found, at = tokens(folded), [], 0
        while at < len(words):
            word = words[at]
            following = words[at + 1] if at + 1 < len(words) else ","
            if word in PAUSES:
                found.append(word)
            elif following not in PAUSES and (both := self.vocabulary.compound(word, following)):
                found.append(both)
                at += 1
            else:
                found.append(self.vocabulary[word])
            at += 1
        return "".join(found)

    def _found(self, topic: _Topic, said: str) -> bool:
        left = said
        if topic.innocent is not None:
            left = topic.innocent.sub(lambda match: "_" * len(match[0]), said)
        for strength, pattern in topic.strengths.items():
            match = pattern.search(left)
            while match is not None:
                if not self._explained(said, strength, match):
                    return True
                match = pattern.search(left, match.start() + 1)
        return False

    def _explained(self, said: str, strength: str, match: re.Match[str]) -> bool:
        """Whether something in the same sentence says that this is not meant."""
        start = max(said.rfind(".", 0, match.start()), said.rfind("?", 0, match.start())) + 1
        ending = _ENDS.search(said, match.end())
        end = ending.start() if ending else len(said)
        return any(
            _reaches(context, said, start, end, match)
            for context in self._contexts
            if strength in context.blocks
        )


def _reaches(context: _Context, said: str, start: int, end: int, match: re.Match[str]) -> bool:
    pattern = context.pattern
    if context.reach == "whole":
        if context.next_too:
            following = _ENDS.search(said, end + 1)
            end = following.start() if following else len(said)
        return pattern.search(said, start, end) is not None
    if context.reach == "before":
        near = max(start, match.start() - _LOOK_BACK)
        return any(pattern.fullmatch(said, at, match.start()) for at in range(near, match.start()))
    if context.reach == "after":
        return pattern.match(said, match.end(), end) is not None
    return any(begins <= match.start() < ends for begins, ends in _scopes(context, said, start, end))


def _scopes(context: _Context, said: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for marker in context.pattern.finditer(said, start, end):
        begins, ends = marker.start(), end
        if context.reach == "clause":
            comma = said.find(",", marker.end(), end)
            ends = comma if comma >= 0 else end
        if context.until:
            ends = next((at for at in range(marker.end(), ends) if said[at] in context.until), ends)
            if context.reach == "around":
                begins = next(
                    (at + 1 for at in range(begins - 1, start - 1, -1) if said[at] in context.until), start
                )
        yield begins, ends


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("phrases", name).read_text("utf-8"))


def _name(written: str) -> str:
    """A class keeps its capitals; a word is folded like every text."""
    return written if written.isupper() else plain(written.rstrip("*"))


def _names(files: Iterable[dict[str, Any]], *tables: Iterable[dict[str, Any]]) -> dict[str, set[str]]:
    """Word as written -> the names of rules that mean it."""
    names: dict[str, set[str]] = {"0": {"NUM"}}
    for file in files:
        for name, listed in file.get("classes", {}).items():
            for word in listed.split():
                names.setdefault(word, set()).add(name)
    for table in (one for some in tables for one in some):
        for used in (name for key in _RULE_KEYS for rule in _rules(table, key) for name in names_in(rule)):
            if not used.isupper():
                names.setdefault(used, set()).add(_name(used))
    return names


def _rules(table: dict[str, Any], key: str) -> list[Rule]:
    """The rules of a block: one a line, without comments."""
    stripped = (line.split("#")[0].strip() for line in table.get(key, "").splitlines())
    return [parsed(line) for line in stripped if line]


def _signs(table: dict[str, Any]) -> list[Rule]:
    return [rule for strength in _STRENGTHS for rule in _rules(table, strength)]


def _beside(rules: Iterable[Rule], symbols: Symbols, cost: Cost) -> dict[str, list[frozenset[str]]]:
    """Symbol of a rule's rarest word -> symbols one of which must be there, too, for each such rule."""
    found: dict[str, set[frozenset[str]]] = {}
    for rule in rules:
        first, *more = keys(rule, cost)
        rarest = frozenset("".join(map(symbols, first)))
        others = frozenset("".join(map(symbols, more[0]))) if more else rarest
        for symbol in rarest:
            found.setdefault(symbol, set()).add(others)
    # One that is enough by itself makes the others superfluous.
    return {
        symbol: [frozenset(symbol)] if any(symbol in one for one in beside) else list(beside)
        for symbol, beside in found.items()
    }


def _topic(table: dict[str, Any], symbols: Symbols, cost: Cost) -> _Topic:
    names = frozenset().union(*(keys(rule, cost)[0] for rule in _signs(table)))
    innocent = _rules(table, "innocent")
    return _Topic(
        cause=Cause(table["cause"]),
        keys=frozenset("".join(map(symbols, names))),
        innocent=compiled(innocent, symbols) if innocent else None,
        strengths={one: compiled(_rules(table, one), symbols) for one in _STRENGTHS if one in table},
    )


def _context(table: dict[str, Any], symbols: Symbols) -> _Context:
    return _Context(
        blocks=frozenset(table["blocks"].split()),
        reach=table["reach"],
        pattern=compiled(_rules(table, "markers"), symbols),
        until=frozenset("".join(symbols(name) for name in table.get("until", "").split())),
        next_too=table.get("next_too", False),
    )
