"""What the building does at once in an emergency."""

from arni_edge.devices import ShellySwitch
from arni_edge.domain.doors import Outcome
from arni_edge.domain.errors import Unavailable
from arni_edge.settings import Shelly

# A siren that nobody switches off falls silent by the timer of the device.
_SIREN_SECONDS = 120.0


class SwitchAct:
    """Switches a relay on: a light stays on, a siren sounds for two minutes."""

    def __init__(self, shelly: Shelly, switch: ShellySwitch) -> None:
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
