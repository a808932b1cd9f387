"""What goes on beside the requests: looking for changes that nobody told of, and deleting what is too old."""

import asyncio
from datetime import timedelta

import structlog

from arni_edge.domain.clock import Clock
from arni_edge.domain.health import Progress
from arni_edge.relay.server.bell import Bell
from arni_edge.relay.server.boxes import positions
from arni_edge.relay.server.events import expire_all
from arni_edge.relay.server.metrics import Metrics
from arni_edge.relay.server.store import Store
from arni_edge.supervision.ticking import ticking

_LOG = structlog.get_logger(__name__)

_ROUND_SECONDS = 3600.0
_BREATH_SECONDS = 0.05
"""Between two batches: webhooks go first."""


class LookAround:
    """Rings for gyms that have changed without a word: by the command, or when a notification was lost."""

    def __init__(self, store: Store, bell: Bell) -> None:
        self._store = store
        self._bell = bell

    async def run(self, progress: Progress) -> None:
        """Look every few moments, until cancelled."""
        while True:
            progress()
            await asyncio.sleep(self._store.poll_seconds)
            await ticking(self.look(), progress)

    async def look(self) -> None:
        """Look once.

        Raises:
            Unavailable: The database does not answer.
        """
        seen = self._bell.waiting()
        now = await positions(self._store, list(seen)) if seen else {}
        for gym, known in seen.items():
            if now.get(gym) != known:
                self._bell.ring(gym)


class Retention:
    """Deletes events after their time, in small batches."""

    def __init__(self, store: Store, metrics: Metrics, clock: Clock, keep: timedelta) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._keep = keep

    async def run(self, progress: Progress) -> None:
        """Go round every hour, until cancelled."""
        while True:
            deleted = 0
            while batch := await ticking(expire_all(self._store, self._clock.now(), self._keep), progress):
                deleted += batch
                self._metrics.count("arni_relay_expired_total", batch)
                progress()
                await asyncio.sleep(_BREATH_SECONDS)
            if deleted:
                _LOG.info("events_expired", count=deleted)
            await ticking(asyncio.sleep(_ROUND_SECONDS), progress)
