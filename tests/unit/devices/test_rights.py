"""What devices may say and hear. What it means to a broker is tested in ``test_managed_mosquitto.py``."""

from itertools import product

import pytest

from arni_edge.broker.accounts import AclRule
from arni_edge.broker.filters import covers, is_filter
from arni_edge.devices.rights import (
    hub_commands,
    hub_rights,
    newcomer_rights,
    nuki_commands,
    nuki_rights,
    nuki_topics,
    reader_rights,
    shelly_commands,
    shelly_rights,
)
from arni_edge.devices.shelly.gen1_topics import is_command
from arni_edge.settings.doors import NukiLock

Rules = tuple[AclRule, ...]
LOCK = NukiLock(nuki_id="bb2")
FAMILIES = {
    "nuki": (nuki_rights(LOCK), nuki_commands(LOCK)),
    "gen1": (shelly_rights("shellies/a", 1, "s"), shelly_commands("shellies/a", 1)),
    "gen2": (shelly_rights("gym/a", 2, "s"), shelly_commands("gym/a", 2)),
    "hub": (hub_rights("nukihub"), hub_commands("nukihub")),
}


def overlap(one: str, other: str) -> bool:
    """Whether a topic can match both filters; told level by level, without the code that is tested."""
    here, there = one.partition("/"), other.partition("/")
    if "#" in (here[0], there[0]):
        return True
    if here[0] != there[0] and "+" not in (here[0], there[0]):
        return False
    if here[1] and there[1]:
        return overlap(here[2], there[2])
    # "a/#" matches "a", too.
    return here[1:] == there[1:] or "#" in (here[2], there[2])


@pytest.mark.parametrize(
    ("one", "other", "do"),
    [
        ("a/b", "a/b", True),
        ("a/+", "+/b", True),
        ("a/#", "a", True),
        ("a/+/c", "a/#", True),
        ("a/b", "a/c", False),
        ("a/+", "a", False),
        ("a/+/c", "a/b", False),
    ],
)
def test_filters_overlap_when_one_topic_matches_both(one: str, other: str, do: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is do


@pytest.mark.parametrize(("rules", "commands"), FAMILIES.values(), ids=FAMILIES.keys())
def test_no_device_can_command_itself(rules: Rules, commands: tuple[str, ...]) -> None:
    written = [rule.topic for rule in rules if rule.access != "read"]
    assert written
    # A replier below the house's own topics is nobody's command.
    assert not [
        (say, command)
        for say, command in product(written, commands)
        if not say.startswith("arni/") and overlap(say, command)
    ]


@pytest.mark.parametrize(("rules", "commands"), FAMILIES.values(), ids=FAMILIES.keys())
def test_every_device_hears_its_commands_and_all_of_it_can_be_subscribed_to(
    rules: Rules, commands: tuple[str, ...]
) -> None:
    heard = {rule.topic for rule in rules if rule.access == "read"}
    assert heard - {"shellies/command"} == set(commands)
    assert all(is_filter(rule.topic) for rule in rules)
    assert {rule.access for rule in rules} == {"read", "write"}


def test_a_lock_may_spell_its_id_with_and_without_leading_zeros() -> None:
    topics = {rule.topic for rule in nuki_rights(LOCK) if rule.topic.endswith("/state")}
    assert topics == {"nuki/BB2/state", "nuki/00000BB2/state"}
    assert {command.split("/")[1] for command in nuki_commands(LOCK)} == {"BB2", "00000BB2"}


def test_the_commands_of_generation_1_are_those_that_its_reader_knows() -> None:
    for command in shelly_commands("shellies/a", 1):
        assert is_command(command.removeprefix("shellies/a/").replace("+", "0"))


def test_a_reader_stands_at_one_door() -> None:
    assert [(rule.access, rule.topic) for rule in reader_rights("s", "front")] == [
        ("write", "arni/s/reader/front"),
        ("read", "arni/s/reader/front/answer"),
    ]


def test_newcomers_are_denied_all_that_belongs_to_adopted_devices() -> None:
    rules = newcomer_rights("s", [*nuki_topics(LOCK), "gym/a/#"])
    denied = [rule.topic for rule in rules if rule.access == "deny"]
    for command in (*nuki_commands(LOCK), *shelly_commands("gym/a", 2)):
        assert any(covers(one, command) for one in denied)
    heard = [rule.topic for rule in rules if rule.access == "read"]
    assert heard == ["shellies/command", "+/rpc"]


def test_a_hub_may_say_everything_that_is_read_of_it() -> None:
    said = {rule.topic for rule in hub_rights("hub") if rule.access == "write"}
    for each in ("lock", "opener"):
        for name in ("level", "critical", "charging", "voltage", "keypadCritical", "doorSensorCritical"):
            assert f"hub/{each}/battery/{name}" in said
        assert {f"hub/{each}/availability", f"hub/{each}/info/firmwareVersion"} <= said
        assert f"hub/{each}/battery/basicJson" in said
