"""Emergencies that arrive long after they were written: no alarm at night for each, and none passed over.

A box that was offline for days, or that replaces another, reads cries for help of long ago. Half a day is the
line: until then somebody may still lie there, and nobody has looked (a night without the internet is shorter
than that). What is older is listed in one notice to staff (:mod:`arni_edge.safety.unsaid`): a light, a siren
and ten telephone calls would help nobody any more, and would teach people to sleep through the next alarm.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import OutboundMessage, Priority, message_key
from arni_edge.safety.model import Report
from arni_edge.safety.words import AlarmWords
from arni_edge.storage import Database, Transaction, outbox

ALARM_WITHIN: Final = timedelta(hours=12)
"""Written so long ago it is still an alarm, which says how old it is."""

ANSWERED_WITHIN: Final = timedelta(hours=24)
"""WhatsApp lets nobody answer after that."""

_TOLD_ONCE_IN: Final = timedelta(hours=1)

Keep = Callable[[Transaction], Awaitable[bool]]
"""Stores the message; returns False when it was handled before: then nobody is told anything again."""


class LateEmergencies:
    """Knows which emergencies are too old for an alarm, and tells whoever wrote them what is so."""

    def __init__(self, database: Database, clock: Clock, words: AlarmWords) -> None:
        """Nothing is said by it.

        Args:
            database: Keeps what is said.
            clock: For how old something is.
            words: What is said.
        """
        self._database = database
        self._clock = clock
        self._words = words

    def is_late(self, at: datetime) -> bool:
        """Whether what was written at a moment is no alarm any more. The future is never late."""
        return self._clock.now() - at > ALARM_WITHIN

    def is_answered(self, at: datetime) -> bool:
        """Whether whoever wrote it can still be told."""
        return self._clock.now() - at < ANSWERED_WITHIN

    async def note(self, report: Report, keep: Keep, *, tell: bool) -> None:
        """Store it, and tell whoever wrote it: when it arrived, that nobody was called for it, and 112.

        Args:
            report: What was written.
            keep: Stores it so that staff are told of it.
            tell: Whether to tell whoever wrote it.

        Raises:
            Unavailable: It could not be stored: it must be delivered again.
        """
        now, reporter = self._clock.now(), report.reporter

        async def unit(tx: Transaction) -> None:
            if not await keep(tx) or reporter is None or not tell:
                return
            beginning = f"late-emergency:{message_key(reporter.channel, reporter.address)}:"
            if await outbox.queued_between(tx, beginning, now - _TOLD_ONCE_IN, now):
                return
            answer = OutboundMessage(
                f"{beginning}{report.source_key}",
                reporter.channel,
                reporter.address,
                self._words.too_late(report.cause, report.at, reporter.language),
                Priority.ALARM,
                reply_to=reporter.reply_to,
            )
            await outbox.add(tx, answer, now)

        await self._database.write(unit, vital=True)
