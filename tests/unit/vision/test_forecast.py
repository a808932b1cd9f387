"""The typical week: robust, honest about how little it knows, and right as often as it says."""

import math
import random
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from arni_edge.domain.headcount import HourTally
from arni_edge.settings import Hours, Span
from arni_edge.vision.forecast import (
    QuietWindow,
    TypicalWeek,
    forecast,
    quietest,
    typical_week,
)

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
WEDNESDAY_18 = datetime(2026, 11, 11, 18, 0, tzinfo=BERLIN)


def hour(start: datetime, people: float, covered: float = 1.0) -> HourTally:
    return HourTally("", start, 3600 * covered, people * 3600 * covered, math.ceil(people))


def weeks(*people: float, start: datetime = WEDNESDAY_18) -> list[HourTally]:
    """The same hour of the wall clock in so many weeks, newest first."""
    return [
        hour((start - timedelta(weeks=index)).astimezone(UTC), count) for index, count in enumerate(people)
    ]


def week(hours: Iterable[HourTally], **more: object) -> TypicalWeek:
    return typical_week(hours, now=NOW, zone=BERLIN, **more)  # type: ignore[arg-type]


def test_two_weeks_are_no_forecast_and_three_are() -> None:
    assert week(weeks(10, 12)).slots == {}
    typical = week(weeks(10, 12, 11)).slots[2, 18]
    assert typical.observations == 3
    assert typical.low < 11 < typical.high


def test_an_empty_history_is_no_empty_gym() -> None:
    found = forecast(week([]), date(2026, 11, 18), BERLIN)
    assert len(found) == 24
    assert all(one.typical is None for one in found)


def test_one_day_on_which_the_whole_town_came_changes_nothing() -> None:
    assert week(weeks(10, 10, 200, 10, 11, 9)).slots[2, 18].expected == pytest.approx(10, abs=0.6)


def test_newer_weeks_weigh_more() -> None:
    assert week(weeks(20, 20, 20, 20, 20, 5, 5, 5, 5, 5, 5)).slots[2, 18].expected > 12


def test_hours_that_were_hardly_seen_are_not_taken_for_empty_ones() -> None:
    hours = [*weeks(10, 10, 10), hour(WEDNESDAY_18 - timedelta(weeks=3), 0, covered=0.2)]
    assert week(hours).slots[2, 18].expected == 10
    assert week(hours).slots[2, 18].observations == 3


def test_holidays_teach_nothing_and_are_not_foretold() -> None:
    holiday = WEDNESDAY_18.date()
    found = week(weeks(0, 10, 10, 10), holidays={holiday})
    assert found.slots[2, 18].expected == 10
    assert all(one.typical is None for one in forecast(found, holiday, BERLIN, {holiday}))
    assert forecast(found, date(2026, 11, 18), BERLIN, {holiday})[18].typical is not None


def test_what_is_older_than_the_season_is_forgotten() -> None:
    assert week(weeks(5, 5, 5, start=WEDNESDAY_18 - timedelta(weeks=12))).slots == {}


def test_fewer_weeks_give_wider_intervals() -> None:
    dice = random.Random(4)
    few = week(weeks(*(dice.gauss(20, 4) for _ in range(4)))).slots[2, 18]
    many = week(weeks(*(dice.gauss(20, 4) for _ in range(12)))).slots[2, 18]
    assert few.low < few.expected < few.high
    assert many.low < many.expected < many.high
    same = week(weeks(*[20.0] * 12)).slots[2, 18]
    assert same.high - same.low < many.high - many.low


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
def test_days_on_which_the_clock_is_changed_have_their_own_number_of_hours(day: date, hours: int) -> None:
    found = forecast(TypicalWeek({}), day, BERLIN)
    assert len(found) == hours
    assert len({one.start for one in found}) == hours


# --- the quietest hours -------------------------------------------------------------------------------------

Shape = Callable[[int, int], float]


def _like(shape: Shape) -> TypicalWeek:
    hours = []
    for back in range(24 * 7 * 4):
        start = NOW - timedelta(hours=back + 1)
        local = start.astimezone(BERLIN)
        hours.append(hour(start, shape(local.weekday(), local.hour)))
    return week(hours)


def _tuesday_afternoon(weekday: int, clock: int) -> float:
    if not 6 <= clock < 22:
        return 0
    return 3 if weekday == 1 and clock in {14, 15} else 10


OPEN = Hours.model_validate({day: ["06:00-22:00"] for day in ("monday", "tuesday", "wednesday")})


def test_the_quietest_hours_are_found_while_it_is_open() -> None:
    assert quietest(_like(_tuesday_afternoon), OPEN) == QuietWindow(1, 14, 16)
    assert quietest(_like(_tuesday_afternoon), Hours()) == QuietWindow(1, 14, 16)


def test_who_is_not_to_know_how_few_are_there_at_night_is_not_sent_there() -> None:
    late = _like(lambda _, clock: 0.5 if clock >= 20 else 10)
    assert quietest(late, OPEN) is not None
    night = [Span(start=time(19), until=time.max)]
    assert quietest(late, OPEN, withheld=night) is None


def test_where_all_hours_are_alike_none_is_the_quietest() -> None:
    assert quietest(_like(lambda *_: 5.0), OPEN) is None
    assert quietest(TypicalWeek({}), OPEN) is None


# --- calibration --------------------------------------------------------------------------------------------


def _synthetic_year(seed: int) -> list[HourTally]:
    """Two peaks a day, seasons, days on which the weather decides, and people who come by chance."""
    dice = random.Random(seed)
    start = datetime(2025, 1, 6, tzinfo=UTC)
    hours, size = [], dice.uniform(8, 45)
    for day in range(365):
        season = 1 + 0.3 * math.cos(2 * math.pi * day / 365) + 0.0004 * day
        shock = math.exp(dice.gauss(0, 0.18))
        for clock in range(24):
            peak = math.exp(-((clock - 18) ** 2) / 8) + 0.45 * math.exp(-((clock - 8) ** 2) / 6)
            weekend = 0.6 if (start + timedelta(days=day)).weekday() >= 5 else 1.0
            mean = size * peak * weekend * season * shock
            people = max(0.0, dice.gauss(mean, math.sqrt(mean * 0.7 + 0.02)))
            hours.append(hour(start + timedelta(days=day, hours=clock), people))
    return hours


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("known", [4, 12])
def test_the_interval_holds_four_hours_of_five_over_a_synthetic_year(seed: int, known: int) -> None:
    hours = _synthetic_year(seed)
    inside = {True: 0, False: 0}
    for start in range(known * 7, 364, 28):
        now = hours[start * 24].hour
        past = hours[max(0, start - known * 7) * 24 : start * 24]
        found = typical_week(past, now=now, zone=ZoneInfo("UTC"))
        for tally in hours[start * 24 : (start + 7) * 24]:
            typical = found.slots[tally.hour.weekday(), tally.hour.hour]
            mean = tally.mean
            assert mean is not None
            if typical.expected >= 1:  # a night in which there is never anybody proves nothing
                inside[typical.low <= mean <= typical.high] += 1
    assert 0.7 <= inside[True] / (inside[True] + inside[False]) <= 0.9
