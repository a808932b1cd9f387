"""What became of an action, told in the conversation in which it was asked for."""

from datetime import datetime

from arni_edge.actions.action import Action, ActionState
from arni_edge.domain.messages import Channel, OutboundMessage
from arni_edge.storage import Transaction, drafts, ghost, outbox


class OutboxOutcomes:
    """Puts it into the outbox, in the commit in which the action ends: told once, whatever crashes."""

    async def tell(self, tx: Transaction, action: Action, sentence: str, now: datetime) -> None:
        """Store what is to be said; a conversation of a channel that writes nothing hears nothing."""
        channel, _, address = action.conversation.partition(":")
        if channel not in set(Channel) or not address:
            return
        if action.state is ActionState.EXPIRED:
            # Nothing has happened: no reason to speak where a person does, or of what was never asked.
            chat = await ghost.by_address(tx.fetch, Channel(channel), address)
            if (chat and chat.human) or await drafts.hides(tx.fetch, action.action_id):
                return
        key = f"action/{action.action_id}/{action.state}"
        await outbox.add(tx, OutboundMessage(key, Channel(channel), address, sentence), now)
