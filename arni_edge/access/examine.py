"""What somebody shows at a door: hostile text in, a credential out, and what using it leaves behind.

Everything here runs inside the one transaction that also decides and writes the audit: a token, a code or a
visit is either used and in the audit, or neither, whatever crashes in between.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arni_edge.access import tokens
from arni_edge.access.codes import (
    CODE_DIGITS,
    VISIT_DIGITS,
    code_credential,
    conversation_digest,
    matching,
    visit_credential,
)
from arni_edge.access.keys import EntryKeys
from arni_edge.access.limits import (
    WRONG_AT_DOOR,
    WRONG_FOR_MEMBER,
    WRONG_IN_CONVERSATION,
    Limit,
    counted,
    resting,
)
from arni_edge.domain.doors import (
    Allow,
    AskStaff,
    Credential,
    Decision,
    DenyReason,
    EntryRequest,
    Verdict,
    Via,
)
from arni_edge.domain.people import Assurance
from arni_edge.storage import Row, Transaction, credentials

_SEPARATORS = re.compile(r"[ \-]")
_DIGITS = re.compile(rf"[0-9]{{{CODE_DIGITS}}}|[0-9]{{{VISIT_DIGITS}}}", re.ASCII)
_LONGEST_DIGITS = 2 * VISIT_DIGITS
# A camera sees the same QR in every frame; later than this it is somebody who shows it again.
_SAME_GLANCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Presented:
    """What somebody shows.

    Attributes:
        text: As the reader saw it; hostile.
        conversation: In which conversation it was written; None at the door.
    """

    text: str
    conversation: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What it is.

    Attributes:
        credential: In the policy's words.
        member_id: Whose it is, when it is genuine; otherwise None.
        request_id: The request that this is, however often it is seen; None when every sight is a new one.
        seen: The request that this same token made at this door a moment ago, or None.
        conversation: A digest of the conversation in which the digits were written, or None.
        wrong: The subjects that a wrong try counts against, each with its limit.
    """

    credential: Credential
    member_id: str | None = None
    request_id: str | None = None
    seen: str | None = None
    conversation: str | None = None
    wrong: tuple[tuple[str, Limit], ...] = ()


@dataclass(frozen=True, slots=True)
class NotExamined:
    """Nobody looked at it.

    Attributes:
        reason: Why not.
    """

    reason: DenyReason


class Examiner:
    """Looks at what is shown, and marks it as used."""

    def __init__(self, keys: EntryKeys, *, qr_life: timedelta, clock_skew: timedelta) -> None:
        self._keys = keys
        self._qr_life = qr_life
        self._clock_skew = clock_skew

    async def examine(
        self, tx: Transaction, door: str, presented: Presented, now: datetime
    ) -> Examined | NotExamined:
        """Say what it is."""
        text = presented.text.strip() if len(presented.text) <= tokens.LONGEST else ""
        if (token := tokens.parse(text)) is not None:
            return await self._token(tx, door, *token, now)
        digits = _SEPARATORS.sub("", text) if len(text) <= _LONGEST_DIGITS else ""
        if _DIGITS.fullmatch(digits):
            return await self._digits(tx, door, digits, presented.conversation, now)
        return NotExamined(DenyReason.UNREADABLE)

    async def settle(
        self, tx: Transaction, request: EntryRequest, examined: Examined, decision: Decision, now: datetime
    ) -> None:
        """Leave behind what this use, or this wrong try, means for the next one.

        Raises:
            sqlite3.IntegrityError: The token was used before.
        """
        shown = examined.credential
        if shown.verdict is not Verdict.GENUINE:
            await _count_wrong(tx, request.door, examined, now)
        elif shown.credential_id is None or shown.expires_at is None:
            return
        elif shown.via is Via.QR:
            if not shown.used:  # whatever was decided: a token is looked at once
                await credentials.use_token(
                    tx, shown.credential_id, request.request_id, request.door, shown.expires_at
                )
        elif isinstance(decision, Allow | AskStaff):
            if shown.via is Via.CODE:
                await credentials.use_code(tx, shown.credential_id, now)
            else:
                await credentials.count_visit(tx, shown.credential_id)

    async def _token(
        self, tx: Transaction, door: str, token: tokens.Token, mac: bytes, now: datetime
    ) -> Examined:
        credential = tokens.verify(
            token,
            mac,
            lambda kid: self._keys.secret_of(kid, now),
            life=self._qr_life,
            skew=self._clock_skew,
        )
        if credential.verdict is not Verdict.GENUINE:
            return Examined(credential)
        first = f"qr:{token.token_id}"
        restored_at = await credentials.restored_at(tx)
        if restored_at is not None and token.issued <= restored_at + self._clock_skew:
            # Which tokens were used since the backup nobody knows; phones make new ones every few seconds.
            return Examined(
                replace(credential, used=True), token.holder, request_id=f"{first}:restored:{door}"
            )
        use = await credentials.token_use(tx, token.token_id)
        if use is None:
            return Examined(credential, token.holder, request_id=first)
        seen = use["request_id"] if use["door"] == door and _a_moment_ago(use, now) else None
        again = f"{first}:again:{door}"
        return Examined(replace(credential, used=True), token.holder, request_id=again, seen=seen)

    async def _digits(
        self, tx: Transaction, door: str, digits: str, conversation: str | None, now: datetime
    ) -> Examined | NotExamined:
        pepper = self._keys.pepper
        within = None if conversation is None else conversation_digest(pepper, conversation)
        wrong = [(f"wrong/door/{door}", WRONG_AT_DOOR)]
        if within is not None:
            wrong = [(f"wrong/conversation/{within}", WRONG_IN_CONVERSATION), *wrong]
        for subject, _ in wrong:
            if resting(await credentials.tally(tx, subject), now):
                return NotExamined(DenyReason.TOO_MANY_TRIES)
        if len(digits) == VISIT_DIGITS:
            visit = matching(pepper, digits, await credentials.visits(tx))
            credential = _nothing(Via.VISIT) if visit is None else visit_credential(visit)
            return Examined(credential, wrong=tuple(wrong))
        codes = await credentials.codes_for(tx, door, within)
        members = sorted({code.member_id for code in codes}) if within is not None else []
        for member_id in members:
            if resting(await credentials.tally(tx, f"wrong/member/{member_id}"), now):
                return NotExamined(DenyReason.TOO_MANY_TRIES)
        wrong += [(f"wrong/member/{member_id}", WRONG_FOR_MEMBER) for member_id in members]
        code = matching(pepper, digits, codes)
        if code is None:
            return Examined(_nothing(Via.CODE), conversation=within, wrong=tuple(wrong))
        return Examined(code_credential(code), code.member_id, conversation=within, wrong=tuple(wrong))


async def _count_wrong(tx: Transaction, door: str, examined: Examined, now: datetime) -> None:
    for subject, limit in examined.wrong:
        await credentials.put_tally(tx, subject, counted(await credentials.tally(tx, subject), now, limit))
    if examined.credential.via is Via.CODE:
        await credentials.count_wrong_try(tx, door, examined.conversation, now)


def _a_moment_ago(use: Row, now: datetime) -> bool:
    """Whether the request of a token is under way, or came to its end just now."""
    if use["state"] == "commanded":
        return True
    end = use["ended_at"] or use["at"]
    return end is not None and now - datetime.fromisoformat(end) <= _SAME_GLANCE


def _nothing(via: Via) -> Credential:
    """Digits that are nobody's."""
    return Credential(via, Assurance.ANONYMOUS, Verdict.UNKNOWN)
