"""Heating: hysteresis, run times, and a frost guard that wins."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.automation import CLOSED, OPEN, moment, picture, unhurried

from arni_edge.automation.picture import HoursView, Picture, Priority, SetSwitch, Why
from arni_edge.automation.rules.heating import HeatingRule
from arni_edge.domain.readings import Value
from arni_edge.settings import Heating, Presence

_AT = ("climate", "temperature:0.tC")


def a_rule(*, complete: bool = True, **heating: object) -> HeatingRule:
    values = {"id": "room", "heater": "heater", "sensor": {"device": _AT[0], "entity": _AT[1]}, **heating}
    return HeatingRule(Heating.model_validate(values), Presence(complete=complete))


def at(warmth: Value, people: int | None = 1, hours: HoursView = OPEN) -> Picture:
    return picture(people, hours=hours, readings={_AT: warmth})


def play(rule: HeatingRule, *steps: tuple[float, Picture]) -> list[SetSwitch]:
    state, wishes = rule.begin(), list[SetSwitch]()
    for seconds, seen in steps:
        state, (wish,) = rule.step(state, seen, moment(seconds))
        wishes.append(wish)
    return wishes


_WARMTHS: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from([2.0, 6.9, 7.2, 17.0, 25.0]),
    st.floats(-20, 40),
    st.sampled_from([None, True, "?", math.nan]),
)
_SEQUENCES = st.lists(
    st.tuples(
        st.sampled_from([5.0, 30.0, 120.0, 400.0]),
        st.builds(at, _WARMTHS, st.sampled_from([None, 0, 3]), st.sampled_from([OPEN, CLOSED])),
    ),
    max_size=60,
)


def _timed(steps: list[tuple[float, Picture]]) -> list[tuple[float, Picture]]:
    now, timed = 0.0, []
    for seconds, seen in steps:
        now += seconds
        timed.append((now, seen))
    return timed


@unhurried
@given(_SEQUENCES)
def test_it_is_never_below_the_frost_guard_without_heat(steps: list[tuple[float, Picture]]) -> None:
    timed = _timed(steps)
    for (_, seen), wish in zip(timed, play(a_rule(), *timed), strict=True):
        warmth = seen.readings[_AT]
        if isinstance(warmth, float) and warmth < 7.0:
            assert wish.on
            assert wish.priority is Priority.FROST


@unhurried
@given(_SEQUENCES)
def test_run_times_are_respected_except_by_the_frost_guard(steps: list[tuple[float, Picture]]) -> None:
    timed = _timed(steps)
    last: tuple[bool, float] | None = None
    for (now, _), wish in zip(timed, play(a_rule(), *timed), strict=True):
        if last is None or wish.on is not last[0]:
            if last is not None and wish.priority is not Priority.FROST:
                assert now - last[1] >= 300
            last = (wish.on, now)


@unhurried
@given(st.lists(st.floats(18.5, 18.99), min_size=2, max_size=50), st.booleans())
def test_it_does_not_flap_within_the_hysteresis(warmths: list[float], cold: bool) -> None:
    start = 17.0 if cold else 19.5
    steps = [(0.0, at(start)), *((600.0 * (n + 1), at(warmth)) for n, warmth in enumerate(warmths))]
    assert {wish.on for wish in play(a_rule(), *steps)} == {cold}


@pytest.mark.parametrize("unknown", [None, "broken", True, math.nan, math.inf])
def test_an_unknown_temperature_heats_a_part_of_every_hour_at_once(unknown: Value) -> None:
    steps = [(minute * 60.0, at(unknown, 0, CLOSED)) for minute in range(180)]
    wishes = play(a_rule(blind_minutes=20), (0.0, at(20.0)), *((300 + when, seen) for when, seen in steps))[
        1:
    ]
    assert [wish.on for wish in wishes] == [minute % 60 < 20 for minute in range(180)]
    assert all(wish.priority is Priority.FROST for wish in wishes if wish.on)


def test_the_frost_guard_ends_above_its_hysteresis() -> None:
    rule = a_rule()
    on = play(
        rule, (0, at(8.0, 0, CLOSED)), *((600.0 * n, at(w, 0)) for n, w in enumerate((6.9, 7.4, 7.6), 1))
    )
    assert [wish.why for wish in on] == [Why.COLD, Why.FROST, Why.FROST, Why.COLD]


@pytest.mark.parametrize(
    ("people", "hours", "complete", "goal"),
    [
        (3, CLOSED, True, "19 °C"),
        (0, OPEN, True, "15 °C"),
        (None, OPEN, True, "19 °C"),
        (None, CLOSED, True, "15 °C"),
        (0, OPEN, False, "19 °C"),
        (0, CLOSED, False, "15 °C"),
    ],
)
def test_the_goal_follows_the_people(people: int | None, hours: HoursView, complete: bool, goal: str) -> None:
    (wish,) = play(a_rule(complete=complete), (0, at(17.0, people, hours)))
    assert wish.detail == f"17.0 °C, {goal}"


def test_zones_of_its_own_decide() -> None:
    (wish,) = play(a_rule(zones=["entrance"]), (0, at(17.0, 5)))
    assert not wish.on  # five on the floor, nobody at the entrance
