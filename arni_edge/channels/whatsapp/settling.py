"""Commits what became of a request, and tells staff where only they can help."""

import secrets
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from arni_edge.channels.whatsapp.answers import (
    Accepted,
    Malformed,
    Park,
    Retry,
    RetryThisUser,
    SendResult,
    Stop,
    Uncertain,
    Undeliverable,
    WindowClosed,
)
from arni_edge.channels.whatsapp.traffic import Traffic
from arni_edge.domain.clock import Clock
from arni_edge.storage import Transaction
from arni_edge.storage.outbound import TEMPLATE
from arni_edge.storage.outbox_line import Also, Outbox, OutboxItem

_LOG = structlog.get_logger(__name__)
_DICE = secrets.SystemRandom()

_LONGEST_RETRY: Final = 300.0
_LONGEST_PAUSE: Final = 30.0
_STOP_RETRY: Final = 300.0
"""Longer than the pause, so that after a stop another row probes: one bad row cannot hold the line."""
MOST_CRASHES: Final = 5
"""So often may a row have been under way when the process died: others were under way with it."""
_MOST_ERRORS: Final = 3
"""So often may a row end in an error of our own."""
_LINE: Final = "whatsapp"


class Notices(Protocol):
    """Tells staff what is wrong with a line."""

    async def tell(self, tx: Transaction, line: str, trouble: str, now: datetime, about: str = "") -> None:
        """Tell it in the transaction of what it is about, unless the same was told lately.

        Args:
            tx: The transaction.
            line: Which.
            trouble: What, a key below ``notice.line``.
            now: The moment.
            about: More of it, in a word.
        """
        ...


class Settling:
    """What becomes of rows of the outbox, by what Meta answers."""

    def __init__(self, outbox: Outbox, clock: Clock, traffic: Traffic, notices: Notices | None) -> None:
        """Nothing is changed by it.

        Args:
            outbox: WhatsApp's rows.
            clock: For when.
            traffic: The line's pauses.
            notices: To staff; None: there is nobody to tell.
        """
        self._outbox = outbox
        self._clock = clock
        self._traffic = traffic
        self._notices = notices

    async def settle(self, item: OutboxItem, result: SendResult) -> None:
        """Commit what became of a request.

        Raises:
            Unavailable: It could not be stored.
        """
        _LOG.info(
            "message_answered", outbox_id=item.id, result=type(result).__name__, attempt=item.attempts + 1
        )
        match result:
            case Accepted(message_id):
                await self._outbox.mark_sent(item.id, message_id)
                self._traffic.well()
            case Uncertain(reason):
                _LOG.warning("message_uncertain", outbox_id=item.id, reason=reason)
                await self._outbox.mark_uncertain(item.id)
            case RetryThisUser(reason):
                self._traffic.pace.exhausted(item.entry.order_key, self._clock.monotonic())
                # Meta's own rule for the pair rate: 4^X seconds, X = 0, 1, 2 …
                await self.again(item, 4.0 ** min(item.attempts, 5), reason)
            case Retry(after_seconds, reason, everybody=False):
                await self.again(item, _longer(after_seconds, item.attempts), reason)
            case Retry(after_seconds, reason):
                seconds = _longer(after_seconds, self._traffic.pauses, _LONGEST_PAUSE)
                await self.again(item, seconds, reason)
                self._traffic.limited(seconds, reason)
            case Stop(reason, only_templates):
                await self._stop(item, reason, only_templates=only_templates)
            case _:
                await self.refuse(item, result)
                self._traffic.well()

    async def refuse(self, item: OutboxItem, result: SendResult) -> None:
        """Commit that it cannot go as it is, whoever says so.

        Raises:
            Unavailable: It could not be stored.
        """
        match result:
            case Park(seconds, reason):
                at = self._later(seconds)
                if item.entry.expires_at is not None and item.entry.expires_at <= at:
                    await self._fail(item, reason)
                else:
                    _LOG.info("message_parked", outbox_id=item.id, reason=reason)
                    await self._outbox.mark_parked(item.id, at, reason)
            case WindowClosed(reason):
                if item.entry.payload.get("template") and item.entry.kind != TEMPLATE:
                    await self._outbox.mark_retry(item.id, self._clock.now(), reason, kind=TEMPLATE)
                else:
                    await self._fail(item, reason, "window")
            case Malformed(reason):
                # In plain words it may be understood; those are what the next attempt is made of.
                is_rich = any(item.entry.payload.get(one) for one in ("choice", "link", "asks_phone"))
                if await self._outbox.count_fault(item.id) == 1 and is_rich and item.entry.kind != TEMPLATE:
                    await self.again(item, 0.0, reason)
                else:
                    await self.quarantine(item, reason)
            case Undeliverable(reason, trouble):
                await self._fail(item, reason, trouble)

    async def again(self, item: OutboxItem, seconds: float, reason: str) -> None:
        """Try it again, unless nobody waits for it any more.

        Raises:
            Unavailable: It could not be stored.
        """
        if self.too_old(item):
            _LOG.warning("message_expired", outbox_id=item.id, reason=reason)
            await self._outbox.mark_expired(item.id, f"given up: {reason}")
            return
        _LOG.info("message_retried", outbox_id=item.id, reason=reason, seconds=round(seconds, 1))
        await self._outbox.mark_retry(item.id, self._later(seconds), reason)

    def too_old(self, item: OutboxItem) -> bool:
        """Whether nobody waits for it any more."""
        expires_at = item.entry.expires_at
        return expires_at is not None and self._clock.now() >= expires_at

    async def quarantine(self, item: OutboxItem, reason: str) -> None:
        """Set a row aside that harms the line, or that nobody understands; staff are told.

        Raises:
            Unavailable: It could not be stored.
        """
        _LOG.error("message_quarantined", outbox_id=item.id, reason=reason)
        await self._outbox.mark_quarantined(item.id, reason, also=self._telling("quarantined"))

    async def failed_inside(self, item: OutboxItem) -> None:
        """An error of our own: nobody knows whether it left; one that does this again and again is set aside.

        Raises:
            Unavailable: It could not be stored.
        """
        if await self._outbox.count_fault(item.id) >= _MOST_ERRORS:
            await self.quarantine(item, "it fails within the sender again and again")
        else:
            await self._outbox.mark_uncertain(item.id)

    async def found_under_way(self, item: OutboxItem) -> None:
        """The process died while it was under way: perhaps of it.

        Raises:
            Unavailable: It could not be stored.
        """
        if await self._outbox.count_fault(item.id) >= MOST_CRASHES:
            await self.quarantine(item, "the daemon died again and again while it was under way")
        else:
            await self._outbox.mark_uncertain(item.id)

    async def _stop(self, item: OutboxItem, reason: str, *, only_templates: bool) -> None:
        _LOG.error("sending_stopped", reason=reason)
        only_templates = only_templates and item.entry.kind == TEMPLATE
        if self.too_old(item):
            await self._outbox.mark_expired(item.id, f"given up: {reason}")
        else:
            trouble = "templates_stopped" if only_templates else "stopped"
            at, telling = self._later(_STOP_RETRY), self._telling(trouble)
            await self._outbox.mark_retry(item.id, at, reason, also=telling)
        if only_templates:
            self._traffic.templates_stopped(reason)
        else:
            self._traffic.stopped(reason)

    async def _fail(self, item: OutboxItem, reason: str, trouble: str = "") -> None:
        _LOG.warning("message_failed", outbox_id=item.id, reason=reason)
        await self._outbox.mark_failed(item.id, reason, also=self._telling(trouble) if trouble else None)

    def _telling(self, trouble: str) -> Also | None:
        notices, now = self._notices, self._clock.now()
        return None if notices is None else lambda tx: notices.tell(tx, _LINE, trouble, now)

    def _later(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)


def _longer(first: float, attempts: int, longest: float = _LONGEST_RETRY) -> float:
    """Seconds before the next attempt: doubling, with jitter; never less than half of ``first``."""
    seconds = min(max(longest, first), first * 2.0 ** min(attempts, 16))
    return _DICE.uniform(seconds / 2, seconds)
