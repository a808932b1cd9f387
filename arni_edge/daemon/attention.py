"""What is wrong at doors, devices and cameras now, for whoever shows it."""

from collections.abc import Collection

from arni_edge.access.incidents import IncidentDesk
from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.doors import Incident
from arni_edge.domain.events import CameraIncident, DeviceIncident, DoorIncident
from arni_edge.domain.health import State
from arni_edge.supervision import HealthBoard

Where = tuple[str, str]
"""``door``, ``device`` or ``camera``, and its name."""


class Attention:
    """Keeps open incidents at hand and shows each door, device or camera that has some as degraded."""

    def __init__(self, desk: IncidentDesk, bus: Bus, board: HealthBoard) -> None:
        """Listen from now on.

        Args:
            desk: Knows what an earlier run left open.
            bus: Tells what begins and ends.
            board: Where it is shown, as ``incidents/<door, device or camera>/<name>``.
        """
        self._desk = desk
        self._board = board
        self._events = bus.subscribe(DoorIncident, DeviceIncident, CameraIncident)
        self._open: dict[Where, dict[str, None]] = {}

    def of(self, door: str) -> Collection[Incident]:
        """What is wrong at a door now, oldest first."""
        return [Incident(word) for word in self._open.get(("door", door), ())]

    def of_camera(self, camera: str) -> Collection[CameraTrouble]:
        """What is wrong at a camera now, or what it sees that somebody must look at, oldest first."""
        return [CameraTrouble(word) for word in self._open.get(("camera", camera), ())]

    async def run(self, _: object) -> None:
        """Keep the list until cancelled."""
        for row in await self._desk.everything_open():
            self._note((row["kind"], row["name"]), row["incident"], over=False)
        async for event in self._events:
            if isinstance(event, DoorIncident):
                self._note(("door", event.door), event.incident, over=event.over)
            elif isinstance(event, DeviceIncident):
                self._note(("device", event.device), event.incident, over=event.over)
            elif isinstance(event, CameraIncident):
                self._note(("camera", event.camera), event.incident, over=event.over)

    def _note(self, where: Where, incident: str, *, over: bool) -> None:
        words = self._open.setdefault(where, {})
        if over:
            words.pop(incident, None)
        else:
            words.setdefault(incident, None)
        part = f"incidents/{where[0]}/{where[1]}"
        if words:
            self._board.report(part, State.DEGRADED, ", ".join(words))
        else:
            self._board.report(part, State.OK)
