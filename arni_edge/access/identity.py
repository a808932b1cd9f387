"""Who is behind an address, and how sure we are: by what the channel vouches for, and what was proven there.

A name, a voice or a member number that somebody tells is never an identity. What was proven holds in the
conversation in which it was proven and nowhere else. It rests on the member's number and on the number that
the channel vouches for: a keyed digest of both is kept with it, so that it is worth nothing as soon as one of
them changes, whoever changes it.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from arni_edge.domain.clock import Clock
from arni_edge.domain.messages import Channel, InboundMessage, Language
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.storage import Database, Transaction, identities, members
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.identities import Address, Claim

PROVEN_FOR: Final = timedelta(minutes=15)
"""How long a code, or the word of a member of staff, makes us surer than the channel does."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """Who writes, as far as the channel vouches for it.

    Attributes:
        channel: Which.
        address: The channel's identifier of the conversation; personal, never logged.
        phone: The number that the channel vouches for, or None; personal, never logged.
        language: In which they are answered.
    """

    channel: Channel
    address: str
    phone: str | None
    language: Language

    @classmethod
    def of(cls, message: InboundMessage, language: Language) -> "Correspondent":
        """The sender of a message."""
        return cls(message.channel, message.conversation, message.phone, language)

    @property
    def conversation(self) -> str:
        """The conversation's name across all channels; personal, never logged."""
        return f"{self.channel}:{self.address}"

    @property
    def where(self) -> Address:
        """As the tables know it."""
        return self.channel, self.address


@dataclass(frozen=True, slots=True)
class Known:
    """Who it is, and how sure we are; nobody: ``None`` and :attr:`Assurance.ANONYMOUS`."""

    member: Member | None
    assurance: Assurance


NOBODY: Final = Known(None, Assurance.ANONYMOUS)


class Identities:
    """Recognises people, and keeps what they have proven."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog, pepper: bytes) -> None:
        """Nothing is read before somebody writes.

        Args:
            database: Has the mirror of members and what was proven.
            clock: Time.
            audit: Told of everything that makes us surer.
            pepper: The box's secret for digests (:mod:`arni_edge.access.keys`).
        """
        self._database = database
        self._clock = clock
        self._audit = audit
        self._pepper = pepper

    async def recognise(self, who: Correspondent) -> Known:
        """Who it is. A number that two members share is nobody's, whatever was proven.

        Raises:
            Unavailable: The database does not answer.
        """
        on_file = [] if who.phone is None else await members.with_phone(self._database, who.phone)
        if len(on_file) > 1:
            return NOBODY
        member = on_file[0] if on_file else None
        for claim in await identities.claims(self._database, who.where):
            if not self._stands(claim, who, self._clock.now()):
                continue
            if member is not None and member.member_id != claim.member_id:
                continue
            meant = member or await members.by_id(self._database, claim.member_id)
            if meant is not None and self._rests(claim, meant, who):
                return Known(meant, claim.level)
        return NOBODY if member is None else Known(member, Assurance.CHANNEL)

    def proof(self, member: Member | None, who: Correspondent) -> str:
        """What a proof of this member in this conversation rests on; of nobody it looks the same."""
        number = "" if member is None else member.phone
        text = f"proof\0{number}\0{who.phone or ''}\0{who.conversation}"
        return hmac.digest(self._pepper, text.encode(), "sha256").hex()

    async def prove(
        self, tx: Transaction, who: Correspondent, member: Member, level: Assurance, *, by: str
    ) -> None:
        """It was proven that it is them: be so sure for a while, and know the address from now on.

        Args:
            tx: Of whatever has proven it.
            who: Where.
            member: Who.
            level: How sure.
            by: ``code`` or ``staff:<id>``, for the audit.
        """
        now, proof = self._clock.now(), self.proof(member, who)
        claim = Claim(member.member_id, proof, level, now + PROVEN_FOR)
        await identities.assure(tx, who.where, claim)
        if who.phone is None:  # an address that says nothing about a number is theirs from now on
            await identities.bind(tx, who.where, member.member_id, proof, by=by, now=now)
        await self._audit.note(
            tx, now, actor=by, act="identity.proven", member_id=member.member_id, level=int(level)
        )

    async def forget(self, who: Correspondent) -> None:
        """The channel says that somebody else may write there now.

        Raises:
            Unavailable: It could not be stored.
        """
        now = self._clock.now()

        async def unit(tx: Transaction) -> None:
            await identities.forget_address(tx, who.where)
            await self._audit.note(tx, now, actor=f"system:{who.channel}", act="identity.forgotten")

        await self._database.write(unit)

    @staticmethod
    def _stands(claim: Claim, who: Correspondent, now: datetime) -> bool:
        """A binding is for addresses without a number; what was proven holds for a while."""
        if claim.until is None:
            return who.phone is None
        # Longer than it can be: it was proven by a clock that was wrong.
        return timedelta(0) < claim.until - now <= PROVEN_FOR

    def _rests(self, claim: Claim, member: Member, who: Correspondent) -> bool:
        if member.state is MemberState.BANNED:
            return False
        return hmac.compare_digest(claim.proof, self.proof(member, who))
