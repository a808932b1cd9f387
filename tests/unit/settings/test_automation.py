"""Rules that name what is not there, or quarrel with each other, are refused in clear sentences."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from support.automation import EVERYTHING, MOTION, settings

from arni_edge.domain.errors import ConfigurationError
from arni_edge.settings import automation_problems, load_settings


def _with(**changes: Any) -> list[str]:
    return automation_problems(settings(**{**deepcopy(EVERYTHING), **changes}))


def test_every_kind_of_rule_can_be_used_together() -> None:
    assert _with() == []
    assert automation_problems(settings()) == []


_HEATER = EVERYTHING["heating"][0]
_FAN = EVERYTHING["ventilation"][0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lights": [{"id": "a", "devices": ["nope"]}]}, "'nope' has no [[shellies]] table"),
        ({"lights": [{"id": "a", "devices": ["strike"]}]}, "'strike' has the role 'strike'"),
        ({"lights": [{"id": "a", "devices": ["light-floor"], "zones": ["floor"]}]}, "the dark"),
        ({"lights": [*EVERYTHING["lights"], EVERYTHING["lights"][0]]}, "'floor' is there twice"),
        ({"lights": [{"id": "a", "devices": ["light-floor"]},
                     {"id": "b", "devices": ["light-floor"], "zones": ["wc"]}]}, "no camera has a zone 'wc'"),
        ({"heating": [_HEATER, {**_HEATER, "id": "b"}]}, "switched by automation.heating[1] already"),
        ({"heating": [{**_HEATER, "sensor": {"device": "x", "entity": "temperature:0.tC"}}]}, "heating[1]"),
        ({"ventilation": [{**_FAN, "fan": "heater"}]}, "only plug or ventilation"),
        ({"closing": {"lock_doors": ["back"]}}, "automation.closing.lock_doors: there is no door 'back'"),
        ({"closing": {"switch_off": ["heater"]}}, "only light or plug"),
        ({"path_light": {"devices": ["light-path"], "doors": ["back"]}}, "there is no door"),
        ({"watches": [{"kind": "leak", "device": "roof"}]}, "watches[1].device: 'roof'"),
        ({"watches": [{"kind": "leak", "device": "leak"}] * 2}, "'leak leak' is there twice"),
        ({"arming": {"sensors": [{**MOTION, "device": "cat"}]}}, "automation.arming.sensors: 'cat'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(changes: dict[str, Any], sentence: str) -> None:
    problems = _with(**changes)
    assert any(sentence in problem for problem in problems), problems
    assert all(problem.startswith("automation.") for problem in problems)


def test_a_strike_has_no_bolt_that_could_be_locked() -> None:
    config = settings(closing={"lock_doors": ["front"]})
    strike = config.doors[0].model_validate(
        {"id": "front", "name": "F", "lock": {"kind": "strike", "device": "strike"}}
    )
    (problem,) = automation_problems(config.model_copy(update={"doors": [strike]}))
    assert "'front' has no lock with a bolt" in problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"heating": [{**_HEATER, "empty": 20.0}]},
        {"heating": [{**_HEATER, "empty": 7.2}]},
        {"ventilation": [{"id": "x", "fan": "fan"}]},
        {"lights": [{"id": "x", "devices": []}]},
        {"quiet_hours": ["22:00-06:00"]},
        {"watches": [{"kind": "burglar", "device": "leak"}]},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


def test_the_file_is_refused_with_all_problems_named(tmp_path: Path) -> None:
    file = tmp_path / "arni.toml"
    file.write_text(
        '[site]\nid = "a"\nname = "A"\ncapacity = 9\n'
        '[[automation.lights]]\nid = "x"\ndevices = ["one", "two"]\n'
        '[automation.closing]\nlock_doors = ["z"]\n',
        encoding="utf-8",
    )
    with pytest.raises(ConfigurationError) as refused:
        load_settings(file, {})
    assert len(refused.value.problems) == 3
