"""Lights: never dark while anybody is, or may be, inside."""

import pytest
from hypothesis import given
from support.automation import CLOSED, EVERYTHING, MOTION, STEPS, moment, picture, settings, unhurried

from arni_edge.automation.picture import Picture, Priority, SetSwitch, Why
from arni_edge.automation.presence import Inside, area, inside
from arni_edge.automation.rulebook import build_rulebook, calendar_of
from arni_edge.automation.rules.lights import LightRule, LightState, PathLightRule
from arni_edge.domain.occupancy import Occupancy
from arni_edge.settings import Light, PathLight, Presence, Sensor

_SENSOR = Sensor.model_validate(MOTION)
_COMPLETE = Presence(complete=True)


def a_rule(presence: Presence = _COMPLETE, **light: object) -> LightRule:
    return LightRule(
        Light.model_validate({"id": "floor", "devices": ["light"], **light}),
        presence,
        calendar_of(settings()),
    )


def play(rule: LightRule, *steps: tuple[float, Picture]) -> list[bool | None]:
    """What is wished at each second; None: no wish."""
    state, wishes = rule.begin(), list[bool | None]()
    for seconds, seen in steps:
        state, wished = rule.step(state, seen, moment(seconds))
        wishes.append(wished[0].on if wished else None)
    return wishes


@unhurried
@given(STEPS)
def test_it_is_never_dark_where_anybody_is_or_may_be(steps: list[tuple[float, Picture]]) -> None:
    config = settings(**EVERYTHING)
    book = build_rulebook(config)
    states, now = book.begin(), 0.0
    for seconds, seen in steps:
        now += seconds
        states, plan = book.step(states, seen, moment(now))
        if inside(seen, config.automation.presence) is not Inside.NOBODY:
            assert plan.switches["light-floor"].wish.on
        if area(seen, [], [_SENSOR]) is not Inside.NOBODY:
            assert plan.switches["light-changing"].wish.on
            assert plan.switches["light-changing"].wish.priority >= Priority.SAFETY_LIGHT


@unhurried
@given(STEPS)
def test_without_a_complete_view_it_never_goes_dark(steps: list[tuple[float, Picture]]) -> None:
    rule, now = a_rule(Presence()), 0.0
    state = rule.begin()
    for seconds, seen in steps:
        now += seconds
        state, (wish,) = rule.step(state, seen, moment(now))
        assert wish.on


def test_it_goes_off_after_minutes_of_certain_emptiness() -> None:
    empty = picture(0, 0)
    steps = [(0.0, picture(3)), (10.0, empty), (609.0, empty), (610.0, empty), (611.0, picture(1))]
    assert play(a_rule(), *steps) == [True, True, True, False, True]


def test_one_unknown_moment_begins_the_minutes_anew() -> None:
    empty, unknown = picture(0, 0), picture(None, 0)
    assert play(
        a_rule(), (0, picture(1)), (10, empty), (500, unknown), (510, empty), (700, empty), (1110, empty)
    ) == [True, True, True, True, True, False]


def test_a_restart_in_an_empty_gym_lights_nothing_up() -> None:
    assert play(a_rule(), (0, picture(0, 0)), (599, picture(0, 0)), (600, picture(0, 0))) == [
        None,
        None,
        False,
    ]


def test_a_figure_that_is_too_old_is_none() -> None:
    old = Picture(hours=CLOSED, zones={"floor": Occupancy(0, 3600.0)}, total=Occupancy(0, 3600.0))
    assert inside(old, _COMPLETE) is Inside.UNKNOWN


@pytest.mark.parametrize(("confidence", "answer"), [(0.95, Inside.NOBODY), (0.4, Inside.UNKNOWN)])
def test_a_count_that_is_hardly_trusted_does_not_prove_that_nobody_is_there(
    confidence: float, answer: Inside
) -> None:
    counted = Picture(hours=CLOSED, total=Occupancy(0, 1.0, confidence=confidence))
    assert inside(counted, _COMPLETE) is answer
    some = Picture(hours=CLOSED, total=Occupancy(2, 1.0, confidence=confidence))
    assert inside(some, _COMPLETE) is Inside.SOMEBODY


def test_a_sensor_lights_its_own_part() -> None:
    rule = a_rule(sensors=[MOTION])
    seen = {True: picture(0, 0, readings={("motion", "motion:0.motion"): True}),
            False: picture(5, 5, readings={("motion", "motion:0.motion"): False})}  # fmt: skip
    assert play(rule, (0, seen[True]), (1, seen[False]), (601, seen[False]), (602, picture(0, 0))) == [
        True, True, False, True,
    ]  # fmt: skip


def test_the_schedule_keeps_it_on() -> None:
    always = a_rule(always_on=["00:00-24:00"])
    state = LightState(empty_since=0.0)
    _, (wish,) = always.step(state, picture(0, 0), moment(10_000))
    assert (wish.on, wish.why) == (True, Why.SCHEDULE)


def test_an_alarm_lights_everything() -> None:
    _, wishes = a_rule(devices=["a", "b"]).step(LightState(), picture(0, 0, alarm=True), moment(0))
    assert wishes == [SetSwitch(name, True, Why.ALARM, priority=Priority.ALARM) for name in "ab"]


def test_the_path_is_lit_for_a_while_after_a_door() -> None:
    rule = PathLightRule(PathLight(devices=["path"], seconds=60))
    state, wished = rule.begin(), list[bool]()
    for seconds, seen in [
        (0, picture(0)), (1, picture(0, opened=True)), (60, picture(0)), (61, picture(0)),
        (70, picture(0, entered=True)), (129, picture(0)), (130, picture(0, alarm=True)), (189, picture(0)),
        (190, picture(0)),
    ]:  # fmt: skip
        state, (wish,) = rule.step(state, seen, moment(seconds))
        wished.append(wish.on)
    assert wished == [False, True, True, False, True, True, True, True, False]


def test_the_path_heeds_only_its_own_doors() -> None:
    rule = PathLightRule(PathLight(devices=["path"], doors=["back"]))
    _, (wish,) = rule.step(rule.begin(), picture(0, opened=True), moment(0))
    assert not wish.on
