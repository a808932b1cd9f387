"""What a week is like here, and what today will be like, with how far that can be wrong. Pure.

A forecast is the weighted median of the same hour in the last weeks; newer weeks weigh more. Its interval is
made of how far such forecasts would have been off before (a backtest, pooled with hours as full), and
holds four of five hours. Fewer than three observations make no forecast.
"""

import bisect
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from arni_edge.domain.headcount import HourTally
from arni_edge.domain.occupancy import DaySpan, within
from arni_edge.settings import Hours

MEMORY = timedelta(weeks=12)
"""Older weeks were another season."""

LEAST_OBSERVATIONS = 3
"""Fewer are anecdotes."""

COVERAGE = 0.8
"""Share of hours that the interval is meant to hold."""

QUIET_HOURS = 2
_HALF_LIFE_WEEKS = 6.0
# Hours are about as full as each other when the roots of their levels differ by less than one in so many.
_LEVELS_PER_ROOT = 2.0
# The pool counts like so many observations of the hour itself.
_POOL_MASS = 8.0
# Where opening hours say nothing, nobody is told that it is quietest while everybody sleeps.
_WAKING = (6, 23)

Slot = tuple[int, int]
"""Weekday (0 = Monday) and hour of the studio's clock."""


@dataclass(frozen=True, slots=True)
class Typical:
    """What an hour of the week is like.

    Attributes:
        expected: People, by the weighted median.
        low: In nine of ten such hours there are at least so many.
        high: In nine of ten such hours there are at most so many.
        observations: From so many weeks.
    """

    expected: float
    low: float
    high: float
    observations: int


@dataclass(frozen=True, slots=True)
class TypicalWeek:
    """The week as it mostly is.

    Attributes:
        slots: By weekday and hour; hours of which too little is known are missing.
    """

    slots: Mapping[Slot, Typical]


@dataclass(frozen=True, slots=True)
class HourForecast:
    """What one hour will be like.

    Attributes:
        start: When it begins (UTC).
        local: The same on the studio's clock.
        typical: What to expect; None where too little is known, or on a holiday.
    """

    start: datetime
    local: datetime
    typical: Typical | None


@dataclass(frozen=True, slots=True)
class QuietWindow:
    """The quietest hours of a week.

    Attributes:
        weekday: 0 = Monday.
        start: First hour, on the studio's clock.
        end: Hour at which it is over, up to 24.
    """

    weekday: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Seen:
    """One hour that was seen: how long ago in weeks, and how many people."""

    weeks_ago: float
    people: float

    @property
    def weight(self) -> float:
        return float(0.5 ** (self.weeks_ago / _HALF_LIFE_WEEKS))


def typical_week(
    hours: Iterable[HourTally], *, now: datetime, zone: ZoneInfo, holidays: Collection[date] = ()
) -> TypicalWeek:
    """The typical week of one place.

    Args:
        hours: What was seen there; hours that were hardly seen, and holidays, are left out.
        now: Aware; what is older than :data:`MEMORY` is left out.
        zone: The studio's time zone.
        holidays: Days with other hours.
    """
    slots: dict[Slot, list[_Seen]] = defaultdict(list)
    for tally in hours:
        local, mean = tally.hour.astimezone(zone), tally.mean
        age = now - tally.hour
        if mean is None or local.date() in holidays or not timedelta(0) <= age <= MEMORY:
            continue
        slots[local.weekday(), local.hour].append(_Seen(age / timedelta(weeks=1), mean))
    enough = {
        slot: sorted(seen, key=lambda one: -one.weeks_ago)
        for slot, seen in slots.items()
        if len(seen) >= LEAST_OBSERVATIONS
    }
    expected = {slot: _median(seen) for slot, seen in enough.items()}
    errors = {slot: _backtest(seen) for slot, seen in enough.items()}
    pools: dict[int, list[float]] = defaultdict(list)
    for slot, found in errors.items():
        pools[_level(expected[slot])] += found
    return TypicalWeek(
        {
            slot: _with_interval(expected[slot], errors[slot], _around(pools, expected[slot]), len(seen))
            for slot, seen in enough.items()
        }
    )


def forecast(
    week: TypicalWeek, day: date, zone: ZoneInfo, holidays: Collection[date] = ()
) -> tuple[HourForecast, ...]:
    """Every hour of a studio-local day, 23 to 25 of them, as it will be."""
    start = datetime.combine(day, time.min, zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
    hours = []
    while start < end:
        local = start.astimezone(zone)
        typical = None if day in holidays else week.slots.get((day.weekday(), local.hour))
        hours.append(HourForecast(start, local, typical))
        start += timedelta(hours=1)
    return tuple(hours)


def quietest(week: TypicalWeek, hours: Hours, *, withheld: Sequence[DaySpan] = ()) -> QuietWindow | None:
    """The two hours with the fewest people, while members may come in.

    Args:
        week: As it mostly is.
        hours: When members may come in; without any, from six in the morning to eleven at night.
        withheld: Times of the day at which members are not told how few are there.

    Returns:
        The window; None where nothing is known, or where no two hours differ.
    """
    windows: dict[QuietWindow, float] = {}
    for weekday in range(7):
        for start in range(24 - QUIET_HOURS + 1):
            slots = [(weekday, hour) for hour in range(start, start + QUIET_HOURS)]
            if all(
                slot in week.slots and _may_come(hours, *slot) and not within(withheld, time(slot[1]))
                for slot in slots
            ):
                window = QuietWindow(weekday, start, start + QUIET_HOURS)
                windows[window] = sum(week.slots[slot].expected for slot in slots)
    if not windows or max(windows.values()) - min(windows.values()) < 1.0:
        return None
    return min(windows, key=lambda window: windows[window])


def _may_come(hours: Hours, weekday: int, hour: int) -> bool:
    """Whether the whole hour lies in the opening hours."""
    if not any(hours.of(day) for day in range(7)):
        return _WAKING[0] <= hour < _WAKING[1]
    last = time(hour, 59)
    return any(span.start <= time(hour) and last < span.until for span in hours.of(weekday))


# --- numbers ------------------------------------------------------------------------------------------------


def _median(seen: Sequence[_Seen]) -> float:
    return _quantile([(one.people, one.weight) for one in seen], 0.5)


def _quantile(weighted: Iterable[tuple[float, float]], share: float) -> float:
    """The weighted quantile, linear between the middles of the weights; robust against single days."""
    ordered = sorted(weighted)
    total = sum(weight for _, weight in ordered)
    positions, passed = [], 0.0
    for _, weight in ordered:
        positions.append((passed + weight / 2) / total)
        passed += weight
    index = bisect.bisect_left(positions, share)
    if index == 0:
        return ordered[0][0]
    if index == len(ordered):
        return ordered[-1][0]
    left, right = positions[index - 1], positions[index]
    part = (share - left) / (right - left)
    return ordered[index - 1][0] * (1 - part) + ordered[index][0] * part


def _spread(level: float) -> float:
    """By what errors are measured: people come by themselves, so the spread grows as the root."""
    return math.sqrt(max(0.0, level) + 1.0)


def _level(expected: float) -> int:
    return int(_LEVELS_PER_ROOT * _spread(expected))


def _backtest(seen: Sequence[_Seen]) -> list[float]:
    """How far forecasts of these hours were off, in spreads; each from what was known before it.

    Args:
        seen: Oldest first. The first ones are judged by the others: before them nothing is known.
    """
    errors = []
    for index, one in enumerate(seen):
        known = seen[:index] if index >= LEAST_OBSERVATIONS else [*seen[:index], *seen[index + 1 :]]
        guess = _median(known)
        errors.append((one.people - guess) / _spread(guess))
    return errors


def _around(pools: Mapping[int, Sequence[float]], expected: float) -> list[float]:
    """Errors of all hours that are about as full."""
    level = _level(expected)
    return sorted(error for near in (level - 1, level, level + 1) for error in pools.get(near, ()))


def _with_interval(expected: float, own: Sequence[float], pool: Sequence[float], weeks: int) -> Typical:
    weighted = [(error, 1.0) for error in own] + [(error, _POOL_MASS / len(pool)) for error in pool]
    # From few errors the true tails are not seen: aim a little further out, as order statistics ask for.
    tail = (1 - COVERAGE) / 2
    tail = max(0.0, tail - (1 - tail) / (len(pool) + 1))
    spread = _spread(expected)
    low = expected + _quantile(weighted, tail) * spread
    high = expected + _quantile(weighted, 1 - tail) * spread
    return Typical(expected, max(0.0, min(low, expected)), max(high, expected), weeks)
