"""Sensors that warn: water, smoke, gas, a freezer that thaws, electricity that is gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from arni_edge.automation.picture import Moment, Picture, RaiseTrouble, as_number
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.readings import Value
from arni_edge.settings import Sensor, Watch

_ENTITIES = {
    "leak": "flood:0.alarm",
    "smoke": "smoke:0.alarm",
    "gas": "gas:0.alarm",
    "freezer": "temperature:0.tC",
    "power": "switch:0.apower",
}

_LIMITS = {"freezer": -15.0, "power": 1.0}
"""Frozen food must stay at -18 °C, for a short time at -15 °C (TLMV § 2); what runs takes more than 1 W."""

_MINUTES = {"freezer": 20.0, "power": 2.0}
"""A door that is opened, or a meter that reports late, is no trouble."""

_FREEZER_BAND = 1.0
"""Kelvin below the limit at which a freezer is in order again."""

_GAS = {"mild": True, "heavy": True, "none": False, "test": False}
"""What a Shelly Gas says; its self-test is none of our business."""


@dataclass(frozen=True, slots=True)
class WatchState:
    """What is known of one sensor.

    Attributes:
        raised: Whether the trouble was told; None until the sensor has said anything.
        bad_since: Since when it has been bad, on the clock that never jumps; None while it is not.
    """

    raised: bool | None = None
    bad_since: float | None = None


class WatchRule:
    """Tells a trouble once when it begins, and once when it is over. Unknown changes nothing."""

    def __init__(self, settings: Watch) -> None:
        self._settings = settings
        self.sensor = sensor_of(settings)
        self.name = f"watch/{settings.kind}/{settings.device}/{self.sensor.entity}"
        self._trouble = DeviceTrouble(settings.kind)
        self._limit = _LIMITS.get(settings.kind, 0.0) if settings.limit is None else settings.limit
        minutes = _MINUTES.get(settings.kind, 0.0) if settings.minutes is None else settings.minutes
        self._seconds = minutes * 60

    def begin(self) -> WatchState:
        """The state in which the sensor has said nothing."""
        return WatchState()

    def step(
        self, state: WatchState, picture: Picture, moment: Moment
    ) -> tuple[WatchState, Sequence[RaiseTrouble]]:
        """One look at the picture."""
        value = picture.value(self.sensor)
        bad = self._is_bad(value, raised=bool(state.raised))
        if bad is None:
            return state, ()
        if not bad:
            wishes = [] if state.raised is False else [self._tell(value, over=True)]
            return WatchState(raised=False), wishes
        since = moment.seconds if state.bad_since is None else state.bad_since
        if state.raised or moment.seconds - since < self._seconds:
            return WatchState(state.raised, since), ()
        return WatchState(True, since), [self._tell(value, over=False)]

    def _is_bad(self, value: Value, *, raised: bool) -> bool | None:
        """Whether this reading is bad; None when it says nothing."""
        if self._settings.kind == "gas" and isinstance(value, str):
            return _GAS.get(value)
        if isinstance(value, bool):
            # "external.present" is true while there is mains; all others are true in trouble.
            return not value if self._settings.kind == "power" else value
        number = as_number(value)
        if number is None or self._settings.kind not in _LIMITS:
            return None
        if self._settings.kind == "power":
            return number < self._limit
        return number > (self._limit - _FREEZER_BAND if raised else self._limit)

    def _tell(self, value: Value, *, over: bool) -> RaiseTrouble:
        text = {True: "true", False: "false"}[value] if isinstance(value, bool) else f"{value}"
        evidence = f"{self.sensor.entity}={text}"
        return RaiseTrouble(self._settings.device, self._trouble, evidence, over)


def sensor_of(watch: Watch) -> Sensor:
    """The entity that is watched: the one named, else the one usual for this kind."""
    return Sensor(device=watch.device, entity=watch.entity or _ENTITIES[watch.kind])
