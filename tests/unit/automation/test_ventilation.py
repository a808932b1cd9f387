"""Ventilation: by the air, with hysteresis and run times; quiet at night, off in smoke."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.automation import CLOSED, OPEN, moment, picture, unhurried

from arni_edge.automation.picture import HoursView, Picture, Priority, SetSwitch, Why
from arni_edge.automation.rules.ventilation import VentilationRule
from arni_edge.domain.readings import Value
from arni_edge.settings import Presence, Sensor, Ventilation

_AT = ("air", "bthomesensor:200.value")
_SMOKE = Sensor(device="smoke", entity="smoke:0.alarm")


def a_rule(**fan: object) -> VentilationRule:
    values = {"id": "room", "fan": "fan", "co2": {"device": _AT[0], "entity": _AT[1]}, **fan}
    return VentilationRule(Ventilation.model_validate(values), Presence(complete=True), [_SMOKE])


def at(
    co2: Value, people: int | None = 1, *, quiet: bool = False, smoke: Value = False, hours: HoursView = OPEN
) -> Picture:
    return picture(people, hours=hours, quiet=quiet, readings={_AT: co2, ("smoke", "smoke:0.alarm"): smoke})


def play(rule: VentilationRule, *steps: tuple[float, Picture]) -> list[SetSwitch]:
    state, wishes = rule.begin(), list[SetSwitch]()
    for seconds, seen in steps:
        state, (wish,) = rule.step(state, seen, moment(seconds))
        wishes.append(wish)
    return wishes


def test_bad_air_runs_the_fan_until_it_is_good() -> None:
    air = [700, 1001, 950, 801, 800]
    wishes = play(a_rule(), *((1000.0 * n, at(co2)) for n, co2 in enumerate(air)))
    assert [wish.on for wish in wishes] == [False, True, True, True, False]
    assert wishes[1].detail == "1001 ppm"


@unhurried
@given(st.lists(st.tuples(st.sampled_from([10.0, 100.0, 700.0]), st.integers(400, 2000)), max_size=60))
def test_run_times_are_respected(steps: list[tuple[float, int]]) -> None:
    rule, now, last = a_rule(minimum_on_minutes=10, minimum_off_minutes=5), 0.0, None
    state = rule.begin()
    for seconds, co2 in steps:
        now += seconds
        state, (wish,) = rule.step(state, at(co2), moment(now))
        if last is None or wish.on is not last[0]:
            if last is not None:
                assert now - last[1] >= (600 if last[0] else 300)
            last = (wish.on, now)


@unhurried
@given(st.lists(st.integers(801, 999), min_size=2), st.sampled_from([500, 1500]))
def test_it_does_not_flap_within_the_hysteresis(air: list[int], start: int) -> None:
    steps = [(0.0, at(start)), *((1000.0 * (n + 1), at(co2)) for n, co2 in enumerate(air))]
    assert {wish.on for wish in play(a_rule(), *steps)} == {start == 1500}


def test_quiet_hours_silence_it_after_its_run_time() -> None:
    wishes = play(a_rule(), (0, at(1500)), (60, at(1500, quiet=True)), (600, at(1500, quiet=True)))
    assert [(wish.on, wish.why) for wish in wishes] == [
        (True, Why.AIR_BAD), (True, Why.RUN_TIME), (False, Why.QUIET),
    ]  # fmt: skip


def test_smoke_stops_it_at_once() -> None:
    _, wish = play(a_rule(), (0, at(1500)), (1, at(1500, smoke=True)))
    assert (wish.on, wish.why, wish.priority) == (False, Why.SMOKE, Priority.ALARM)


@pytest.mark.parametrize(("people", "on"), [(None, True), (2, True), (0, False)])
def test_unknown_air_is_moved_while_somebody_may_breathe_it(people: int | None, on: bool) -> None:
    assert play(a_rule(), (0, at(None, people)))[0].on is on
    assert not play(a_rule(), (0, at(None, people, hours=CLOSED)))[0].on


def test_people_alone_can_run_it() -> None:
    rule = a_rule(co2=None, people_above=3, zones=["floor"], minimum_on_minutes=0, minimum_off_minutes=0)
    wishes = play(rule, *((float(n), at(None, people)) for n, people in enumerate([3, 4, 3, 2])))
    assert [wish.on for wish in wishes] == [False, True, True, False]
