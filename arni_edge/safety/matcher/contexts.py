"""What explains a phrase away: a what-if, a story, a denial, a laugh; and how far each of them reaches."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from arni_edge.safety.matcher.vocabulary import UNKNOWN

# Words around a phrase that are near it: a denial stands right before, a title around what it names.
_NEAR: Final = 6
# A spoken text has no full stops: what is so far away is another sentence.
_SENTENCE: Final = 14
_ENDS: Final = re.compile(r"[.?]")


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """One of them.

    Attributes:
        blocks: Strengths of phrases that it explains away.
        reach: ``whole`` sentence, ``next`` (this sentence and the next), ``near`` (some words around),
            ``clause`` (from there to the next comma), ``onward`` (from there), ``before`` or ``after`` (right
            beside the phrase), ``last`` (right before its last word), ``around`` (as far as ``until`` lets
            it).
        markers: What it is recognised by.
        until: Symbols that end its reach.
        unless: Symbols that, in the same sentence, leave it without effect.
        innocent: Phrases that are taken out before it is looked for: "sounds like a film" tells of none.
    """

    blocks: frozenset[str]
    reach: str
    markers: re.Pattern[str]
    until: frozenset[str]
    unless: frozenset[str]
    innocent: re.Pattern[str] | None = None


def without(phrases: re.Pattern[str], said: str) -> str:
    """What is said, with some phrases made unknown words."""
    return phrases.sub(lambda match: UNKNOWN * len(match[0]), said)


class Sentences:
    """A text's sentences, and where in them which context reaches; each is looked for once."""

    def __init__(self, said: str) -> None:
        """Nothing is looked for yet.

        Args:
            said: The text, one symbol a word.
        """
        self._said = said
        self._reached: dict[tuple[Context, int], list[tuple[int, int]]] = {}
        self._heard: dict[Context, str] = {}

    def explained(self, context: Context, match: re.Match[str]) -> bool:
        """Whether a context reaches the phrase that a rule found."""
        said, markers = self._said_beside(context), context.markers
        start = max(said.rfind(".", 0, match.start()), said.rfind("?", 0, match.start())) + 1
        ending = _ENDS.search(said, match.end())
        end = ending.start() if ending else len(said)
        if not context.unless.isdisjoint(said[start:end]):
            return False
        if context.reach in {"before", "last"}:
            stop = match.start() if context.reach == "before" else match.end() - 1
            nearest = range(max(start, stop - _NEAR), stop)
            return any(markers.fullmatch(said, at, stop) for at in nearest)
        if context.reach == "after":
            return markers.match(said, match.end(), end) is not None
        if context.reach == "next":
            following = _ENDS.search(said, end + 1)
            return markers.search(said, start, following.start() if following else len(said)) is not None
        if context.reach in {"near", "whole"}:
            far = _NEAR if context.reach == "near" else _SENTENCE
            return (
                markers.search(said, max(start, match.start() - far), min(end, match.end() + far)) is not None
            )
        key = (context, start)
        if key not in self._reached:
            self._reached[key] = list(self._reaches(context, start, end))
        return any(begin <= match.start() < stop for begin, stop in self._reached[key])

    def _said_beside(self, context: Context) -> str:
        """What is said without what is innocent of a context."""
        if context.innocent is None:
            return self._said
        if context not in self._heard:
            self._heard[context] = without(context.innocent, self._said)
        return self._heard[context]

    def _reaches(self, context: Context, start: int, end: int) -> Iterator[tuple[int, int]]:
        """From where to where in a sentence; none overlaps the one before."""
        said = self._said_beside(context)
        reached = start
        while marker := context.markers.search(said, reached, end):
            stop = end
            if context.reach == "clause":
                comma = said.find(",", marker.end(), end)
                stop = comma if comma >= 0 else end
            stop = next((at for at in range(marker.end(), stop) if said[at] in context.until), stop)
            begin = marker.start()
            if context.reach == "around":
                begin = next(
                    (at + 1 for at in range(begin, reached, -1) if said[at] in context.until), reached
                )
            yield begin, stop
            reached = max(stop, marker.end())
