"""Weighs what a text says: signs of an emergency, and whether they are meant."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import count
from operator import attrgetter
from typing import Any, Final

from arni_edge.safety.matcher.contexts import Context, Sentences, without
from arni_edge.safety.matcher.grammar import Cost, Rule, Symbols, compiled, keys, names_in, parsed
from arni_edge.safety.matcher.tokens import PAUSES, plain, quick_words, tokens
from arni_edge.safety.matcher.vocabulary import Vocabulary

_FILES: Final = (
    "words",
    "frequent",
    "kin",
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
    "nets",
    "strangers",
    "calls",
    "contexts",
    "talk",
)
_STRENGTHS: Final = ("grave", "firm", "signs", "net", "nouns", "loose", "plea", "cry")
_RULE_KEYS: Final = ("innocent", "markers", "figures", *_STRENGTHS)
# What it costs to look closer at every text with such a word, by how often they are said.
_COSTS: Final = {"EVERYDAY": 10, "OFTEN": 100, "CONSTANT": 1000}


class Cause(StrEnum):
    """What kind of emergency; chooses the words that staff read. A crisis takes a path of its own."""

    MEDICAL = "medical"
    FIRE = "fire"
    VIOLENCE = "violence"
    CRISIS = "crisis"
    HELP = "help"


@dataclass(frozen=True, slots=True, eq=False)
class _Topic:
    """What is looked for.

    Attributes:
        cause: What it is, unless one of the words found says otherwise.
        by_word: Symbols that say otherwise: who calls for the fire brigade reports a fire.
        innocent: Phrases that are taken out first.
    """

    cause: Cause
    by_word: dict[str, Cause]
    innocent: re.Pattern[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class _Phrase:
    """One rule.

    Attributes:
        place: Where it stands in the files; the first that is meant decides.
        topic: What it belongs to.
        strength: How much it takes to explain it away.
        others: Symbols of its second rarest word, one of which must be there, too.
        pattern: The rule.
    """

    place: int
    topic: _Topic
    strength: str
    others: frozenset[str]
    pattern: re.Pattern[str]


class Judge:
    """The phrase files, ready to be used."""

    def __init__(self) -> None:
        files = [_read(f"{name}.toml") for name in _FILES]
        ordinary = resources.files(__package__).joinpath("phrases/ordinary.txt").read_text("utf-8").split()
        tables = [table for file in files for table in file.get("topics", {}).values()]
        contexts = [table for file in files for table in file.get("contexts", {}).values()]
        self.vocabulary = Vocabulary(
            _names(files, tables, contexts, files),
            ordinary=ordinary,
            heads=[head for file in files for head in file.get("heads", "").split()],
        )
        symbols = cache(lambda name: self.vocabulary.symbols_of(_name(name)))
        costs = {symbol: cost for name, cost in _COSTS.items() for symbol in symbols(name)}

        @cache
        def cost(name: str) -> int:
            return sum(costs.get(symbol, 1) for symbol in symbols(name))

        # Symbol of a rule's rarest word -> such rules.
        self._phrases: dict[str, list[_Phrase]] = {}
        for rarest, phrase in _phrases(tables, symbols, cost):
            for symbol in rarest:
                self._phrases.setdefault(symbol, []).append(phrase)
        self._beside = {symbol: _needed(symbol, phrases) for symbol, phrases in self._phrases.items()}
        for half in symbols("PART"):
            self._beside[half] = [frozenset(half)]
        self.vocabulary.weighty = frozenset(self._beside)
        figures = [rule for file in files for rule in _rules(file, "figures")]
        self._figures = compiled(figures, symbols)
        known = [_context(table, symbols) for table in contexts]
        self._contexts = {
            strength: [one for one in known if strength in one.blocks] for strength in _STRENGTHS
        }
        # Of no use any more, and the box is small.
        parsed.cache_clear()
        self.vocabulary.forget_names()

    def weigh(self, text: str) -> Cause | None:
        """The first cause that is meant, in the order of the files."""
        folded = plain(text)
        words = "".join(map(self.vocabulary.__getitem__, quick_words(folded)))
        if self.vocabulary.weighty.isdisjoint(words) or not self._worth_a_look(frozenset(words)):
            return None
        said = self.symbols(folded)
        sentences = Sentences(said)
        left: dict[_Topic, str] = {}
        for phrase in sorted(self._possible(frozenset(said)), key=attrgetter("place")):
            topic = phrase.topic
            if topic not in left:
                left[topic] = said if topic.innocent is None else without(topic.innocent, said)
            if found := self._found(phrase, left[topic], sentences):
                return next((topic.by_word[one] for one in found if one in topic.by_word), topic.cause)
        return None

    def _worth_a_look(self, present: frozenset[str]) -> bool:
        """Whether some rule's two rarest words are there, in any order, or a half of a word."""
        return any(
            not others.isdisjoint(present)
            for symbol in present & self.vocabulary.weighty
            for others in self._beside[symbol]
        )

    def _possible(self, present: frozenset[str]) -> Iterator[_Phrase]:
        """The rules whose two rarest words are there."""
        for symbol in present:
            for phrase in self._phrases.get(symbol, ()):
                if not phrase.others.isdisjoint(present):
                    yield phrase

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

    def _found(self, phrase: _Phrase, left: str, sentences: Sentences) -> str:
        """What a rule finds that is meant, or nothing."""
        match = phrase.pattern.search(left)
        while match is not None:
            if any(sentences.explained(one, match) for one in self._contexts[phrase.strength]):
                match = phrase.pattern.search(left, match.start() + 1)
                continue
            # Looked for this late, the figures of speech cost an ordinary text nothing.
            literally = without(self._figures, left)
            if literally == left:
                return match[0]
            left, match = literally, phrase.pattern.search(literally, match.start())
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
    for like, listed in (pair for file in files for pair in file.get("kin", {}).items()):
        # What a rule says of a word it says of its kin.
        meant = names.get(like, set()) | {_name(like)}
        for word in listed.split():
            names.setdefault(word, set()).update(meant)
    return names


def _rules(table: dict[str, Any], key: str) -> list[Rule]:
    """The rules of a block: one a line, without comments."""
    stripped = (line.split("#")[0].strip() for line in table.get(key, "").splitlines())
    return [parsed(line) for line in stripped if line]


def _phrases(
    tables: Iterable[dict[str, Any]], symbols: Symbols, cost: Cost
) -> Iterator[tuple[frozenset[str], _Phrase]]:
    """Each rule, with the symbols of its rarest word, in the order of the files."""
    place = count()
    alike: dict[frozenset[str], frozenset[str]] = {}  # large sets, many of them the same
    for table in tables:
        innocent = _rules(table, "innocent")
        topic = _Topic(
            cause=Cause(table["cause"]),
            by_word={
                one: Cause(cause) for name, cause in table.get("by", {}).items() for one in symbols(name)
            },
            innocent=compiled(innocent, symbols) if innocent else None,
        )
        for strength in _STRENGTHS:
            for rule in _rules(table, strength):
                first, *more = (frozenset("".join(map(symbols, names))) for names in keys(rule, cost)[:2])
                others = more[0] if more else first
                yield (
                    first,
                    _Phrase(
                        place=next(place),
                        topic=topic,
                        strength=strength,
                        others=alike.setdefault(others, others),
                        pattern=compiled([rule], symbols),
                    ),
                )


def _needed(symbol: str, phrases: list[_Phrase]) -> list[frozenset[str]]:
    """Symbols one of which must be there, too, for each rule; if one is enough, the others do not matter."""
    needed = {phrase.others for phrase in phrases}
    return [frozenset(symbol)] if any(symbol in others for others in needed) else list(needed)


def _context(table: dict[str, Any], symbols: Symbols) -> Context:
    innocent = _rules(table, "innocent")
    return Context(
        blocks=frozenset(table["blocks"].split()),
        reach=table["reach"],
        markers=compiled(_rules(table, "markers"), symbols),
        until=_symbols_in(table, "until", symbols),
        unless=_symbols_in(table, "unless", symbols),
        innocent=compiled(innocent, symbols) if innocent else None,
    )


def _symbols_in(table: dict[str, Any], key: str, symbols: Symbols) -> frozenset[str]:
    return frozenset("".join(map(symbols, table.get(key, "").split())))
