"""Who is who in the audit of ghost mode."""

from typing import Final

from arni_edge.domain.staff import Contact
from arni_edge.storage import Transaction, ghost
from arni_edge.storage.ghost import Chat

AT_CONSOLE: Final = "console:"
"""How the id of somebody begins who uses the command on the box and is not on the list of staff."""


def actor_of(who: Contact) -> str:
    """Somebody of staff as the audit names them."""
    return who.id if who.id.startswith(AT_CONSOLE) else f"staff:{who.id}"


async def member_of(tx: Transaction, chat: Chat) -> str | None:
    """Whom a chat is with; the audit makes a pseudonym of it."""
    found = (await ghost.face(tx.fetch, chat.channel, chat.address)).member
    return found.member_id if found else None
