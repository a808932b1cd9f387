"""Stage 1, safety: an emergency is answered before identity, consent, queues or any model get a say."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.safety import AlarmDesk, Report, Reporter, find_emergency
from arni_edge.storage import Transaction, inbox


class Safety:
    """Raises the alarm and ends the turn, or lets the message pass. The desk answers, with facts only."""

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
        now = self._clock.now()

        async def keep(tx: Transaction) -> None:
            await inbox.add(tx, message, now)
            await inbox.finish(tx, message, now, trace=turn.trace, intent="emergency")

        reporter = Reporter(message.channel, message.conversation, turn.language, message.message_id)
        report = Report(message.key, cause, message.channel, message.sent_at, reporter=reporter)
        await self._alarms.raise_alarm(report, keep)
        return Step.END
