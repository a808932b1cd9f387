"""Hands the troubles of devices to the incident desk."""

from arni_edge.access.incidents import IncidentDesk, Subject
from arni_edge.domain.devices import DeviceTrouble


class DeviceIncidents:
    """The device book's port to the one place where incidents are stored and told."""

    def __init__(self, desk: IncidentDesk) -> None:
        self._desk = desk

    async def begin(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        """Something is wrong at a device."""
        await self._desk.begin(Subject("device", device), trouble, evidence)

    async def over(self, device: str, trouble: DeviceTrouble, evidence: str) -> None:
        """It is right again; nothing if it was all the time."""
        await self._desk.end(Subject("device", device), trouble, evidence)
