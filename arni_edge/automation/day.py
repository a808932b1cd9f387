"""A plausible day, minute by minute with the owner's own rules, so that they can be read before they act."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from arni_edge.automation.day_world import World
from arni_edge.automation.picture import (
    Moment,
    RaiseTrouble,
    SetGuard,
    SetSwitch,
    Why,
    Wish,
)
from arni_edge.automation.rulebook import Plan, build_rulebook
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.settings import Settings
from arni_edge.settings.automation_check import switched_devices

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline.

    Attributes:
        at: When (aware, in the studio's zone).
        rule: Which rule.
        wish: What it wants from now on.
    """

    at: datetime
    rule: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class Warn:
    """Something that the owner may not have meant; the words are in the catalogue ``automation.warning``."""

    key: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class DayReport:
    """What would happen on a day."""

    timeline: tuple[Entry, ...]
    warnings: tuple[Warn, ...]


def simulate_day(settings: Settings, day: date, people: int | None = None) -> DayReport:
    """Play one day from midnight to midnight in the studio's zone, in steps of one minute.

    Args:
        settings: Checked settings.
        day: Which day: weekday, holiday and change of the clock count.
        people: Most people inside at once; None: a part of the capacity.
    """
    world = World(settings, day, people)
    rulebook = build_rulebook(settings)
    states = rulebook.begin()
    diary = _Diary()
    for minute, at in enumerate(_minutes(settings, day)):
        states, plan = rulebook.step(states, world.picture(at), Moment(at.astimezone(UTC), minute * 60.0))
        diary.write(at, plan)
        world.obey(plan)
    return DayReport(tuple(diary.entries), tuple(_warnings(settings, diary)))


def _minutes(settings: Settings, day: date) -> Iterator[datetime]:
    """Every minute of a local day: 1 440 of them, 60 fewer or more when the clock is changed."""
    zone = settings.site.zone
    now = datetime.combine(day, time.min, zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
    while now < end:
        yield now.astimezone(zone)
        now += _MINUTE


class _Diary:
    """What changed from minute to minute.

    Attributes:
        entries: In their order.
        states: Every state that a relay was wished to have: device and on.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.states: set[tuple[str, bool]] = set()
        self._switched: dict[str, SetSwitch] = {}
        self._guard: SetGuard | None = None
        self._troubles: set[tuple[str, DeviceTrouble]] = set()

    def write(self, at: datetime, plan: Plan) -> None:
        """Note what this minute's plan has that the one before had not."""
        for device, decision in plan.switches.items():
            before = self._switched.get(device)
            if before is None or _differs(before, decision.wish):
                self.entries.append(Entry(at, decision.rule, decision.wish))
            self._switched[device] = decision.wish
            self.states.add((device, decision.wish.on))
        news: list[tuple[str, Wish]] = [*plan.locks, *plan.announcements, *plan.troubles]
        for rule, wish in news:
            if not self._is_found_in_order(wish):
                self.entries.append(Entry(at, rule, wish))
        if plan.guard is not None:
            rule, guard = plan.guard
            if self._guard is None or self._guard.armed is not guard.armed:
                self.entries.append(Entry(at, rule, guard))
            self._guard = guard

    def _is_found_in_order(self, wish: Wish) -> bool:
        """Over what has not begun on this day: that is no news."""
        if not isinstance(wish, RaiseTrouble):
            return False
        if not wish.over:
            self._troubles.add((wish.device, wish.trouble))
        return (wish.device, wish.trouble) not in self._troubles


def _differs(before: SetSwitch, now: SetSwitch) -> bool:
    """Whether it is news: another state, or the same for want of knowing who is inside."""
    unsure = Why.MAYBE_SOMEBODY in {before.why, now.why} and before.why is not now.why
    return before.on is not now.on or unsure


# --- warnings ---------------------------------------------------------------------------------------------


def _warnings(settings: Settings, diary: _Diary) -> Iterator[Warn]:
    rules = settings.automation
    for light in rules.lights:
        if not any((device, False) in diary.states for device in light.devices):
            yield Warn("light_never_off", light.id)
    machines = [("heating", one.id, one.heater) for one in rules.heating]
    machines += [("ventilation", one.id, one.fan) for one in rules.ventilation]
    for kind, name, device in machines:
        if (device, True) not in diary.states:
            yield Warn(f"{kind}_never_on", name)
        elif (device, False) not in diary.states:
            yield Warn(f"{kind}_never_off", name)
    yield from _omissions(settings)


def _omissions(settings: Settings) -> Iterator[Warn]:
    """What can be seen without playing the day."""
    rules = settings.automation
    used = {device for _, device, _ in switched_devices(rules)}
    for shelly in settings.shellies:
        if shelly.role in {"light", "path_light", "heating", "ventilation"} and shelly.id not in used:
            yield Warn("in_no_rule", shelly.id)
    if not rules.presence.complete and (rules.lights or (rules.arming and rules.arming.only_when_empty)):
        yield Warn("presence_incomplete")
    if (rules.closing or rules.arming) and not any(settings.hours.of(weekday) for weekday in range(7)):
        yield Warn("no_hours")
    if rules.closing and rules.closing.announce_minutes and not settings.alarms.announce:
        yield Warn("not_spoken")
    if rules.path_light and not settings.doors:
        yield Warn("path_without_doors")
