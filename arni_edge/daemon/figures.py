"""What Arni shows to Home Assistant: doors, people, cameras, health. Read from the organs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Protocol

from arni_edge.broker.discovery import Figure
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.doors import DoorContact, Incident, LockState
from arni_edge.domain.health import State
from arni_edge.domain.occupancy import Band, Occupancy, band
from arni_edge.settings import Camera, Settings
from arni_edge.vision.messages import CameraState


class LockView(Protocol):
    """What a lock's driver says live."""

    @property
    def state(self) -> LockState:
        """Of the bolt."""
        ...

    @property
    def contact(self) -> DoorContact:
        """Of the leaf."""
        ...


class CameraView(Protocol):
    """What the worker last said of a camera."""

    @property
    def state(self) -> CameraState:
        """How it is."""
        ...


class Eyes(Protocol):
    """What the vision room says."""

    @property
    def cameras(self) -> Mapping[str, CameraView]:
        """The last live word of every camera, by id."""
        ...

    @property
    def counted(self) -> tuple[int, int]:
        """Entries and exits; they only grow."""
        ...

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone."""
        ...

    def total(self) -> Occupancy:
        """People in the house."""
        ...


IncidentsOf = Callable[[str], Collection[Incident]]
"""What is wrong at a door now."""

TroublesOf = Callable[[str], Collection[CameraTrouble]]
"""What is wrong at a camera now, or what it sees that somebody must look at."""


def figures(
    settings: Settings,
    locks: Mapping[str, LockView],
    eyes: Eyes,
    health: Callable[[], State],
    incidents: IncidentsOf,
    troubles: TroublesOf,
) -> list[Figure]:
    """Everything that is shown.

    Args:
        settings: Doors, cameras and zones.
        locks: By door id; doors without one show no lock.
        eyes: Who is inside.
        health: Of the whole house.
        incidents: What is wrong at a door.
        troubles: What is wrong at a camera.
    """
    capacity = settings.site.capacity
    shown = [
        Figure("health", "Health", "sensor", lambda: str(health()), _one_of([*State])),
        Figure("people", "People inside", "sensor", lambda: eyes.total().count, _PEOPLE),
        Figure("band", "How busy", "sensor", lambda: _band(eyes.total(), capacity), _one_of(_BANDS)),
    ]
    for door in settings.doors:
        shown += _door(door.id, door.name, locks.get(door.id), incidents)
    shown += [_zone(zone.id, zone.name, eyes) for camera in settings.cameras for zone in camera.zones]
    for camera in settings.cameras:
        shown += _camera(camera, eyes, troubles)
    if any(camera.lines for camera in settings.cameras):
        shown.append(Figure("entries", "Entries", "sensor", lambda: eyes.counted[0], _COUNTER))
        shown.append(Figure("exits", "Exits", "sensor", lambda: eyes.counted[1], _COUNTER))
    return shown


_BANDS = [one for one in Band if one is not Band.UNKNOWN]
_COUNTER = {"unit_of_measurement": "people", "state_class": "total_increasing", "icon": "mdi:walk"}
_PEOPLE = {"unit_of_measurement": "people", "state_class": "measurement", "icon": "mdi:account-group"}


def _door(door: str, name: str, lock: LockView | None, incidents: IncidentsOf) -> Iterator[Figure]:
    yield Figure(
        f"door_{door}_incident",
        f"{name}: incident",
        "binary_sensor",
        lambda: bool(incidents(door)),
        {"device_class": "problem"},
    )
    if lock is None:
        return
    yield Figure(
        f"door_{door}_lock",
        f"{name}: lock",
        "sensor",
        lambda: None if lock.state is LockState.UNKNOWN else str(lock.state),
        {"device_class": "enum", "options": [*LockState], "icon": "mdi:lock"},
    )
    yield Figure(
        f"door_{door}_contact",
        f"{name}: leaf",
        "binary_sensor",
        lambda: _open(lock.contact),
        {"device_class": "door"},
    )


def _open(contact: DoorContact) -> bool | None:
    return {DoorContact.OPEN: True, DoorContact.CLOSED: False}.get(contact)


def _zone(zone: str, name: str, eyes: Eyes) -> Figure:
    return Figure(f"zone_{zone}", f"{name}: people", "sensor", lambda: eyes.zone(zone).count, _PEOPLE)


def _one_of(words: Collection[str]) -> dict[str, object]:
    return {"device_class": "enum", "options": [*words]}


def _band(seen: Occupancy, capacity: int) -> str | None:
    name = band(seen.count, capacity)
    return None if name is Band.UNKNOWN else str(name)


def _camera(camera: Camera, eyes: Eyes, troubles: TroublesOf) -> Iterator[Figure]:
    name = camera.id

    def state() -> CameraState | None:
        view = eyes.cameras.get(name)
        return None if view is None else view.state

    def problem() -> bool:
        return any(one is not CameraTrouble.PERSON_DOWN for one in troubles(name))

    def down() -> bool | None:
        """Nobody is down only where somebody looks."""
        if CameraTrouble.PERSON_DOWN in troubles(name):
            return True
        return False if state() is CameraState.OK else None

    yield Figure(
        f"camera_{name}_state",
        f"{name}: state",
        "sensor",
        state,
        _one_of([*CameraState]) | {"icon": "mdi:cctv"},
    )
    yield Figure(
        f"camera_{name}_problem", f"{name}: problem", "binary_sensor", problem, {"device_class": "problem"}
    )
    if camera.person_down:
        yield Figure(
            f"camera_{name}_person_down",
            f"{name}: person down",
            "binary_sensor",
            down,
            {"device_class": "safety"},
        )
