"""What the house says on the broker of people and cameras: numbers and words of ours, unknown as null."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from arni_edge.broker.retained import AGE, Fact, Said
from arni_edge.domain.occupancy import Occupancy, band
from arni_edge.settings import Settings, Zone
from arni_edge.vision.messages import CameraState


class CameraReport(Protocol):
    """What the worker last said of a camera."""

    @property
    def state(self) -> CameraState:
        """How it is."""
        ...

    @property
    def age_seconds(self) -> float | None:
        """Since its last good picture, when that was heard."""
        ...


class Eyes(Protocol):
    """What the vision room says."""

    @property
    def cameras(self) -> Mapping[str, CameraReport]:
        """The last live report of every camera, by id."""
        ...

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone."""
        ...

    def total(self) -> Occupancy:
        """People in the house."""
        ...


def public_facts(settings: Settings, eyes: Eyes) -> list[Fact]:
    """Everything that is said; nothing without cameras.

    - ``people``: ``count``, ``band``, ``confidence``, ``age_seconds`` of the whole gym;
    - ``people/<zone>``: ``count``, ``confidence``, ``age_seconds``; ``band`` where the zone has a limit;
    - ``camera/<camera>``: ``state`` (null when nobody tells), ``ok``, ``age_seconds`` of its picture.
    """
    return [*_facts(settings, eyes)] if settings.cameras else []


def _facts(settings: Settings, eyes: Eyes) -> Iterator[Fact]:
    capacity = settings.site.capacity
    yield Fact("people", lambda: _people(eyes.total(), capacity))
    for camera in settings.cameras:
        yield _camera(camera.id, eyes)
        for zone in camera.zones:
            yield _zone(zone, eyes)


def _zone(zone: Zone, eyes: Eyes) -> Fact:
    return Fact(f"people/{zone.id}", lambda: _people(eyes.zone(zone.id), zone.limit))


def _people(seen: Occupancy, limit: int | None) -> Said:
    known = seen.count is not None
    said: dict[str, str | int | float | bool | None] = {"count": seen.count}
    if limit is not None:
        said["band"] = band(seen.count, limit)
    said["confidence"] = round(seen.confidence, 1) if known else None
    said[AGE] = round(seen.age, 1) if known and seen.age is not None else None
    return said


def _camera(camera: str, eyes: Eyes) -> Fact:
    def read() -> Said:
        report = eyes.cameras.get(camera)
        if report is None:
            return {"state": None, "ok": None, AGE: None}
        age = report.age_seconds
        ok = None if report.state is CameraState.OFF else report.state is CameraState.OK
        return {"state": str(report.state), "ok": ok, AGE: None if age is None else round(age, 1)}

    return Fact(f"camera/{camera}", read)
