"""How many people are in the gym: who went in and out, corrected by who is seen. Pure: time is handed in.

Seconds (``at``) are of a clock that never jumps and measure durations; moments (``now``) are aware and say
which night it is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arni_edge.domain.headcount import HeadcountMemory
from arni_edge.vision.counting_plan import CountingPlan
from arni_edge.vision.watched import WatchedLines

SETTLED_SECONDS = 10.0
"""So long nobody must cross before zones correct the lines: a person in the door is in neither or both."""

LONGEST_BLIND_SECONDS = 1800.0
"""A line that nobody has watched for longer makes the count unknown until it is watched again."""

LEAST_CONFIDENCE = 0.2
"""Below this the count is a guess, and is not told."""

_ZONES_ONLY = 0.5
# One crossing in fifty is missed, seen twice or taken for the other direction (accepted: 98 %).
_LEAST_ERROR_RATE = 0.02
_ENOUGH_TO_LEARN = 20
_LEARNING = 0.2
# In an hour that nobody watches people still come and go.
_LEAST_PER_HOUR = 2.0
_RATE_SECONDS = 3600.0
_HOURLY_VARIANCE = 0.05
# A box without a clock of its own begins in the past; by then it has been told the time.
_CLOCK_SECONDS = 3600.0
# A wall clock that moves so much more than time passes was put right.
_JUMP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ZoneSight:
    """What is known of a zone now.

    Attributes:
        count: People.
        confirmed: Those on whom more may be staked.
        age: Seconds since it was said.
    """

    count: int
    confirmed: int
    age: float


@dataclass(frozen=True, slots=True)
class Figure:
    """The count of the gym.

    Attributes:
        count: People; None when unknown.
        age: Seconds since somebody looked; None when unknown.
        confirmed: People on whom an alarm may be staked; None where no zone is seen.
        confidence: Probability that the count is off by at most one, or a tenth where many are in.
        basis: ``lines`` or ``zones``; empty when unknown.
        reason: Why it is unknown or only what the zones see: ``no_eyes``, ``zones_unseen``, ``no_proof``
            (never zeroed yet), ``lines_unseen``, ``too_uncertain``; empty when all is well.
    """

    count: int | None
    age: float | None = None
    confirmed: int | None = None
    confidence: float = 0.0
    basis: str = ""
    reason: str = ""


Sights = Mapping[str, ZoneSight | None]
"""What every zone shows, None while it is not seen."""


class Headcount:
    """One gym's count.

    The lines count on at all times; what they say is corrected by zones that see more people, by zones that
    see everybody, and every night. Nothing is told before there was a proof.
    """

    def __init__(self, plan: CountingPlan, at: float, now: datetime) -> None:
        """Begin without knowledge.

        Args:
            plan: Lines and zones.
            at: Seconds, now.
            now: The same moment (aware).
        """
        self._plan = plan
        self._groups = plan.groups
        # Ways in by the first of their lines; which of them counts, the caller decides.
        self._ways = tuple(way[0] for way in plan.ways_in)
        self._memory = HeadcountMemory(zeroed_for=plan.last_zero(now))
        self._lines = WatchedLines(self._ways, at)
        self._began = at
        self._known_from = at
        self._proved = at
        self._rate_at = at
        self._held: tuple[int, float] | None = None
        self._looked = (at, now)
        self._jumped = False
        self.entries = 0
        """In this life of the daemon; only grows."""
        self.exits = 0
        """The same."""

    def restore(self, memory: HeadcountMemory, saved: datetime, at: float, now: datetime) -> None:
        """Go on from what was kept; a nightly zero that was missed meanwhile is made up for.

        Args:
            memory: What was kept.
            saved: When (aware).
            at: Seconds, now.
            now: The same moment (aware).
        """
        self._memory = replace(memory, zeroed_for=memory.zeroed_for or self._plan.last_zero(now))
        self._began = at
        gap = max(0.0, (now - saved).total_seconds())
        self._known_from = at - gap
        self._lines = WatchedLines(self._ways, at - gap)
        if memory.proved_at is not None:
            self._proved = at - max(0.0, (now - memory.proved_at).total_seconds())
        self._rate_at = at - gap
        self._zero_if_due({}, at, now)

    def memory(self, at: float, now: datetime) -> HeadcountMemory:
        """All that has to be kept."""
        return replace(
            self._memory,
            blind_seconds=self._memory.blind_seconds + self._lines.unwatched_for_good(at),
            proved_at=None if self._memory.proved_at is None else now - timedelta(seconds=at - self._proved),
        )

    @property
    def zeroed_for(self) -> datetime | None:
        """The nightly moment that the last zero belongs to."""
        return self._memory.zeroed_for

    # --- what happens -------------------------------------------------------------------------------------

    def heard(self, line: str, at: float, *, continuous: bool) -> None:
        """The totals of a way in were heard.

        Args:
            line: Its first line.
            at: When.
            continuous: Nothing is missing since they were heard before: it was watched all along.
        """
        self._lines.heard(line, at, continuous=continuous)

    def crossed(self, entries: int, exits: int, at: float, now: datetime) -> None:
        """So many people went in and out."""
        if not entries and not exits:
            return
        memory = self._memory
        net = memory.inside + entries - exits
        missed = max(0, -net)
        self._memory = replace(
            memory,
            inside=max(0, net),
            entries=memory.entries + entries,
            exits=memory.exits + exits,
            crossings=memory.crossings + entries + exits,
            clamps=memory.clamps + missed,
            per_hour=self._faded_rate(at) + (entries + exits) * 3600.0 / _RATE_SECONDS,
        )
        if missed and memory.proved_at is not None:
            self._memory = replace(self._memory, drift=-missed, drift_at=now)
        self._rate_at = at
        self._held = None
        self.entries += entries
        self.exits += exits

    def told(self, count: int, at: float, now: datetime) -> None:
        """Somebody who is there says how many people are in the gym."""
        self._correct(count, now)
        self._prove(at, now)

    def look(self, sights: Sights, blind: Mapping[str, bool], at: float, now: datetime) -> None:
        """Take note of what is seen now; call it every second or so.

        Args:
            sights: Of every zone.
            blind: Of every way in, by its first line, whether no camera of it can see.
            at: Seconds, now.
            now: The same moment (aware).
        """
        unwatched = self._lines.look(blind, at)
        # While nobody watches, the rate of before is the best guess: it fades only while somebody does.
        rate = self._faded_rate(at) if self._lines.all_watched else self._memory.per_hour
        self._rate_at = at
        self._memory = replace(
            self._memory, blind_seconds=self._memory.blind_seconds + unwatched, per_hour=rate
        )
        self._jumped = (now - self._looked[1]).total_seconds() - (at - self._looked[0]) > _JUMP_SECONDS
        self._looked = (at, now)
        self._zero_if_due(sights, at, now)
        if self._memory.awaits_lines and self._lines.all_watched:
            self._memory = replace(self._memory, awaits_lines=False)
        if self._plan.lines:
            self._correct_by_zones(sights, at, now)

    # --- corrections --------------------------------------------------------------------------------------

    def _correct_by_zones(self, sights: Sights, at: float, now: datetime) -> None:
        everybody = self._plan.zones_see_everybody and self._all_seen(sights)
        least = self._sum(sights, skip=frozenset() if everybody else self._plan.thresholds)
        if least is None or not (everybody or least > self._memory.inside):
            self._held = None
            return
        if self._held is None or self._held[0] != least:
            self._held = (least, at)
        if at - self._held[1] < SETTLED_SECONDS:
            return
        if least != self._memory.inside:
            self._correct(least, now)
        if everybody:
            self._prove(at, now)

    def _correct(self, count: int, now: datetime) -> None:
        """The count is this; learn from how far it was off."""
        memory = self._memory
        if memory.proved_at is None:
            self._memory = replace(memory, inside=count)
            return
        drift = memory.inside - count
        rate = memory.error_rate
        if memory.crossings >= _ENOUGH_TO_LEARN:
            seen = min(1.0, drift**2 / memory.crossings)
            rate = max(_LEAST_ERROR_RATE, (1 - _LEARNING) * rate + _LEARNING * seen)
        self._memory = replace(memory, inside=count, drift=drift, drift_at=now, error_rate=rate)

    def _prove(self, at: float, now: datetime) -> None:
        self._memory = replace(
            self._memory, proved_at=now, crossings=0, clamps=0, blind_seconds=0.0, awaits_lines=False
        )
        self._proved = at
        self._lines.forget(at)

    def _zero_if_due(self, sights: Sights, at: float, now: datetime) -> None:
        due = self._plan.last_zero(now)
        zeroed = self._memory.zeroed_for or due
        if due < zeroed and at - self._began > _CLOCK_SECONDS:
            # The clock was ahead when it was kept: that must not keep the next zero away for years.
            self._memory = replace(self._memory, zeroed_for=due)
        if due <= zeroed:
            return
        since = at - max(0.0, (now - due).total_seconds())
        if since >= self._known_from and self._jumped:
            # The clock is put right, and the lines were watched all along: whoever is inside came in since.
            self._memory = replace(self._memory, zeroed_for=due)
            return
        watched = self._lines.all_watched
        certain = self._sum(sights, confirmed=True)
        self._correct((self._sum(sights) or 0) if certain else 0, now)
        self._prove(since, now)
        # A clock that was wrong is put right: whoever came after the zero and before anything is known was
        # seen by nobody.
        unseen = max(0.0, self._known_from - since) * len(self._ways)
        self._memory = replace(
            self._memory,
            entries=0,
            exits=0,
            blind_seconds=unseen,
            zeroed_for=due,
            awaits_lines=bool(self._plan.lines) and not watched,
        )

    # --- the figure ---------------------------------------------------------------------------------------

    def figure(self, sights: Sights, at: float) -> Figure:
        """The count by what is known and seen now. Changes nothing, so that anybody may ask at any time."""
        if not self._plan.zones and not self._plan.lines:
            return Figure(None, reason="no_eyes")
        confirmed = self._sum(sights, confirmed=True)
        if not self._plan.lines or (self._plan.zones_see_everybody and self._all_seen(sights)):
            return self._by_zones(sights, confirmed, 1.0, "")
        reason, confidence = self._doubt(sights, at)
        if reason:
            return self._by_zones(sights, confirmed, _ZONES_ONLY, reason)
        return Figure(self._count(sights), self._lines.age(at), confirmed, confidence, "lines")

    def _by_zones(self, sights: Sights, confirmed: int | None, confidence: float, reason: str) -> Figure:
        if reason:
            # Stands in for the lines: who waits before the door is not inside, and that nobody is seen says
            # nothing of those whom no zone sees.
            sights = {zone: sight for zone, sight in sights.items() if zone not in self._plan.thresholds}
        total = self._sum(sights)
        if total is None or not self._all_seen(sights) or (reason and not total):
            return Figure(None, reason=reason or "zones_unseen")
        ages = [sight.age for sight in sights.values() if sight is not None]
        return Figure(total, max(ages), confirmed, confidence, "zones", reason)

    def _doubt(self, sights: Sights, at: float) -> tuple[str, float]:
        """Why the lines' count is none, or empty; and how far it is to be trusted."""
        if self._memory.proved_at is None:
            return "no_proof", 0.0
        if self._memory.awaits_lines or self._lines.age(at) > LONGEST_BLIND_SECONDS:
            return "lines_unseen", 0.0
        confidence = self._confidence(self._count(sights), at)
        return ("too_uncertain" if confidence < LEAST_CONFIDENCE else ""), confidence

    def _confidence(self, count: int, at: float) -> float:
        memory = self._memory
        hours = max(0.0, at - self._proved) / 3600.0
        blind = (memory.blind_seconds + self._lines.unwatched_so_far(at)) / 3600.0 / len(self._ways)
        missed = blind * max(_LEAST_PER_HOUR, memory.per_hour)
        # Errors at a watched line go both ways and grow with the root; who passes an unwatched one does not:
        # people mostly come in the evening, and mostly leave at night.
        variance = (
            memory.error_rate * memory.crossings
            + memory.clamps
            + missed
            + (missed / 4) ** 2
            + hours * _HOURLY_VARIANCE
        )
        within = 0.5 + max(1.0, 0.1 * count)
        return round(math.erf(within / math.sqrt(2 * variance)), 3) if variance > 0 else 1.0

    def _count(self, sights: Sights) -> int:
        """By the lines, and never less than are seen."""
        return max(self._memory.inside, self._sum(sights) or 0)

    def _all_seen(self, sights: Sights) -> bool:
        groups = [[zone for zone in group if zone in sights] for group in self._groups]
        return all(any(sights[zone] is not None for zone in group) for group in groups if group)

    def _sum(
        self, sights: Sights, *, skip: frozenset[str] = frozenset(), confirmed: bool = False
    ) -> int | None:
        """People in the zones that are seen, each floor once; None when none is."""
        counts: list[int] = []
        for group in self._groups:
            seen = [sight for zone in group if zone not in skip and (sight := sights.get(zone)) is not None]
            if seen:
                counts.append(max(sight.confirmed if confirmed else sight.count for sight in seen))
        return sum(counts) if counts else None

    def _faded_rate(self, at: float) -> float:
        return self._memory.per_hour * math.exp(-max(0.0, at - self._rate_at) / _RATE_SECONDS)
