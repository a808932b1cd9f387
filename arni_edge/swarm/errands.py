"""Wishes of consequence: brought to the executor, and what comes of it put into words.

Nothing is decided here. A wish for which it is not sure enough who asks is kept on the disk, together with
the member number that they say is theirs, until a code or a member of staff has proven it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from arni_edge.access.identity import Correspondent, Identities
from arni_edge.access.identity_codes import Asked, IdentityCodes, Returned
from arni_edge.access.vouching import CONFIRM, REFUSE, Vouching
from arni_edge.actions.action import Action, Done, NeedsAssurance, Proposed, Started
from arni_edge.actions.tool import Actor, ActorKind
from arni_edge.actions.tools.member import Exported
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import InvalidInput, Refused, Unavailable
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import OutboundMessage
from arni_edge.domain.people import Assurance, Member
from arni_edge.domain.risk import Risk
from arni_edge.domain.staff import Contact, Role, StaffAct
from arni_edge.storage import Database, Transaction, errands, outbox
from arni_edge.storage.errands import Errand

_LOG = structlog.get_logger(__name__)

KEPT_FOR: Final = timedelta(minutes=30)
"""So long does a wish wait for a proof; as long as staff have for theirs."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who writes, and how sure we are.

    Attributes:
        who: Where they write.
        member: Who it is, or None.
        assurance: How sure we are.
        message_key: Of the message; what is asked for with it is asked for once.
    """

    who: Correspondent
    member: Member | None
    assurance: Assurance
    message_key: str

    @property
    def actor(self) -> Actor:
        """As the executor knows them."""
        member_id = "" if self.member is None else self.member.member_id
        return Actor(
            ActorKind.MEMBER,
            member_id,
            self.who.conversation,
            self.assurance,
            language=self.who.language,
        )


class Doer(Protocol):
    """What is needed of the one-way door."""

    async def do(
        self, name: str, arguments: Mapping[str, Any], actor: Actor, *, key: str | None = None
    ) -> Done | Proposed | Started:
        """Do something, or propose it."""
        ...

    async def pending(self, conversation: str) -> Action | None:
        """What waits for a confirmation in a conversation."""
        ...

    def question(self, action: Action) -> str:
        """What to ask whoever must confirm."""
        ...


class Errands:
    """Runs errands of members: asks the executor, and proves who asks where it has to be proven."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        *,
        doer: Doer,
        known: Identities,
        codes: IdentityCodes,
        vouching: Vouching,
    ) -> None:
        """Nothing is asked for yet.

        Args:
            database: Keeps what waits.
            clock: Time.
            catalogue: What people read.
            doer: The one-way door.
            known: Who is who.
            codes: Codes that prove it.
            vouching: Staff who say so.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._doer = doer
        self._known = known
        self._codes = codes
        self._vouching = vouching

    # --- what members want --------------------------------------------------------------------------------

    async def wish(self, person: Person, tool: str, arguments: Mapping[str, Any] | None = None) -> str:
        """Ask for something on behalf of whoever writes, for themselves.

        Args:
            person: Who.
            tool: Name of the tool.
            arguments: What it needs besides ``member_id``.

        Raises:
            Unavailable: The wish could not be stored.
        """
        errand = Errand(person.who.language, self._until(), tool=tool, arguments=arguments or {})
        await self._keep(person.who, errand)
        return await self._attempt(person, errand)

    async def claim(self, person: Person, number: str) -> str:
        """They name a member number. Whether anybody has it cannot be told from the answer.

        Raises:
            Unavailable: It could not be stored.
        """
        if person.member is not None:
            return self._text("errand.known", person.who.language)
        waiting = await self._waiting(person.who)
        await self._keep(person.who, replace(waiting, claimed=number))
        if await self._codes.issue_for(person.who, number) is Asked.TOO_MANY:
            return self._text("errand.too_many", person.who.language)
        return self._text("errand.claimed", person.who.language)

    async def verify(self, person: Person, digits: str) -> str:
        """They return a code; what waited for it is asked for.

        Raises:
            Unavailable: It could not be stored.
        """
        waiting = await self._waiting(person.who)
        # Digits have no language: they are answered in that of the wish.
        person = replace(person, who=replace(person.who, language=waiting.language))
        returned = await self._codes.take(person.who, digits, person.message_key)
        if returned is not Returned.PROVEN:
            return self._text(f"errand.code.{returned.name.lower()}", waiting.language)
        known = await self._known.recognise(person.who)
        person = replace(person, member=known.member, assurance=known.assurance)
        proven = self._text("errand.proven", waiting.language)
        return f"{proven} {await self._go_on(person, waiting)}"

    async def number(self, person: Person) -> str:
        """They sent their own number; what waited for it is asked for.

        Raises:
            Unavailable: It could not be stored.
        """
        waiting = await self._waiting(person.who)
        # A number has no language: it is answered in that of the wish.
        person = replace(person, who=replace(person.who, language=waiting.language))
        if person.member is None:
            return self._text("errand.number.unknown", waiting.language)
        if waiting.tool is None:
            return self._text("errand.number.known", waiting.language)
        return await self._attempt(person, waiting)

    async def vouch(self, person: Person) -> str:
        """Staff should say that it is them.

        Raises:
            Unavailable: It could not be stored.
        """
        waiting = await self._waiting(person.who)
        member_id = waiting.claimed if person.member is None else person.member.member_id
        if member_id is None:
            return self._text("errand.who", person.who.language)
        if not self._vouching.possible:
            return self._text("errand.nobody", person.who.language)
        asked = await self._vouching.ask(person.who, member_id)
        return self._text("errand.vouching" if asked else "errand.too_many", person.who.language)

    # --- what staff say -----------------------------------------------------------------------------------

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """What staff do about questions of identity by a button."""

        async def confirm(contact: Contact, argument: str, _: str) -> str:
            return await self._decide(contact, argument, granted=True)

        async def refuse(contact: Contact, argument: str, _: str) -> str:
            return await self._decide(contact, argument, granted=False)

        return {CONFIRM: StaffAct(Role.STAFF, confirm), REFUSE: StaffAct(Role.STAFF, refuse)}

    async def _decide(self, contact: Contact, request_id: str, *, granted: bool) -> str:
        vouched = await self._vouching.decide(request_id, contact, granted=granted)
        if granted:
            key = f"identity/{request_id}/goes-on"
            person = Person(vouched.who, vouched.member, Assurance.STAFF, key)
            said = await self._go_on(person, await self._waiting(vouched.who))
            now = self._clock.now()
            message = OutboundMessage(key, vouched.who.channel, vouched.who.address, said)

            async def store(tx: Transaction) -> None:
                await outbox.add(tx, message, now)

            await self._database.write(store)
        return self._text("identity.staff.thanks", contact.language)

    # --- asking the executor ------------------------------------------------------------------------------

    async def _go_on(self, person: Person, waiting: Errand) -> str:
        """What waited for the proof; or what it has become already, when a crash has us do this again."""
        if waiting.tool is not None:
            return await self._attempt(person, waiting)
        pending = await self._doer.pending(person.who.conversation)
        if pending is not None:
            return self._doer.question(pending)
        return self._text("errand.what", person.who.language)

    async def _attempt(self, person: Person, errand: Errand) -> str:
        language = person.who.language
        if person.member is None:
            return self._text("errand.who", language)
        arguments = {**errand.arguments, "member_id": person.member.member_id}
        try:
            became = await self._doer.do(errand.tool or "", arguments, person.actor, key=person.message_key)
        except NeedsAssurance:
            return await self._prove(person, person.member)
        except (Refused, InvalidInput) as error:
            said = str(error)
        except Unavailable as error:
            _LOG.warning("errand_unavailable", tool=errand.tool, reason=type(error).__name__)
            return self._text("errand.unavailable", language)
        else:
            said = self._words(became, person)
        await self._drop(person.who)
        return said

    def _words(self, became: Done | Proposed | Started, person: Person) -> str:
        if isinstance(became, Proposed):
            return became.question
        if isinstance(became, Started):
            return became.sentence
        if isinstance(became.result, Exported):
            number = sum(became.result.counts.values())
            return self._text("errand.exported", person.who.language, number=number)
        # What was confirmed in the conversation is told there by itself.
        is_told = became.action is not None and became.action.risk is not Risk.REVERSIBLE
        return (not is_told and became.sentence) or self._text("errand.done", person.who.language)

    async def _prove(self, person: Person, member: Member) -> str:
        """Say how it can be proven that it is them, and begin with it."""
        asked, courier = await self._codes.issue(person.who, member)
        language = person.who.language
        if asked is Asked.SENT:
            return self._text(f"errand.sent.{courier}", language)
        if asked is Asked.TOO_MANY:
            return self._text("errand.too_many", language)
        return self._text("errand.no_way" if self._vouching.possible else "errand.nobody", language)

    # --- what waits ---------------------------------------------------------------------------------------

    def _until(self) -> datetime:
        return self._clock.now() + KEPT_FOR

    async def _waiting(self, who: Correspondent) -> Errand:
        """What waits in a conversation; an empty one when nothing does."""
        waiting = await errands.waiting(self._database, who.where, self._clock.now())
        return waiting or Errand(who.language, self._until())

    async def _keep(self, who: Correspondent, errand: Errand) -> None:
        now = self._clock.now()
        errand = replace(errand, expires_at=now + KEPT_FOR)

        async def store(tx: Transaction) -> None:
            await errands.put(tx, who.where, errand, now)

        await self._database.write(store)

    async def _drop(self, who: Correspondent) -> None:
        async def store(tx: Transaction) -> None:
            await errands.drop(tx, who.where)

        await self._database.write(store)
