"""What staff are shown, whatever the channel: a board of posts; putting one again changes it."""

import json
from datetime import datetime

from arni_edge.domain.staff import StaffPost
from arni_edge.storage.database import Transaction
from arni_edge.storage.outbox import RANK


async def put(tx: Transaction, contact: str, post: StaffPost, now: datetime) -> bool:
    """Show a post to somebody, or change what they are shown.

    Args:
        tx: The transaction of whatever is told.
        contact: Id of the person, from the settings; or ``chat:<id>`` for a group.
        post: What.
        now: The moment.

    Returns:
        False when exactly this is shown, or about to be.
    """
    buttons = json.dumps([[(one.label, one.act, one.argument) for one in row] for row in post.buttons])
    changed = await tx.execute(
        "INSERT INTO staff_posts (contact, key, text, buttons, priority, silent, created_at, updated_at)"
        " VALUES (:contact, :key, :text, :buttons, :priority, :silent, :now, :now)"
        " ON CONFLICT (contact, key) DO UPDATE SET text = excluded.text, buttons = excluded.buttons,"
        " priority = excluded.priority, silent = excluded.silent, revision = revision + 1,"
        " utterance = utterance + :anew, state = 'queued', attempts = 0, not_before = NULL,"
        " updated_at = excluded.updated_at"
        " WHERE :anew OR text != excluded.text OR buttons != excluded.buttons",
        {
            "contact": contact,
            "key": post.key,
            "text": post.text,
            "buttons": buttons,
            "priority": RANK[post.priority],
            "silent": post.silent,
            "anew": post.anew,
            "now": now.isoformat(),
        },
    )
    return changed == 1
