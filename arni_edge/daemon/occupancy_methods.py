"""What can be asked about people in the gym over the control socket. For staff: numbers, not bands alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any

from arni_edge.control import Method
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput
from arni_edge.domain.headcount import WHOLE_GYM, HourTally
from arni_edge.domain.occupancy import band
from arni_edge.settings import Settings, Zone
from arni_edge.vision.forecast import HourForecast, Typical, forecast
from arni_edge.vision.history import OccupancyHistory
from arni_edge.vision.messages import MOST_PEOPLE
from arni_edge.vision.occupancy import OccupancyBook


def occupancy_methods(
    clock: Clock,
    settings: Callable[[], Settings],
    book: Callable[[], OccupancyBook],
    history: Callable[[], OccupancyHistory],
) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        clock: The box's clock.
        settings: Of the present house.
        book: Of the present house.
        history: Of the present house.
    """
    desk = _OccupancyDesk(clock, settings, book, history)
    return {
        "occupancy.now": desk.now,
        "occupancy.set": desk.told,
        "occupancy.today": desk.today,
        "occupancy.week": desk.week,
    }


@dataclass(frozen=True, slots=True)
class _OccupancyDesk:
    """See :func:`occupancy_methods`."""

    clock: Clock
    settings: Callable[[], Settings]
    book: Callable[[], OccupancyBook]
    history: Callable[[], OccupancyHistory]

    async def now(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The count of the gym, what it rests on, and every zone."""
        settings, book = self.settings(), self.book()
        only, figure, memory = self._place(params), book.figure(), book.memory
        return {
            **self._heading(only),
            "count": figure.count,
            "band": band(figure.count, settings.site.capacity),
            "capacity": settings.site.capacity,
            "confidence": figure.confidence if figure.count is not None else None,
            "confirmed": figure.confirmed,
            "age_seconds": _rounded(figure.age),
            "basis": figure.basis,
            "reason": figure.reason,
            "since_zero": {"entries": memory.entries, "exits": memory.exits, "at": _iso(memory.zeroed_for)},
            "drift": {"people": memory.drift, "at": _iso(memory.drift_at)},
            "proved_at": _iso(memory.proved_at),
            "zones": [
                self._zone(camera.id, zone)
                for camera in settings.cameras
                for zone in camera.zones
                if only in {WHOLE_GYM, zone.id}
            ],
            "cameras": {camera.id: self._camera(camera.id) for camera in settings.cameras},
        }

    async def told(self, params: Mapping[str, Any]) -> str:
        """Somebody who is there has counted: go on from that."""
        count = params.get("count")
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST_PEOPLE:
            raise InvalidInput(f"'count' must be a whole number from 0 to {MOST_PEOPLE}")
        if not any(camera.lines for camera in self.settings().cameras):
            raise InvalidInput("there is no line: without one the zones alone are the count")
        self.book().told(count)
        return f"from now on it is counted from {count}"

    async def today(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The hours of today so far, beside those of a typical day, which are the forecast for the rest."""
        place, now, zone = self._place(params), self.clock.now(), self.settings().site.zone
        day = now.astimezone(zone).date()
        midnight = datetime.combine(day, time.min, zone)
        seen = {one.hour: one for one in await self.history().hours(place, midnight)}
        holidays = frozenset(one.day for one in self.settings().access.holidays)
        ahead = forecast(await self.history().typical(place), day, zone, holidays)
        return {
            **self._heading(place),
            "day": day.isoformat(),
            "weekday": day.weekday(),
            "holiday": day in holidays,
            "hours": [_hour(one, seen.get(one.start), now) for one in ahead],
        }

    async def week(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The typical week, by weekday and hour."""
        place = self._place(params)
        slots = (await self.history().typical(place)).slots
        quiet = self.history().quietest if place == WHOLE_GYM else None
        return {
            **self._heading(place),
            "weeks": max((one.observations for one in slots.values()), default=0),
            "days": [[_typical(slots.get((day, hour))) for hour in range(24)] for day in range(7)],
            "quietest": None if quiet is None else asdict(quiet),
        }

    # --- parts of the answers -----------------------------------------------------------------------------

    def _place(self, params: Mapping[str, Any]) -> str:
        wanted = params.get("zone")
        if wanted is None:
            return WHOLE_GYM
        zones = [zone.id for zone in self._zones()]
        if wanted not in zones:
            raise InvalidInput(f"there is no such zone; there are: {', '.join(zones) or 'none'}")
        return str(wanted)

    def _zones(self) -> Sequence[Zone]:
        return [zone for camera in self.settings().cameras for zone in camera.zones]

    def _heading(self, place: str) -> dict[str, Any]:
        site = self.settings().site
        names = {zone.id: zone.name for zone in self._zones()}
        return {
            "site": site.name,
            "language": site.language,
            "zone": place or None,
            "name": names.get(place, site.name),
            "at": self.clock.now().astimezone(site.zone).isoformat(),
        }

    def _zone(self, camera: str, zone: Zone) -> dict[str, Any]:
        found = self.book().zone(zone.id)
        return {
            "id": zone.id,
            "name": zone.name,
            "camera": camera,
            "count": found.count,
            "confirmed": found.confirmed,
            "age_seconds": _rounded(found.age),
        }

    def _camera(self, camera: str) -> dict[str, Any]:
        report = self.book().cameras.get(camera)
        if report is None:
            return {"state": None, "reason": ""}
        return {
            "state": report.state,
            "reason": report.reason,
            "age_seconds": _rounded(self.clock.monotonic() - report.heard_at),
            "pictures_per_second": report.pictures_per_second,
            "looks_per_second": report.looks_per_second,
        }


def _hour(ahead: HourForecast, seen: HourTally | None, now: datetime) -> dict[str, Any]:
    """One hour: what was, where enough of it was seen, and what is usual."""
    elapsed = min(3600.0, max(0.0, (now - ahead.start).total_seconds()))
    running = ahead.start <= now < ahead.start + timedelta(hours=1)
    covered = min(1.0, seen.seconds / elapsed) if seen is not None and elapsed else 0.0
    people = None if seen is None else seen.mean
    if running and seen is not None and seen.seconds and covered >= 0.5:
        people = seen.people_seconds / seen.seconds
    return {
        "start": ahead.local.isoformat(),
        "hour": ahead.local.hour,
        "state": "running" if running else "past" if ahead.start < now else "ahead",
        "people": _rounded(people),
        "most": None if seen is None or people is None else seen.most,
        "entries": seen.entries if seen is not None else 0,
        "exits": seen.exits if seen is not None else 0,
        "covered": round(covered, 2),
        "typical": _typical(ahead.typical),
    }


def _typical(typical: Typical | None) -> dict[str, Any] | None:
    if typical is None:
        return None
    return {
        "expected": round(typical.expected, 1),
        "low": round(typical.low, 1),
        "high": round(typical.high, 1),
        "observations": typical.observations,
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 2)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
