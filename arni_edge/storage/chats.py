"""In which conversation a member can be told something."""

import json

from arni_edge.domain.messages import Channel
from arni_edge.storage import ghost
from arni_edge.storage.database import Transaction
from arni_edge.storage.identities import Address


async def of_member(tx: Transaction, member_id: str, first: str = "") -> Address | None:
    """Where a member is sure to be told it: a conversation that is theirs now. None: there is none.

    Args:
        tx: The transaction.
        member_id: Who.
        first: The conversation to be preferred, as actions have it (``channel:address``); it counts only if
            it is still theirs. Else it is the one in which they wrote last.
    """
    channel, _, address = first.partition(":")
    wanted = [(Channel(channel), address)] if channel in set(Channel) and address else []
    numbers = await tx.fetch(
        "SELECT phone FROM members WHERE member_id = :member AND phone != '' AND gone_at IS NULL"
        " UNION SELECT phone FROM member_phones WHERE member_id = :member",
        {"member": member_id},
    )
    last = await tx.fetch(
        "SELECT channel, conversation FROM inbound WHERE phone IN (SELECT value FROM json_each(:phones))"
        " OR (channel, conversation) IN (SELECT channel, address FROM identities WHERE member_id = :member)"
        " ORDER BY id DESC LIMIT 1",
        {"phones": json.dumps([row["phone"] for row in numbers]), "member": member_id},
    )
    wanted += [(Channel(row["channel"]), str(row["conversation"])) for row in last]
    for where in wanted:
        member = (await ghost.face(tx.fetch, *where)).member
        if member is not None and member.member_id == member_id:
            return where
    return None
