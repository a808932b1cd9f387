"""What of a message is not kept any longer than it is needed."""

from arni_edge.domain.messages import InboundMessage
from arni_edge.storage import Transaction, inbox
from arni_edge.swarm.wishes import code_in, without_code


async def hide_code(tx: Transaction, message: InboundMessage) -> None:
    """Keep a message that brought a code without its digits, whoever has taken it up."""
    if code_in(message.text) is not None:
        await inbox.redact(tx, message, without_code(message.text))
