"""What whoever reported an alarm is told of it: facts, each once, whatever is killed and whenever."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Channel, Language, OutboundMessage, Priority
from arni_edge.safety.model import Alarm, Reporter
from arni_edge.safety.words import VIA, AlarmWords
from arni_edge.storage import Transaction, alarms, outbox

_UNDELIVERED: Final = "told_undelivered"
_SAID: Final = timedelta(minutes=2)


class ReporterFacts:
    """Puts messages to reporters into the outbox, in the transaction of what they tell of."""

    def __init__(self, clock: Clock, words: AlarmWords) -> None:
        """Nothing is said by it.

        Args:
            clock: For when.
            words: What is said.
        """
        self._clock = clock
        self._words = words

    async def answer(
        self,
        tx: Transaction,
        alarm: Alarm,
        reporter: Reporter,
        source_key: str,
        *,
        notified: int,
        again: bool,
    ) -> None:
        """Answer a report; a second delivery of it is answered no second time."""
        text = self._words.answer(alarm, reporter.language, notified=notified, again=again)
        message = OutboundMessage(
            key=f"{source_key}:answer",
            channel=reporter.channel,
            recipient=reporter.address,
            text=text,
            priority=Priority.ALARM,
            reply_to=reporter.reply_to,
        )
        await outbox.add(tx, message, self._clock.now())

    async def acknowledged(self, tx: Transaction, alarm: Alarm) -> None:
        """Somebody has taken it."""
        what = f"acknowledged{alarm.step}"
        await self._tell(tx, alarm, what, lambda one: self._words.acknowledged(alarm, one))

    async def handed_on(self, tx: Transaction, alarm: Alarm) -> None:
        """Whoever had taken it has it no more; the next ones are called."""
        await self._tell(tx, alarm, f"handed_on{alarm.step}", lambda one: self._words.handed_on(alarm, one))

    async def unanswered(self, tx: Transaction, alarm: Alarm) -> None:
        """Nobody has; once per step that is worth it. Not after somebody once had."""
        if not await alarms.noted(tx, alarm.alarm_id, "acknowledged"):
            what = f"unanswered{alarm.step}"
            await self._tell(tx, alarm, what, lambda one: self._words.unanswered(alarm, one))

    async def closed(self, tx: Transaction, alarm: Alarm) -> None:
        """The team has ended it."""
        await self._tell(tx, alarm, "closed", lambda one: self._words.closed(alarm, one))

    async def undelivered(self, tx: Transaction, alarm: Alarm, kinds: Collection[str]) -> None:
        """What has not reached people yet; each way is named once."""
        rows = await alarms.noted(tx, alarm.alarm_id, _UNDELIVERED)
        named = {kind for row in rows for kind in row["detail"].split()}
        fresh = [kind for kind in VIA if kind in kinds and kind not in named]
        if fresh:
            now = self._clock.now()
            await alarms.note(tx, alarm.alarm_id, now, _UNDELIVERED, detail=" ".join(fresh))
            what = f"undelivered-{'-'.join(fresh)}"
            await self._tell(tx, alarm, what, lambda one: self._words.undelivered(alarm, one, fresh))

    async def _tell(
        self, tx: Transaction, alarm: Alarm, what: str, text_of: Callable[[Language], str]
    ) -> None:
        now = self._clock.now()
        for row in await alarms.reporters(tx, alarm.alarm_id):
            language = Language(row["language"])
            # With the time: said again a quarter of an hour later it is another fact.
            text = self._words.dated(alarm, text_of(language), now, language)
            message = OutboundMessage(
                key=f"alarm:{alarm.alarm_id}:{what}:{row['number']}",
                channel=Channel(row["channel"]),
                recipient=row["address"],
                text=text,
                priority=Priority.ALARM,
            )
            # Of two alarms of theirs the same may be so: the same sentence twice is no second fact.
            if not await outbox.said(tx, message, now - _SAID):
                await outbox.add(tx, message, now)
