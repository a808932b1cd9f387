"""Warnings: told once when they begin, once when they are over, and never by what is unknown."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.automation import moment, picture, unhurried

from arni_edge.automation.rules.watches import WatchRule
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.readings import Value
from arni_edge.settings import Watch


def play(watch: Mapping[str, object], *steps: tuple[float, Value]) -> list[bool]:
    """What is told, in order: False for the beginning, True for the end."""
    rule = WatchRule(Watch.model_validate({"device": "d", **watch}))
    key = (rule.sensor.device, rule.sensor.entity)
    state, told = rule.begin(), list[bool]()
    for seconds, value in steps:
        state, wishes = rule.step(state, picture(readings={key: value}), moment(seconds))
        told += [wish.over for wish in wishes]
        assert all(wish.trouble is DeviceTrouble(str(watch["kind"])) for wish in wishes)
    return told


_LEAKS = st.lists(st.sampled_from([True, False, None, "wet", 1, math.nan]), max_size=60)


@unhurried
@given(_LEAKS, st.sampled_from(["leak", "smoke"]))
def test_it_is_told_exactly_once_until_it_is_over(values: list[Value], kind: str) -> None:
    told = play({"kind": kind}, *((float(n), value) for n, value in enumerate(values)))
    # Bools only; the first good one may end what began before a restart.
    known = [value for value in values if isinstance(value, bool)]
    changes = [value for n, value in enumerate(known) if n == 0 or value is not known[n - 1]]
    assert told == [not value for value in changes]


@pytest.mark.parametrize(
    ("value", "told"), [("none", [True]), ("test", [True]), ("mild", [False]), ("heavy", [False]), ("?", [])]
)
def test_gas(value: Value, told: list[bool]) -> None:
    assert play({"kind": "gas"}, (0, value)) == told


def test_a_freezer_may_be_opened_for_a_while() -> None:
    steps = [(0, -18.0), (60, -10.0), (600, -17.0), (700, -14.9), (1899, -12), (1900, -12), (1901, -10)]
    assert play({"kind": "freezer"}, *steps) == [True, False]


def test_a_freezer_is_in_order_again_a_little_below_the_limit() -> None:
    steps = [(0, -10.0), (1200, -10.0), (1300, -15.5), (1400, -16.1)]
    assert play({"kind": "freezer"}, *steps) == [False, True]


def test_an_unknown_freezer_gains_no_time() -> None:
    assert play({"kind": "freezer"}, (0, -10.0), (600, None), (1200, None), (1201, -10.0)) == [False]


@pytest.mark.parametrize(
    ("entity", "gone", "there"),
    [("switch:0.apower", 0.0, 85.5), ("devicepower:0.external.present", False, True)],
)
def test_power_that_is_gone(entity: str, gone: Value, there: Value) -> None:
    watch = {"kind": "power", "entity": entity}
    assert play(watch, (0, there), (1, gone), (60, there), (61, gone), (181, gone), (182, there)) == [
        True, False, True,
    ]  # fmt: skip
