"""What the device book needs of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.readings import Identity, Interpretation


class Reader(Protocol):
    """Between bytes and words; :class:`arni_edge.devices.interpreter.Interpreter`."""

    def read(
        self, topic: str, payload: bytes, *, retained: bool = False, to_device: bool = False
    ) -> Interpretation:
        """What one message means; never raises for what a device may send."""
        ...

    def new_session(self) -> None:
        """What counted presses and boots begins anew."""
        ...

    def forget(self, device: str) -> None:
        """A device is gone."""
        ...


class Incidents(Protocol):
    """Stores that something is wrong, then tells the house. Saying the same twice changes nothing."""

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        """Something is wrong. Raises :class:`Unavailable` when it cannot be stored."""
        ...

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        """It is right again, or was all the time. Raises :class:`Unavailable` when it cannot be stored."""
        ...


@dataclass(frozen=True, slots=True)
class Sighting:
    """A device was heard live.

    Attributes:
        key: Its key.
        identity: What it said of itself.
        prefix: Where its topics begin.
        at: When (aware).
    """

    key: str
    identity: Identity
    prefix: str | None
    at: datetime


class Notebook(Protocol):
    """Where it is written down which devices there are; :class:`arni_edge.devices.registry.Registry`."""

    async def note(self, sightings: Sequence[Sighting]) -> None:
        """Write down who was seen. Raises :class:`Unavailable` when it cannot be stored."""
        ...
