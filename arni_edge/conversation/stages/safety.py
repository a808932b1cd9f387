"""Stage 1, safety: an emergency is answered before identity, consent, queues or any model get a say."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.safety import AlarmDesk, Report, Reporter, find_emergency
from arni_edge.storage import Transaction, inbox


class Safety:
    """Raises the alarm and ends the turn, or lets the message pass. The desk answers, with facts only.

    An emergency is one whoever reports it, and however often it is read; one that was written long ago
    (:mod:`arni_edge.safety.late`) calls nobody, and is told to staff with all others of its kind.
    """

    name = "safety"

    def __init__(self, clock: Clock, alarms: AlarmDesk) -> None:
        find_emergency("")  # its grammar is read now, not when the first message waits
        self._clock = clock
        self._alarms = alarms

    async def __call__(self, turn: Turn) -> Step:
        """Look for an emergency in the text."""
        message = turn.message
        cause = find_emergency(message.text)
        if cause is None:
            return Step.ON
        reporter = Reporter(message.channel, message.conversation, turn.language, message.message_id)
        report = Report(message.key, cause, message.channel, message.sent_at, reporter=reporter)
        if self._alarms.late.is_late(message.sent_at):
            await self._note_late(turn, report)
        else:

            async def also(tx: Transaction) -> None:
                await self._keep(tx, turn, "emergency")

            await self._alarms.raise_alarm(report, also)
        return Step.END

    async def _note_late(self, turn: Turn, report: Report) -> None:
        """Written so long ago that an alarm helps nobody: staff are told once of all of them."""
        message, late = turn.message, self._alarms.late
        # Taken in before it was answered then, and its sender knows.
        answered = late.is_answered(message.sent_at) and not message.again

        async def keep(tx: Transaction) -> bool:
            await inbox.hear(
                tx, message, message.text
            )  # staff read it; a voice note was stored without words
            if not await self._keep(tx, turn, "emergency_late"):
                return False
            await inbox.note_late_emergency(tx, message, report.cause, answered=answered)
            return True

        await late.note(report, keep, tell=answered)

    async def _keep(self, tx: Transaction, turn: Turn, intent: str) -> bool:
        """Store it as handled; returns False when it was before."""
        now = self._clock.now()
        await inbox.add(tx, turn.message, now)
        return await inbox.finish(tx, turn.message, now, trace=turn.trace, intent=intent)
