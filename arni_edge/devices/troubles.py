"""What a device warns of by its own readings: pure. Leaks, smoke and the like are the automation's."""

from collections.abc import Collection, Mapping

from arni_edge.devices.picture import Picture, Reading
from arni_edge.domain.devices import Availability, DeviceTrouble
from arni_edge.domain.readings import Value

_NUKI_LOW = 20.0
"""Percent; ``batteryCritical`` comes days before the end, this comes earlier."""

_SHELLY_LOW = 15.0
_RECOVERED = 5.0
"""So many points above the limit end the warning: batteries creep back a little when it gets warmer."""

_CRITICAL = frozenset(
    {
        *("batteryCritical", "keypadBatteryCritical", "doorsensorBatteryCritical"),
        # Behind a nuki_hub.
        *(
            f"{each}.battery.{name}"
            for each in ("lock", "opener")
            for name in ("critical", "keypadCritical", "doorSensorCritical")
        ),
    }
)
_NUKI_LEVELS = frozenset({"batteryChargeState", "lock.battery.level", "opener.battery.level"})
_HOT = ("overtemp", "overheat")
_CUT = "cable_unplugged"

Troubles = Mapping[DeviceTrouble, str]
"""Evidence by trouble."""


def find_troubles(
    picture: Picture, now: float, known: Collection[DeviceTrouble]
) -> tuple[Troubles, frozenset[DeviceTrouble]]:
    """Look for troubles in what a device says live.

    Args:
        picture: The device.
        now: On the monotonic clock.
        known: Troubles that have begun; a battery needs more than the limit to be well again.

    Returns:
        Troubles with their evidence, and those that are certainly over. About what is in neither nothing can
        be said now: what was known stays.
    """
    found: dict[DeviceTrouble, str] = {}
    sound: set[DeviceTrouble] = set()
    availability, away = picture.availability(now), picture.presence.away
    if availability is Availability.SILENT:
        found[DeviceTrouble.SILENT] = f"nothing heard for {picture.limit:g} s"
    elif availability is Availability.OFFLINE and away is not None and now - away > picture.limit:
        found[DeviceTrouble.SILENT] = f"it left, and did not come back within {picture.limit:g} s"
    elif availability in {Availability.LIVE, Availability.ASLEEP}:
        sound.add(DeviceTrouble.SILENT)
    live = {entity: reading for entity, reading in picture.readings.items() if reading.live}
    for trouble, judged in (
        (DeviceTrouble.BATTERY_LOW, _battery(live, low_before=DeviceTrouble.BATTERY_LOW in known)),
        (DeviceTrouble.TAMPERED, _tampered(live)),
        (DeviceTrouble.OVERHEATED, _overheated(live)),
    ):
        if judged:
            found[trouble] = judged
        elif judged is not None:
            sound.add(trouble)
    return found, frozenset(sound)


def _battery(live: Mapping[str, Reading], *, low_before: bool) -> str | None:
    """Evidence that a battery is low, empty text if none is, None if no battery says anything."""
    slack = _RECOVERED if low_before else 0.0
    known = False
    for entity, reading in live.items():
        if entity in _CRITICAL and isinstance(reading.value, bool):
            known = True
            if reading.value:
                return f"{entity}=true"
        limit = _limit(entity)
        percent = _number(reading.value)
        if limit is not None and percent is not None:
            known = True
            if percent <= limit + slack:
                return f"{entity}={percent:g} %"
    return "" if known else None


def _limit(entity: str) -> float | None:
    if entity in _NUKI_LEVELS:
        return _NUKI_LOW
    if entity.startswith("devicepower:") and entity.endswith(".battery.percent"):
        return _SHELLY_LOW
    if entity.startswith("bthomedevice:") and entity.endswith(".battery"):
        return _SHELLY_LOW
    return None


def _tampered(live: Mapping[str, Reading]) -> str | None:
    for entity in ("doorsensorState", "lock.doorSensorState"):
        sensor = live.get(entity)
        if sensor is not None and sensor.value is not None:
            return f"{entity}=tampered" if sensor.value == "tampered" else ""
    return _among_errors(live, "flood:", (_CUT,))


def _overheated(live: Mapping[str, Reading]) -> str | None:
    own = live.get("sys.overtemperature")
    if own is not None and isinstance(own.value, bool):
        return "sys.overtemperature=true" if own.value else ""
    return _among_errors(live, "", _HOT)


def _among_errors(live: Mapping[str, Reading], component: str, words: tuple[str, ...]) -> str | None:
    """Evidence for one of these words in a component's errors; components without errors say nothing."""
    says = False
    for entity, reading in live.items():
        if entity.startswith(component):
            says = True
            if entity.endswith(".errors") and isinstance(reading.value, str):
                for word in reading.value.split(","):
                    if word.startswith(words):
                        return f"{entity}={word}"
    return "" if says else None


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
