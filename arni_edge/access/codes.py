"""Codes of digits: made, kept as digests, compared.

Six digits are a million possibilities: whoever has a database with salted hashes of them tries them all, in a
second with SHA-256, over night with scrypt; and scrypt would keep somebody at the door waiting for a tenth of
a second. So the digest is an HMAC with a pepper that is not in the database (:mod:`arni_edge.access.keys`):
without it nothing can be guessed at all, and with it no hash of six digits would help. A salt per code keeps
equal codes apart.
"""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from arni_edge.access.limits import (
    ISSUED_FOR_DOOR,
    ISSUED_IN_CONVERSATION,
    ISSUED_TO_MEMBER,
    Limit,
    counted,
    resting,
)
from arni_edge.domain.clock import Clock
from arni_edge.domain.doors import Credential, Verdict, Via
from arni_edge.domain.errors import Refused
from arni_edge.domain.people import Assurance
from arni_edge.storage import Database, Transaction, credentials, members
from arni_edge.storage.credentials import StoredCode, Visit

CODE_DIGITS = 6
VISIT_DIGITS = 8
CODE_LIFE = timedelta(minutes=10)
MOST_TRIES = 5
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code that was just made. The digits are nowhere else.

    Attributes:
        code_id: For the audit.
        digits: What the person types or writes; never logged.
        expires_at: Good until then (aware).
    """

    code_id: str
    digits: str
    expires_at: datetime


def digest_of(pepper: bytes, salt: bytes, digits: str) -> bytes:
    """The keyed digest of a code: 32 bytes."""
    return hmac.digest(pepper, b"entry code\0" + salt + digits.encode(), "sha256")


def conversation_digest(pepper: bytes, conversation: str) -> str:
    """How a conversation is named where codes are kept: its key may hold a phone number."""
    return hmac.digest(pepper, b"conversation\0" + conversation.encode(), "sha256").hex()[:32]


class Kept(Protocol):
    """A code as it is kept, whatever it is for."""

    @property
    def salt(self) -> bytes:
        """Its own."""
        ...

    @property
    def digest(self) -> bytes:
        """Of the code, keyed with the pepper of the box."""
        ...


_Kept = TypeVar("_Kept", bound=Kept)


def matching(pepper: bytes, digits: str, kept: Iterable[_Kept]) -> _Kept | None:
    """The code with these digits, or None. All are compared, in constant time each."""
    found = [one for one in kept if hmac.compare_digest(digest_of(pepper, one.salt, digits), one.digest)]
    # No two are alike when they are made (see _fresh_digits).
    return found[0] if found else None


def code_credential(code: StoredCode) -> Credential:
    """A one-time code in the policy's words; one that was tried too often is none any more."""
    return Credential(
        Via.CODE,
        Assurance.CODE,
        Verdict.GENUINE if code.tries < MOST_TRIES else Verdict.UNKNOWN,
        expires_at=code.expires_at,
        used=code.used,
        holder=code.member_id,
        doors=frozenset({code.door}),
        credential_id=code.code_id,
    )


def visit_credential(visit: Visit) -> Credential:
    """A visit's code in the policy's words."""
    return Credential(
        Via.VISIT,
        Assurance.CODE,
        Verdict.UNKNOWN if visit.revoked else Verdict.GENUINE,
        not_before=visit.valid_from,
        expires_at=visit.valid_until,
        used=visit.max_uses is not None and visit.uses >= visit.max_uses,
        holder=visit.visit_id,
        doors=frozenset(visit.doors),
        windows=visit.windows,
        credential_id=visit.visit_id,
    )


class OneTimeCodes:
    """Issues one-time codes: ten minutes, five tries, one member, one door."""

    def __init__(self, database: Database, clock: Clock, pepper: bytes) -> None:
        self._database = database
        self._clock = clock
        self._pepper = pepper

    async def issue(self, member_id: str, door: str, *, conversation: str | None = None) -> IssuedCode:
        """Make a code and keep its digest.

        Args:
            member_id: Whose it is.
            door: The only door it is for.
            conversation: The only conversation in which it may be returned; None: at the door's reader.

        Raises:
            Refused: No such member, or too many codes lately.
            Unavailable: It could not be stored.
        """
        now = self._clock.now()
        within = None if conversation is None else conversation_digest(self._pepper, conversation)

        async def unit(tx: Transaction) -> IssuedCode:
            if (await members.standing(tx, member_id, door)).member is None:
                raise Refused("no member with this id is on file")
            await _count_issue(tx, f"issued/member/{member_id}", ISSUED_TO_MEMBER, now)
            await _count_issue(tx, f"issued/door/{door}", ISSUED_FOR_DOOR, now)
            if within is not None:
                await _count_issue(tx, f"issued/conversation/{within}", ISSUED_IN_CONVERSATION, now)
            digits = await self._fresh_digits(tx, door, within)
            salt = secrets.token_bytes(_SALT_BYTES)
            code = StoredCode(
                f"c-{secrets.token_hex(6)}",
                member_id,
                door,
                within,
                salt,
                digest_of(self._pepper, salt, digits),
                now + CODE_LIFE,
            )
            await credentials.add_code(tx, code, now)
            return IssuedCode(code.code_id, digits, code.expires_at)

        return await self._database.write(unit)

    async def _fresh_digits(self, tx: Transaction, door: str, conversation: str | None) -> str:
        """Digits that no other kept code of this place has: they would not say whose they are."""
        kept = await credentials.codes_for(tx, door, conversation)
        while True:
            digits = random_digits(CODE_DIGITS)
            if matching(self._pepper, digits, kept) is None:
                return digits


def random_digits(number: int) -> str:
    """So many random digits, leading zeros included."""
    return f"{secrets.randbelow(10**number):0{number}d}"


async def _count_issue(tx: Transaction, subject: str, limit: Limit, now: datetime) -> None:
    tally = await credentials.tally(tx, subject)
    if resting(tally, now):
        raise Refused("too many codes were asked for lately; try again in an hour, or call the team")
    await credentials.put_tally(tx, subject, counted(tally, now, limit))
