"""What several tools share: words, and what the mirror knows of the member whom they concern."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from arni_edge.actions.tickets import Errand, TicketDesk
from arni_edge.domain.clock import Clock
from arni_edge.domain.errors import Refused
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language
from arni_edge.domain.moments import as_of, day_of
from arni_edge.domain.people import Member
from arni_edge.storage import Database, Transaction, members
from arni_edge.storage.audit import AuditLog


def _plain(text: str) -> str:
    """Text that cannot move a cursor or look like several lines.

    Raises:
        ValueError: It could.
    """
    text = " ".join(text.split())
    if not text or not text.isprintable():
        raise ValueError("must be plain text")
    return text


MemberId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Sentence = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain)]


CONTRACT_IS_FRESH_FOR: Final = timedelta(hours=26)
"""Contracts are read anew once a night; whatever is older says so."""


@dataclass(frozen=True, slots=True)
class Kit:
    """What tools work with.

    Attributes:
        database: The mirror of members, tickets.
        clock: Time.
        catalogue: What people read.
        zone: The studio's time zone.
        audit: The chain; the executor notes every step of an action, a tool notes what it changes besides.
        tickets: Where people are asked to do something by hand.
    """

    database: Database
    clock: Clock
    catalogue: Catalogue
    zone: ZoneInfo
    audit: AuditLog
    tickets: TicketDesk

    def text(self, key: str, language: Language, **values: object) -> str:
        """A sentence of the catalogue."""
        return self.catalogue.text(key, language, **values)

    async def member(self, member_id: str, language: Language) -> Member:
        """What the mirror knows of a member.

        Raises:
            Refused: Nobody has this number.
        """
        member = await members.by_id(self.database, member_id)
        if member is None:
            raise Refused(self.text("tool.nobody", language))
        return member

    async def ask_person(self, errand: Errand) -> None:
        """Have a person do something by hand; the same one again changes nothing.

        Raises:
            Unavailable: It could not be stored.
        """
        now = self.clock.now()

        async def unit(tx: Transaction) -> None:
            await self.tickets.put(tx, errand, now)

        await self.database.write(unit)

    def day(self, moment: date, language: Language) -> str:
        """A day as people write it."""
        return day_of(moment, language)

    def as_of(self, read_at: datetime | None, language: Language, *, fresh_for: timedelta) -> str:
        """How old something out of the mirror is; empty while it is fresh, or where nobody knows.

        Args:
            read_at: When Magicline was asked (aware), or None.
            language: Of the answer.
            fresh_for: So old it may be.
        """
        return as_of(self.catalogue, read_at, self.clock.now(), language, zone=self.zone, fresh_for=fresh_for)

    def today(self, language: Language) -> str:
        """Today in the studio."""
        return self.day(self.clock.now().astimezone(self.zone).date(), language)


def called(member: Member) -> str:
    """A member as staff are shown them: first name, last three digits, number in the books."""
    return f"{member.name.split()[0]} …{member.phone[-3:]} ({member.member_id})"
