"""Stage 1, safety: an emergency is answered before identity, consent, queues or any model get a say."""

from arni_edge.conversation.turn import Step, Turn
from arni_edge.domain.clock import Clock
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import OutboundMessage, Priority
from arni_edge.safety import AlarmDesk, Report, find_emergency
from arni_edge.storage import Transaction, inbox, outbox


class Safety:
    """Raises the alarm, answers with facts only, and ends the turn; or lets the message pass."""

    name = "safety"

    def __init__(self, clock: Clock, catalogue: Catalogue, alarms: AlarmDesk) -> None:
        self._clock = clock
        self._catalogue = catalogue
        self._alarms = alarms

    async def __call__(self, turn: Turn) -> Step:
        """Look for an emergency in the text."""
        message = turn.message
        cause = find_emergency(message.text)
        if cause is None:
            return Step.ON
        now = self._clock.now()

        async def answer(tx: Transaction) -> None:
            await inbox.add(tx, message, now)
            await inbox.finish(tx, message, now, trace=turn.trace, intent="emergency")
            await outbox.add(tx, self._answer(turn), now)

        await self._alarms.raise_alarm(Report(message.key, cause, message.channel, message.sent_at), answer)
        return Step.END

    def _answer(self, turn: Turn) -> OutboundMessage:
        text, count = self._catalogue.text, self._alarms.people_on_call
        notified = text("alarm.nobody", turn.language)
        if count:
            notified = text("alarm.notified", turn.language, count=count)
        return OutboundMessage(
            key=f"{turn.message.key}:answer",
            channel=turn.message.channel,
            recipient=turn.message.conversation,
            text=text("alarm.raised", turn.language, notified=notified),
            priority=Priority.ALARM,
            reply_to=turn.message.message_id,
        )
