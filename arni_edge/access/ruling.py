"""One transaction from what is known to what was decided: read, decide, write the audit, mark as used.

These units run in the database's own thread: they touch what they are given and the transaction, nothing
else.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arni_edge.access.examine import Examiner, NotExamined, Presented
from arni_edge.access.policy import Rules, decide
from arni_edge.domain.doors import Credential, Decision, Deny, DenyReason, EntryRequest, Verdict
from arni_edge.storage import Transaction, door_audit, members
from arni_edge.storage.door_audit import Remarks
from arni_edge.storage.members import Mirror


class KnownAlready(Exception):
    """The request was decided before. Raising it undoes what the transaction would have left behind.

    Attributes:
        request_id: Which.
    """

    def __init__(self, request_id: str) -> None:
        super().__init__()
        self.request_id = request_id


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a transaction came to.

    Attributes:
        request: The request, by the id under which it is in the audit.
        decision: What was decided.
        ours: What was shown is ours; nothing, or something forged, is not.
        written: Whether it is in the audit; what is not ours and beyond the ration is not.
    """

    request: EntryRequest
    decision: Decision
    ours: bool = True
    written: bool = True


async def rule(
    tx: Transaction,
    request: EntryRequest,
    credential: Credential,
    member_id: str | None,
    now: datetime,
    rules: Rules,
    remarks: Remarks | None = None,
) -> Ruled:
    """Decide about a credential that needs no looking at, and record the decision.

    Raises:
        KnownAlready: This request was decided before.
    """
    decision = await _decide(tx, request, credential, member_id, now, rules)
    return await _record(tx, Ruled(request, decision), credential, member_id, now, remarks)


async def rule_presented(
    tx: Transaction,
    request: EntryRequest,
    presented: Presented,
    now: datetime,
    rules: Rules,
    examiner: Examiner,
    *,
    named: bool,
    write: bool,
    remark: str | None,
) -> Ruled:
    """Look at what is shown, decide, record, and mark it as used.

    Args:
        tx: The transaction.
        request: The request; its id is replaced by the one that the token stands for, unless it is ``named``.
        presented: What is shown.
        now: The present.
        rules: The owner's rules.
        examiner: Looks at it.
        named: The source has given the request an id of its own.
        write: Whether a refusal of something that is not ours may be written down.
        remark: What the next such refusal has to say of those that were not.

    Raises:
        KnownAlready: This request, or the one that the same token made a moment ago, was decided before.
    """
    credential: Credential | None = None
    member_id: str | None = None
    decision: Decision
    examined = (
        await examiner.examine(tx, request.door, presented, now)
        if request.door in rules.doors
        else NotExamined(DenyReason.UNKNOWN_DOOR)
    )
    if isinstance(examined, NotExamined):
        decision = Deny(examined.reason)
    else:
        if not named and examined.seen is not None:
            raise KnownAlready(examined.seen)
        if not named and examined.request_id is not None:
            request = replace(request, request_id=examined.request_id)
        credential, member_id = examined.credential, examined.member_id
        decision = await _decide(tx, request, credential, member_id, now, rules)
        await examiner.settle(tx, request, examined, decision, now)
    ours = credential is not None and credential.verdict is Verdict.GENUINE
    ruled = Ruled(request, decision, ours, written=ours or write)
    if not ruled.written:
        return ruled
    return await _record(tx, ruled, credential, member_id, now, None if ours else Remarks(evidence=remark))


async def _decide(
    tx: Transaction,
    request: EntryRequest,
    credential: Credential,
    member_id: str | None,
    now: datetime,
    rules: Rules,
) -> Decision:
    known = await members.standing(tx, member_id, request.door)
    request = replace(request, last_entry=known.last_entry)
    return decide(request, known.member, credential, now, rules, _age(known.mirror, now))


def _age(mirror: Mirror | None, now: datetime) -> timedelta | None:
    if mirror is None:
        return None
    # Books that the owner keeps by hand do not go stale: nothing else knows better.
    return timedelta(0) if mirror.kept_by_hand else now - mirror.refreshed_at


async def _record(
    tx: Transaction,
    ruled: Ruled,
    credential: Credential | None,
    member_id: str | None,
    now: datetime,
    remarks: Remarks | None,
) -> Ruled:
    request = ruled.request
    if not await door_audit.record(tx, request, credential, member_id, ruled.decision, now, remarks):
        raise KnownAlready(request.request_id)
    return ruled
