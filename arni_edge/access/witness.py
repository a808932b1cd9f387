"""Writes down what people do at the locks themselves, beside what they asked us for."""

import structlog

from arni_edge.access.ration import Ration
from arni_edge.bus import Bus
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.events import LockUsed
from arni_edge.domain.identifiers import new_id
from arni_edge.storage import Database, door_audit

_LOG = structlog.get_logger(__name__)


class LockWitness:
    """Keypad, button, fob and app openings become rows of the door audit: information, no reason to open.

    Wrong keypad codes are not among them: a lock does not tell of these.
    """

    def __init__(self, database: Database, bus: Bus, clock: Clock) -> None:
        """Listen from now on."""
        self._database = database
        self._clock = clock
        self._uses = bus.subscribe(LockUsed)
        self._ration = Ration()

    async def run(self, _: object) -> None:
        """Write until cancelled."""
        async for use in self._uses:
            if isinstance(use, LockUsed):
                await self._note(use)

    async def _note(self, use: LockUsed) -> None:
        write = self._ration.allows(use.door, self._clock.monotonic())
        remark = self._ration.remark(use.door)
        if write:
            try:
                await self._database.write(lambda tx: door_audit.observe(tx, new_id(), use, remark))
            except Unavailable as error:
                _LOG.warning("lock_use_not_stored", door=use.door, reason=str(error))
        self._ration.note(use.door, written=write)
