"""Weighs what a text says: signs of an emergency, and whether they are meant."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from arni_edge.safety.matcher.contexts import Context, Sentences
from arni_edge.safety.matcher.grammar import Cost, Rule, Symbols, compiled, keys, names_in, parsed
from arni_edge.safety.matcher.tokens import PAUSES, plain, quick_words, tokens
from arni_edge.safety.matcher.vocabulary import Vocabulary

_FILES: Final = (
    "words",
    "frequent",
    "vital",
    "crisis",
    "medical",
    "injuries",
    "danger",
    "violence",
    "others",
    "wider_german",
    "wider_english",
    "wider_others",
    "sums",
    "calls",
    "contexts",
)
_STRENGTHS: Final = ("grave", "firm", "signs", "nouns", "loose", "plea", "cry")
_RULE_KEYS: Final = ("innocent", "markers", *_STRENGTHS)
# What it costs to look closer at every text with such a word, by how often they are said.
_COSTS: Final = {"EVERYDAY": 10, "OFTEN": 100, "CONSTANT": 1000}


# Rules that become one expression: most texts have none of the words that so few of them need.
_AT_A_TIME: Final = 3


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
        cause: What it is, unless one of the words found says otherwise.
        by_word: Symbols that say otherwise: who calls for the fire brigade reports a fire.
        keys: Symbols without one of which none of it is said.
        innocent: Phrases that are taken out first.
        phrases: A few at a time: how much it takes to explain them away, symbols without one of which none of
            them is said, and the phrases.
    """

    cause: Cause
    by_word: dict[str, Cause]
    keys: frozenset[str]
    innocent: re.Pattern[str] | None
    phrases: tuple[tuple[str, frozenset[str], re.Pattern[str]], ...]


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
        known = [_context(table, symbols) for table in contexts]
        self._contexts = {
            strength: [one for one in known if strength in one.blocks] for strength in _STRENGTHS
        }
        parsed.cache_clear()  # of no use any more, and the box is small

    def weigh(self, text: str) -> Cause | None:
        """The first cause that is meant, in the order of the files."""
        folded = plain(text)
        words = "".join(map(self.vocabulary.__getitem__, quick_words(folded)))
        if self.vocabulary.weighty.isdisjoint(words) or not self._worth_a_look(frozenset(words)):
            return None
        said = self.symbols(folded)
        present, sentences = frozenset(said), Sentences(said)
        for topic in self._topics:
            if not topic.keys.isdisjoint(present) and (found := self._found(topic, said, present, sentences)):
                return next((topic.by_word[one] for one in found if one in topic.by_word), topic.cause)
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

    def _found(self, topic: _Topic, said: str, present: frozenset[str], sentences: Sentences) -> str:
        """The first phrase of a topic that is meant, or nothing."""
        left = said
        if topic.innocent is not None:
            left = topic.innocent.sub(lambda match: "_" * len(match[0]), said)
        for strength, symbols, pattern in topic.phrases:
            match = None if symbols.isdisjoint(present) else pattern.search(left)
            while match is not None:
                if not any(sentences.explained(one, match) for one in self._contexts[strength]):
                    return match[0]
                match = pattern.search(left, match.start() + 1)
        return ""


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
    phrases = tuple(
        (strength, _rarest(some, symbols, cost), compiled(some, symbols))
        for strength in _STRENGTHS
        for some in _few_at_a_time(_rules(table, strength))
    )
    innocent = _rules(table, "innocent")
    return _Topic(
        cause=Cause(table["cause"]),
        by_word={one: Cause(cause) for name, cause in table.get("by", {}).items() for one in symbols(name)},
        keys=frozenset().union(*(some for _, some, _ in phrases)),
        innocent=compiled(innocent, symbols) if innocent else None,
        phrases=phrases,
    )


def _few_at_a_time(rules: list[Rule]) -> Iterator[list[Rule]]:
    for start in range(0, len(rules), _AT_A_TIME):
        yield rules[start : start + _AT_A_TIME]


def _rarest(rules: Iterable[Rule], symbols: Symbols, cost: Cost) -> frozenset[str]:
    """Symbols without one of which none of the rules finds anything."""
    names = frozenset().union(*(keys(rule, cost)[0] for rule in rules))
    return frozenset("".join(map(symbols, names)))


def _context(table: dict[str, Any], symbols: Symbols) -> Context:
    return Context(
        blocks=frozenset(table["blocks"].split()),
        reach=table["reach"],
        markers=compiled(_rules(table, "markers"), symbols),
        until=_symbols_in(table, "until", symbols),
        unless=_symbols_in(table, "unless", symbols),
    )


def _symbols_in(table: dict[str, Any], key: str, symbols: Symbols) -> frozenset[str]:
    return frozenset("".join(map(symbols, table.get(key, "").split())))
