"""A fan: fresh air when it is needed, rest when neighbours sleep, and none for a fire."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from arni_edge.automation.picture import Moment, Picture, Priority, SetSwitch, Why
from arni_edge.automation.presence import Inside, area, inside, people
from arni_edge.automation.rules.runtime import Run, above
from arni_edge.settings import Presence, Sensor, Ventilation


@dataclass(frozen=True, slots=True)
class VentilationState:
    """What the fan's rule remembers.

    Attributes:
        run: How the fan is meant to run.
        calls: The measures by which the air was bad, by name.
    """

    run: Run = field(default_factory=Run)
    calls: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Measure:
    """One measure of the air: bad above ``high``, good again at ``low``; None: unknown."""

    name: str
    value: float | None
    low: float
    high: float
    unit: str

    @property
    def text(self) -> str:
        return f"{self.value:g} {self.unit}".strip() if self.value is not None else ""


class VentilationRule:
    """On while any measure of the air is bad."""

    def __init__(self, settings: Ventilation, presence: Presence, smoke: Sequence[Sensor]) -> None:
        """Make the rule.

        Args:
            settings: Of this fan.
            presence: How the house knows that nobody is inside.
            smoke: The smoke detectors of the house.
        """
        self._settings = settings
        self._presence = presence
        self._smoke = smoke
        self.name = f"ventilation/{settings.id}"

    def begin(self) -> VentilationState:
        """The state in which nothing is known."""
        return VentilationState()

    def step(
        self, state: VentilationState, picture: Picture, moment: Moment
    ) -> tuple[VentilationState, Sequence[SetSwitch]]:
        """One look at the picture."""
        measures = list(self._measures(picture))
        bad = [one for one in measures if _is_bad(one, before=one.name in state.calls)]
        calls = frozenset(one.name for one in bad)
        if any(picture.value(sensor) is True for sensor in self._smoke):
            run = state.run.turn(False, moment)
            wish = SetSwitch(self._settings.fan, False, Why.SMOKE, priority=Priority.ALARM)
            return VentilationState(run, calls), [wish]
        on, why = self._wanted(bad, measures, picture)
        run = state.run.follow(
            on,
            moment,
            minimum_on=self._settings.minimum_on_minutes,
            minimum_off=self._settings.minimum_off_minutes,
        )
        if run.on is not on:
            why = Why.RUN_TIME
        detail = ", ".join(one.text for one in (bad or measures) if one.value is not None)
        return VentilationState(run, calls), [SetSwitch(self._settings.fan, bool(run.on), why, detail)]

    def _wanted(
        self, bad: Sequence[_Measure], measures: Sequence[_Measure], picture: Picture
    ) -> tuple[bool, Why]:
        if picture.quiet:
            return False, Why.QUIET
        if bad:
            return True, Why.AIR_BAD
        if all(one.value is None for one in measures) and picture.hours.open and self._maybe_used(picture):
            return True, Why.AIR_UNKNOWN
        return False, Why.AIR_GOOD

    def _maybe_used(self, picture: Picture) -> bool:
        zones = self._settings.zones
        where = area(picture, zones) if zones else inside(picture, self._presence)
        return where is not Inside.NOBODY

    def _measures(self, picture: Picture) -> Iterator[_Measure]:
        rule = self._settings
        for name, sensor, limit, band, unit in (
            ("co2", rule.co2, rule.co2_above, rule.co2_hysteresis, "ppm"),
            ("humidity", rule.humidity, rule.humidity_above, rule.humidity_hysteresis, "%"),
            ("temperature", rule.temperature, rule.temperature_above, rule.temperature_hysteresis, "°C"),
        ):
            if sensor is not None:
                yield _Measure(name, picture.number(sensor), limit - band, limit, unit)
        if rule.people_above is not None:
            count = people(picture, rule.zones)
            # People come one by one: between the limit and one less it stays as it was.
            yield _Measure("people", count, rule.people_above - 1, rule.people_above, "")


def _is_bad(measure: _Measure, *, before: bool) -> bool:
    return measure.value is not None and above(measure.value, measure.low, measure.high, before=before)
