"""The verdict on windows that are over. Pure; what is decided in doubt, and why, is told in `tailgating`."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from arni_edge.access.tailgating_words import Certainty, Opening, Passage, Suspicion, Window

_RETURN_SECONDS: Final = 10.0
"""Whoever turned round comes back within this time."""

_NEAR_SECONDS: Final = 4.0
"""Crossings this close to each other share what was seen together at the line."""

_DOUBLE_SECONDS: Final = 0.5
_TRANSIT_SECONDS: Final = 5.0
"""From the door to the line, at most."""


def verdict(group: Sequence[Window], passages: Sequence[Passage], shut: Sequence[float]) -> list[Suspicion]:
    """Judge windows that overlap, together. Every line sees everybody: the one that saw most is believed.

    Args:
        group: Windows in the order in which they end.
        passages: Crossings of all lines of the door, in any order.
        shut: When the door fell shut.

    Returns:
        What is suspected, in the order of the openings.
    """
    begin, end = min(window.begin for window in group), group[-1].end
    lines: dict[str, list[Passage]] = defaultdict(list)
    for passage in sorted(passages, key=lambda one: one.at):
        if begin <= passage.at <= end:
            lines[passage.line].append(passage)
    found = [_judge_line(group, seen, shut) for seen in lines.values()]
    return max(found, key=_strength, default=[])


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody who was let in, by one opening or several in a row; ``opening`` is the last of them."""

    opening: Opening
    begin: float
    end: float


def _judge_line(
    group: Sequence[Window], passages: Sequence[Passage], shut: Sequence[float]
) -> list[Suspicion]:
    let_in, free_for_all = _people(group), [one for one in group if not one.opening.judged]
    own: dict[_Person, Passage] = {}
    extra: dict[_Person, list[Passage]] = defaultdict(list)
    named: dict[_Person, set[str | None]] = defaultdict(set)
    for entry in _entries(passages):
        somebody = [one for one in let_in if one.begin <= entry.at <= one.end]
        if not somebody or any(one.begin <= entry.at <= one.end for one in free_for_all):
            continue
        taken = next((one for one in somebody if one not in own), None)
        if taken is not None:
            own[taken] = entry
            continue
        latest = max(somebody, key=lambda one: one.opening.began)
        extra[latest].append(entry)
        named[latest] |= _may_have_held(latest, somebody, shut)
    found: list[Suspicion] = []
    for person in sorted(let_in, key=lambda one: one.opening.began):
        entry_of = [own[person]] if person in own else []
        if person in extra:
            found.append(_counted(person, entry_of + extra[person], extra[person], named[person], passages))
        elif entry_of:
            found += _seen_together(person, entry_of[0], passages)
    return found


def _may_have_held(latest: _Person, people: Iterable[_Person], shut: Sequence[float]) -> set[str | None]:
    """For whom the door was open: nobody behind whom it had shut well before the latest opening."""
    before = latest.opening.began - _TRANSIT_SECONDS
    return {
        one.opening.member for one in people if not any(one.opening.began < each < before for each in shut)
    }


def _people(group: Sequence[Window]) -> list[_Person]:
    """Who was let in, in the order in which their windows end."""
    people: list[_Person] = []
    for window in sorted(group, key=lambda one: one.begin):
        opening = window.opening
        if not opening.judged:
            continue
        again = next(
            (
                one
                for one in people
                if opening.member is not None
                and one.opening.member == opening.member
                and window.begin <= one.end
            ),
            None,
        )
        if again is not None:
            people.remove(again)
        begin, end = (again.begin, max(again.end, window.end)) if again else (window.begin, window.end)
        people.append(_Person(opening, begin, end))
    return sorted(people, key=lambda one: one.end)


def _entries(passages: Sequence[Passage]) -> list[Passage]:
    """Entries of different people through one line, in order."""
    entries: list[Passage] = []
    left: list[Passage] = []
    for passage in passages:
        if not passage.inwards:
            if any(0 <= passage.at - one.at <= _RETURN_SECONDS for one in entries) and passage.together <= 1:
                left.append(passage)
            continue
        alone = passage.together <= 1
        if alone and left and 0 <= passage.at - left[-1].at <= _RETURN_SECONDS:
            left.pop()
            continue
        before = entries[-1] if entries else None
        double = before is not None and passage.at - before.at < _DOUBLE_SECONDS
        if double and before is not None and before.together == passage.together == 1:
            continue
        entries.append(passage)
    return entries


def _counted(
    person: _Person,
    entries: Sequence[Passage],
    extra: Sequence[Passage],
    members: set[str | None],
    passages: Sequence[Passage],
) -> Suspicion:
    near = [one for one in passages if any(abs(one.at - each.at) <= _NEAR_SECONDS for each in extra)]
    together = max(one.together for one in (*near, *entries))
    return Suspicion(
        person.opening.request_id,
        next(iter(members)) if len(members) == 1 else None,
        len(entries),
        together,
        Certainty.SURE if together > 1 else Certainty.LIKELY,
    )


def _seen_together(person: _Person, entry: Passage, passages: Sequence[Passage]) -> list[Suspicion]:
    """One entry, and somebody beside it whom no other crossing explains."""
    others = sum(1 for one in passages if one is not entry and abs(one.at - entry.at) <= _NEAR_SECONDS)
    if entry.together - 1 - others < 1:
        return []
    opening = person.opening
    return [Suspicion(opening.request_id, opening.member, 1, entry.together, Certainty.POSSIBLE)]


def _strength(found: Sequence[Suspicion]) -> tuple[float, int]:
    return sum(one.certainty.weight for one in found), sum(one.entries for one in found)
