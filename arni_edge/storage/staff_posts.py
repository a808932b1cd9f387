"""What staff are shown, whatever the channel: a board of posts; putting one again changes it.

::

    queued ──► shown        (again queued with every change)
      └──────► failed       (until the next change, or until they can be reached again)

The channel makes what people see equal to what stands here. Several changes of one post while it cannot be
brought to them are one change. A new message is counted as an attempt before it leaves: what is found so
after a crash may have arrived.
"""

import json
from datetime import datetime, timedelta

from arni_edge.domain.staff import StaffPost
from arni_edge.storage.database import Transaction
from arni_edge.storage.outbox import RANK

_REVIVED = timedelta(days=1)


async def put(tx: Transaction, contact: str, post: StaffPost, now: datetime, *, asks: bool = False) -> bool:
    """Show a post to somebody, or change what they are shown.

    Args:
        tx: The transaction of whatever is told.
        contact: Id of the person, from the settings; or ``chat:<id>`` for a group.
        post: What.
        now: The moment.
        asks: It is a question that wants a text in reply.

    Returns:
        False when exactly this is shown, or about to be.
    """
    buttons = json.dumps([[(one.label, one.act, one.argument) for one in row] for row in post.buttons])
    changed = await tx.execute(
        "INSERT INTO staff_posts"
        " (contact, key, text, buttons, priority, silent, asks, created_at, updated_at)"
        " VALUES (:contact, :key, :text, :buttons, :priority, :silent, :asks, :now, :now)"
        " ON CONFLICT (contact, key) DO UPDATE SET text = excluded.text, buttons = excluded.buttons,"
        " priority = excluded.priority, silent = excluded.silent, revision = revision + 1,"
        " utterance = utterance + :anew, state = 'queued', attempts = 0, not_before = NULL,"
        " updated_at = excluded.updated_at"
        " WHERE :anew OR state = 'failed' OR text != excluded.text OR buttons != excluded.buttons",
        {
            "contact": contact,
            "key": post.key,
            "text": post.text,
            "buttons": buttons,
            "priority": RANK[post.priority],
            "silent": post.silent,
            "asks": asks,
            "anew": post.anew,
            "now": now.isoformat(),
        },
    )
    return changed == 1


async def take_over(tx: Transaction, contact: str, key: str, chat: int, message_id: int) -> None:
    """Note that a message which was sent without the board shows a post: it is edited, not said again."""
    await tx.execute(
        "UPDATE staff_posts SET chat = ?, message_id = ?, shown_utterance = utterance"
        " WHERE contact = ? AND key = ? AND shown_utterance < utterance",
        (chat, message_id, contact, key),
    )


async def revive(tx: Transaction, contact: str, now: datetime) -> None:
    """Show again what could not be shown lately: they can be reached again."""
    await tx.execute(
        "UPDATE staff_posts SET state = 'queued', attempts = 0, not_before = NULL"
        " WHERE contact = ? AND state = 'failed' AND updated_at > ?",
        (contact, (now - _REVIVED).isoformat()),
    )


async def remove(tx: Transaction, contact: str, key: str) -> None:
    """Forget a post; what people see of it stays as it is."""
    await tx.execute("DELETE FROM staff_posts WHERE contact = ? AND key = ?", (contact, key))
