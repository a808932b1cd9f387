"""The line from the relay into the house: in order, one at a time, nothing lost."""

import asyncio
from collections.abc import Callable

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused, Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.relay.client import Batch, Gap, RelayClient
from arni_edge.relay.desk import RelayDesk
from arni_edge.supervision.ticking import ticking

_log = structlog.get_logger(__name__)

_SHORTEST_ROUND = 1.0
"""A relay that answers "nothing" at once is asked once a second, not in a spin."""
_FRESH_SECONDS = 120.0
_FRESH_WAIT = 5.0
"""Short polls for two minutes after a start or an outage: messages whose fate is open wait to hear whether
the relay has a status for them, and only the end of a poll tells."""
_GAP_SHOWN_SECONDS = 3600.0
"""How long a loss at the relay stays visible in the health, so that somebody reads it."""


class RelayPull:
    """Fetches events and hands them to the desk.

    The desk commits the event and the new cursor, and only then the next event is taken: a crash at any
    moment repeats at most the event that was not committed. A relay that was set up anew is read from its
    start again, even though the stored cursor is higher: the messages' identities make that harmless.

    Attributes:
        caught_up_at: Monotonic time of the last poll that ended at the newest event, or None when the
            relay is away or there is a backlog.
        caught_up_since: Monotonic time since when every poll has ended there, or None.
        away_since: Monotonic time since when the relay has not answered, counted from the start of this
            process at the earliest; None while it answers, even when there is a backlog.
        last_gap: The last loss at the relay that was noticed in this process's life.
    """

    def __init__(
        self,
        client: RelayClient,
        desk: RelayDesk,
        *,
        clock: Clock,
        health: Callable[[State, str], None],
        longest_backoff: float = 30.0,
    ) -> None:
        self._client = client
        self._desk = desk
        self._clock = clock
        self._health = health
        self._backoff = Backoff(first=0.5, longest=longest_backoff)
        self._failures = 0
        self._gap_at: float | None = None
        self.caught_up_at: float | None = None
        self.caught_up_since: float | None = None
        self.away_since: float | None = clock.monotonic()
        self.last_gap: Gap | None = None

    async def run(self, progress: Progress) -> None:
        """Pull for ever. Returns only by cancellation; raises only what is a bug."""
        position: int | None = None
        while True:
            progress()
            try:
                if position is None:
                    position = await self._desk.cursor()
                position = await self._round(position, progress)
            except (Unavailable, Refused) as error:
                self._lost(str(error))
                # The desk may have failed half-way through a batch; the database knows how far it came.
                position = None
                await ticking(asyncio.sleep(self._backoff.next()), progress)

    async def _round(self, position: int, progress: Progress) -> int:
        """One poll and everything that came of it."""
        asked = self._clock.monotonic()
        batch = await ticking(self._client.fetch(position, wait=self._wait(asked)), progress)
        arrived = self._clock.monotonic()
        self._reached(batch)
        for event in batch.events:
            await self._desk.consume(event)
            progress()
        self._mark(batch.caught_up, arrived)
        if not batch.events and arrived - asked < _SHORTEST_ROUND:
            await ticking(asyncio.sleep(_SHORTEST_ROUND - (arrived - asked)), progress)
        return batch.position

    def _wait(self, now: float) -> float:
        """Seconds that the next poll may wait: none before we know that we are caught up."""
        if self.caught_up_since is None:
            return 0.0
        longest = self._client.wait_seconds
        return min(longest, _FRESH_WAIT) if now - self.caught_up_since < _FRESH_SECONDS else longest

    def _mark(self, caught_up: bool, arrived: float) -> None:
        """Remember how long nothing has been left at the relay; the time of the answer, not of our work."""
        if not caught_up:
            self.caught_up_at = self.caught_up_since = None
            return
        self.caught_up_at = arrived
        if self.caught_up_since is None:
            self.caught_up_since = arrived

    def _reached(self, batch: Batch) -> None:
        self.away_since = None
        if self._failures:
            _log.info("relay_back", failures=self._failures)
            self._failures = 0
            self._backoff.forget()
        if batch.gap is not None and batch.gap != self.last_gap:
            _log.error("relay_gap", after=batch.gap.after, oldest=batch.gap.oldest)
            self.last_gap = batch.gap
            self._gap_at = self._clock.monotonic()
        if self._gap_at is not None and self._clock.monotonic() - self._gap_at < _GAP_SHOWN_SECONDS:
            self._health(State.DEGRADED, "the relay has lost events: somebody may have had no answer")
        else:
            self._health(State.OK, "")

    def _lost(self, reason: str) -> None:
        if not self._failures:
            _log.info("relay_lost", reason=reason)
        self._failures += 1
        if self.away_since is None:
            self.away_since = self._clock.monotonic()
        self.caught_up_at = self.caught_up_since = None
        self._health(State.DOWN, reason)
