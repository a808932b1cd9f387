"""A member of staff says that it is really them: where no code can be sent, or none arrives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from arni_edge.access.codes import conversation_digest
from arni_edge.access.identity import Correspondent, Identities
from arni_edge.access.limits import Limit, counted, resting
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.identifiers import new_id
from arni_edge.domain.messages import OutboundMessage
from arni_edge.domain.people import Assurance, Member, MemberState
from arni_edge.domain.staff import Button, Contact, Role, StaffPost
from arni_edge.storage import Database, Transaction, credentials, identities, members, outbox, staff_posts
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.identities import IdentityRequest

ASK_FOR: Final = timedelta(minutes=30)
"""So long can staff decide; later nobody waits for it any more."""

_LIMIT: Final = Limit(3, timedelta(hours=1), timedelta(hours=1))

CONFIRM: Final = "identity.confirm"
REFUSE: Final = "identity.refuse"


@dataclass(frozen=True, slots=True)
class Vouched:
    """What staff have decided.

    Attributes:
        who: Where they write.
        member: Who it is.
        granted: Whether it is them.
    """

    who: Correspondent
    member: Member
    granted: bool


class Vouching:
    """Asks staff, and takes their word."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        known: Identities,
        audit: AuditLog,
        pepper: bytes,
        *,
        people: Mapping[str, Contact],
        reaches: Callable[[Contact], bool],
    ) -> None:
        """Nobody is asked before :meth:`ask`.

        Args:
            database: Keeps the question.
            clock: Time.
            catalogue: What people read.
            known: Keeps what was proven.
            audit: Told of every decision.
            pepper: The box's secret for digests.
            people: All staff by id.
            reaches: Whether a post with buttons reaches somebody.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._known = known
        self._audit = audit
        self._pepper = pepper
        self._people = people
        self._reaches = reaches

    @property
    def possible(self) -> bool:
        """Whether there is anybody who could be asked."""
        return bool(self._deciders())

    def _deciders(self) -> list[Contact]:
        return [one for one in self._people.values() if one.role >= Role.STAFF and self._reaches(one)]

    async def ask(self, who: Correspondent, member_id: str) -> bool:
        """Ask staff whether it is them. For a number that nobody has, nobody is asked; it looks the same.

        Args:
            who: Where they write.
            member_id: Who they are, or say they are.

        Returns:
            False when this conversation has asked too often lately.

        Raises:
            Unavailable: It could not be stored.
        """
        now = self._clock.now()
        subject = f"identity/asked/{conversation_digest(self._pepper, who.conversation)}"

        async def unit(tx: Transaction) -> bool:
            tally = await credentials.tally(tx, subject)
            if resting(tally, now):
                return False
            await credentials.put_tally(tx, subject, counted(tally, now, _LIMIT))
            found = await members.find(tx, member_id)
            member = found if found is not None and found.state is not MemberState.BANNED else None
            request = IdentityRequest(
                new_id(),
                who.channel,
                who.address,
                who.phone,
                "" if member is None else member.member_id,
                self._known.proof(member, who),
                who.language,
                now + ASK_FOR,
            )
            await identities.add_request(tx, request, now)
            if member is not None:
                await self._show(tx, request, member)
            return True

        return await self._database.write(unit)

    async def decide(self, request_id: str, by: Contact, *, granted: bool) -> Vouched:
        """Take the word of a member of staff, and tell whoever waits for it; the first one counts.

        Raises:
            Refused: There is no such question that is open, or a number has changed since.
            Unavailable: It could not be stored.
        """
        now = self._clock.now()

        async def unit(tx: Transaction) -> Vouched | None:
            state = "confirmed" if granted else "refused"
            request = await identities.end_request(tx, request_id, state, by.id, now)
            member = None if request is None else await members.find(tx, request.member_id)
            if request is None or member is None:
                return None
            who = Correspondent(request.channel, request.address, request.phone, request.language)
            if request.proof != self._known.proof(member, who):
                return None
            actor = f"staff:{by.id}"
            if granted:
                await self._known.prove(tx, who, member, Assurance.STAFF, by=actor)
            else:
                await self._audit.note(
                    tx, now, actor=actor, act="identity.refused", member_id=member.member_id
                )
            await self._show(tx, request, member, (state, by.name))
            told = OutboundMessage(
                f"identity/{request_id}/told",
                who.channel,
                who.address,
                self._text(f"identity.told.{state}", who.language),
            )
            await outbox.add(tx, told, now)
            return Vouched(who, member, granted)

        vouched = await self._database.write(unit)
        if vouched is None:
            raise Refused(self._text("identity.staff.over", by.language))
        return vouched

    async def _show(
        self,
        tx: Transaction,
        request: IdentityRequest,
        member: Member,
        end: tuple[str, str] | None = None,
    ) -> None:
        """Show the question to everybody who may decide; ``end``: how it was decided, and by whom."""
        now = self._clock.now()
        for contact in self._deciders():
            language = contact.language
            text = self._text(
                "identity.staff.ask",
                language,
                name=member.name.split()[0],
                member=member.member_id,
                digits=member.phone[-3:],
                channel=self._text(f"identity.staff.channel.{request.channel}", language),
            )
            buttons: tuple[tuple[Button, ...], ...] = ()
            if end is not None:
                text += "\n" + self._text(f"identity.staff.{end[0]}", language, name=end[1])
            else:
                yes, no = (self._text(f"identity.staff.{word}", language) for word in ("yes", "no"))
                buttons = (
                    (Button(yes, CONFIRM, request.request_id), Button(no, REFUSE, request.request_id)),
                )
            post = StaffPost(f"identity/{request.request_id}", text, buttons)
            await staff_posts.put(tx, contact.id, post, now)
