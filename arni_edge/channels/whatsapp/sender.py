"""Drains the outbox: nothing lost, nothing doubled, whatever is killed and whenever.

Meta knows no idempotency key, so safety comes from the order of three things: the row is committed as
``sending`` before the request leaves; every request carries the row's id as tracking id; every message that
Meta accepts yields at least one status with that id, which the relay keeps for us. A row whose fate is not
known (found in ``sending`` at the start, or the connection broke) is therefore *uncertain*, and is sent
again only when silence proves that Meta never had it: the relay must have been caught up without a break
for ``resolve_seconds`` since the row became uncertain in this process's life.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from arni_edge.channels.whatsapp.answers import (
    Accepted,
    Retry,
    RetryThisUser,
    SendResult,
    Stop,
    Uncertain,
    Undeliverable,
)
from arni_edge.channels.whatsapp.graph import GraphApi
from arni_edge.channels.whatsapp.text import TEXT_LIMIT, split_text, units
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Unavailable
from arni_edge.domain.health import Progress, State
from arni_edge.domain.messages import Channel, Language, Priority
from arni_edge.storage.outbox import Outbox, OutboxItem

_log = structlog.get_logger(__name__)
_dice = secrets.SystemRandom()

_TICK_SECONDS = 1.0
_IN_FLIGHT = 8
"""Requests at once, each to another person; one that hangs must not hold up an alarm to the next."""
_LONGEST_RETRY = 300.0
_LONGEST_PAUSE = 30.0
_STOP_PAUSE = 60.0
_STOP_RETRY = 300.0
"""Longer than the pause, so that after a stop another row probes: one bad row cannot hold the line."""
_GIVE_UP = timedelta(hours=24)
"""An answer that old is outside Meta's window, and nobody waits for it any more."""
_ALARM_ATTEMPTS = 3
"""In all, while nobody can tell what became of it; then an alarm, too, waits for the relay."""


class RelayView(Protocol):
    """What the sender must know of the relay's line; :class:`~arni_edge.relay.RelayPull` has it."""

    @property
    def caught_up_at(self) -> float | None:
        """Monotonic time of the last poll that ended at the newest event; None when behind or away."""
        ...

    @property
    def caught_up_since(self) -> float | None:
        """Monotonic time since when every poll has ended there, or None."""
        ...

    @property
    def away_since(self) -> float | None:
        """Monotonic time since when the relay has not answered; None while it does, even when behind."""
        ...


class WhatsAppSender:
    """Sends what is due, one message at a time per person."""

    def __init__(
        self,
        graph: GraphApi,
        outbox: Outbox,
        relay: RelayView,
        *,
        clock: Clock,
        resolve_seconds: float,
        language: Language,
        health: Callable[[State, str], None],
    ) -> None:
        self._graph = graph
        self._outbox = outbox
        self._relay = relay
        self._clock = clock
        self._resolve_seconds = resolve_seconds
        self._language = language
        self._report = health
        self._graph_health = (State.OK, "")
        self._outbox_away = False
        self._in_flight: set[str] = set()
        self._uncertain_since: dict[str, float] = {}
        self._paused_until = clock.monotonic()
        self._pauses = 0

    async def run(self, progress: Progress) -> None:
        """Send for ever. Returns only by cancellation; what is then in flight is uncertain next time."""
        while True:
            try:
                await self._drain(progress)
            except* Unavailable:
                # Storage is away; what was in flight is found in ``sending`` by the next round.
                if not self._outbox_away:
                    _log.exception("outbox_unavailable")
                self._outbox_away = True
                self._report(State.DOWN, "the outbox cannot be written")
            await asyncio.sleep(_TICK_SECONDS)

    async def _drain(self, progress: Progress) -> None:
        for left in await self._outbox.uncertain(Channel.WHATSAPP):
            await self._outbox.mark_uncertain(left.id)
        async with asyncio.TaskGroup() as sends:
            while True:
                progress()
                await self._resolve()
                while item := await self._take():
                    sends.create_task(self._send(item))
                self._outbox_is_back()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_TICK_SECONDS):
                        await self._outbox.wait()

    def _outbox_is_back(self) -> None:
        """All that was to be written has been, the row that had failed among it: say again how Meta is."""
        if self._outbox_away:
            _log.info("outbox_back")
            self._outbox_away = False
            self._report(*self._graph_health)

    # --- taking -----------------------------------------------------------------------------------------

    async def _take(self) -> OutboxItem | None:
        """The next row, committed as ``sending``; None when nothing may go out now."""
        item = await self._outbox.next_due(Channel.WHATSAPP, self._clock.now())
        if item is None or len(self._in_flight) >= _IN_FLIGHT or not self._may_go(item):
            return None
        if item.message.template is None and units(item.message.text) > TEXT_LIMIT:
            # Before anything is sent: each part is a row of its own, so that a crash between two of them
            # repeats neither.
            await self._outbox.split(item.id, split_text(item.message.text))
            return None
        if not await self._outbox.mark_sending(item.id):
            return None
        self._in_flight.add(item.id)
        return item

    def _may_go(self, item: OutboxItem) -> bool:
        """During a pause only an alarm that has not been tried yet."""
        fresh_alarm = item.message.priority is Priority.ALARM and item.attempts == 0
        return fresh_alarm or self._clock.monotonic() >= self._paused_until

    # --- sending ----------------------------------------------------------------------------------------

    async def _send(self, item: OutboxItem) -> None:
        try:
            await self._settle(item, await self._request(item))
        finally:
            self._in_flight.discard(item.id)

    async def _request(self, item: OutboxItem) -> SendResult:
        message = item.message
        if message.template is not None:
            return await self._graph.send_template(
                message.recipient, message.template, self._language, [message.text], item.id
            )
        if not message.text.strip():
            return Undeliverable("the text is empty")
        return await self._graph.send_text(
            message.recipient, message.text, reply_to=message.reply_to, tracking_id=item.id
        )

    async def _settle(self, item: OutboxItem, result: SendResult) -> None:
        """Commit what became of a request."""
        _log.info(
            "message_answered",
            outbox_id=item.id,
            result=type(result).__name__,
            attempt=item.attempts + 1,
        )
        match result:
            case Accepted(message_id):
                await self._outbox.mark_sent(item.id, message_id)
                self._well()
            case Undeliverable(reason):
                await self._fail(item, reason)
                self._well()
            case Uncertain(reason):
                _log.warning("message_uncertain", outbox_id=item.id, reason=reason)
                await self._outbox.mark_uncertain(item.id)
                self._uncertain_since[item.id] = self._clock.monotonic()
            case RetryThisUser(reason):
                # Meta's own rule for the pair rate: 4^X seconds, X = 0, 1, 2 …
                await self._again(item, 4.0 ** min(item.attempts, 5), reason)
            case Retry(after_seconds, reason, everybody=False):
                await self._again(item, _longer(after_seconds, item.attempts), reason)
            case Retry(after_seconds, reason):
                seconds = _longer(after_seconds, self._pauses, _LONGEST_PAUSE)
                await self._again(item, seconds, reason)
                self._pause(seconds)
                self._health(State.DEGRADED, reason)
            case Stop(reason):
                _log.error("sending_stopped", reason=reason)
                await self._outbox.mark_retry(item.id, self._later(_STOP_RETRY), reason)
                self._pause(_STOP_PAUSE)
                self._health(State.DOWN, reason)

    async def _again(self, item: OutboxItem, seconds: float, reason: str) -> None:
        if self._too_old(item):
            await self._fail(item, f"given up: {reason}")
            return
        _log.info("message_retried", outbox_id=item.id, reason=reason, seconds=round(seconds, 1))
        await self._outbox.mark_retry(item.id, self._later(seconds), reason)

    def _too_old(self, item: OutboxItem) -> bool:
        return self._clock.now() - item.queued_at > _GIVE_UP

    async def _fail(self, item: OutboxItem, reason: str) -> None:
        _log.warning("message_failed", outbox_id=item.id, reason=reason)
        await self._outbox.mark_failed(item.id, reason)

    def _later(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _pause(self, seconds: float) -> None:
        now = self._clock.monotonic()
        if now >= self._paused_until:  # the others in flight meet the same: that is one failure, not eight
            self._pauses += 1
        self._paused_until = max(self._paused_until, now + seconds)

    def _well(self) -> None:
        """Meta answers as it should."""
        self._pauses = 0
        self._paused_until = self._clock.monotonic()
        self._health(State.OK, "")

    def _health(self, state: State, reason: str) -> None:
        self._graph_health = (state, reason)
        self._report(state, reason)

    # --- resolving --------------------------------------------------------------------------------------

    async def _resolve(self) -> None:
        """Queue again what Meta has certainly never had; give up what nobody waits for any more."""
        # The horizon first, the rows second: the rows then know of every status from before the horizon.
        horizon = self._silent_since()
        rows = [
            row for row in await self._outbox.uncertain(Channel.WHATSAPP) if row.id not in self._in_flight
        ]
        now = self._clock.monotonic()
        self._uncertain_since = {row.id: self._uncertain_since.get(row.id, now) for row in rows}
        for row in rows:
            if self._uncertain_since[row.id] <= self._horizon_for(row, horizon, now):
                del self._uncertain_since[row.id]
                await self._again(row, 0.0, "no status came")

    def _silent_since(self) -> float:
        """Monotonic time before which every accepted message has shown itself by a status."""
        at, since = self._relay.caught_up_at, self._relay.caught_up_since
        if at is None or since is None or at - since < self._resolve_seconds:
            return float("-inf")
        return at - self._resolve_seconds

    def _horizon_for(self, row: OutboxItem, horizon: float, now: float) -> float:
        """Monotonic time: a row that has been uncertain since before it is settled now, one way or the other.

        What nobody waits for any more must not hold up its person while the relay is away for days; a relay
        that is there has ``resolve_seconds`` to bring the status first. An alarm does not wait for a relay
        that is away, the first few times: one too many is better than none, one a minute is not.
        """
        away = self._relay.away_since
        abandoned = away is not None and now - away >= self._resolve_seconds
        urgent = row.message.priority is Priority.ALARM and row.attempts < _ALARM_ATTEMPTS
        if self._too_old(row) or (abandoned and urgent):
            return now - self._resolve_seconds
        return horizon


def _longer(first: float, attempts: int, longest: float = _LONGEST_RETRY) -> float:
    """Seconds before the next attempt: doubling, with jitter; never less than half of ``first``."""
    seconds = min(max(longest, first), first * 2.0 ** min(attempts, 16))
    return _dice.uniform(seconds / 2, seconds)
