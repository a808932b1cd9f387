"""What the building does at once in an emergency."""

from typing import Final, Protocol

from arni_edge.devices import SwitchResult
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Shelly

ALARM_ROLES: Final = frozenset({"light", "path_light", "siren"})
"""Roles of devices that help in an emergency."""

# A siren that nobody switches off falls silent by the timer of the device.
_SIREN_SECONDS = 120.0


class Switch(Protocol):
    """What can be switched on."""

    async def switch(self, on: bool, *, toggle_after: float | None = None) -> SwitchResult:
        """Switch it and wait for the effect."""
        ...


class SwitchAct:
    """Switches a relay on: a light stays on, a siren sounds for two minutes."""

    def __init__(self, shelly: Shelly, switch: Switch) -> None:
        self._switch = switch
        self._seconds = _SIREN_SECONDS if shelly.role == "siren" else None
        self.name = f"{shelly.role}/{shelly.id}"

    async def act(self) -> str:
        """Switch it on; returns the evidence.

        Raises:
            Unavailable: It is not certain that it is on.
        """
        result = await self._switch.switch(True, toggle_after=self._seconds)
        if result.outcome is not Outcome.CONFIRMED:
            raise Unavailable(f"{result.outcome}: {result.evidence}")
        return result.evidence
