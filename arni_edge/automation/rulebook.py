"""All rules of one house, and the one place where their wishes are weighed against each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from arni_edge.automation.calendar import Calendar
from arni_edge.automation.picture import (
    Announce,
    LockDoor,
    Moment,
    Picture,
    RaiseTrouble,
    SetGuard,
    SetSwitch,
    Wish,
)
from arni_edge.automation.rules.arming import ArmingRule
from arni_edge.automation.rules.closing import ClosingRule
from arni_edge.automation.rules.heating import HeatingRule
from arni_edge.automation.rules.lights import LightRule, PathLightRule
from arni_edge.automation.rules.ventilation import VentilationRule
from arni_edge.automation.rules.watches import WatchRule, sensor_of
from arni_edge.settings import Settings

States = Mapping[str, Any]
"""The states of all rules by the rule's name."""


class Rule(Protocol):
    """One rule. Its state is its own business."""

    @property
    def name(self) -> str:
        """Unique in the house, for logs and reports."""
        ...

    def begin(self) -> Any:
        """The state before the first step."""
        ...

    def step(self, state: Any, picture: Picture, moment: Moment, /) -> tuple[Any, Sequence[Wish]]:
        """The next state, and what is wished now."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """How one relay should be, and who says so."""

    rule: str
    wish: SetSwitch


@dataclass(frozen=True, slots=True)
class Plan:
    """What all rules together want.

    Attributes:
        switches: One decision per relay that any rule has a wish for.
        locks: Doors that should be locked, with the rule that says so.
        announcements: What is to be said, once.
        troubles: What began or is over, once.
        guard: Whether the house is on guard, with the rule that says so; None: no rule guards it.
    """

    switches: Mapping[str, Decision] = field(default_factory=dict)
    locks: tuple[tuple[str, LockDoor], ...] = ()
    announcements: tuple[tuple[str, Announce], ...] = ()
    troubles: tuple[tuple[str, RaiseTrouble], ...] = ()
    guard: tuple[str, SetGuard] | None = None


class Rulebook:
    """Steps all rules. Pure: the states are handed in and out."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)

    def begin(self) -> States:
        """The states before the first step."""
        return {rule.name: rule.begin() for rule in self.rules}

    def step(self, states: States, picture: Picture, moment: Moment) -> tuple[States, Plan]:
        """One step of every rule, and the plan that comes of it."""
        after: dict[str, Any] = {}
        switches: dict[str, Decision] = {}
        locks: list[tuple[str, LockDoor]] = []
        announcements: list[tuple[str, Announce]] = []
        troubles: list[tuple[str, RaiseTrouble]] = []
        guard: tuple[str, SetGuard] | None = None
        for rule in self.rules:
            after[rule.name], wishes = rule.step(states[rule.name], picture, moment)
            for wish in wishes:
                match wish:
                    case SetSwitch():
                        decision = Decision(rule.name, wish)
                        switches[wish.device] = _stronger(switches.get(wish.device), decision)
                    case LockDoor():
                        locks.append((rule.name, wish))
                    case Announce():
                        announcements.append((rule.name, wish))
                    case RaiseTrouble():
                        troubles.append((rule.name, wish))
                    case SetGuard():
                        guard = (rule.name, wish)
        return after, Plan(switches, tuple(locks), tuple(announcements), tuple(troubles), guard)


def _stronger(one: Decision | None, other: Decision) -> Decision:
    """Alarm before frost guard before safety light before the owner's rules; among equals, *on* wins."""
    if one is None:
        return other
    return max(one, other, key=lambda decision: (decision.wish.priority, decision.wish.on))


def calendar_of(settings: Settings) -> Calendar:
    """The gym's opening hours with its holidays."""
    return Calendar(settings.hours, settings.access.holidays, settings.site.zone)


def build_rulebook(settings: Settings) -> Rulebook:
    """The rules that the owner has configured."""
    automation, calendar = settings.automation, calendar_of(settings)
    presence = automation.presence
    smoke = [sensor_of(watch) for watch in automation.watches if watch.kind == "smoke"]
    rules: list[Rule] = [LightRule(light, presence, calendar) for light in automation.lights]
    if automation.path_light:
        rules.append(PathLightRule(automation.path_light))
    if automation.closing:
        rules.append(ClosingRule(automation.closing, presence))
    rules += [HeatingRule(heating, presence) for heating in automation.heating]
    rules += [VentilationRule(one, presence, smoke) for one in automation.ventilation]
    rules += [WatchRule(watch) for watch in automation.watches]
    if automation.arming:
        rules.append(ArmingRule(automation.arming, presence))
    return Rulebook(rules)
