"""Tells members what has happened to them while they were not here, in the conversation that is theirs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from arni_edge.actions.tools.bookings import Book
from arni_edge.domain.bookings import Session
from arni_edge.domain.i18n import Catalogue
from arni_edge.domain.messages import Language, OutboundMessage, Template
from arni_edge.domain.moments import day_and_time
from arni_edge.storage import Transaction, actions, chats, outbox
from arni_edge.storage.magicline import people


class MemberNews:
    """Puts it into the outbox, in the commit of what it tells of: told once, whatever crashes."""

    def __init__(
        self, catalogue: Catalogue, *, zone: ZoneInfo, language: Language, template: str = ""
    ) -> None:
        """Nothing is told yet.

        Args:
            catalogue: The words.
            zone: The studio's.
            language: Of whoever is not known to have another one.
            template: WhatsApp's template with one text, for whoever has not written for a day; empty: they
                are not told.
        """
        self._text = catalogue.text
        self._zone = zone
        self._language = language
        self._template = template

    async def moved_up(
        self, tx: Transaction, member_id: str, booking: str, session: Session | None, now: datetime
    ) -> None:
        """They were on a waiting list, and have a place now; said where they booked it, or wrote last.

        Args:
            tx: The transaction.
            member_id: Who.
            booking: The word for the booking; told once of each.
            session: Of what; None: nobody knows.
            now: The moment.
        """
        asked = await actions.that_made(tx, Book.name, "booking_id", booking)
        where = await chats.of_member(tx, member_id, asked["conversation"] if asked else "")
        if where is None:
            return
        language = Language(asked["language"]) if asked else await self._language_of(tx, member_id)
        if session is None:
            text = self._text("news.moved_up_somewhere", language)
        else:
            local = session.start.astimezone(self._zone)
            when = day_and_time(local, language)
            text = self._text(
                "news.moved_up", language, session=f"{session.title}, {when}" if session.title else when
            )
        message = OutboundMessage(
            f"moved-up/{booking}",
            where[0],
            where[1],
            text,
            template=Template(self._template, always=False) if self._template else None,
            language=language,
            expires_at=None if session is None else session.start,
        )
        await outbox.add(tx, message, now)

    async def _language_of(self, tx: Transaction, member_id: str) -> Language:
        said = await people.language_of(tx, member_id)
        return Language(said) if said in set(Language) else self._language
