"""Forgets: door events and suspicions after the owner's days, incidents, credentials that are of no use."""

import asyncio
from datetime import datetime, timedelta

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress
from arni_edge.storage import Database, Transaction, credentials, door_audit, incidents, tailgating

_LOG = structlog.get_logger(__name__)

_BEAT_SECONDS = 5.0
_DAY_SECONDS = 86_400.0
_AGAIN_SECONDS = 600.0
# Incidents at doors, devices and cameras, counted from their end: what fails every minute fills no disk.
_INCIDENTS_KEPT = timedelta(days=365)


class DoorRetention:
    """Deletes what is over, at start and once a day."""

    def __init__(self, database: Database, clock: Clock, *, days: int, tailgating_days: int = 0) -> None:
        """Nothing is deleted before :meth:`run`.

        Args:
            database: Has it all.
            clock: Says what is over.
            days: Door events are kept for so long.
            tailgating_days: Suspicions that somebody was followed in are kept for so long; 0: not at all.
        """
        self._database = database
        self._clock = clock
        self._kept = timedelta(days=days)
        self._suspected = timedelta(days=tailgating_days)

    async def prune(self, now: datetime) -> int:
        """Delete what is over; returns how many door events.

        Raises:
            Unavailable: It could not be stored; then nothing is deleted.
        """

        async def unit(tx: Transaction) -> int:
            await credentials.prune(tx, now, self._kept)
            await tailgating.prune(tx, now - self._suspected)
            await incidents.prune(tx, now - _INCIDENTS_KEPT)
            return await door_audit.prune(tx, now - self._kept)

        return await self._database.write(unit)

    async def run(self, progress: Progress) -> None:
        """Prune until cancelled."""
        due = self._clock.monotonic()
        while True:
            progress()
            if self._clock.monotonic() >= due:
                due = self._clock.monotonic() + await self._try()
            await asyncio.sleep(_BEAT_SECONDS)

    async def _try(self) -> float:
        """Prune, and say in how many seconds again."""
        try:
            events = await self.prune(self._clock.now())
        except Unavailable as error:
            _LOG.warning("door_events_not_pruned", reason=str(error))
            return _AGAIN_SECONDS
        _LOG.info("door_events_pruned", events=events)
        return _DAY_SECONDS
