"""Commands to a Shelly of generation 1: what counts as done, and what speaks against it."""

import pytest

from arni_edge.devices.shelly.gen1_cover import _goes_to, _hindrance, _state
from arni_edge.devices.shelly.gen1_orders import endless, output_of, text_of
from arni_edge.domain.doors import Outcome


@pytest.mark.parametrize(
    ("on", "auto_off", "evidence"),
    [
        (False, 3.0, "no timer ends an off on generation 1"),
        (True, None, "auto_off not verified"),
        (True, 0.0, "auto_off not verified"),
        (True, 5.5, "auto_off not verified: 5.5 s instead of at most 5 s"),
    ],
)
def test_a_pulse_without_a_certain_end_is_forbidden(on: bool, auto_off: float | None, evidence: str) -> None:
    verdict = endless(on, 5.0, auto_off)
    assert verdict is not None
    assert (verdict.outcome, verdict.evidence) == (Outcome.FAILED, evidence)


def test_a_pulse_that_ends_in_time_is_not() -> None:
    assert endless(True, 5.0, 5.0) is None


@pytest.mark.parametrize(
    ("value", "text"), [(True, "on"), (False, "off"), (None, "unknown"), ("on", "unknown")]
)
def test_an_output_is_a_truth_or_unknown(value: bool | str | None, text: str) -> None:
    assert text_of({"output": value}) == text
    assert output_of({"output": value}) is (value if isinstance(value, bool) else None)


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"state": "stopped", "current_pos": 100}, "open"),
        ({"state": "stopped", "current_pos": 0}, "closed"),
        ({"state": "stopped", "current_pos": 40}, "stopped"),
        ({"state": "stopped", "current_pos": None}, "stopped"),
        ({"state": "stopped"}, "stopped"),
        ({"state": "opening", "current_pos": 100}, "opening"),
        ({"state": None, "current_pos": 100}, None),
        ({}, None),
    ],
)
def test_open_is_a_motion_on_the_wire(values: dict[str, int | str | None], state: str | None) -> None:
    assert _state(values) == state


@pytest.mark.parametrize(
    ("since", "start", "there"),
    [
        ({"state": "opening"}, 20.0, True),
        ({"state": "closing"}, 20.0, False),
        ({"state": "closing"}, 80.0, True),
        ({"state": "opening"}, None, False),  # it moved before: this may be the old way
        ({"state": "stopped", "current_pos": 48}, None, True),
        ({"state": "stopped", "current_pos": 53}, 20.0, False),
        ({"state": "stopped"}, 20.0, False),
        ({"current_pos": 50}, 20.0, False),
    ],
)
def test_a_cover_is_on_its_way_or_there(
    since: dict[str, int | str], start: float | None, there: bool
) -> None:
    assert _goes_to(since, 50, start) is there


@pytest.mark.parametrize(
    ("since", "before", "hindered"),
    [
        ({"state": "stopped", "stop_reason": "obstacle"}, {"stop_reason": "normal"}, True),
        ({"state": "stopped", "stop_reason": "obstacle"}, {"stop_reason": "obstacle"}, False),
        ({"state": "stopped", "stop_reason": "obstacle"}, {}, True),
        ({"state": "opening", "stop_reason": "obstacle"}, {}, False),
        ({"stop_reason": "overpower"}, {}, False),
        ({"state": "stopped", "stop_reason": "normal"}, {}, False),
        ({"state": "stopped"}, {"stop_reason": "safety_switch"}, False),
    ],
)
def test_only_what_stands_still_is_hindered(
    since: dict[str, str], before: dict[str, str], hindered: bool
) -> None:
    assert (_hindrance("roller/0", since, before) is not None) is hindered
