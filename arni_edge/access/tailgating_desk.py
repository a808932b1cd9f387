"""The tailgating desk: hands the watches what the house hears, keeps what they suspect, then tells it.

Nobody is refused for a suspicion, and nobody at the door hears of it. One is an accident; the staff are told
when the same member has been followed in as often as the owner's ``access.tailgating.times``.
"""

import asyncio
import json
import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

import structlog

from arni_edge.access.tailgating import Opening, Passage, Suspicion, TailgatingWatch
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import DoorContact, Outcome, Via
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import (
    DoorCommandEnded,
    Event,
    LineCrossed,
    LockUsed,
    TailgatingSuspected,
    UnrequestedOpening,
)
from arni_edge.domain.health import Progress
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.people import STAFF_GROUP
from arni_edge.settings import Camera, Door, Tailgating
from arni_edge.storage import Database, tailgating
from arni_edge.storage.tailgating import Noted

_LOG = structlog.get_logger(__name__)

_LOOK_SECONDS: Final = 1.0
_READ_SECONDS: Final = 3.0
_STORE_SECONDS: Final = 3.0

_OLDEST_SECONDS: Final = 10.0
"""An event that says that it is older has a wall clock of its own, or ours has jumped."""

_OPENED: Final = frozenset({Outcome.CONFIRMED, Outcome.UNKNOWN})
_MEMBERS: Final = frozenset({Via.CHANNEL, Via.QR, Via.CODE})

ContactOf = Callable[[str], DoorContact]
"""What the contact of a door says live, by the door's id."""


class TailgatingDesk:
    """Every door that has a camera line, from the bus to the table ``tailgating`` and back to the bus."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        *,
        settings: Tailgating,
        doors: Sequence[Door],
        cameras: Sequence[Camera],
        contact: ContactOf,
    ) -> None:
        """Listen from now on; see :meth:`run`.

        Args:
            database: Has the door audit; keeps the suspicions.
            bus: Tells of openings and crossings; told of suspicions.
            clock: For windows, and for what is too old.
            settings: How long a window is, and for how long something counts.
            doors: All doors of the house.
            cameras: Their lines name the doors that are watched.
            contact: What the doors' contacts say.
        """
        self._database = database
        self._bus = bus
        self._clock = clock
        self._kept = timedelta(days=settings.days)
        self._contact = contact
        self._lines = {
            (camera.id, line.id): line.door for camera in cameras for line in camera.lines if line.door
        }
        self._watches = {
            door.id: TailgatingWatch(
                window_seconds=settings.window_seconds, propped_seconds=door.propped_seconds
            )
            for door in doors
            if door.id in self._lines.values()
        }
        self._being_read = dict.fromkeys(self._watches, 0)
        self._events = bus.subscribe(DoorCommandEnded, LineCrossed, LockUsed, UnrequestedOpening)

    async def run(self, progress: Progress) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="tailgating ear")
            while True:
                progress()
                for door, watch in self._watches.items():
                    await self._look(door, watch)
                await asyncio.sleep(_LOOK_SECONDS)

    # --- hearing ------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async for event in self._events:
            await self._hear(event)

    async def _hear(self, event: Event) -> None:
        at = self._moment(event)
        if isinstance(event, LineCrossed):
            door = self._lines.get((event.camera, event.line))
            if door in self._watches:
                passage = Passage(f"{event.camera}/{event.line}", event.direction == "in", event.together, at)
                self._watches[door].crossed(passage)
        elif isinstance(event, DoorCommandEnded) and event.door in self._watches:
            if event.outcome in _OPENED:
                began = at - max(0.0, event.seconds)
                self._being_read[event.door] += 1
                try:
                    opening = await self._opening(event.request_id, began, at)
                finally:
                    self._being_read[event.door] -= 1
                self._watches[event.door].opened(opening)
        elif isinstance(event, LockUsed | UnrequestedOpening) and event.door in self._watches:
            # Whoever opened at the lock itself, or from inside, may have brought anybody.
            self._watches[event.door].opened(Opening(new_id(), at, at, judged=False))

    def _moment(self, event: Event) -> float:
        """When something happened, on the clock that never jumps; it may be heard seconds later."""
        age = (self._clock.now() - event.at).total_seconds()
        return self._clock.monotonic() - min(max(age, 0.0), _OLDEST_SECONDS)

    async def _opening(self, request_id: str, began: float, ended: float) -> Opening:
        """Who was let in, from the audit. Nobody is judged by what cannot be read there."""
        try:
            async with asyncio.timeout(_READ_SECONDS):
                row = await tailgating.let_in_by(self._database, request_id)
        except (TimeoutError, Unavailable) as error:
            _LOG.warning("opening_not_read", request=request_id, reason=str(error) or "too slow")
            row = None
        if row is None or row["via"] not in _MEMBERS:
            return Opening(request_id, began, ended, judged=False)
        staff = STAFF_GROUP in json.loads(row["groups"] or "[]")
        return Opening(request_id, began, ended, row["member_id"], judged=not staff)

    # --- judging ------------------------------------------------------------------------------------------

    async def _look(self, door: str, watch: TailgatingWatch) -> None:
        now = self._clock.monotonic()
        watch.contact(self._contact(door), now)
        if not watch.due(now):
            return
        for suspicion in watch.tick(now, under_way=await self._under_way(door)):
            await self._note(door, suspicion)

    async def _under_way(self, door: str) -> bool:
        """Whether somebody is being let in of whom the watch does not know yet."""
        if self._being_read[door]:
            return True
        try:
            async with asyncio.timeout(_READ_SECONDS):
                return await tailgating.under_way(self._database, door)
        except (TimeoutError, Unavailable):
            return True  # the watch waits, and not for ever

    async def _note(self, door: str, suspicion: Suspicion) -> None:
        """Store it, then tell it. What cannot be stored counts for nobody."""
        now = self._clock.now()
        noted = Noted(
            suspicion.request_id,
            door,
            suspicion.member,
            suspicion.entries,
            suspicion.together,
            suspicion.certainty,
            suspicion.certainty.weight,
        )
        weight = 0.0
        try:
            weight = await self._database.write(
                lambda tx: tailgating.note(tx, noted, now, now - self._kept), deadline=_STORE_SECONDS
            )
        except Unavailable as error:
            _LOG.exception("tailgating_not_stored", request=suspicion.request_id, reason=str(error))
        _LOG.info(
            "tailgating_suspected",
            door=door,
            request=suspicion.request_id,
            entries=suspicion.entries,
            together=suspicion.together,
            certainty=suspicion.certainty,
        )
        self._bus.publish(
            TailgatingSuspected(
                at=now,
                door=door,
                request_id=suspicion.request_id,
                entries=suspicion.entries,
                together=suspicion.together,
                times=math.ceil(weight),
            )
        )
