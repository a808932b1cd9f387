"""The line from the relay into the house: in order, one at a time, nothing lost."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from arni_edge.domain.backoff import Backoff
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.relay.client import Batch, RelayClient
from arni_edge.relay.desk import RelayDesk
from arni_edge.relay.errors import ComeLater, ShutOut
from arni_edge.storage.relay_cursor import Loss, Position
from arni_edge.supervision.ticking import ticking

_log = structlog.get_logger(__name__)

_SHORTEST_ROUND = 1.0
"""A relay that answers "nothing" at once is asked once a second, not in a spin."""
_FRESH_SECONDS = 120.0
_FRESH_WAIT = 5.0
"""Short polls for two minutes after a start or an outage: messages whose fate is open wait to hear whether
the relay has a status for them, and only the end of a poll tells."""
_LOSS_SHOWN = timedelta(days=1)
"""How long a loss at the relay stays visible in the health, so that somebody reads it."""
_SHUT_OUT_SECONDS = 300.0
"""A relay that does not serve this box is asked about every five minutes: a person has to do something."""
_PAPERS_LOOK_SECONDS = 1.0
_TIDY_SECONDS = 3600.0


class RelayPull:
    """Fetches events and hands them to the desk.

    The desk commits the event and the new cursor, and only then the next event is taken: a crash at any
    moment repeats at most the event that was not committed. A relay that was set up anew is read from its
    start again: the messages' identities make that harmless. While nothing can be stored, the line stands,
    but everything behind is looked at for what cannot wait.

    Attributes:
        caught_up_at: Monotonic time of the last poll that ended at the newest event, or None when the
            relay is away or there is a backlog.
        caught_up_since: Monotonic time since when every poll has ended there, or None.
        away_since: Monotonic time since when the relay has not answered, counted from the start of this
            process at the earliest; None while it answers, even when there is a backlog.
        last_loss: The last loss at the relay that is on record, or None.
        position: How far the log has been read, as far as this process knows; None before it does.
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
        """Nothing is fetched before :meth:`run`.

        Args:
            client: Asks.
            desk: Takes events, and keeps the cursor.
            clock: Time.
            health: Told how the line is.
            longest_backoff: Seconds between two attempts at most, while the relay is away.
        """
        self._client = client
        self._desk = desk
        self._clock = clock
        self._health = health
        self._backoff = Backoff(first=0.5, longest=longest_backoff)
        self._failures = 0
        self._tidied_at: float | None = None
        self._heeded: Position | None = None
        self.caught_up_at: float | None = None
        self.caught_up_since: float | None = None
        self.away_since: float | None = clock.monotonic()
        self.last_loss: Loss | None = None
        self.position: Position | None = None

    async def run(self, progress: Progress) -> None:
        """Pull for ever. Returns only by cancellation; raises only what is a bug."""
        while True:
            progress()
            try:
                if self.position is None:
                    self.last_loss = await self._desk.last_loss()
                    self.position = await self._desk.position()
                await self._round(self.position, progress)
            except ShutOut as error:
                self._lost(str(error))
                await self._until_something_changes(error, progress)
            except Unavailable as error:
                self._lost(str(error))
                await self._pause(error, progress)

    # --- one round ------------------------------------------------------------------------------------------

    async def _round(self, position: Position, progress: Progress) -> None:
        """One poll and everything that came of it.

        Raises:
            Unavailable: The relay is away, or something could not be stored.
            ShutOut: The relay does not serve this box.
        """
        asked = self._clock.monotonic()
        batch = await ticking(self._client.fetch(position, wait=self._wait(asked)), progress)
        arrived = self._clock.monotonic()
        try:
            readable = await self._is_readable(batch, position)
        except Unavailable:
            self.away_since = None
            await self._heed(batch, 0, progress)
            raise
        # Only now: whoever waits for the relay's first word waits for what it says of a backup, too.
        self.away_since = None
        if not readable:
            return
        await self._consume(batch, progress)
        self.position = Position(batch.log, batch.position)
        self._heeded = None
        self._reached()
        self._mark(batch.caught_up, arrived)
        await self._tidy(batch)
        # The relay says so when it stops: else all its boxes would come back in the same moment.
        idle = 0.0 if batch.events else _SHORTEST_ROUND - (arrived - asked)
        if (pause := max(idle, apart(batch.later))) > 0:
            await ticking(asyncio.sleep(pause), progress)

    async def _is_readable(self, batch: Batch, position: Position) -> bool:
        """See to another log, and to what is missing; False: ask again, from where the cursor is then."""
        now = self._clock.now()
        if batch.renewed:
            _log.error("relay_log_renewed", log=batch.log, was=position.log, after=position.sequence)
            self.position = await self._desk.start_again(batch.log, position, now)
            self.last_loss = Loss(now, position.sequence, None)
            return False
        if batch.read > position.sequence and not await self._desk.knows(batch.read):
            _log.error("relay_read_before", after=position.sequence, until=batch.read)
            await self._desk.read_again(position, batch.read, batch.log, now)
        if position.log is None and position.sequence == 0:
            await self._desk.begin(Position(batch.log, batch.gap.oldest - 1 if batch.gap else 0))
        elif batch.gap is not None:
            _log.error("relay_gap", after=batch.gap.after, oldest=batch.gap.oldest)
            self.position = await self._desk.lose(batch.gap, batch.log, now)
            self.last_loss = Loss(now, batch.gap.after, batch.gap.oldest)
        return True

    async def _consume(self, batch: Batch, progress: Progress) -> None:
        """Have all events handled.

        Raises:
            Unavailable: One is not done, and everything behind it waits; emergencies in it were seen to.
        """
        for number, event in enumerate(batch.events):
            try:
                await ticking(self._desk.consume(event, batch.log), progress)
            except Unavailable:
                await self._heed(batch, number + 1, progress)
                raise
            self.position = Position(batch.log, event.sequence)
            progress()

    async def _heed(self, batch: Batch, first: int, progress: Progress) -> None:
        """Look for what cannot wait in what cannot be stored now, each event once in this trouble."""
        done = self._heeded.sequence if self._heeded and self._heeded.log == batch.log else 0
        for event in batch.events[first:]:
            if event.sequence > done:
                await ticking(self._desk.heed(event), progress)
                progress()
        last = batch.events[-1].sequence if batch.events else batch.position
        self._heeded = Position(batch.log, max(done, last))

    async def _tidy(self, batch: Batch) -> None:
        now = self._clock.monotonic()
        if self._tidied_at is None or now - self._tidied_at >= _TIDY_SECONDS:
            with suppress(Unavailable):  # next time
                await self._desk.tidy(batch.oldest)
            self._tidied_at = now

    # --- waiting --------------------------------------------------------------------------------------------

    async def _pause(self, error: Unavailable, progress: Progress) -> None:
        """Wait before the next attempt; while only the storage is away, by listening for emergencies."""
        seconds = self._backoff.next()
        if isinstance(error, ComeLater):
            seconds = max(seconds, apart(error.seconds))
        until = self._clock.monotonic() + seconds
        if self._heeded is not None:
            await self._listen(self._heeded, seconds, progress)
        await ticking(asyncio.sleep(max(0.0, until - self._clock.monotonic())), progress)

    async def _listen(self, heeded: Position, seconds: float, progress: Progress) -> None:
        """Hear at once what comes in behind that which cannot be stored; nothing of it is acknowledged."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            # A cursor that names its log tells the relay what was taken in, and this was not.
            here = Position(None, heeded.sequence)
            try:
                batch = await ticking(self._client.fetch(here, wait=min(left, seconds)), progress)
            except (Unavailable, ShutOut):
                return
            if batch.renewed or batch.log != heeded.log or not batch.events:
                return
            await self._heed(batch, 0, progress)
            heeded = Position(batch.log, batch.position)

    async def _until_something_changes(self, error: ShutOut, progress: Progress) -> None:
        """Ask rarely where only a person can help, but at once when they have: the box was enrolled."""
        seconds = self._backoff.next()
        if error.patient:
            seconds = _SHUT_OUT_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - spreads, guards nothing
        until, version = self._clock.monotonic() + seconds, self._client.papers_version
        while (left := until - self._clock.monotonic()) > 0 and self._client.papers_version == version:
            await ticking(asyncio.sleep(min(left, _PAPERS_LOOK_SECONDS)), progress)

    def _wait(self, now: float) -> float:
        """Seconds that the next poll may wait: none before we know that we are caught up."""
        if self.caught_up_since is None:
            return 0.0
        longest = self._client.wait_seconds
        return min(longest, _FRESH_WAIT) if now - self.caught_up_since < _FRESH_SECONDS else longest

    # --- telling --------------------------------------------------------------------------------------------

    def _mark(self, caught_up: bool, arrived: float) -> None:
        """Remember how long nothing has been left at the relay; the time of the answer, not of our work."""
        if not caught_up:
            self.caught_up_at = self.caught_up_since = None
            return
        self.caught_up_at = arrived
        if self.caught_up_since is None:
            self.caught_up_since = arrived

    def _reached(self) -> None:
        if self._failures:
            _log.info("relay_back", failures=self._failures)
            self._failures = 0
            self._backoff.forget()
        loss = self.last_loss
        if loss is not None and self._clock.now() - loss.at < _LOSS_SHOWN:
            what = (
                "its log was set up anew, and what was in the end of the one before is unknown"
                if loss.oldest is None
                else f"{loss.oldest - loss.after - 1} events from number {loss.after + 1} on"
            )
            at = f"{loss.at:%Y-%m-%d %H:%M} UTC"
            self._health(
                State.DEGRADED, f"the relay has lost events ({at}): {what}; somebody may have had no answer"
            )
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


def apart(later: float) -> float:
    """When to come, of all who were told to come after so many seconds: somewhere in the one that follows.

    Args:
        later: Seconds; 0: nothing was said.
    """
    return later + random.random() if later else 0.0  # noqa: S311 - spreads, guards nothing
