"""What can be asked about doors over the control socket."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from arni_edge.access import Entry
from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.access.words import staff_text
from arni_edge.control import Method
from arni_edge.daemon.params import line
from arni_edge.domain.doors import DoorContact, Incident, LockState, Outcome
from arni_edge.domain.errors import InvalidInput, Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.settings import Door, Settings

_SHORTEST_REASON: Final = 3
_LONGEST_TEXT: Final = 300
_LONGEST_NAME: Final = 64


class Lock(Protocol):
    """What every kind of lock says of itself."""

    @property
    def live(self) -> bool:
        """Whether it is there now."""
        ...


@runtime_checkable
class SaysState(Protocol):
    """A lock with a bolt and, maybe, a door sensor."""

    @property
    def state(self) -> LockState:
        """What it says live."""
        ...

    @property
    def contact(self) -> DoorContact:
        """What its door sensor says live."""
        ...


@runtime_checkable
class SaysOutput(Protocol):
    """A strike."""

    @property
    def output(self) -> bool | None:
        """Whether it is energised."""
        ...


class Patrol(Protocol):
    """Knows the door's contact, whatever device it is on."""

    @property
    def contact(self) -> DoorContact:
        """What it says live."""
        ...


class StaffEntrance(Protocol):
    """Where staff open from afar: the policy and the audit are behind it."""

    async def open_by_staff(self, door: str, *, staff: str, reason: str, request_id: str) -> Entry:
        """Open once, and say what became of it."""
        ...


class DoorHouse(Protocol):
    """What of the present house is about doors."""

    @property
    def settings(self) -> Settings:
        """What it was made from."""
        ...

    @property
    def locks(self) -> Mapping[str, Lock]:
        """Drivers by door id."""
        ...

    @property
    def patrols(self) -> Mapping[str, Patrol]:
        """By door id."""
        ...

    @property
    def entry(self) -> StaffEntrance:
        """The entry desk."""
        ...

    @property
    def incidents(self) -> IncidentDesk:
        """The incident desk."""
        ...


def doors_methods(catalogue: Catalogue, house: Callable[[], DoorHouse]) -> Mapping[str, Method]:
    """All methods by name.

    Args:
        catalogue: Says why a door stays shut.
        house: The present house.
    """

    async def status(_: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [await _status(house(), door) for door in house().settings.doors]

    async def open_door(params: Mapping[str, Any]) -> dict[str, Any]:
        door = _known(house(), params)
        reason = line(params, "reason", _LONGEST_TEXT, shortest=_SHORTEST_REASON)
        staff = line(params, "by", _LONGEST_NAME)
        entry = await house().entry.open_by_staff(
            door.id, staff=staff, reason=reason, request_id=f"staff:{secrets.token_hex(8)}"
        )
        confirmed = entry.outcome is Outcome.CONFIRMED
        return {
            "door": door.id,
            "confirmed": confirmed,
            "outcome": entry.outcome,
            "denied": entry.denied,
            "sentence": _sentence(door, entry, catalogue),
        }

    async def clear(params: Mapping[str, Any]) -> str:
        door = _known(house(), params)
        by = line(params, "by", _LONGEST_NAME)
        try:
            incident = Incident(str(params.get("incident")))
        except ValueError:
            raise InvalidInput(f"'incident' must be one of: {', '.join(Incident)}") from None
        if not await house().incidents.end(Subject("door", door.id), incident, "cleared by a person", by=by):
            raise Refused(f"'{incident}' is not open at {door.name}; arni-edge door status shows what is")
        return f"{incident} at {door.name} is cleared"

    return {"door.status": status, "door.open": open_door, "door.clear": clear}


async def _status(house: DoorHouse, door: Door) -> dict[str, Any]:
    lock = house.locks[door.id]
    return {
        "id": door.id,
        "name": door.name,
        "kind": door.lock.kind,
        "live": lock.live,
        "lock": lock.state if isinstance(lock, SaysState) else None,
        "output": lock.output if isinstance(lock, SaysOutput) else None,
        "contact": house.patrols[door.id].contact,
        "incidents": [
            {
                "incident": row["incident"],
                "since": row["at"],
                "times": row["times"],
                "evidence": row["evidence"],
            }
            for row in await house.incidents.open_at(door.id)
        ],
    }


def _sentence(door: Door, entry: Entry, catalogue: Catalogue) -> str:
    """What became of it, for the member of staff who asked; the command speaks English."""
    if (why := entry.denied or entry.asked) is not None:
        return f"{door.name} stays shut. {staff_text(catalogue, why, Language.ENGLISH)}"
    return {
        Outcome.CONFIRMED: f"{door.name} is open",
        Outcome.OFFLINE: f"{door.name} is offline; nothing was sent to it",
        Outcome.NOT_PERMITTED: f"{door.name} may not be commanded now; arni-edge door log says why",
        Outcome.BUSY: f"{door.name} is busy with another command; look, then try again",
        Outcome.FAILED: f"{door.name} did not open; arni-edge door log says why",
        Outcome.UNKNOWN: f"{door.name} was told to open, but nobody saw it: go and look",
    }[entry.outcome or Outcome.UNKNOWN]


def _known(house: DoorHouse, params: Mapping[str, Any]) -> Door:
    wanted = params.get("door")
    door = next((door for door in house.settings.doors if door.id == wanted), None)
    if door is None:
        known = ", ".join(door.id for door in house.settings.doors) or "none"
        raise InvalidInput(f"there is no such door; doors of this house: {known}")
    return door
