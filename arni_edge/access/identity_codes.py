"""Codes that prove who writes: sent to the registered number, returned in the one conversation they are for.

Somebody whom we do not know may name a member number. Whether anybody has it is nobody's business: the answer
is the same, the work is the same, and what is sent is sent later, by another task. The digits themselves are
in memory until they have left, and nowhere else; a restart in between means that one asks again.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

import structlog

from arni_edge.access.codes import (
    CODE_DIGITS,
    CODE_LIFE,
    MOST_TRIES,
    conversation_digest,
    digest_of,
    matching,
    random_digits,
)
from arni_edge.access.couriers import CodeCourier
from arni_edge.access.identity import Correspondent, Identities
from arni_edge.access.limits import (
    ISSUED_IN_CONVERSATION,
    ISSUED_TO_MEMBER,
    WRONG_FOR_MEMBER,
    WRONG_IN_CONVERSATION,
    Limit,
    counted,
    resting,
)
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import ArniError, Unavailable
from arni_edge.domain.health import Progress
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import OutboundMessage
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.storage import Database, Transaction, credentials, errands, identities, members, outbox
from arni_edge.storage.identities import IdentityCode

_LOG = structlog.get_logger(__name__)

# All strangers together: a message to a phone costs money, and every number can be tried by somebody patient.
CLAIMED: Final = Limit(30, timedelta(hours=1), timedelta(minutes=30))

_SALT_BYTES = 16
_WAITING = 32
_CARRY_SECONDS = 15.0
_PROGRESS_SECONDS = 5.0
_WAITED_FOR = timedelta(minutes=30)
"""As long as the wish that the code is for."""


class Asked(Enum):
    """What became of a wish for a code."""

    SENT = auto()
    """It is on its way."""
    NO_WAY = auto()
    """No courier reaches the registered number outside this conversation."""
    TOO_MANY = auto()
    """Too many were asked for lately."""


class Returned(Enum):
    """What became of digits that somebody wrote."""

    PROVEN = auto()
    WRONG = auto()
    TOO_MANY = auto()
    NOTHING_OPEN = auto()
    """No code is awaited in this conversation."""


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A code on its way. Without a number it goes nowhere, like all that are for nobody."""

    who: Correspondent
    phone: str | None
    digits: str
    code_id: str
    known: bool


class IdentityCodes:
    """Issues codes and takes them back: ten minutes, five tries, one conversation, once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        known: Identities,
        pepper: bytes,
        *,
        gym: str,
        couriers: Sequence[CodeCourier],
    ) -> None:
        """Nothing leaves before :meth:`run`.

        Args:
            database: Keeps digests.
            clock: Time.
            catalogue: What people read.
            known: Keeps what was proven.
            pepper: The box's secret for digests.
            gym: Its name, for the message.
            couriers: In order of preference.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._known = known
        self._pepper = pepper
        self._gym = gym
        self._couriers = couriers
        self._parcels: asyncio.Queue[_Parcel] = asyncio.Queue(_WAITING)

    # --- issuing ------------------------------------------------------------------------------------------

    async def issue(self, who: Correspondent, member: Member) -> tuple[Asked, str]:
        """Send a code to somebody whose address is on file, so that we are surer.

        Returns:
            What became of it, and the courier's name (empty when there is none).

        Raises:
            Unavailable: It could not be stored, or too many wait to be sent.
        """
        courier = await self._courier(member.phone, who)
        if courier is None:
            return Asked.NO_WAY, ""
        asked = await self._make(who, member.member_id, known=True)
        return asked, courier.name

    async def issue_for(self, who: Correspondent, claimed: str) -> Asked:
        """Send a code to the number of the member whom a stranger says to be, if there is one.

        The result does not depend on whether there is.

        Raises:
            Unavailable: It could not be stored, or too many wait to be sent.
        """
        return await self._make(who, claimed, known=False)

    async def _make(self, who: Correspondent, member_id: str, *, known: bool) -> Asked:
        if self._parcels.full():
            raise Unavailable("too many codes wait to be sent")
        now, digits, salt = self._clock.now(), random_digits(CODE_DIGITS), secrets.token_bytes(_SALT_BYTES)
        within = conversation_digest(self._pepper, who.conversation)
        # A member's own wishes and tries are counted apart: a stranger who guesses must not use them up.
        counted_as = f"{'own' if known else 'claimed'}/{self._alias(member_id)}"
        limits = [
            (f"identity/issued/{counted_as}", ISSUED_TO_MEMBER),
            (f"identity/issued/conversation/{within}", ISSUED_IN_CONVERSATION),
            *(() if known else (("identity/issued/claimed", CLAIMED),)),
        ]

        async def unit(tx: Transaction) -> _Parcel | None:
            for subject, _ in limits:
                if resting(await credentials.tally(tx, subject), now):
                    return None
            for subject, limit in limits:
                await _count(tx, subject, limit, self._clock)
            member = await _reachable(tx, member_id)
            code = IdentityCode(
                f"i-{secrets.token_hex(6)}",
                "" if member is None else member.member_id,
                within,
                self._known.proof(member, who),
                salt,
                digest_of(self._pepper, salt, digits),
                now + CODE_LIFE,
                counted_as,
            )
            await identities.put_code(tx, code, now)
            return _Parcel(who, None if member is None else member.phone, digits, code.code_id, known)

        parcel = await self._database.write(unit)
        if parcel is None:
            return Asked.TOO_MANY
        try:
            self._parcels.put_nowait(parcel)
        except asyncio.QueueFull:
            raise Unavailable("too many codes wait to be sent") from None
        return Asked.SENT

    def _alias(self, member_id: str) -> str:
        """How a number of a member, or one that nobody has, is counted: not by itself."""
        return hmac.digest(self._pepper, b"member\0" + member_id.encode(), "sha256").hex()[:32]

    async def _courier(self, phone: str, who: Correspondent) -> CodeCourier | None:
        reaching = await self._reaching(phone, who)
        return reaching[0] if reaching else None

    async def _reaching(self, phone: str, who: Correspondent) -> list[CodeCourier]:
        return [courier for courier in self._couriers if await courier.reaches(phone, who)]

    # --- taking back --------------------------------------------------------------------------------------

    async def awaited(self, who: Correspondent) -> bool:
        """Whether digits in this conversation may be a code."""
        within = conversation_digest(self._pepper, who.conversation)
        return await identities.code_is_open(self._database, within, self._clock.now(), MOST_TRIES)

    async def take(self, who: Correspondent, digits: str, message_key: str) -> Returned:
        """Digits came back. The same message again, after a crash, gets the same answer.

        Args:
            who: Where; a code of another conversation is none here.
            digits: What was written.
            message_key: Of the message.

        Raises:
            Unavailable: It could not be stored; nothing is proven.
        """
        now = self._clock.now()
        within = conversation_digest(self._pepper, who.conversation)
        message = hashlib.sha256(message_key.encode()).hexdigest()

        async def unit(tx: Transaction) -> Returned:
            if await identities.code_used_by(tx, within, message) is not None:
                return Returned.PROVEN
            live = await identities.live_codes(tx, within, now, MOST_TRIES)
            if not live:
                return Returned.NOTHING_OPEN
            wrong = [
                (f"identity/wrong/conversation/{within}", WRONG_IN_CONVERSATION),
                *((f"identity/wrong/member/{one.counted_as}", WRONG_FOR_MEMBER) for one in live),
            ]
            for subject, _ in wrong:
                if resting(await credentials.tally(tx, subject), now):
                    return Returned.TOO_MANY
            code = matching(self._pepper, digits, live)
            member = None if code is None else await _reachable(tx, code.member_id)
            if (
                code is not None
                and member is not None
                and hmac.compare_digest(code.proof, self._known.proof(member, who))
                and await identities.use_code(tx, code.code_id, message, now, MOST_TRIES)
            ):
                await self._known.prove(tx, who, member, Assurance.CODE, by="code")
                return Returned.PROVEN
            for subject, limit in wrong:
                await _count(tx, subject, limit, self._clock)
            await identities.count_wrong_try(tx, within, now)
            return Returned.WRONG

        return await self._database.write(unit)

    # --- sending ------------------------------------------------------------------------------------------

    async def run(self, progress: Progress) -> None:
        """Bring codes to their numbers, until cancelled."""
        while True:
            progress()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PROGRESS_SECONDS):
                    parcel = await self._parcels.get()
                await self._bring(parcel)
            with suppress(Unavailable):  # the next time
                await self.tell_of_failed()

    async def tell_of_failed(self) -> None:
        """Tell whoever waits for a code that the channel took and then did not deliver.

        Only for somebody who was known when they asked: whoever named a number learns nothing about it.

        Raises:
            Unavailable: It cannot be read or stored.
        """
        now = self._clock.now()
        for code_id, within in await identities.failed_codes(self._database, now - _WAITED_FOR):
            who = await self._waiting_in(within, now)
            if who is not None:
                _LOG.warning("identity_code_not_delivered", code=code_id)
                await self._say_not_sent(who, code_id)

    async def _waiting_in(self, within: str, now: datetime) -> Correspondent | None:
        """Who waits for a code in a conversation of which only the digest is kept; None: nobody any more."""
        for (channel, address), language in await errands.everywhere(self._database, now):
            who = Correspondent(channel, address, None, language)
            if conversation_digest(self._pepper, who.conversation) == within:
                return who
        return None

    async def _bring(self, parcel: _Parcel) -> None:
        if parcel.phone is None:
            if parcel.known:
                await self._say_not_sent(parcel.who, parcel.code_id)
            return
        text = self._text("identity.code", parcel.who.language, gym=self._gym, code=parcel.digits)
        try:
            couriers = await self._reaching(parcel.phone, parcel.who)
        except Unavailable:
            couriers = []
        for courier in couriers:
            try:
                async with asyncio.timeout(_CARRY_SECONDS):
                    await courier.carry(parcel.phone, text, parcel.digits, f"identity/{parcel.code_id}")
            except (ArniError, TimeoutError) as error:
                _LOG.warning(
                    "identity_code_not_sent",
                    code=parcel.code_id,
                    courier=courier.name,
                    error=type(error).__name__,
                )
            else:
                return
        if parcel.known:  # a stranger must not learn that there was somebody to send it to
            await self._say_not_sent(parcel.who, parcel.code_id)

    async def _say_not_sent(self, who: Correspondent, code_id: str) -> None:
        now = self._clock.now()
        sorry = OutboundMessage(
            key=f"identity/{code_id}/not-sent",
            channel=who.channel,
            recipient=who.address,
            text=self._text("identity.not_sent", who.language),
        )
        try:
            await self._database.write(lambda tx: outbox.add(tx, sorry, now))
        except Unavailable as error:
            _LOG.warning("identity_not_sent_unsaid", code=code_id, reason=str(error))


async def _reachable(tx: Transaction, member_id: str) -> Member | None:
    """The member, if a code to their number can prove anything: it is theirs alone, and no ban."""
    member = await members.find(tx, member_id)
    # Asked for in any case: for nobody it takes as long.
    phone = "" if member is None else member.phone
    alone = len(await tx.fetch(members.WITH_PHONE, {"phone": phone})) == 1
    return member if member is not None and alone and member.state is not MemberState.BANNED else None


async def _count(tx: Transaction, subject: str, limit: Limit, clock: Clock) -> None:
    await credentials.put_tally(
        tx, subject, counted(await credentials.tally(tx, subject), clock.now(), limit)
    )
