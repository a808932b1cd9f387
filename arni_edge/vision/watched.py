"""Which lines are watched, and for how long they were not. Pure: seconds are handed in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNHEARD_SECONDS = 8.0
"""The worker repeats every line every two seconds; one that was not heard for longer is not watched."""


@dataclass(slots=True)
class _Line:
    """One line.

    Attributes:
        watched_at: When it was last known to be watched; up to then nothing is missing.
        blind: Its camera could not see at some time since: what passed then, no total tells.
    """

    watched_at: float
    blind: bool = False


class WatchedLines:
    """Tells outages of the wire from outages of the eyes: totals that went on make up for the first only."""

    def __init__(self, lines: Iterable[str], at: float) -> None:
        """No line is watched yet.

        Args:
            lines: Their ids.
            at: Seconds; until then nothing is missing.
        """
        self._lines = {line: _Line(at) for line in lines}
        self._heard: dict[str, float] = {}
        self._blind_now: set[str] = set(self._lines)

    def heard(self, line: str, at: float, *, continuous: bool) -> None:
        """A line's totals were heard; ``continuous`` when they go on from those before."""
        known = self._lines.get(line)
        if known is None:
            return
        if continuous and not known.blind:
            known.watched_at = at
        self._heard[line] = at

    def look(self, blind: Mapping[str, bool], at: float) -> float:
        """Take note of which lines are watched now.

        Args:
            blind: Of every line, whether its camera says that it cannot see.
            at: Seconds, now.

        Returns:
            For how long lines were not watched, of those that are watched again now, added up.
        """
        unwatched = 0.0
        for name, line in self._lines.items():
            blind_now, silent = blind.get(name, False), self._silent(name, at)
            line.blind = line.blind or blind_now
            if blind_now or silent:
                self._blind_now.add(name)
                continue
            if name in self._blind_now:
                unwatched += max(0.0, at - line.watched_at)
                self._blind_now.discard(name)
            line.watched_at, line.blind = at, False
        return unwatched

    def forget(self, at: float) -> None:
        """Nothing is missing until now: the count was proved."""
        for line in self._lines.values():
            line.watched_at, line.blind = max(line.watched_at, at), False

    @property
    def all_watched(self) -> bool:
        """Whether every line was watched at the last look."""
        return not self._blind_now

    def age(self, at: float) -> float:
        """Seconds since every line was known to be watched."""
        return max(0.0, *(at - line.watched_at for line in self._lines.values())) if self._lines else 0.0

    def unwatched_so_far(self, at: float) -> float:
        """For how long lines have not been watched, of those that are not watched now, added up."""
        return sum(max(0.0, at - self._lines[name].watched_at) for name in self._blind_now)

    def unwatched_for_good(self, at: float) -> float:
        """That part of it which no total can make up for any more."""
        return sum(
            max(0.0, at - self._lines[name].watched_at) for name in self._blind_now if self._lines[name].blind
        )

    def _silent(self, line: str, at: float) -> bool:
        heard = self._heard.get(line)
        return heard is None or at - heard > UNHEARD_SECONDS
