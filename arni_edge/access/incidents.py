"""The incident desk: what is wrong at a door, device or camera is stored first, then told."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from arni_edge.bus import Bus
from arni_edge.domain.cameras import CameraTrouble
from arni_edge.domain.clock import Clock
from arni_edge.domain.devices import DeviceTrouble
from arni_edge.domain.doors import Incident
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import CameraIncident, DeviceIncident, DoorIncident
from arni_edge.storage import Database, Row, Transaction, incidents
from arni_edge.storage.incidents import Kind

_LOG = structlog.get_logger(__name__)

_STORE_SECONDS: Final = 3.0
"""A disk that takes longer must not keep anybody from hearing of it."""

Trouble = Incident | DeviceTrouble | CameraTrouble
"""A word of the domain for what is wrong."""

EVERY_TIME: Final[frozenset[Trouble]] = frozenset(
    {
        Incident.FORCED,
        Incident.UNREQUESTED,
        Incident.UNCONFIRMED,
        Incident.DROPS_ON_COMMAND,
        CameraTrouble.PERSON_DOWN,
    }
)
"""These happen, rather than last: each time is told, also while nobody has cleared the one before."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an incident is about.

    Attributes:
        kind: A door, a device that belongs to none, or a camera.
        name: Id of the door, the device's name in events, the camera's id or ``zone/<id>``.
    """

    kind: Kind
    name: str


class IncidentDesk:
    """Keeps what is wrong. To begin twice is to begin once; to end what is not open is nothing."""

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._open: set[tuple[str, str, str]] = set()
        self._only_told: set[tuple[str, str, str]] = set()
        self._looked = False

    async def open_at(self, door: str) -> list[Row]:
        """What is wrong at a door now, oldest first: rows of the table ``incidents``."""
        rows = await incidents.still_open(self._database)
        return [row for row in rows if (row["kind"], row["name"]) == ("door", door)]

    async def everything_open(self) -> list[Row]:
        """What is wrong anywhere now, oldest first."""
        return await incidents.still_open(self._database)

    async def begin(self, subject: Subject, incident: Trouble, evidence: str) -> None:
        """Something is wrong: stored, logged, told. What cannot be stored is told all the same."""
        key, now = (subject.kind, subject.name, str(incident)), self._clock.now()

        async def store(tx: Transaction) -> bool:
            return await incidents.begin(tx, subject.kind, subject.name, incident, evidence, now)

        try:
            fresh = await self._database.write(store, deadline=_STORE_SECONDS)
        except Unavailable as error:
            _LOG.exception("incident_not_stored", subject=subject.name, incident=incident, reason=str(error))
            fresh = key not in self._only_told
            self._only_told.add(key)
        else:
            fresh = fresh and key not in self._only_told
            self._only_told.discard(key)
        self._open.add(key)
        if fresh or incident in EVERY_TIME:
            _LOG.warning("incident", subject=subject.name, incident=incident, evidence=evidence)
            self._tell(subject, incident, evidence, now, over=False)

    async def end(
        self,
        subject: Subject,
        incident: Trouble,
        evidence: str,
        *,
        by: str | None = None,
    ) -> bool:
        """Something is over, by itself or because a person says so.

        Args:
            subject: What it was about.
            incident: What it was.
            evidence: What showed that it is over.
            by: Who cleared it; None when nobody did.

        Returns:
            Whether it was open.

        Raises:
            Unavailable: A person's word could not be stored. Without a person that is logged only: it stays
                open (:meth:`may_be_open`), and whoever looks at it clears it.
        """
        key, now = (subject.kind, subject.name, str(incident)), self._clock.now()
        # What a person sees is on the disk, whatever we remember.
        if by is None and not await self._may_be_open(key):
            return False

        async def store(tx: Transaction) -> bool:
            return await incidents.end(tx, subject.kind, subject.name, incident, evidence, now, by=by)

        try:
            stored = await self._database.write(store, deadline=_STORE_SECONDS)
        except Unavailable as error:
            if by is not None:
                raise
            _LOG.exception("incident_not_ended", subject=subject.name, incident=incident, reason=str(error))
            return False
        was_open = stored or key in self._only_told
        self._open.discard(key)
        self._only_told.discard(key)
        if was_open:
            _LOG.info("incident_over", subject=subject.name, incident=incident, evidence=evidence)
            self._tell(subject, incident, evidence, now, over=True)
        return was_open

    def may_be_open(self, subject: Subject, incident: Trouble) -> bool:
        """Whether it is open, or nobody knows because the disk could not be asked yet."""
        return not self._looked or (subject.kind, subject.name, str(incident)) in self._open

    async def _may_be_open(self, key: tuple[str, str, str]) -> bool:
        """Whether there is anything to end, so that a door which opens as it should costs no commit."""
        if not self._looked:
            try:
                async with asyncio.timeout(_STORE_SECONDS):
                    rows = await incidents.still_open(self._database)
            except (TimeoutError, Unavailable) as error:
                _LOG.exception("incidents_not_read", reason=str(error))
                return key in self._open
            # Added: what began while they were read is not among them.
            self._open |= {(row["kind"], row["name"], row["incident"]) for row in rows}
            self._looked = True
        return key in self._open

    def _tell(
        self,
        subject: Subject,
        incident: Trouble,
        evidence: str,
        now: datetime,
        *,
        over: bool,
    ) -> None:
        if subject.kind == "door":
            self._bus.publish(
                DoorIncident(
                    at=now, door=subject.name, incident=Incident(incident), over=over, evidence=evidence
                )
            )
        elif subject.kind == "device":
            trouble = DeviceTrouble(incident)
            self._bus.publish(
                DeviceIncident(at=now, device=subject.name, incident=trouble, over=over, evidence=evidence)
            )
        else:
            seen = CameraTrouble(incident)
            self._bus.publish(
                CameraIncident(at=now, camera=subject.name, incident=seen, over=over, evidence=evidence)
            )
