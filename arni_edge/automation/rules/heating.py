"""A heater: warm for people, cooler without them, and never so cold that water freezes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from arni_edge.automation.picture import Moment, Picture, Priority, SetSwitch, Why
from arni_edge.automation.presence import Inside, area, inside
from arni_edge.automation.rules.runtime import Run, below
from arni_edge.settings import Heating, Presence

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class HeatingState:
    """What the thermostat remembers.

    Attributes:
        run: How the heater is meant to run.
        calls: It was too cold for people.
        frost: It was too cold for the pipes.
        blind_since: Since when the temperature is unknown, on the clock that never jumps.
    """

    run: Run = field(default_factory=Run)
    calls: bool = False
    frost: bool = False
    blind_since: float | None = None


class HeatingRule:
    """A thermostat with two temperatures, run times, and a frost guard that heeds neither."""

    def __init__(self, settings: Heating, presence: Presence) -> None:
        self._settings = settings
        self._presence = presence
        self.name = f"heating/{settings.id}"

    def begin(self) -> HeatingState:
        """The state in which nothing is known."""
        return HeatingState()

    def step(
        self, state: HeatingState, picture: Picture, moment: Moment
    ) -> tuple[HeatingState, Sequence[SetSwitch]]:
        """One look at the picture."""
        warmth = picture.number(self._settings.sensor)
        if warmth is None:
            return self._blind(state, moment)
        return self._seeing(state, picture, moment, warmth)

    def _seeing(
        self, state: HeatingState, picture: Picture, moment: Moment, warmth: float
    ) -> tuple[HeatingState, Sequence[SetSwitch]]:
        rule = self._settings
        goal = self._goal(picture)
        calls = below(warmth, goal - rule.hysteresis, goal, before=state.calls)
        frost = below(warmth, rule.frost_guard, rule.frost_guard + rule.hysteresis, before=state.frost)
        run = state.run.turn(True, moment) if frost else self._follow(state.run, calls, moment)
        detail = f"{warmth:.1f} °C, {goal:g} °C"
        if frost:
            why, detail = Why.FROST, f"{warmth:.1f} °C, {rule.frost_guard:g} °C"
        elif run.on is not calls:
            why = Why.RUN_TIME
        else:
            why = Why.COLD if calls else Why.WARM
        return HeatingState(run, calls, frost), [self._wish(run, why, detail, frost=frost)]

    def _blind(self, state: HeatingState, moment: Moment) -> tuple[HeatingState, Sequence[SetSwitch]]:
        """Without a thermometer: heat for a part of every hour, beginning at once.

        Half of the time keeps a room that the heater can hold at 20 °C in hard frost above zero, and does not
        bake it in summer. The first minutes come at once, because nobody knows how cold it is.
        """
        since = moment.seconds if state.blind_since is None else state.blind_since
        heats = (moment.seconds - since) % _HOUR < self._settings.blind_minutes * 60
        run = state.run.turn(True, moment) if heats else self._follow(state.run, False, moment)
        state = replace(state, run=run, calls=False, frost=False, blind_since=since)
        return state, [self._wish(run, Why.FROST_BLIND if heats else Why.BLIND_PAUSE, "", frost=heats)]

    def _goal(self, picture: Picture) -> float:
        """Degrees Celsius that are wanted.

        Unknown occupancy counts as occupied while the gym is open. After hours it does not: comfort is no
        safety, and a camera that is away must not heat the gym every night.
        """
        rule = self._settings
        where = area(picture, rule.zones) if rule.zones else inside(picture, self._presence)
        occupied = where is Inside.SOMEBODY or (where is Inside.UNKNOWN and picture.hours.open)
        return rule.occupied if occupied else rule.empty

    def _follow(self, run: Run, on: bool, moment: Moment) -> Run:
        rule = self._settings
        return run.follow(
            on, moment, minimum_on=rule.minimum_on_minutes, minimum_off=rule.minimum_off_minutes
        )

    def _wish(self, run: Run, why: Why, detail: str, *, frost: bool) -> SetSwitch:
        priority = Priority.FROST if frost else Priority.OWNER
        return SetSwitch(self._settings.heater, bool(run.on), why, detail, priority)
