"""What Arni shows to Home Assistant: its doors, its count of people, its health. Read from the organs."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Protocol

from arni_edge.broker.discovery import Figure
from arni_edge.domain.doors import DoorContact, Incident, LockState
from arni_edge.domain.health import State
from arni_edge.domain.occupancy import Occupancy
from arni_edge.settings import Settings


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


class Eyes(Protocol):
    """What the vision room says."""

    def zone(self, zone_id: str) -> Occupancy:
        """People in one zone."""
        ...

    def total(self) -> Occupancy:
        """People in the house."""
        ...


IncidentsOf = Callable[[str], Collection[Incident]]
"""What is wrong at a door now."""


def figures(
    settings: Settings,
    locks: Mapping[str, LockView],
    eyes: Eyes,
    health: Callable[[], State],
    incidents: IncidentsOf,
) -> list[Figure]:
    """Everything that is shown.

    Args:
        settings: Doors and zones.
        locks: By door id; doors without one show no lock.
        eyes: Who is inside.
        health: Of the whole house.
        incidents: What is wrong at a door.
    """
    words = {"device_class": "enum"}
    shown = [
        Figure("health", "Health", "sensor", lambda: str(health()), {**words, "options": [*State]}),
        Figure("people", "People inside", "sensor", lambda: eyes.total().count, _PEOPLE),
    ]
    for door in settings.doors:
        shown += _door(door.id, door.name, locks.get(door.id), incidents)
    shown += [_zone(zone.id, zone.name, eyes) for camera in settings.cameras for zone in camera.zones]
    return shown


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
