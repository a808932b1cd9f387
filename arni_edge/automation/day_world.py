"""The gym of the simulated day: people, weather, air and water, as plausible as rules need them."""

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from arni_edge.automation.picture import DoorView, HoursView, Picture
from arni_edge.automation.rulebook import Plan, calendar_of
from arni_edge.automation.rules.watches import sensor_of
from arni_edge.domain.doors import DoorContact, LockState
from arni_edge.domain.occupancy import UNKNOWN_OCCUPANCY, Occupancy
from arni_edge.domain.readings import Value
from arni_edge.settings import Sensor, Settings, Watch

_GAP = (time(14, 0), time(14, 40))
"""Cameras and motion sensors are away in this time: nobody knows who is inside."""

_LEAK = (time(16, 0), time(16, 20))
"""The first leak sensor of the settings is wet."""

_STAY_ON = timedelta(minutes=12)
"""So long after closing the last one leaves."""

_PEAK_SHARE = 0.6
"""Of the capacity, on a normal evening."""

# People inside as shares of the peak by the hour: full after work, a small wave in the morning.
_CURVE = (.02, .02, .02, .02, .05, .15, .35, .45, .45, .4, .4, .35,
          .35, .3, .3, .35, .5, .8, 1.0, .95, .75, .45, .2, .08)  # fmt: skip


class World:
    """People, weather, air and water of one day; it obeys what the rules wish."""

    def __init__(self, settings: Settings, day: date, people: int | None) -> None:
        self._settings = settings
        self._calendar = calendar_of(settings)
        self._peak = people if people is not None else max(1, round(settings.site.capacity * _PEAK_SHARE))
        self._zones = [
            (zone.id, zone.kind == "floor") for camera in settings.cameras for zone in camera.zones
        ]
        # The coldest day of the year is in the middle of January, the warmest half a year later.
        season = math.cos(2 * math.pi * (day.timetuple().tm_yday - 15) / 365)
        self._outside = 10 - 11 * season
        self._rooms = {one.id: max(one.empty + 1, self._outside) for one in settings.automation.heating}
        self._air = {one.id: 420.0 for one in settings.automation.ventilation}
        self._on: dict[str, bool] = {}
        self._bolts = {door.id: LockState.LOCKED for door in settings.doors}
        self._inside = 0

    def picture(self, at: datetime) -> Picture:
        """What the house knows at this minute."""
        hours, local = self._calendar.view(at), at.time()
        before, self._inside = self._inside, self._people(at, hours)
        self._live(at)
        came = self._inside > before
        door = next(iter(self._bolts), None)
        for name in self._bolts if hours.open else ():
            self._bolts[name] = LockState.UNLOCKED
        moved = frozenset({door}) if came and door is not None else frozenset[str]()
        unseen = _GAP[0] <= local < _GAP[1]
        seen = {} if unseen else dict(self._spread())
        return Picture(
            hours=hours,
            zones={zone: seen.get(zone, UNKNOWN_OCCUPANCY) for zone, _ in self._zones},
            total=Occupancy(self._inside, 1.0) if self._zones and not unseen else UNKNOWN_OCCUPANCY,
            readings=self._readings(local, unseen=unseen),
            doors={name: DoorView(bolt, DoorContact.CLOSED) for name, bolt in self._bolts.items()},
            entered=moved,
            opened=moved,
            quiet=self._calendar.within(self._settings.automation.quiet_hours, at),
        )

    def obey(self, plan: Plan) -> None:
        """Relays and bolts are as the rules want them."""
        for device, decision in plan.switches.items():
            self._on[device] = decision.wish.on
        for _, wish in plan.locks:
            self._bolts[wish.door] = LockState.LOCKED

    def _people(self, at: datetime, hours: HoursView) -> int:
        if not hours.open:
            stays = hours.closed_at is not None and at - hours.closed_at < _STAY_ON
            return min(self._inside, 1) if stays else 0
        wave = _CURVE[at.hour] + (_CURVE[(at.hour + 1) % 24] - _CURVE[at.hour]) * at.minute / 60
        return max(1, round(self._peak * wave))

    def _spread(self) -> Iterator[tuple[str, Occupancy]]:
        """Everybody is on the floor, evenly; at the entrance only where there is no floor zone."""
        places = [zone for zone, floor in self._zones if floor] or [zone for zone, _ in self._zones]
        for zone, _ in self._zones:
            rank = places.index(zone) if zone in places else None
            share = 0 if rank is None else (self._inside + len(places) - 1 - rank) // len(places)
            yield zone, Occupancy(share, 1.0)

    def _live(self, at: datetime) -> None:
        """One minute of physics: good enough to see a thermostat and a fan at work."""
        rules = self._settings.automation
        outside = self._outside - 4 * math.cos(2 * math.pi * (at.hour + at.minute / 60 - 3) / 24)
        for heating in rules.heating:
            warmth = self._rooms[heating.id]
            gain = 0.09 if self._on.get(heating.heater) else 0.0
            self._rooms[heating.id] = warmth + (outside - warmth) / 900 + gain + 0.0004 * self._inside
        for fan in rules.ventilation:
            fresh = 0.08 if self._on.get(fan.fan) else 0.012
            self._air[fan.id] += 1.2 * self._inside - (self._air[fan.id] - 420) * fresh

    # --- sensors ------------------------------------------------------------------------------------------

    def _readings(self, local: time, *, unseen: bool) -> dict[tuple[str, str], Value]:
        rules = self._settings.automation
        readings: dict[tuple[str, str], Value] = {}

        def say(sensor: Sensor | None, value: Value) -> None:
            if sensor is not None:
                readings[sensor.device, sensor.entity] = value

        guarded = rules.arming.sensors if rules.arming else []
        for sensor in (*rules.presence.sensors, *guarded, *(s for one in rules.lights for s in one.sensors)):
            say(sensor, None if unseen else self._inside > 0)
        for fan in rules.ventilation:
            say(fan.co2, round(self._air[fan.id]))
            say(fan.humidity, round(40 + (self._air[fan.id] - 420) / 40, 1))
            say(fan.temperature, round(19 + self._inside * 0.1, 1))
        for heating in rules.heating:
            say(heating.sensor, round(self._rooms[heating.id], 1))
        leaks = [watch for watch in rules.watches if watch.kind == "leak"]
        for watch in rules.watches:
            wet = watch in leaks[:1] and _LEAK[0] <= local < _LEAK[1]
            say(sensor_of(watch), _calm(watch) if watch.kind != "leak" else wet)
        return readings


def _calm(watch: Watch) -> Value:
    """What a sensor says while all is well."""
    if watch.kind == "freezer":
        return (watch.limit if watch.limit is not None else -15.0) - 5
    if watch.kind == "power":
        return (watch.limit or 1.0) + 80 if "power" in sensor_of(watch).entity else True
    return False
