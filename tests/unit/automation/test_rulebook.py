"""Where two rules want different things, the priority decides, in one place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from support.automation import EVERYTHING, STEPS, moment, picture, settings, unhurried

from arni_edge.automation.calendar import Calendar
from arni_edge.automation.picture import Moment, Picture, Priority, SetSwitch, Why, Wish
from arni_edge.automation.rulebook import Rulebook, build_rulebook
from arni_edge.settings import DAYS, Holiday, Hours


@dataclass(frozen=True)
class Wanting:
    """A rule that always wants the same."""

    name: str
    wish: SetSwitch

    def begin(self) -> None:
        return None

    def step(self, _state: Any, _picture: Picture, _moment: Moment, /) -> tuple[None, Sequence[Wish]]:
        return None, [self.wish]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("stronger", "weaker"),
    [
        ((False, Priority.ALARM), (True, Priority.FROST)),
        ((True, Priority.FROST), (False, Priority.SAFETY_LIGHT)),
        ((True, Priority.SAFETY_LIGHT), (False, Priority.OWNER)),
        ((True, Priority.OWNER), (False, Priority.OWNER)),
    ],
)
def test_the_stronger_wish_wins(
    stronger: tuple[bool, Priority], weaker: tuple[bool, Priority], turned: bool
) -> None:
    rules = [
        Wanting(name, SetSwitch("relay", on, Why.SCHEDULE, priority=priority))
        for name, (on, priority) in (("stronger", stronger), ("weaker", weaker))
    ]
    book = Rulebook(rules[::-1] if turned else rules)
    _, plan = book.step(book.begin(), picture(), moment(0))
    assert plan.switches["relay"].rule == "stronger"


@unhurried
@given(STEPS)
def test_all_rules_together_survive_anything(steps: list[tuple[float, Picture]]) -> None:
    book, now = build_rulebook(settings(**EVERYTHING)), 0.0
    states = book.begin()
    for seconds, seen in steps:
        now += seconds
        states, plan = book.step(states, seen, moment(now))
        assert plan.switches.keys() >= {"light-path", "plug-music", "heater", "fan"}


def test_the_names_of_the_rules_are_unique() -> None:
    rules = build_rulebook(settings(**EVERYTHING)).rules
    assert len({rule.name for rule in rules}) == len(rules) == 10


# --- opening hours ------------------------------------------------------------------------------------------

_BERLIN = ZoneInfo("Europe/Berlin")


def test_a_holiday_has_hours_of_its_own() -> None:
    hours = Hours.model_validate({"friday": ["06:00-23:00"]})
    calendar = Calendar(
        hours,
        [
            Holiday(day=date(2026, 12, 25)),
            Holiday.model_validate({"day": "2027-01-01", "hours": ["10:00-14:00"]}),
        ],
        _BERLIN,
    )
    assert not calendar.view(datetime(2026, 12, 25, 12, tzinfo=_BERLIN)).open
    assert calendar.view(datetime(2027, 1, 1, 13, 59, tzinfo=_BERLIN)).open
    assert not calendar.view(datetime(2027, 1, 1, 14, 0, tzinfo=_BERLIN)).open
    assert calendar.view(datetime(2027, 1, 8, 14, 0, tzinfo=_BERLIN)).open


def test_always_open_never_closes_in_sight() -> None:
    calendar = Calendar(Hours.model_validate({day: ["00:00-24:00"] for day in DAYS}), [], _BERLIN)
    now = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    view = calendar.view(now)
    assert view.open
    assert view.closes_at is not None
    assert (view.closes_at - now).days > 6


@pytest.mark.parametrize(
    ("night", "closes"),
    [
        (
            date(2026, 10, 25),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),  # half past two comes twice: the second
        (
            date(2026, 3, 29),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),  # it does not come: as without a change
        (date(2026, 6, 7), datetime(2026, 6, 7, 0, 30, tzinfo=UTC)),
    ],
)
def test_an_ambiguous_closing_is_the_later_one(night: date, closes: datetime) -> None:
    calendar = Calendar(Hours.model_validate({"sunday": ["00:00-02:30"]}), [], _BERLIN)
    view = calendar.view(datetime.combine(night, time(0, 30), _BERLIN))
    assert view.closes_at == closes
    assert calendar.view(closes - timedelta(minutes=1)).open
    assert calendar.view(closes).closed_at == closes
