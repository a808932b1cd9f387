"""What a person has to do by hand: kept, shown to staff, and done by somebody who is named."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arni_edge.actions.action import Action
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.staff import Button, Contact, Role, StaffAct, StaffPost
from arni_edge.storage import Database, Transaction, staff_posts, tickets
from arni_edge.storage.audit import AuditLog
from arni_edge.storage.tickets import Ticket

DONE = "ticket.done"
"""The act behind the button of a ticket."""

Words = Callable[[Language], str]
"""What is to be done, in a language."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something that a person has to do.

    Attributes:
        ticket_id: Chosen by who asks, so that asking again after a crash asks once.
        kind: For instance ``contract.cancel``.
        words: What is to be done.
        member_id: Whom it concerns, or None.
        conversation: Where they wrote, ``<channel>:<address>``; empty: nowhere.
    """

    ticket_id: str
    kind: str
    words: Words
    member_id: str | None = None
    conversation: str = ""


class TicketDesk:
    """Keeps tickets and shows them to everybody of staff who decides about what waits."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        audit: AuditLog,
        *,
        people: Mapping[str, Contact],
        language: Language,
    ) -> None:
        """Nobody is told of anything before there is a ticket.

        Args:
            database: Keeps them.
            clock: Time.
            catalogue: What people read.
            audit: Told of every ticket that begins or ends.
            people: All staff by id.
            language: The gym's, in which a ticket is kept.
        """
        self._database = database
        self._clock = clock
        self._text = catalogue.text
        self._audit = audit
        self._people = people
        self._language = language

    async def put(self, tx: Transaction, errand: Errand, now: datetime) -> None:
        """Keep a ticket and show it; the same one again changes nothing."""
        channel, _, address = errand.conversation.partition(":")
        ticket = Ticket(
            errand.ticket_id,
            errand.kind,
            errand.words(self._language),
            errand.member_id,
            channel if address else None,
            address or None,
        )
        if not await tickets.add(tx, ticket, now):
            return
        await self._audit.note(
            tx,
            now,
            actor="system:tickets",
            act="ticket.opened",
            member_id=errand.member_id,
            ticket=errand.ticket_id,
            kind=errand.kind,
        )
        for contact in self._deciders():
            button = Button(self._text("ticket.button", contact.language), DONE, errand.ticket_id)
            head = self._text("ticket.head", contact.language)
            await self._show(
                tx, contact, errand.ticket_id, f"{head}\n{errand.words(contact.language)}", button
            )

    async def open(self, tx: Transaction, action: Action, kind: str, text: str, now: datetime) -> None:
        """Open a ticket about an action that a person has to look at (port of the executor)."""
        await self.put(
            tx,
            Errand(
                f"{action.action_id}/{kind}",
                f"action.{kind}",
                lambda _: text,
                action.member_id,
                action.conversation,
            ),
            now,
        )

    async def waiting(self) -> list[dict[str, Any]]:
        """All open tickets, oldest first."""
        return [dict(row) for row in await tickets.waiting(self._database)]

    async def end(self, ticket_id: str, who: str, name: str, language: Language) -> str:
        """Note that it was done.

        Args:
            ticket_id: Which.
            who: For the audit: ``staff:<id>`` or ``console:<login>``.
            name: For colleagues.
            language: Of the answer.

        Raises:
            Refused: There is none with this id that is open.
            Unavailable: It could not be stored.
        """
        now = self._clock.now()

        async def unit(tx: Transaction) -> bool:
            row = await tickets.end(tx, ticket_id, who, now)
            if row is None:
                return False
            await self._audit.note(
                tx, now, actor=who, act="ticket.done", member_id=row["member_id"], ticket=ticket_id
            )
            for contact in self._deciders():
                done = self._text("ticket.done_by", contact.language, name=name)
                await self._show(tx, contact, ticket_id, f"{row['text']}\n{done}", None)
            return True

        if not await self._database.write(unit):
            raise Refused(self._text("ticket.none", language))
        return self._text("ticket.noted", language)

    def staff_acts(self) -> Mapping[str, StaffAct]:
        """What staff can do with a button."""

        async def done(contact: Contact, argument: str, _: str) -> str:
            return await self.end(argument, f"staff:{contact.id}", contact.name, contact.language)

        return {DONE: StaffAct(Role.STAFF, done)}

    def _deciders(self) -> list[Contact]:
        return [one for one in self._people.values() if one.role >= Role.STAFF]

    async def _show(
        self, tx: Transaction, contact: Contact, ticket_id: str, text: str, button: Button | None
    ) -> None:
        rows = () if button is None else ((button,),)
        post = StaffPost(f"ticket/{ticket_id}", text, rows)
        await staff_posts.put(tx, contact.id, post, self._clock.now())
