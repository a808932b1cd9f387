"""One person, one conversation: also when Meta begins to hide their number, or the number changes hands.

Since 2026 a webhook names people by a business-scoped id, by their number, or by both; the id outlives a
hidden number, and a new number brings a new id. Both are vouched for by Meta's signature.
"""

from dataclasses import replace
from datetime import datetime

from arni_edge.domain.messages import Channel, InboundMessage
from arni_edge.storage import Transaction, addresses, inbox
from arni_edge.storage.addresses import Link

_SOMEBODY_ELSE = "system"
"""Meta's own message: the number or the account has passed to somebody else, or may have."""


async def linked(tx: Transaction, message: InboundMessage, now: datetime) -> InboundMessage:
    """The same message under the conversation to which it belongs, with the number that is known of it.

    Args:
        tx: What is learned from the message is stored with it.
        message: As it was read; its conversation is what the webhook itself says.
        now: The moment.
    """
    channel = message.channel
    if await inbox.is_forgotten(tx, message):  # it leaves no trace, here neither
        return message
    if (before := await inbox.delivered(tx, message)) is not None:  # learned from when it was new
        return replace(message, conversation=before.conversation, phone=before.phone)
    link = await _known(tx, channel, message)
    address = link.address if link else await _first(tx, channel, message)
    if message.kind == _SOMEBODY_ELSE:
        await addresses.end(tx, channel, address, now)
        return replace(message, conversation=address)
    # What is shown now is newer than what was known; a number that was sent as their own counts like one.
    number = message.phone or message.shared_phone or (link.number if link else None)
    user_id = message.user_id or (link.user_id if link else None)
    if number is not None and user_id is not None and _is_number(address) and address != number[1:]:
        address = user_id  # an answer to the old number would go to whoever has it now
    current = Link(address, user_id, number)
    if current != link and (current.user_id or current.number):
        await _give_up_number(tx, channel, current, now)
        await addresses.put(tx, channel, current, now)
    return replace(message, conversation=address, phone=number)


async def _give_up_number(tx: Transaction, channel: Channel, current: Link, now: datetime) -> None:
    """Whoever had this number goes on without it, under their own id where the number was the address."""
    if current.number is None:
        return
    held = await addresses.of_number(tx, channel, current.number)
    if held is not None and held.user_id is not None and held.user_id != current.user_id:
        address = held.user_id if _is_number(held.address) else held.address
        await addresses.put(tx, channel, Link(address, held.user_id, None), now)


async def _known(tx: Transaction, channel: Channel, message: InboundMessage) -> Link | None:
    """The conversation of the id; else that of the number, unless it is another id's."""
    if message.user_id is not None:
        found = await addresses.of_user(tx, channel, message.user_id)
        if found is not None:
            return found
    if message.phone is None:
        return None
    found = await addresses.of_number(tx, channel, message.phone)
    if found is not None and message.user_id is not None and found.user_id is not None:
        return None  # the number has passed to somebody else
    return found


async def _first(tx: Transaction, channel: Channel, message: InboundMessage) -> str:
    """Where a conversation that was never linked goes on; a new one gets the name that the webhook gives."""
    if message.user_id is not None and await addresses.is_known(tx, channel, message.user_id):
        return message.user_id
    digits = (message.phone or "").removeprefix("+")
    if digits and await addresses.is_known(tx, channel, digits):
        users = await addresses.users_of(tx, channel, digits)
        # Never linked, or theirs alone all the time: whoever has the number now may be somebody else.
        if not users or users - {None} == {message.user_id}:
            return digits
    return message.conversation


def _is_number(address: str) -> bool:
    return address.isascii() and address.isdigit()
